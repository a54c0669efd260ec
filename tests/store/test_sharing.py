"""A store that others read: whatever the umask of who fills it, and never written by them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_pyartifacts.store import Store
from tests.store.test_store import publish
from tests.uids import run_as_another
from tests.wheels import build_wheel

WHEEL = build_wheel(files={"demo/__init__.py": "x = 1\n", "demo-1.0.data/scripts/run": "#!/bin/sh"})
FIND = """
import sys
from jupyter_pyartifacts.errors import StoreError
from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.store import Store
try:
    found = Store([sys.argv[1], sys.argv[2]]).find_artifact(Digest(sys.argv[3]))
    print(found and found.path)
except StoreError as error:
    print(error)
"""


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def lacking(root: Path, bits: int) -> list[str]:
    """Return what others cannot read that should be read."""
    modes = {path: path.lstat().st_mode for path in (root, *root.rglob("*"))}
    return [
        str(path)
        for path, mode in modes.items()
        if not stat.S_ISLNK(mode) and mode & 0o444 & bits != 0o444 & bits
    ]


def test_all_who_read_the_root_read_what_is_in_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    store = Store([tmp_path])
    home = publish(store, WHEEL).home
    assert lacking(store.layout.artifacts, 0o055) == []
    assert lacking(tmp_path / "trees", 0o055) == []
    assert stat.S_IMODE(home.stat().st_mode) & 0o777 == 0o755
    assert stat.S_IMODE((tmp_path / "roots").stat().st_mode) == 0o700
    assert store.umask() == 0o022


def test_a_root_of_ones_own_stays_so(tmp_path: Path) -> None:
    store = Store([tmp_path / "store"])
    home = publish(store, WHEEL).home
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert store.umask() == 0o077


def test_a_root_that_is_opened_later_opens_what_is_in_it(tmp_path: Path) -> None:
    publish(Store([tmp_path / "store"]), WHEEL)
    (tmp_path / "store").chmod(0o755)
    Store([tmp_path / "store"]).prepare()
    assert lacking(tmp_path / "store" / "artifacts", 0o055) == []


def test_another_user_finds_what_is_there(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name in ("own", "shared"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o755)
    published = publish(Store([tmp_path / "shared"]), WHEEL)
    words = (str(tmp_path / "own"), str(tmp_path / "shared"), WHEEL.digest.hex)
    assert run_as_another(FIND, *words, place=tmp_path) == f"{published.path}\n"


def test_a_layer_that_is_closed_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    publish(Store([tmp_path / "shared"]), WHEEL)
    (tmp_path / "shared" / "artifacts").chmod(0)
    words = (str(tmp_path / "own"), str(tmp_path / "shared"), WHEEL.digest.hex)
    lines = run_as_another(FIND, *words, place=tmp_path).splitlines()
    (tmp_path / "shared" / "artifacts").chmod(0o700)
    assert lines[0] == f"a read-only layer of the store cannot be read ({tmp_path}/shared)"
    assert "Permission denied" in lines[1]
    assert lines[2].endswith(
        f"can open it to you: chmod -R a+rX {tmp_path}/shared; or leave it out of PYARTIFACTS_STORE"
    )
