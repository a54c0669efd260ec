"""Releases that have an sdist only: translated for uv, locked, or passed over with the reason."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import HashMismatch, NoWheel
from jupyter_pyartifacts.lock import parse_lock, render_lock
from jupyter_pyartifacts.model import Artifact, LeftOut
from jupyter_pyartifacts.plan import TRANSLATOR_VERSION, pins_for
from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS
from jupyter_pyartifacts.resolve.synthetic import REFUSALS
from tests.indexes import IndexServer, project_wheel
from tests.resolve.conftest import Resolver, versions
from tests.setuptools_sdists import COMPILED, build_sdist
from tests.wheels import Listener, Wheel

WINDOWS = "py3-none-win_amd64"
REASON = (
    "its source has a C extension (`src/fast.c`), and source that must be compiled is never built"
)


@pytest.fixture
def translate(run: Resolver) -> Resolver:
    return functools.partial(run, translate=True)


def serve(index: IndexServer, sdist: Wheel, **entry: object) -> Artifact:
    return index.add_file(sdist.filename, sdist.data, name=sdist.name, **entry)  # type: ignore[arg-type]


def refused(name: str, version: str) -> str:
    return f"{name} {version}: {REASON}"


def test_a_release_with_an_sdist_only(index: IndexServer, translate: Resolver) -> None:
    own = serve(index, build_sdist("an-sdist", requires=["first>=1"]))
    index.add(project_wheel("first"))
    resolution = translate("an-sdist")
    assert versions(resolution) == {"an-sdist": "1.0", "first": "1.0"}
    assert resolution.notes == ()
    (artifact,) = resolution.lock.distributions[0].artifacts
    assert (artifact.filename, artifact.digest, artifact.size, artifact.location) == (
        "an-sdist-1.0.tar.gz",
        own.digest,
        own.size,
        own.location,
    )
    assert artifact.translator == TRANSLATOR_VERSION
    assert artifact.tree is not None
    for platform in DEFAULT_PLATFORMS:
        assert pins_for(resolution.lock, platform)[0].artifact == artifact
    assert parse_lock(render_lock(resolution.lock)) == resolution.lock


def test_it_is_fetched_once(index: IndexServer, translate: Resolver) -> None:
    serve(index, build_sdist())
    first = translate("demo")
    assert translate("demo").lock == first.lock
    assert translate("demo", prior=first.lock, upgrade="all").lock == first.lock
    assert len(index.asked("demo-1.0.tar.gz")) == 1


def test_it_is_not_fetched_before_it_is_considered(index: IndexServer, translate: Resolver) -> None:
    for version in ("1.0", "2.0", "3.0"):
        serve(index, build_sdist("demo", version))
    serve(index, build_sdist("demo", "4.0"), requires_python=">=99")
    serve(index, build_sdist("demo", "5.0"), yanked="bad")
    serve(index, build_sdist("demo", "6.0"), upload_time="2025-01-01T00:00:00Z")
    assert versions(translate("demo", as_of="2024-06-01")) == {"demo": "3.0"}
    assert len(index.asked(".tar.gz")) == 1


def test_an_sdist_newer_than_every_wheel_is_taken(index: IndexServer, translate: Resolver) -> None:
    index.add(project_wheel("demo", "1.0"))
    serve(index, build_sdist("demo", "2.0"))
    resolution = translate("demo")
    assert versions(resolution) == {"demo": "2.0"}
    assert resolution.notes == ()


def test_a_refusal_far_below_the_newest_is_told(index: IndexServer, translate: Resolver) -> None:
    serve(index, build_sdist("demo", "1.0", COMPILED))
    for number in range(2, 20):
        serve(index, build_sdist("demo", f"{number}.0"))
    with pytest.raises(NoWheel, match=re.escape(refused("demo", "1.0"))):
        translate("demo==1.0")


def test_a_wheel_is_taken_rather_than_the_sdist(index: IndexServer, translate: Resolver) -> None:
    index.add(project_wheel("demo"))
    serve(index, build_sdist())
    (artifact,) = translate("demo").lock.distributions[0].artifacts
    assert artifact.kind == "wheel"
    assert index.asked(".tar.gz") == []


def test_of_several_sdists_the_usual_form_is_taken(index: IndexServer, translate: Resolver) -> None:
    serve(index, build_sdist(form=".zip"))
    serve(index, build_sdist())
    assert translate("demo").lock.distributions[0].artifacts[0].filename == "demo-1.0.tar.gz"


def test_an_old_name_and_a_zip_archive(index: IndexServer, translate: Resolver) -> None:
    sdist = build_sdist("De.Mo", "1.0.post2", {"x.py": ""}, form=".zip", filename="De.Mo-1.0-2.zip")
    serve(index, sdist)
    (own,) = translate("de-mo").lock.distributions
    assert (own.name, own.version) == ("de-mo", "1.0.post2")
    assert own.artifacts[0].filename == "De.Mo-1.0-2.zip"


def test_an_index_that_tells_neither_hash_nor_size(index: IndexServer, translate: Resolver) -> None:
    index.root_layout = False
    own = serve(index, build_sdist(), sha256=False, size=False)
    (artifact,) = translate("demo").lock.distributions[0].artifacts
    assert (artifact.digest, artifact.size) == (own.digest, own.size)
    assert artifact.location == "./files/demo-1.0.tar.gz"


def test_another_file_than_the_index_announces(index: IndexServer, translate: Resolver) -> None:
    serve(index, build_sdist())
    index.projects["demo"][0].entry["hashes"] = {"sha256": "0" * 64}
    with pytest.raises(HashMismatch) as caught:
        translate("demo")
    assert caught.value.what.startswith("demo 1.0: the hash of its file is not")
    assert caught.value.expected == f"sha256:{'0' * 64}"


def test_old_fashioned_requirements_are_mended(index: IndexServer, translate: Resolver) -> None:
    lines = "Metadata-Version: 1.2\nName: demo\nVersion: 1.0\nRequires-Dist: first (>=2011k)\n\n"
    sdist = build_sdist(requires=["first>=2011"], metadata=lines)
    serve(index, sdist)
    index.add(project_wheel("first", "2012"))
    assert versions(translate("demo")) == {"demo": "1.0", "first": "2012"}


def test_a_version_passed_over_is_named(index: IndexServer, translate: Resolver) -> None:
    index.add(project_wheel("demo", "1.0"))
    for version in ("0.9", "1.1", "2.0"):
        serve(index, build_sdist("demo", version, COMPILED))
    told, others = translate("demo").notes
    assert told.startswith(
        f"demo 2.0 was passed over for 1.0: {REASON} (demo-2.0.tar.gz: setup.py:2). hint: "
    )
    assert others == "demo 1.1 was refused as well"
    # From uv's cache alone, and where nothing changes, it is told again.
    first = translate("demo")
    assert first.notes == (told, others)
    assert translate("demo", prior=first.lock, upgrade="all").notes == (told, others)
    assert translate("demo", prior=first.lock).notes == ()
    assert translate("demo<2").notes[0].startswith("demo 1.1 was passed over for 1.0: ")


def test_if_nothing_is_left_the_refusal_is_the_error(
    index: IndexServer, translate: Resolver
) -> None:
    serve(index, build_sdist("demo", "1.0", COMPILED))
    serve(index, build_sdist("demo", "2.0", COMPILED))
    for _ in range(2):
        with pytest.raises(NoWheel) as caught:
            translate("demo")
        assert caught.value.what == refused("demo", "2.0")
        assert caught.value.where == "demo-2.0.tar.gz: setup.py:2"
        assert caught.value.details == refused("demo", "1.0")
    with pytest.raises(NoWheel) as caught:
        translate("demo<2")
    assert (caught.value.what, caught.value.details) == (refused("demo", "1.0"), None)


def test_how_far_it_walks_back_is_capped(index: IndexServer, translate: Resolver) -> None:
    for number in range(REFUSALS + 12):
        serve(index, build_sdist("demo", f"{number}.0", COMPILED))
    for _ in range(2):
        with pytest.raises(NoWheel) as caught:
            translate("demo")
        assert caught.value.what == refused("demo", f"{REFUSALS + 11}.0")
    assert REFUSALS <= len(index.asked(".tar.gz")) <= REFUSALS + 3


def test_no_index_is_asked_for_the_name_of_a_reason(
    index: IndexServer, translate: Resolver
) -> None:
    serve(index, build_sdist("demo", "1.0", COMPILED))
    with pytest.raises(NoWheel):
        translate("demo")
    assert index.asked("refused") == []


def test_a_dependency_that_is_refused(index: IndexServer, translate: Resolver) -> None:
    index.add(project_wheel("first", "1.0"), project_wheel("first", "2.0", ["demo"]))
    serve(index, build_sdist("demo", "1.0", COMPILED))
    resolution = translate("first")
    assert versions(resolution) == {"first": "1.0"}
    (note,) = resolution.notes
    assert note.startswith(f"first 2.0 was passed over: it needs demo 1.0, and {REASON}")
    with pytest.raises(NoWheel) as caught:
        translate("first>=2")
    assert caught.value.what == refused("demo", "1.0")
    assert "first" in str(caught.value.details)


def test_an_sdist_beside_wheels_for_some_platforms(index: IndexServer, translate: Resolver) -> None:
    index.add(project_wheel("demo", "1.0"), project_wheel("demo", "2.0", tag=WINDOWS))
    serve(index, build_sdist("demo", "2.0"))
    (own,) = translate("demo").lock.distributions
    assert own.version == "2.0"
    assert [artifact.filename for artifact in own.artifacts] == [
        "demo-2.0-py3-none-win_amd64.whl",
        "demo-2.0.tar.gz",
    ]
    lock = translate("demo", platforms=("windows-amd64",)).lock
    assert [own.kind for own in lock.distributions[0].artifacts] == ["wheel"]


def test_a_refused_sdist_beside_wheels_for_some_platforms(
    index: IndexServer, translate: Resolver
) -> None:
    index.add(project_wheel("demo", "2.0", tag=WINDOWS))
    serve(index, build_sdist("demo", "2.0", COMPILED))
    assert versions(translate("demo", platforms=("windows-amd64",))) == {"demo": "2.0"}
    assert index.asked(".tar.gz") == []
    for _ in range(2):
        with pytest.raises(NoWheel) as caught:
            translate("demo", platforms=("linux-x86_64",))
        assert caught.value.what == refused("demo", "2.0")
    lock = translate("demo", host_platform="windows-amd64").lock
    assert lock.platforms == ("windows-amd64",)
    assert lock.left_out[0] == LeftOut(platform="linux-aarch64", reason=refused("demo", "2.0"))
    # An older version that runs everywhere is found, as before.
    index.add(project_wheel("demo", "1.0"))
    found = translate("demo", platforms=("linux-x86_64",), upgrade="all")
    assert versions(found) == {"demo": "1.0"}
    assert found.notes[0].startswith("demo 2.0 was passed over for 1.0: its source has")


def test_a_local_sdist(
    index: IndexServer, translate: Resolver, tmp_path: Path, listener: Listener
) -> None:
    build_sdist("demo", "2.0", requires=["first"]).write(tmp_path)
    build_sdist("other", "1.0", form=".zip").write(tmp_path)
    index.add(project_wheel("first"), project_wheel("demo", "3.0"))
    lock = translate("./demo-2.0.tar.gz", "./other-1.0.zip").lock
    assert [(own.name, own.version) for own in lock.distributions] == [
        ("demo", "2.0"),
        ("first", "1.0"),
        ("other", "1.0"),
    ]
    demo, other = lock.distributions[0].artifacts[0], lock.distributions[2].artifacts[0]
    assert (demo.location, demo.translator) == ("file:./demo-2.0.tar.gz", TRANSLATOR_VERSION)
    assert (other.location, other.filename) == ("file:./other-1.0.zip", "other-1.0.zip")


def test_a_local_sdist_that_is_refused(translate: Resolver, tmp_path: Path) -> None:
    build_sdist("demo", "2.0", COMPILED).write(tmp_path)
    with pytest.raises(NoWheel) as caught:
        translate("./demo-2.0.tar.gz")
    assert caught.value.what == refused("demo", "2.0")


def test_the_url_of_an_sdist(index: IndexServer, translate: Resolver) -> None:
    own = index.add_file("demo-1.0.tar.gz", build_sdist().data, name="demo", listed=False)
    (path,) = index.files
    url = f"{index.origin}{path}"
    (artifact,) = translate(f"demo @ {url}#sha256={own.digest.hex}").lock.distributions[0].artifacts
    assert (artifact.location, artifact.digest) == (url, own.digest)
    assert artifact.tree is not None
    with pytest.raises(HashMismatch):
        translate(f"{url}#sha256={'0' * 64}")
