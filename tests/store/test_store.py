"""The store: layers, publishing by rename, and disks that don't play along."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.errors import StoreError
from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.store import Published, Store, default_root
from jupyter_pyartifacts.store.facts import parse_facts, render_facts
from jupyter_pyartifacts.store.layout import FACTS
from jupyter_pyartifacts.store.storage import explain, remove_tree, storage_errors, write_file
from jupyter_pyartifacts.translate.wheel import extract_wheel
from tests.wheels import Wheel, build_wheel

WHEEL = build_wheel()


def publish(store: Store, wheel: Wheel = WHEEL) -> Published:
    with store.hold(wheel.digest.hex):
        temporary = store.temporary(wheel.digest.hex)
        archive = store.layout.part(wheel.digest)
        archive.write_bytes(wheel.data)
        tree = extract_wheel(archive, str(temporary / "tree"), wheel.filename)
        archive.unlink()
        return store.publish_artifact(
            wheel.digest, temporary, tree.facts, tree.manifest, tree.sizes
        )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store([tmp_path / "store"])


def test_nothing_is_made_before_something_is_written(store: Store) -> None:
    assert store.find_artifact(WHEEL.digest) is None
    assert store.known_tree(WHEEL.digest) is None
    assert not store.root.exists()


def test_what_is_published_is_found(store: Store) -> None:
    published = publish(store)
    assert store.find_artifact(WHEEL.digest) == published
    assert published.path == store.root / "artifacts" / WHEEL.digest.hex / "tree"
    assert (published.path / "demo/__init__.py").read_text() == "VERSION = '1.0'\n"
    assert published.facts.label == "demo 1.0"
    assert store.known_tree(WHEEL.digest) == published.tree
    assert list((store.root / "temporary").iterdir()) == []
    assert list((store.root / "locks").iterdir()) == []


def test_trees_are_read_only(store: Store) -> None:
    published = publish(store)
    for path in [published.path, *published.path.rglob("*")]:
        assert not stat.S_IMODE(path.lstat().st_mode) & 0o222, path


def test_publishing_twice_is_success(store: Store) -> None:
    first = publish(store)
    before = first.path.stat().st_ino
    second = publish(store)
    assert second == first
    assert second.path.stat().st_ino == before
    assert list((store.root / "temporary").iterdir()) == []


def test_a_damaged_artifact_is_not_found_and_is_replaced(store: Store) -> None:
    home = publish(store).home
    facts = home / FACTS
    facts.chmod(0o644)
    facts.write_text("{}")
    assert store.find_artifact(WHEEL.digest) is None
    published = publish(store)
    assert store.find_artifact(WHEEL.digest) == published
    assert list((store.root / "temporary").iterdir()) == []


def test_a_layer_is_read_and_never_written(tmp_path: Path) -> None:
    shared = Store([tmp_path / "shared"])
    published = publish(shared)
    before = sorted(path.relative_to(tmp_path) for path in (tmp_path / "shared").rglob("*"))
    own = Store([tmp_path / "own", tmp_path / "shared"])
    assert own.find_artifact(WHEEL.digest) == published
    assert own.known_tree(WHEEL.digest) == published.tree
    other = build_wheel("other")
    assert str(publish(own, other).path).startswith(str(tmp_path / "own"))
    after = sorted(path.relative_to(tmp_path) for path in (tmp_path / "shared").rglob("*"))
    assert after == before


def test_the_first_root_comes_first(tmp_path: Path) -> None:
    one, two = Store([tmp_path / "one"]), Store([tmp_path / "two"])
    publish(one)
    publish(two)
    found = Store([tmp_path / "two", tmp_path / "one"]).find_artifact(WHEEL.digest)
    assert found is not None
    assert str(found.path).startswith(str(tmp_path / "two"))


def test_a_store_has_a_root() -> None:
    with pytest.raises(ValueError, match="at least one root"):
        Store([])


def test_a_configuration_names_the_store(tmp_path: Path) -> None:
    config = Config.from_environ({"PYARTIFACTS_STORE": f"{tmp_path}/a:{tmp_path}/b"})
    store = Store.from_config(config)
    assert [layout.root for layout in store.layers] == [tmp_path / "a", tmp_path / "b"]
    own = Store.from_config(Config.from_environ({"XDG_DATA_HOME": str(tmp_path / "x")}))
    if sys.platform == "linux":
        assert own.root == tmp_path / "x" / "jupyter_pyartifacts"


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", "/home/me/.local/share/jupyter_pyartifacts"),
        ({"XDG_DATA_HOME": "/data"}, "linux", "/data/jupyter_pyartifacts"),
        ({}, "darwin", "/home/me/Library/Application Support/jupyter_pyartifacts"),
        ({}, "win32", "/home/me/AppData/Local/jupyter_pyartifacts"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/jupyter_pyartifacts"),
    ],
)
def test_the_users_own_store(environ: dict[str, str], platform: str, expected: str) -> None:
    assert default_root(environ, "/home/me", platform) == Path(expected)


def test_an_environments_own_store_lies_below_the_users(tmp_path: Path) -> None:
    config = Config(environ={"XDG_DATA_HOME": "/data"})
    own = Path("/data/jupyter_pyartifacts")
    assert [each.root for each in Store.from_config(config, str(tmp_path)).layers] == [own]
    shared = tmp_path / "share" / "jupyter_pyartifacts" / "store"
    shared.mkdir(parents=True)
    assert [each.root for each in Store.from_config(config, str(tmp_path)).layers] == [own, shared]
    named = Config(environ={}, stores=("/named",))
    assert [each.root for each in Store.from_config(named, str(tmp_path)).layers] == [
        Path("/named")
    ]


def test_facts_read_back(store: Store) -> None:
    wheel = build_wheel(
        files={"a.pth": "x\n", "demo-1.0.data/data/share/x": ""},
        entry_points="[console_scripts]\na = demo:b\n",
    )
    facts = publish(store, wheel).facts
    assert parse_facts(render_facts(facts), where="here") == facts


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format":2}', b'{"format":1}', b"\xff"])
def test_facts_that_cannot_be_read_are_refused(data: bytes) -> None:
    with pytest.raises(StoreError) as caught:
        parse_facts(data, where="here")
    assert caught.value.what == ("the store is damaged: the facts of an artifact cannot be read")
    assert caught.value.where == "here"


def test_a_known_tree_that_cannot_be_read_is_unknown(store: Store) -> None:
    digest, tree = Digest("1" * 64), Digest("2" * 64)
    store.remember_tree(digest, tree)
    assert store.known_tree(digest) == tree
    path = next((store.root / "trees").iterdir())
    line = path.read_text()
    for damaged in (
        "",
        "junk",
        line[:-1],
        line.replace("2", "3", 1),
        line.replace("2" * 64, "3" * 64),
    ):
        path.write_text(damaged)
        assert Store([store.root]).known_tree(digest) is None
    again = Store([store.root])
    again.remember_tree(digest, tree)
    assert Store([store.root]).known_tree(digest) == tree


def test_an_artifact_is_read_again_only_when_its_facts_changed(store: Store) -> None:
    facts = publish(store).home / FACTS
    digest = Digest(facts.parent.name)
    assert store.find_artifact(digest) is store.find_artifact(digest) is not None
    facts.chmod(0o644)
    facts.write_text("{}")
    assert store.find_artifact(digest) is None
    facts.parent.chmod(0o755)
    facts.unlink()
    assert store.find_artifact(digest) is None


def test_small_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("before")
    write_file(path, b"after", durable=True)
    assert path.read_text() == "after"
    with pytest.raises(OSError):  # noqa: PT011 - whatever the system says to a directory there
        write_file(tmp_path / "no" / "such", b"x")
    path.unlink()
    path.mkdir()
    (path / "x").touch()
    with pytest.raises(OSError):  # noqa: PT011 - whatever the system says to a directory there
        write_file(path, b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_removing_a_tree_never_follows_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    (tree / "below/link").symlink_to(outside)
    (tree / "below").chmod(0o555)
    tree.chmod(0o555)
    remove_tree(tree)
    remove_tree(tree)
    assert not tree.exists()
    assert (outside / "precious").exists()
    assert stat.S_IMODE(outside.stat().st_mode) & 0o200


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.ENOSPC, "the store's disk is full"),
        (errno.EDQUOT, "the store's disk is full"),
        (
            errno.EROFS,
            "the store cannot be written: it is read-only or belongs to somebody else",
        ),
        (
            errno.EACCES,
            "the store cannot be written: it is read-only or belongs to somebody else",
        ),
        (errno.EIO, "the store cannot be written"),
    ],
)
def test_the_systems_errors_become_ours(number: int, what: str) -> None:
    with pytest.raises(StoreError) as caught, storage_errors("/store"):
        raise OSError(number, os.strerror(number), "/store/x")
    assert caught.value.what == what
    assert caught.value.hint
    assert isinstance(caught.value.__cause__, OSError)


def test_a_full_disk_says_what_to_do() -> None:
    error = explain(OSError(errno.ENOSPC, "No space left on device"), "/store", "written")
    assert str(error) == (
        "the store's disk is full (/store)\n"
        "  [Errno 28] No space left on device\n"
        "hint: free some space (jupyter pyartifacts gc), or name another store by --store"
    )


@contextmanager
def small_files() -> Iterator[None]:
    """Let no file grow beyond 4 kB; writing more fails as on a full disk, also for root.

    Around what is tested and nothing else: what pytest says may go to a file as well.
    """
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_file_too_large_for_the_disk_leaves_nothing(store: Store) -> None:
    store.prepare()
    with pytest.raises(StoreError) as caught, small_files(), storage_errors(store.root):
        write_file(store.root / "x", bytes(10_000))
    assert caught.value.what == "the store's disk is full"
    assert not list(store.root.glob("*x*"))


def test_a_root_that_cannot_be_made_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        Store([tmp_path / "file" / "store"]).prepare()
    assert caught.value.what == "the store cannot be written"
    assert caught.value.hint == (
        "check the disk and the store's directory, or name another store by --store"
    )


READ_ONLY = """
import os, sys
from jupyter_pyartifacts.errors import StoreError
from jupyter_pyartifacts.store import Store
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    Store([sys.argv[1]]).prepare()
except StoreError as error:
    print(error.what)
"""


def test_somebody_elses_store_is_read_only(tmp_path: Path) -> None:
    what = "the store cannot be written: it is read-only or belongs to somebody else"
    root = tmp_path / "store"
    Store([root]).prepare()
    if os.geteuid() == 0:
        # Root may write everywhere, so somebody else has to try.
        for path in [tmp_path, *tmp_path.parents]:
            if path != Path("/") and path != Path("/tmp"):
                path.chmod(path.stat().st_mode | 0o055)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(root)], capture_output=True, text=True, check=True
        )
        assert done.stdout == f"{what}\n"
    else:
        for name in root.iterdir():
            name.chmod(0o555)
        with pytest.raises(StoreError) as caught:
            Store([root]).prepare()
        assert caught.value.what == what
