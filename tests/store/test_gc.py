"""Sweeping: what is used stays, what is not goes, and doubt stops everything."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import StoreError
from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.report import NullReporter
from jupyter_pyartifacts.store import Store
from jupyter_pyartifacts.store.gc import Sweep, measure_store, sweep_store
from jupyter_pyartifacts.store.layout import VIEW_RECORD
from jupyter_pyartifacts.store.roots import (
    forget_kernel,
    process_exists,
    process_start,
    read_kernels,
    read_notebooks,
    record_kernel,
    record_use,
)
from tests.store.test_store import publish
from tests.wheels import Listener, Wheel, build_wheel

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
ONE, TWO, THREE = (build_wheel(f"demo{n}") for n in range(3))
VIEW_ONE, VIEW_TWO = Digest("1" * 64), Digest("2" * 64)
LOCK = Digest("f" * 64)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store([tmp_path / "store"])
    for wheel in (ONE, TWO, THREE):
        publish(store, wheel)
    for view, wheels in ((VIEW_ONE, (ONE,)), (VIEW_TWO, (ONE, TWO))):
        make_view(store, view, wheels)
    return store


def make_view(store: Store, view: Digest, wheels: tuple[Wheel, ...]) -> None:
    place = store.layout.view(view)
    place.mkdir()
    record = {"artifacts": [wheel.digest.hex for wheel in wheels]}
    (place / VIEW_RECORD).write_text(json.dumps(record))


def use(store: Store, notebook: Path, view: Digest, *wheels: Wheel, when: str = "") -> None:
    record_use(
        store,
        notebook,
        lock=LOCK,
        view=view,
        artifacts=[wheel.digest for wheel in wheels],
        when=when or "2026-02-28T12:00:00Z",
    )


def sweep(store: Store, *, dry_run: bool = False) -> Sweep:
    return sweep_store(store, now=NOW, reporter=NullReporter(), dry_run=dry_run)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_a_notebook_used_stays(store: Store, tmp_path: Path) -> None:
    notebook = tmp_path / "a.ipynb"
    notebook.touch()
    use(store, notebook, VIEW_TWO, ONE, TWO)
    swept = sweep(store)
    assert names(store.layout.artifacts) == {ONE.digest.hex, TWO.digest.hex}
    assert names(store.layout.views) == {VIEW_TWO.hex}
    assert (swept.views_kept, swept.artifacts_kept) == (1, 2)
    assert {item.kind for item in swept.remove} == {"artifact", "view"}
    assert swept.size > 0
    assert sweep(store).remove == ()


def test_a_dry_run_removes_nothing(store: Store) -> None:
    before = sorted(store.root.rglob("*"))
    planned = sweep(store, dry_run=True)
    assert sorted(store.root.rglob("*")) == before
    assert sweep(store) == planned
    assert names(store.layout.artifacts) == set()


def test_a_notebook_that_is_gone_keeps_nothing(store: Store, tmp_path: Path) -> None:
    use(store, tmp_path / "gone.ipynb", VIEW_TWO, ONE, TWO)
    sweep(store)
    assert names(store.layout.artifacts) == set()
    assert names(store.layout.roots) == set()


@pytest.mark.parametrize(
    ("when", "kept"), [("2026-02-28T12:00:00Z", True), ("2025-12-01T12:00:00Z", False), ("?", True)]
)
def test_a_directory_that_is_not_here_keeps_for_a_month(
    when: str, kept: bool, store: Store, tmp_path: Path
) -> None:
    use(store, tmp_path / "usb" / "a.ipynb", VIEW_ONE, ONE, when=when)
    sweep(store)
    assert (ONE.digest.hex in names(store.layout.artifacts)) is kept


def test_a_notebook_that_cannot_be_reached_stops_the_sweep(store: Store, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    use(store, loop, VIEW_ONE, ONE)
    with pytest.raises(StoreError) as caught:
        sweep(store)
    assert caught.value.what == (
        "a notebook that uses the store cannot be reached, so nothing is removed"
    )
    assert len(names(store.layout.artifacts)) == 3


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"notebook": 1}', b"\xff"])
@pytest.mark.parametrize("folder", ["roots", "kernels"])
def test_a_root_that_cannot_be_read_stops_the_sweep(folder: str, data: bytes, store: Store) -> None:
    path = store.root / folder / "x.use.json"
    path.write_bytes(data)
    with pytest.raises(StoreError) as caught:
        sweep(store)
    assert caught.value.what == (
        "a root of the store cannot be read, so nothing can be known to be unused"
    )
    assert caught.value.where == str(path)
    assert len(names(store.layout.artifacts)) == 3


def test_a_view_in_use_without_a_record_stops_the_sweep(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").touch()
    use(store, tmp_path / "a.ipynb", VIEW_ONE)
    (store.layout.view(VIEW_ONE) / VIEW_RECORD).unlink()
    with pytest.raises(StoreError, match="record of a view in use cannot be read"):
        sweep(store)
    assert len(names(store.layout.artifacts)) == 3


def test_a_running_kernel_keeps_all_views_it_had(store: Store) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        record_kernel(store, "k1", process.pid, view=VIEW_ONE, artifacts=[ONE.digest])
        record_kernel(store, "k1", process.pid, view=VIEW_TWO, artifacts=[ONE.digest, TWO.digest])
        sweep(store)
        assert names(store.layout.views) == {VIEW_ONE.hex, VIEW_TWO.hex}
        assert names(store.layout.artifacts) == {ONE.digest.hex, TWO.digest.hex}
    finally:
        process.kill()
        process.communicate()
    sweep(store)
    assert names(store.layout.artifacts) == set()
    assert names(store.layout.kernels) == set()


def test_a_kernel_that_ended_is_forgotten(store: Store) -> None:
    record_kernel(store, "odd/../id", os.getpid(), view=VIEW_ONE, artifacts=[ONE.digest])
    assert [kernel.is_alive() for kernel in read_kernels(store)] == [True]
    assert all(path.parent == store.layout.kernels for path in store.layout.kernels.iterdir())
    forget_kernel(store, "odd/../id")
    forget_kernel(store, "odd/../id")
    assert read_kernels(store) == ()


def test_another_process_of_the_same_number_is_not_the_kernel(store: Store) -> None:
    record_kernel(store, "k1", os.getpid(), view=VIEW_ONE, artifacts=[])
    path = next(store.layout.kernels.iterdir())
    document = json.loads(path.read_text())
    document["started"] = "1"
    path.write_text(json.dumps(document))
    assert [kernel.is_alive() for kernel in read_kernels(store)] == [process_start(1) == ""]


def test_a_kernel_of_another_machine_counts_as_running(store: Store) -> None:
    record_kernel(store, "k1", 2**22 + 1, view=VIEW_ONE, artifacts=[])
    assert [kernel.is_alive() for kernel in read_kernels(store)] == [False]
    path = next(store.layout.kernels.iterdir())
    document = json.loads(path.read_text())
    document["host"] = "elsewhere"
    path.write_text(json.dumps(document))
    assert [kernel.is_alive() for kernel in read_kernels(store)] == [True]


def test_processes_are_seen() -> None:
    assert process_exists(os.getpid())
    assert not process_exists(0)
    assert not process_exists(-1)
    assert process_start(os.getpid()) == process_start(os.getpid())


def test_a_new_kernel_of_an_old_name_begins_anew(store: Store) -> None:
    record_kernel(store, "k1", 1, view=VIEW_ONE, artifacts=[ONE.digest])
    record_kernel(store, "k1", os.getpid(), view=VIEW_TWO, artifacts=[])
    (kernel,) = read_kernels(store)
    assert (kernel.views, kernel.artifacts) == ((VIEW_TWO,), ())


def test_leftovers_of_a_crash_go(store: Store) -> None:
    (store.root / "temporary" / "half").mkdir()
    (store.root / "temporary" / "half" / "x").write_text("12345")
    store.layout.part(THREE.digest).write_bytes(b"123")
    kinds = {item.kind: item.size for item in sweep(store).remove}
    assert kinds["temporary"] == 5
    assert kinds["download"] == 3
    assert names(store.root / "temporary") == set()
    assert names(store.root / "downloads") == set()


def test_a_store_in_use_is_not_swept(store: Store) -> None:
    with store.using(), pytest.raises(StoreError) as caught:
        sweep(store)
    assert caught.value.what == (
        "the store is in use: something is being added to it at this moment"
    )
    assert len(names(store.layout.artifacts)) == 3
    sweep(store)
    assert len(names(store.layout.artifacts)) == 0


def test_a_store_that_is_not_there_has_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep(Store([tmp_path / "none"])).remove == ()
    assert not (tmp_path / "none").exists()


def test_progress_ends_at_the_whole(store: Store) -> None:
    listener = Listener()
    swept = sweep_store(store, now=NOW, reporter=listener)
    assert listener.events[-1].done == swept.size


def test_uses_are_remembered_by_notebook(store: Store, tmp_path: Path) -> None:
    use(store, tmp_path / "a.ipynb", VIEW_ONE, ONE)
    use(store, tmp_path / "a.ipynb", VIEW_TWO, TWO)
    use(store, tmp_path / "b.ipynb", VIEW_ONE, ONE)
    uses = {Path(each.notebook).name: each.view for each in read_notebooks(store)}
    assert uses == {"a.ipynb": VIEW_TWO, "b.ipynb": VIEW_ONE}


def test_a_store_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    use(Store([tmp_path / "file" / "store"]), tmp_path / "a.ipynb", VIEW_ONE)
    assert (tmp_path / "file").read_bytes() == b""


def test_bytes_are_counted_once(store: Store) -> None:
    home = store.layout.artifact(ONE.digest)
    os.link(home / "tree/demo0/__init__.py", store.layout.view(VIEW_ONE) / "same.py")
    (home / "tree/demo0").chmod(0o755)
    (home / "tree/demo0/__pycache__").mkdir()
    (home / "tree/demo0/__pycache__/x.pyc").write_bytes(b"1234567")
    store.layout.part(ONE.digest).write_bytes(b"123")
    usage = measure_store(store)
    assert usage.byte_code == 7
    assert usage.downloads == 3
    views = sum((store.layout.view(v) / VIEW_RECORD).stat().st_size for v in (VIEW_ONE, VIEW_TWO))
    assert usage.views == views
    assert usage.total == sum(
        {
            (path.stat().st_dev, path.stat().st_ino): path.stat().st_size
            for path in store.root.rglob("*")
            if path.is_file()
        }.values()
    )


def test_what_was_learned_of_an_index_long_ago_goes(store: Store) -> None:
    pages = store.layout.cache / "pages"
    pages.mkdir(parents=True)
    old, new = pages / "old", pages / "new"
    for path, days in ((old, 31), (new, 29)):
        path.write_bytes(b"12345")
        os.utime(path, times=(NOW.timestamp() - days * 86400,) * 2)
    assert [(item.path, item.size) for item in sweep(store, dry_run=True).remove][-1] == (pages, 5)
    assert names(pages) == {"old", "new"}
    sweep(store)
    assert names(pages) == {"new"}
