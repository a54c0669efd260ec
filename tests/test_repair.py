"""Verifying a whole environment: what was changed is named and right again afterwards."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_pyartifacts.environment import assemble_view, find_view, verify_view
from jupyter_pyartifacts.errors import StoreError
from jupyter_pyartifacts.instantiate import instantiate_pins
from jupyter_pyartifacts.model import Digest, Environment
from jupyter_pyartifacts.outcome import Verified
from jupyter_pyartifacts.plan import Pin
from jupyter_pyartifacts.repair import verify_environment
from jupyter_pyartifacts.store import Published, Store
from jupyter_pyartifacts.store.sharing import owner_of
from jupyter_pyartifacts.store.verify import verify_artifacts
from tests.test_environment import HERE
from tests.translate.test_elf import elf
from tests.wheels import Listener, Source, build_wheel

FILES = {
    "demo/__init__.py": "x = 1\n",
    "demo/deep/m.py": "y = 1\n",
    "demo/lib/libdemo.so": elf(["libother.so.1"], ["$ORIGIN/../../other/lib"]),
}
WHEELS = [build_wheel(files=FILES), build_wheel("other")]


class Notebook:
    """An environment that is there and can be spoilt."""

    def __init__(self, root: Path, source: Source, *layers: Path) -> None:
        self.store = Store([root, *layers])
        self.source = source
        self.listener = Listener()
        self.pins: list[Pin] = [wheel.pin() for wheel in WHEELS]
        self.published: dict[Digest, Published] = instantiate_pins(
            self.pins, store=self.store, fetcher=source, reporter=self.listener
        )
        self.view: Environment = assemble_view(self.pins, self.published, HERE, store=self.store)
        self.home = self.published[WHEELS[0].digest].home

    def verify(self, source: Source | None = None) -> Verified:
        return verify_environment(
            self.pins,
            HERE,
            store=self.store,
            fetcher=source or self.source,
            reporter=self.listener,
            threads=2,
        )


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path / "store", Source().serve(*WHEELS))


def spoil(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_what_is_whole_is_left_alone(notebook: Notebook) -> None:
    notebook.source.fetched.clear()
    before = {path: path.lstat().st_ino for path in notebook.store.root.rglob("*")}
    assert notebook.verify() == Verified(files=10, damaged=(), repaired=())
    assert {path: path.lstat().st_ino for path in notebook.store.root.rglob("*")} == before
    assert notebook.source.fetched == []


def _cut(path: Path) -> None:
    spoil(path, b"")


def _remove(path: Path) -> None:
    path.parent.chmod(0o755)
    path.unlink()


def _to_folder(path: Path) -> None:
    _remove(path)
    (path / "below").mkdir(parents=True)


def _to_link(path: Path) -> None:
    _remove(path)
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    "change", [lambda path: spoil(path, b"x = 2\n"), _cut, _remove, _to_folder, _to_link]
)
@pytest.mark.parametrize("name", ["demo/__init__.py", "demo/deep/m.py"])
def test_a_changed_file_is_named_and_put_right(
    name: str, change: Callable[[Path], None], notebook: Notebook
) -> None:
    path = notebook.home / "tree" / name
    change(path)
    outcome = notebook.verify()
    assert str(path) in [each.path for each in outcome.damaged]
    assert set(outcome.repaired) >= {str(path)}
    assert {each.path for each in outcome.damaged} == set(outcome.repaired)
    assert notebook.verify() == Verified(files=10, damaged=(), repaired=())
    assert verify_view(notebook.view, notebook.published.values())[1] == ()
    assert not [
        p
        for p in (notebook.home / "tree").rglob("*")
        if p.lstat().st_mode & 0o222 and not p.is_symlink()
    ]
    assert list((notebook.store.root / "temporary").iterdir()) == []


def test_a_file_too_many_is_removed(notebook: Notebook) -> None:
    (notebook.home / "tree").chmod(0o755)
    path = notebook.home / "tree" / "evil.py"
    path.write_text("boom")
    outcome = notebook.verify()
    assert [(each.path, each.expected, each.found) for each in outcome.damaged] == [
        (str(path), "no such file", "a file")
    ]
    assert not path.exists()
    assert notebook.verify().damaged == ()


def test_any_changed_byte_below_an_artifact_or_a_view_is_put_right(notebook: Notebook) -> None:
    places = [path for path in notebook.home.rglob("*") if path.is_file()]
    places += [
        path
        for path in Path(notebook.view.path).rglob("*")
        if path.is_file() and not path.is_symlink() and "bin/python" not in str(path)
    ]
    assert len(places) > 15
    for path in places:
        data = path.read_bytes()
        if not data:
            continue
        spoil(path, bytes([data[0] ^ 1]) + data[1:])
        outcome = notebook.verify()
        # Facts that cannot be read are no artifact at all.
        assert {str(path), str(notebook.home)} & {each.path for each in outcome.damaged}, path
        assert set(outcome.repaired) == {each.path for each in outcome.damaged}
        assert path.read_bytes() == data
    assert notebook.verify() == Verified(files=10, damaged=(), repaired=())


@pytest.mark.parametrize("field", ["name", "tree"])
def test_facts_that_lie_are_named_and_put_right(field: str, notebook: Notebook) -> None:
    path = notebook.home / "facts.json"
    before = path.read_bytes()
    lies = {"name": "evil", "tree": f"sha256:{'0' * 64}"}
    facts = {**json.loads(before), field: lies[field]}
    spoil(path, json.dumps(facts).encode())
    pin = WHEELS[0].pin(tree=notebook.published[WHEELS[0].digest].tree)
    with pytest.raises(StoreError) as caught:
        instantiate_pins(
            [pin],
            store=notebook.store,
            fetcher=notebook.source,
            reporter=notebook.listener,
        )
    assert caught.value.what == "the store is damaged: an artifact is not what was published"
    assert caught.value.hint == "repair it: jupyter pyartifacts verify NOTEBOOK"
    outcome = notebook.verify()
    assert str(path) in {each.path for each in outcome.damaged}
    assert path.read_bytes() == before
    assert notebook.verify().damaged == ()


def test_a_whole_directory_that_is_gone_comes_back(notebook: Notebook) -> None:
    tree = notebook.home / "tree"
    for folder in (tree, tree / "demo", tree / "demo/deep"):
        folder.chmod(0o755)
    (tree / "demo/deep/m.py").unlink()
    (tree / "demo/deep").rmdir()
    notebook.verify()
    assert notebook.verify().damaged == ()


@pytest.mark.parametrize("name", ["MANIFEST", "SIZES", "CHECKSUMS"])
def test_a_damaged_manifest_is_put_right(name: str, notebook: Notebook) -> None:
    spoil(notebook.home / name, b"junk")
    spoil(notebook.home / "tree/demo/__init__.py", b"evil")
    outcome = notebook.verify()
    assert outcome.damaged[0].path == str(notebook.home / name)
    assert verify_artifacts(notebook.published.values())[1] == {}
    assert notebook.verify() == Verified(files=10, damaged=(), repaired=())


def test_an_artifact_that_is_gone_comes_back(notebook: Notebook) -> None:
    facts = notebook.home / "facts.json"
    facts.unlink()
    outcome = notebook.verify()
    assert [each.path for each in outcome.damaged] == [str(notebook.home)]
    assert outcome.repaired == (str(notebook.home),)
    assert notebook.verify().damaged == ()


def test_running_kernels_never_miss_a_file(notebook: Notebook) -> None:
    path = notebook.home / "tree/demo/__init__.py"
    spoil(path, b"x = 2\n")
    with open(path, "rb") as held:
        notebook.verify()
        assert held.read() == b"x = 2\n"
    assert path.read_bytes() == b"x = 1\n"


def test_hard_links_of_a_view_are_made_anew(notebook: Notebook) -> None:
    inside = Path(notebook.view.site_packages) / "demo/lib/libdemo.so"
    original = notebook.home / "tree/demo/lib/libdemo.so"
    assert os.path.samefile(inside, original)
    spoil(original, b"evil")
    outcome = notebook.verify()
    assert {each.path for each in outcome.damaged} == {str(inside), str(original)}
    assert inside.read_bytes() == FILES["demo/lib/libdemo.so"]
    assert verify_view(notebook.view, notebook.published.values())[1] == ()


def test_a_damaged_view_is_put_right(notebook: Notebook) -> None:
    link = Path(notebook.view.site_packages) / "other"
    link.unlink()
    outcome = notebook.verify()
    assert [each.path for each in outcome.damaged] == [str(link)]
    assert [each.found for each in outcome.damaged] == ["no such file"]
    assert outcome.repaired == (str(link),)
    assert notebook.verify().damaged == ()


def test_what_cannot_be_fetched_stays_damaged(notebook: Notebook) -> None:
    path = notebook.home / "tree/demo/__init__.py"
    spoil(path, b"x = 2\n")
    outcome = notebook.verify(Source())
    assert [each.path for each in outcome.damaged] == [str(path)]
    assert outcome.repaired == ()
    assert notebook.listener.notes[-1].startswith(
        "demo could not be repaired: a file is not to be had"
    )
    assert path.read_bytes() == b"x = 2\n"
    assert list((notebook.store.root / "temporary").iterdir()) == []


def test_a_damaged_layer_is_covered_by_the_own_store(notebook: Notebook, tmp_path: Path) -> None:
    spoil(notebook.home / "tree/demo/__init__.py", b"x = 2\n")
    notebook.store = Store([tmp_path / "own", notebook.store.root])
    outcome = notebook.verify()
    assert str(notebook.home / "tree/demo/__init__.py") in outcome.repaired
    assert (notebook.home / "tree/demo/__init__.py").read_bytes() == b"x = 2\n"
    found = notebook.store.find_artifact(WHEELS[0].digest)
    assert found is not None
    assert found.home == tmp_path / "own/artifacts" / WHEELS[0].digest.hex
    assert notebook.verify().damaged == ()


def written(root: Path) -> dict[Path, tuple[int, int, int]]:
    """Return what would be another if something below a directory was written."""
    states = {path: path.lstat() for path in root.rglob("*")}
    return {path: (each.st_mode, each.st_size, each.st_mtime_ns) for path, each in states.items()}


def test_a_damaged_layer_stays_as_it_is_and_a_copy_of_ones_own_serves(tmp_path: Path) -> None:
    source = Source().serve(*WHEELS)
    shared = Notebook(tmp_path / "shared", source)
    path = shared.home / "tree" / "demo" / "__init__.py"
    spoil(path, b"x = 2\n")
    before = written(tmp_path / "shared")
    own = Notebook(tmp_path / "own", source, tmp_path / "shared")
    assert own.view.path == shared.view.path
    outcome = own.verify()
    assert str(path) in [each.path for each in outcome.damaged]
    layer = tmp_path / "shared"
    assert own.listener.notes == [
        f"demo: a sound copy in your own store takes the place of the damaged one in {layer}, which"
        f" {owner_of(layer)} can repair: jupyter pyartifacts verify NOTEBOOK --store {layer}"
    ]
    assert written(layer) == before
    view = find_view(Digest.parse(own.view.digest), HERE, store=own.store)
    assert view is not None
    assert view.path.startswith(f"{tmp_path}/own/views/")
    good = Path(view.site_packages, "demo", "__init__.py")
    assert good.read_bytes() == b"x = 1\n"
    assert own.verify().damaged == ()


def test_a_sound_layer_is_no_damage(tmp_path: Path) -> None:
    source = Source().serve(*WHEELS)
    Notebook(tmp_path / "shared", source)
    own = Notebook(tmp_path / "own", source, tmp_path / "shared")
    assert own.verify() == Verified(files=10, damaged=(), repaired=())
    assert not (tmp_path / "own" / "artifacts").exists() or not list(
        (tmp_path / "own" / "artifacts").iterdir()
    )
