"""Resolutions by the real uv behind the real loopback index, on a small index of wheels."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import (
    HashMismatch,
    InvalidRequirement,
    NetworkError,
    NoWheel,
    OfflineError,
    ResolutionError,
    StoreError,
    UnknownProject,
    UsageError,
)
from jupyter_pyartifacts.model import Dependency, Index, LeftOut
from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS
from tests.indexes import IndexServer, project_wheel
from tests.resolve.conftest import MINOR, PYTHON, Resolver, versions
from tests.wheels import Listener

CP = f"cp{MINOR}-cp{MINOR}"
NATIVE = {
    "linux-aarch64": f"{CP}-manylinux_2_17_aarch64.manylinux2014_aarch64",
    "linux-x86_64": f"{CP}-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "macos-arm64": f"{CP}-macosx_11_0_arm64",
    "macos-x86_64": f"{CP}-macosx_10_9_x86_64",
    "windows-amd64": f"{CP}-win_amd64",
}


def test_requirements_and_what_they_need_are_locked(index: IndexServer, run: Resolver) -> None:
    first = index.add(project_wheel("first", "1.0", ["Second>=1", "third; extra == 'x'"]))
    index.add(project_wheel("second", "1.0"))
    second = index.add(project_wheel("second", "2.0"))
    index.add(project_wheel("third"))
    resolution = run("First")
    assert resolution.notes == ()
    lock = resolution.lock
    assert lock.requirements == ("First",)
    assert lock.platforms == DEFAULT_PLATFORMS
    assert lock.left_out == ()
    assert [own.name for own in lock.distributions] == ["first", "second"]
    assert lock.distributions[0].artifacts == (first,)
    assert lock.distributions[0].dependencies == (Dependency(name="second"),)
    assert lock.distributions[1].artifacts == (second,)
    assert (lock.distributions[1].marker, lock.distributions[1].index) == (None, None)


def test_no_loopback_address_reaches_the_lock(index: IndexServer, run: Resolver) -> None:
    index.root_layout = False
    index.add(project_wheel("first"))
    lock = run("first").lock
    assert lock.distributions[0].artifacts[0].location == "./files/first-1.0-py3-none-any.whl"
    assert "127.0.0.1" not in repr(lock)


def test_the_kernel_group_is_resolved_together(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", ["shared<2"]))
    index.add(project_wheel("kernel", "1.0", ["shared"]))
    index.add(project_wheel("shared", "1.0"), project_wheel("shared", "2.0"))
    resolution = run("first", kernel=("kernel",))
    assert versions(resolution) == {"first": "1.0", "kernel": "1.0", "shared": "1.0"}
    assert resolution.lock.kernel == ("kernel",)


def test_one_wheel_a_platform_is_chosen(index: IndexServer, run: Resolver) -> None:
    index.add(*(project_wheel("native", tag=tag) for tag in NATIVE.values()))
    for tag in ("musllinux_1_2_x86_64", "win32", "manylinux_2_39_x86_64"):
        index.add(project_wheel("native", tag=f"{CP}-{tag}"))
    index.add(project_wheel("native", tag=f"pp{MINOR}-pypy{MINOR}_pp73-win_amd64"))
    artifacts = run("native").lock.distributions[0].artifacts
    assert [own.filename for own in artifacts] == sorted(
        f"native-1.0-{tag}.whl" for tag in NATIVE.values()
    )


def test_markers_say_where_a_distribution_and_an_edge_are_needed(
    index: IndexServer, run: Resolver
) -> None:
    needs = ["winonly; sys_platform == 'win32'", "old; python_version < '3'", "both"]
    index.add(project_wheel("first", "1.0", needs))
    index.add(project_wheel("winonly", "1.0", ["both"]), project_wheel("both"))
    index.add(project_wheel("old"))
    lock = run("first").lock
    by_name = {own.name: own for own in lock.distributions}
    assert set(by_name) == {"both", "first", "winonly"}
    assert by_name["winonly"].marker == "sys_platform == 'win32'"
    assert by_name["winonly"].dependencies == (Dependency(name="both"),)
    assert by_name["first"].dependencies == (
        Dependency(name="both"),
        Dependency(name="winonly", marker="sys_platform == 'win32'"),
    )


def test_a_marker_of_the_user_holds(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first"), project_wheel("second"))
    lock = run("first; sys_platform != 'win32'", "second; python_version < '3'").lock
    assert [(own.name, own.marker) for own in lock.distributions] == [
        ("first", "sys_platform != 'win32'")
    ]


def test_extras(index: IndexServer, run: Resolver) -> None:
    wheel = project_wheel(
        "first",
        "1.0",
        ["fast; extra == 'speed'", "first[speed]; extra == 'all'", "third[deep]"],
        extras=["speed", "all"],
    )
    index.add(wheel, project_wheel("fast"))
    index.add(project_wheel("third", "1.0", ["deeper; extra == 'deep'"], extras=["deep"]))
    index.add(project_wheel("deeper"))
    lock = run("first[all]").lock
    assert [own.name for own in lock.distributions] == ["deeper", "fast", "first", "third"]
    assert lock.distributions[2].dependencies == (
        Dependency(name="fast"),
        Dependency(name="third", extras=("deep",)),
    )


def test_an_extra_that_is_not_there_is_told(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first"))
    assert run("first[none]").notes == ("first 1.0 has no extra named none",)


def test_an_extra_lost_by_falling_back_for_want_of_wheels_is_an_error(
    index: IndexServer, run: Resolver
) -> None:
    index.add(project_wheel("first", "1.0"))
    index.add(project_wheel("first", "2.0", ["source; extra == 'x'"], extras=["x"]))
    index.add_file("source-1.0.tar.gz", b"sdist", name="source")
    with pytest.raises(NoWheel) as caught:
        run("first[x]")
    assert str(caught.value) == (
        "first[x] cannot be met: first 2.0 needs source, which has no wheel that fits\n"
        "  expected: a version of first with the extra x\n"
        "  found:    first 1.0, which has no such extra\n"
        "hint: leave the extra out, and add what you need of it: first"
    )


def test_prior_pins_stay_and_one_is_upgraded(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", ["second"]), project_wheel("second", "1.0"))
    before = run("first").lock
    index.add(project_wheel("first", "2.0", ["second"]), project_wheel("second", "2.0"))
    index.add(project_wheel("third", "1.0", ["second"]))
    added = run("first", "third", prior=before)
    assert versions(added) == {"first": "1.0", "second": "1.0", "third": "1.0"}
    assert added.lock.distributions[0] == before.distributions[0]
    one = run("first", prior=before, upgrade=("second",))
    assert versions(one) == {"first": "1.0", "second": "2.0"}
    everything = run("first", prior=before, upgrade="all")
    assert versions(everything) == {"first": "2.0", "second": "2.0"}


def test_an_upgrade_to_an_exact_version(index: IndexServer, run: Resolver) -> None:
    index.add(*(project_wheel("first", version) for version in ("1.0", "2.0", "3.0")))
    before = run("first==1.0").lock
    after = run("first", prior=before, pinned=("first==2.0",))
    assert versions(after) == {"first": "2.0"}
    assert versions(run("first", prior=after.lock)) == {"first": "2.0"}


def test_preferred_versions_are_taken_where_they_fit_and_nothing_is_pinned(
    index: IndexServer, run: Resolver
) -> None:
    for version in ("1.0", "2.0", "3.0"):
        index.add(project_wheel("first", version, ["Second"]), project_wheel("second", version))
    wishes = ("first==2.0", "Second==1.0", "third==1.0")
    made = run("first", prefer=wishes)
    assert versions(made) == {"first": "2.0", "second": "1.0"}
    # A wish is no requirement: what is asked for, or pinned already, comes before it.
    assert versions(run("first>=3", prefer=wishes)) == {"first": "3.0", "second": "1.0"}
    assert versions(run("first", prefer=("first==9.0",))) == {"first": "3.0", "second": "3.0"}
    kept = run("first", prior=made.lock, prefer=("first==1.0", "second==3.0"))
    assert versions(kept) == {"first": "2.0", "second": "1.0"}


@pytest.mark.parametrize("text", ["first>=2", "first", "first==", "first[x]==2.0"])
def test_an_exact_version_that_is_none(run: Resolver, text: str) -> None:
    with pytest.raises(InvalidRequirement) as caught:
        run("first", pinned=(text,))
    assert str(caught.value) == (
        "a version to upgrade to cannot be read\n"
        "  expected: NAME==VERSION, such as pandas==2.2.3\n"
        f"  found:    {text}\n"
        "hint: write it without spaces: %pyartifacts upgrade pandas==2.2.3"
    )


def test_pins_of_two_versions_stay_where_they_are(index: IndexServer, run: Resolver) -> None:
    index.add(*(project_wheel("native", "1.0", tag=tag) for tag in NATIVE.values()))
    newer = [tag for name, tag in NATIVE.items() if name != "macos-x86_64"]
    index.add(*(project_wheel("native", "2.0", tag=tag) for tag in newer))
    before = run("native")
    assert [(own.version, own.marker) for own in before.lock.distributions] == [
        ("1.0", "sys_platform == 'darwin' and platform_machine == 'x86_64'"),
        (
            "2.0",
            "(sys_platform == 'linux' and platform_machine == 'aarch64')"
            " or (sys_platform == 'linux' and platform_machine == 'x86_64')"
            " or (sys_platform == 'darwin' and platform_machine == 'arm64')"
            " or (sys_platform == 'win32' and platform_machine == 'AMD64')",
        ),
    ]
    assert before.notes == (
        "native is locked at 2 versions: 2.0 on linux-aarch64, linux-x86_64, macos-arm64,"
        " windows-amd64; 1.0 on macos-x86_64",
    )
    index.add(*(project_wheel("native", "1.5", tag=tag) for tag in NATIVE.values()))
    index.add(*(project_wheel("native", "3.0", tag=tag) for tag in newer))
    index.add(project_wheel("other"))
    after = run("native", "other", prior=before.lock)
    assert [own for own in after.lock.distributions if own.name == "native"] == list(
        before.lock.distributions
    )


def test_platforms_without_wheels_are_left_out(index: IndexServer, run: Resolver) -> None:
    for name in ("linux-x86_64", "windows-amd64"):
        index.add(project_wheel("native", tag=NATIVE[name]))
    lock = run("native").lock
    assert lock.platforms == ("linux-x86_64", "windows-amd64")
    minor = ".".join(PYTHON.split(".")[:2])
    assert lock.left_out == tuple(
        LeftOut(platform=name, reason=f"native has no wheel for Python {minor} on {name} that fits")
        for name in ("linux-aarch64", "macos-arm64", "macos-x86_64")
    )


def test_what_was_left_out_before_stays_said(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("native", tag=NATIVE["linux-x86_64"]), project_wheel("other"))
    before = run("native", platforms=("linux-x86_64", "windows-amd64")).lock
    after = run("native", "other", prior=before, platforms=before.platforms).lock
    assert after.left_out == before.left_out
    assert [own.platform for own in after.left_out] == ["windows-amd64"]


def test_without_a_wheel_for_the_host_there_is_no_lock(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("native", tag=NATIVE["windows-amd64"]))
    with pytest.raises(NoWheel) as caught:
        run("native")
    minor = ".".join(PYTHON.split(".")[:2])
    assert caught.value.what == f"native has no wheel for Python {minor} on linux-x86_64 that fits"
    assert caught.value.details is not None
    assert "native==1.0" in caught.value.details
    assert caught.value.hint == (
        "ask for a version that has wheels, leave it out, or choose another Python: --python"
    )


def test_an_unknown_project(index: IndexServer, run: Resolver) -> None:
    with pytest.raises(UnknownProject) as caught:
        run("nothing-like-it")
    assert caught.value.what == "there is no project named nothing-like-it on the index"
    assert caught.value.where is None
    assert "was not found in the package registry" in str(caught.value.details)
    assert caught.value.hint == (
        "check the spelling; the name to import often differs from the project's"
    )
    assert len(index.asked("nothing-like-it")) == 1


def test_an_unknown_project_that_another_wants(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", ["nothing-like-it"]))
    with pytest.raises(UnknownProject) as caught:
        run("first")
    assert str(caught.value).splitlines()[0] == (
        "there is no project named nothing-like-it on the index"
        " (nothing-like-it is wanted by another distribution)"
    )


def test_requirements_that_cannot_be_met_together(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", ["shared<2"]))
    index.add(project_wheel("second", "1.0", ["shared>=2"]))
    index.add(project_wheel("shared", "1.0"), project_wheel("shared", "2.0"))
    with pytest.raises(ResolutionError) as caught:
        run("first", "second")
    assert type(caught.value) is ResolutionError
    assert caught.value.what == "the requirements cannot be met together"
    details = str(caught.value.details)
    assert "shared<2" in details
    assert "shared>=2" in details
    assert "pyartifacts-notebook" not in details
    assert "127.0.0.1" not in details
    assert caught.value.hint == "loosen or remove one of the requirements that are named above"


def test_a_version_that_does_not_exist(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0"))
    with pytest.raises(ResolutionError) as caught:
        run("first>=2")
    assert "first<=1.0 is available" in " ".join(str(caught.value.details).split()) or (
        "only first==1.0 is available" in " ".join(str(caught.value.details).split())
    )


def test_a_release_with_an_sdist_only_is_named(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", ["second"]), project_wheel("second", "1.0"))
    index.add_file("first-2.0.tar.gz", b"sdist", name="first")
    index.add_file("second-3.0.tar.gz", b"sdist", name="second")
    assert run("first").notes == (
        "first 2.0 was passed over for 1.0: it has no wheel that fits, only first-2.0.tar.gz",
        "second 3.0 was passed over for 1.0: it has no wheel that fits, only second-3.0.tar.gz",
    )


def test_an_sdist_that_nobody_may_have_is_not_named(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", ["second<3"]), project_wheel("second", "1.0"))
    index.add_file("second-3.0.tar.gz", b"sdist", name="second")
    index.add_file("first-2.0.tar.gz", b"sdist", name="first", requires_python=">=99")
    index.add_file("first-3.0a1.tar.gz", b"sdist", name="first")
    index.add_file("first-4.0.tar.gz", b"sdist", name="first", yanked="bad")
    assert run("first").notes == ()


def test_falling_back_for_want_of_a_dependencys_wheels_is_told(
    index: IndexServer, run: Resolver
) -> None:
    index.add(project_wheel("first", "1.0"), project_wheel("first", "2.0", ["source"]))
    index.add_file("source-1.0.tar.gz", b"sdist", name="source")
    resolution = run("first")
    assert versions(resolution) == {"first": "1.0"}
    assert resolution.notes == (
        "first 2.0 was passed over: it needs source, which has no wheel that fits",
    )


def test_only_sdists(index: IndexServer, run: Resolver) -> None:
    index.add_file("first-2.0.tar.gz", b"sdist", name="first")
    with pytest.raises(NoWheel) as caught:
        run("first", platforms=("linux-x86_64",))
    minor = ".".join(PYTHON.split(".")[:2])
    assert caught.value.what == f"first has no wheel for Python {minor} on linux-x86_64 that fits"


def test_yanked_releases_are_passed_over_unless_demanded(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0"))
    index.add(project_wheel("first", "2.0"), yanked="eats files")
    assert versions(run("first")) == {"first": "1.0"}
    demanded = run("first==2.0")
    assert versions(demanded) == {"first": "2.0"}
    assert demanded.notes == ("first 2.0 was yanked: eats files",)


def test_pre_releases(index: IndexServer, run: Resolver) -> None:
    index.add(
        project_wheel("first", "1.0", ["second"]), project_wheel("first", "2.0rc1", ["second"])
    )
    index.add(project_wheel("second", "1.0"), project_wheel("second", "2.0rc1"))
    assert versions(run("first")) == {"first": "1.0", "second": "1.0"}
    explicit = run("first>=2.0rc1")
    assert versions(explicit) == {"first": "2.0rc1", "second": "1.0"}
    assert versions(run("first", prereleases=True)) == {"first": "2.0rc1", "second": "2.0rc1"}


def test_a_pinned_pre_release_stays_when_something_is_added(
    index: IndexServer, run: Resolver
) -> None:
    index.add(project_wheel("first", "1.0"), project_wheel("first", "2.0rc1"))
    index.add(project_wheel("second", "1.0"))
    before = run("first", prereleases=True).lock
    assert versions(run("first", "second", prior=before)) == {"first": "2.0rc1", "second": "1.0"}


def test_as_of_a_date(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0"), upload_time="2020-01-01T10:00:00.123Z")
    index.add(project_wheel("first", "2.0"), upload_time="2022-01-01T10:00:00Z")
    assert versions(run("first", as_of="2020-01-01")) == {"first": "1.0"}
    assert versions(run("first", as_of="2022-01-01T09:59:59Z")) == {"first": "1.0"}
    assert versions(run("first", as_of="2022-01-01T12:00:01+02:00")) == {"first": "2.0"}
    assert versions(run("first")) == {"first": "2.0"}
    assert run("first", as_of="2020-01-01").lock.as_of == "2020-01-01"


def test_as_of_a_date_on_an_index_without_times(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0"))
    index.html = True
    resolution = run("first", as_of="2010-01-01")
    assert resolution.notes == (
        "the index does not say when first was uploaded, so the date to resolve as of was not"
        " applied to it",
    )


@pytest.mark.parametrize("text", ["yesterday", "2020-13-01", "20200101x"])
def test_a_date_that_is_none(run: Resolver, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        run("first", as_of=text)
    assert str(caught.value) == (
        "the date to resolve as of cannot be read\n"
        "  expected: a date such as 2024-05-31, or a time such as 2024-05-31T12:00:00Z\n"
        f"  found:    {text}\n"
        "hint: write it as YEAR-MONTH-DAY: --as-of 2024-05-31"
    )


def test_a_local_wheel(index: IndexServer, run: Resolver, tmp_path: Path) -> None:
    index.add(project_wheel("first", "9.0"), project_wheel("second"))
    wheel = project_wheel("first", "1.0", ["second"])
    (tmp_path / "dist").mkdir()
    wheel.write(tmp_path / "dist")
    resolution = run(f"dist/{wheel.filename}")
    assert versions(resolution) == {"first": "1.0", "second": "1.0"}
    artifact = resolution.lock.distributions[0].artifacts[0]
    assert artifact == wheel.artifact(location=f"file:dist/{wheel.filename}")
    assert index.asked("/first/") == []


def test_several_local_wheels_of_one_project(run: Resolver, tmp_path: Path) -> None:
    wheels = [
        project_wheel("native", tag=NATIVE[name]) for name in ("linux-x86_64", "windows-amd64")
    ]
    for wheel in wheels:
        wheel.write(tmp_path)
    lock = run(*(f"./{wheel.filename}" for wheel in wheels)).lock
    assert lock.platforms == ("linux-x86_64", "windows-amd64")
    assert len(lock.distributions[0].artifacts) == 2


def test_a_local_wheel_that_changed_under_its_name(
    run: Resolver, tmp_path: Path, index: IndexServer
) -> None:
    index.add(project_wheel("second"), project_wheel("third"))
    project_wheel("first", "1.0", ["second"]).write(tmp_path)
    before = run("./first-1.0-py3-none-any.whl")
    project_wheel("first", "1.0", ["third"]).write(tmp_path)
    after = run("./first-1.0-py3-none-any.whl", prior=before.lock)
    assert versions(after) == {"first": "1.0", "third": "1.0"}


def test_a_local_wheel_that_is_not_there(run: Resolver, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequirement) as caught:
        run("./first-1.0-py3-none-any.whl")
    assert str(caught.value) == (
        f"there is no such file ({tmp_path}/first-1.0-py3-none-any.whl)\n"
        "  found:    ./first-1.0-py3-none-any.whl\n"
        "hint: give the path of a wheel or an sdist, relative to the notebook"
    )


def test_a_wheel_by_its_url(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("second"))
    wheel = project_wheel("first", "1.0", ["second"])
    with IndexServer() as other:
        artifact = other.add(wheel)
        url = f"{other.origin}/packages/{artifact.location}/{wheel.filename}"
        resolution = run(f"first @ {url}#sha256={artifact.digest.hex}")
        assert versions(resolution) == {"first": "1.0", "second": "1.0"}
        locked = resolution.lock.distributions[0].artifacts[0]
        assert (locked.location, locked.digest) == (url, artifact.digest)
        with pytest.raises(HashMismatch) as caught:
            run(f"{url}#sha256={'0' * 64}")
        assert str(caught.value) == (
            f"first-1.0-py3-none-any.whl is not the file that its URL demands ({url})\n"
            f"  expected: sha256:{'0' * 64}\n"
            f"  found:    {artifact.digest}\n"
            "hint: do not use this file; find out which of the two is right"
        )


def test_an_extra_index_serves_only_the_projects_tied_to_it(
    index: IndexServer, run: Resolver
) -> None:
    index.add(project_wheel("first", "9.0", ["shared"]), project_wheel("shared", "1.0"))
    with IndexServer() as other:
        tied = other.add(project_wheel("first", "1.0+cpu", ["shared"]))
        other.add(project_wheel("shared", "5.0"))
        url = other.url.replace("http://", "http://me:secret@")
        extra = Index(name="other", url=url + "/", projects=("First",))
        resolution = run("first", indexes=(extra,))
        assert versions(resolution) == {"first": "1.0+cpu", "shared": "1.0"}
        lock = resolution.lock
        assert lock.indexes == (Index(name="other", url=other.url, projects=("first",)),)
        assert lock.distributions[0].index == "other"
        assert lock.distributions[0].artifacts == (
            replace(tied, location=f"{other.origin}/packages/{tied.location}/{tied.filename}"),
        )
        assert other.asked("shared") == []
        assert index.asked("/first/") == []


def test_a_project_tied_to_two_indexes(run: Resolver) -> None:
    one = Index(name="one", url="https://one.example/simple", projects=("first",))
    two = Index(name="two", url="https://two.example/simple", projects=("First",))
    with pytest.raises(UsageError) as caught:
        run("first", indexes=(one, two))
    assert str(caught.value) == (
        "first is tied to two indexes\n"
        "  expected: one index for each project\n"
        "  found:    one and two\n"
        "hint: name the project with one of them only"
    )


def test_an_index_without_hashes_and_sizes(index: IndexServer, run: Resolver) -> None:
    index.html = True
    bare = index.add(project_wheel("first", "1.0", ["second"]), sha256=False, size=False)
    hashed = index.add(project_wheel("second"), size=False)
    lock = run("first").lock
    assert lock.distributions[0].artifacts == (bare,)
    assert lock.distributions[1].artifacts == (hashed,)


def test_metadata_beside_the_files_is_used(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0"), metadata=True)
    run("first")
    assert [r.split()[0] for r in index.asked("first-1.0")] == ["GET"]
    assert index.asked("first-1.0")[0].endswith(".whl.metadata")


def test_a_server_without_ranges(index: IndexServer, run: Resolver) -> None:
    index.ranges = False
    index.add(project_wheel("first", "1.0", ["second"]), project_wheel("second"))
    assert versions(run("first")) == {"first": "1.0", "second": "1.0"}


def test_legacy_metadata_is_mended_and_told(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "0.23.4", ["pytz (>=2011k)", "six (<2.*)"]))
    index.add(project_wheel("pytz", "2020.1"), project_wheel("six", "1.0"))
    expected = (
        "first 0.23.4: read 'pytz (>=2011k)' as 'pytz>=2011'",
        "first 0.23.4: read 'six (<2.*)' as 'six<2'",
    )
    resolution = run("first")
    assert versions(resolution) == {"first": "0.23.4", "pytz": "2020.1", "six": "1.0"}
    assert resolution.notes == expected
    assert run("first").notes == expected


def test_requires_python_is_judged_by_the_exact_version(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", requires_python=">=3.7.1"), requires_python=">=3.7.1")
    index.add(project_wheel("first", "2.0", requires_python=">=3.8"), requires_python=">=3.8")
    assert versions(run("first", python="3.7.16")) == {"first": "1.0"}
    assert versions(run("first", python="3.8.0")) == {"first": "2.0"}
    with pytest.raises(ResolutionError) as caught:
        run("first", python="3.7.0")
    assert "Python>=3.7.1" in str(caught.value.details)


@pytest.mark.parametrize("python", ["3.8.18", "3.14.0"])
def test_another_python_than_this_one_needs_no_interpreter(
    index: IndexServer, run: Resolver, python: str
) -> None:
    minor = "".join(python.split(".")[:2])
    index.add(project_wheel("first", "1.0", ["old; python_version < '3.9'"]))
    index.add(project_wheel("old", tag=f"cp{minor}-cp{minor}-win_amd64"))
    index.add(project_wheel("old", tag=f"cp{minor}-cp{minor}-manylinux2014_x86_64"))
    resolution = run("first", python=python, platforms=("linux-x86_64", "windows-amd64"))
    assert set(versions(resolution)) == ({"first", "old"} if python == "3.8.18" else {"first"})
    assert resolution.lock.python.version == python


def test_a_lying_wheel_is_passed_over(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0"))
    lie = "Metadata-Version: 2.1\nName: other\nVersion: 2.0\n"
    index.add(project_wheel("first", "2.0", metadata=lie))
    index.add_file("first-3.0-py3-none-any.whl", b"no zip", name="first")
    assert versions(run("first")) == {"first": "1.0"}
    with pytest.raises(ResolutionError) as caught:
        run("first>=2")
    assert "metadata-of-another-distribution" in str(caught.value.details)


def test_a_url_inside_metadata_is_never_followed(index: IndexServer, run: Resolver) -> None:
    with IndexServer() as other:
        wish = f"second @ {other.origin}/second-1.0-py3-none-any.whl"
        index.add(project_wheel("first", "1.0"), project_wheel("first", "2.0", [wish]))
        assert versions(run("first")) == {"first": "1.0"}
        assert other.requests == []


def test_a_warm_resolution_asks_nobody(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", ["second"]), project_wheel("second"))
    cold = run("first")
    index.requests.clear()
    assert run("first") == cold
    assert index.requests == []


def test_adding_asks_only_for_what_is_new(
    index: IndexServer, run: Resolver, listener: Listener
) -> None:
    index.add(project_wheel("first", "1.0", ["second"]), project_wheel("second"))
    before = run("first").lock
    index.add(project_wheel("third", "1.0", ["second"]))
    index.requests.clear()
    listener.events.clear()
    run("first", "third", prior=before)
    # uv itself asks the loopback index for nothing else either.
    items = {event.item for event in listener.events if event.item}
    assert items == {"third", "third 1.0"}
    assert {request.split("/")[2] for request in index.requests if "/simple/" in request} == {
        "third"
    }


def test_a_run_that_was_stopped_leaves_no_stale_answers(
    index: IndexServer, run: Resolver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add(project_wheel("first", "1.0"))
    run("first")

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("jupyter_pyartifacts.resolve.search.run_uv_lock", stopped)
        with pytest.raises(KeyboardInterrupt):
            run("first", upgrade="all")
    index.add(project_wheel("first", "2.0"))
    for page in (tmp_path / "cache" / "pages").rglob("*.page"):
        os.utime(page, (0, 0))
    assert versions(run("first")) == {"first": "2.0"}


def test_an_upgrade_sees_what_is_new(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0"))
    before = run("first").lock
    index.add(project_wheel("first", "2.0"))
    assert versions(run("first", prior=before)) == {"first": "1.0"}
    assert versions(run("first", prior=before, upgrade=("first",))) == {"first": "2.0"}


def test_a_kept_pin_that_does_not_hold_is_chosen_anew_from_a_fresh_page(
    index: IndexServer, run: Resolver, tmp_path: Path
) -> None:
    index.add(project_wheel("first", "1.0"))
    before = run("first").lock
    index.add(project_wheel("first", "2.0"))
    index.add(project_wheel("second", "1.0", ["first>=2"]))
    for page in (tmp_path / "cache" / "pages").rglob("*.page"):
        os.utime(page, (0, 0))
    after = run("first", "second", prior=before)
    assert versions(after) == {"first": "2.0", "second": "1.0"}


def test_old_pages_are_not_trusted_for_a_new_lock(
    index: IndexServer, run: Resolver, tmp_path: Path
) -> None:
    index.add(project_wheel("first", "1.0", ["second"]), project_wheel("second", "1.0"))
    run("first")
    index.add(project_wheel("second", "2.0"))
    assert versions(run("first"))["second"] == "1.0"
    for page in (tmp_path / "cache" / "pages").rglob("second.page"):
        os.utime(page, (0, 0))
    assert versions(run("first"))["second"] == "2.0"


def test_offline_from_what_was_seen(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", ["second"]), project_wheel("second", "1.0"))
    cold = run("first")
    index.requests.clear()
    assert run("first", offline=True) == cold
    assert index.requests == []


def test_offline_and_never_seen(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", ["second"]))
    index.add(project_wheel("second", "1.0"))
    with pytest.raises(OfflineError) as caught:
        run("first", offline=True)
    assert str(caught.value) == (
        "first was never fetched, and the network is switched off\n"
        "hint: leave --offline out (or unset PYARTIFACTS_OFFLINE) once, with a network"
    )
    assert index.requests == []


def test_no_network(index: IndexServer, run: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_pyartifacts.index.network.time.sleep", lambda _: None)
    index.busy["first"] = 99
    with pytest.raises(NetworkError) as caught:
        run("first")
    assert caught.value.what == (
        f"first cannot be looked up: 127.0.0.1:{index.port} cannot be reached"
    )
    assert "HTTP 503" in str(caught.value.details)


def test_the_users_uv_settings_have_no_say(
    index: IndexServer, run: Resolver, tmp_path: Path
) -> None:
    index.add(project_wheel("first", "1.0"))
    config = tmp_path / "config" / "uv"
    config.mkdir(parents=True)
    (config / "uv.toml").write_text('exclude-newer = "2001-01-01T00:00:00Z"\nno-index = true\n')
    environ = {
        "XDG_CONFIG_HOME": str(config.parent),
        "UV_EXCLUDE_NEWER": "2001-01-01T00:00:00Z",
        "UV_NO_INDEX": "1",
        "UV_OFFLINE": "1",
        "http_proxy": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }
    assert versions(run("first", environ=environ)) == {"first": "1.0"}


def test_progress_is_told(index: IndexServer, run: Resolver, listener: Listener) -> None:
    index.add(project_wheel("first", "1.0"))
    run("first")
    assert {event.stage for event in listener.events} == {"resolve"}
    assert "first" in [event.item for event in listener.events]
    assert (listener.events[-1].done, listener.events[-1].total) == (1, 1)


@pytest.mark.parametrize(
    ("names", "first"),
    [((), "no platform is named"), (("plan9",), "a platform to lock for is not known")],
)
def test_platforms_that_are_none(run: Resolver, names: tuple[str, ...], first: str) -> None:
    with pytest.raises(UsageError) as caught:
        run("first", platforms=names)
    assert caught.value.what == first
    assert caught.value.hint == "name one of these: --platform linux-x86_64"


def test_the_same_port_and_secret_serve_a_store_again(
    index: IndexServer, run: Resolver, tmp_path: Path
) -> None:
    index.add(project_wheel("first", "1.0"))
    run("first")
    slots = (tmp_path / "cache" / "loopback.json").read_text()
    run("first", as_of="2025-01-01")
    assert (tmp_path / "cache" / "loopback.json").read_text() == slots
    assert (tmp_path / "cache" / "loopback.json").stat().st_mode & 0o077 == 0
    assert len(json.loads(slots)) == 1


def test_a_lock_is_the_same_each_time(index: IndexServer, run: Resolver) -> None:
    for name in ("b", "a", "c"):
        index.add(project_wheel(name, "1.0", ["z", "y"]))
    index.add(project_wheel("z"), project_wheel("y"))
    one, two = run("c", "a", "b"), run("c", "a", "b")
    assert one == two
    assert [own.name for own in one.lock.distributions] == ["a", "b", "c", "y", "z"]
    assert hashlib.sha256(repr(one.lock).encode()).digest() == (
        hashlib.sha256(repr(two.lock).encode()).digest()
    )


def test_a_store_that_cannot_be_written(index: IndexServer, run: Resolver, tmp_path: Path) -> None:
    index.add(project_wheel("first"))
    (tmp_path / "cache").write_text("a file where a directory should be")
    with pytest.raises(StoreError) as caught:
        run("first")
    assert caught.value.what == "the store cannot be written"
    assert index.requests == []


def test_several_at_once_in_one_store(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("shared"))
    names = [f"p{number}" for number in range(4)]
    for name in names:
        index.add(project_wheel(name, "1.0", ["shared"]))
    with ThreadPoolExecutor(len(names)) as pool:
        found = list(pool.map(run, names))
    assert [versions(own) for own in found] == [{name: "1.0", "shared": "1.0"} for name in names]
