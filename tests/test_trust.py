"""Approvals of locks: what counts, what is ignored, and what the question says."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import NotApproved, StoreError
from jupyter_pyartifacts.lock import lock_digest
from jupyter_pyartifacts.model import Artifact, Digest, Distribution, Index, Lock, PythonPin
from jupyter_pyartifacts.trust import Trust, lock_sources, outside_locations

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")


def wheel(name: str = "six", location: str = "aa/bb/cc") -> Distribution:
    artifact = Artifact(
        filename=f"{name}-1.0-py3-none-any.whl",
        digest=Digest("a" * 64),
        size=1,
        location=location,
    )
    return Distribution(name=name, version="1.0", artifacts=(artifact,))


def lock_of(*distributions: Distribution, indexes: tuple[Index, ...] = ()) -> Lock:
    return Lock(
        requirements=tuple(each.name for each in distributions),
        python=PythonPin(version="3.11.7"),
        platforms=("linux-x86_64",),
        distributions=distributions,
        indexes=indexes,
    )


LOCK = lock_of(wheel())
EXTRA = lock_of(wheel(), indexes=(Index(name="x", url="https://x.example/simple"),))


def test_nothing_is_approved_at_first(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "approvals")
    assert not trust.is_approved(LOCK)
    assert not (tmp_path / "approvals").exists()


def test_an_approval_is_of_one_lock(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "approvals")
    assert trust.approve(LOCK) == lock_digest(LOCK)
    assert trust.is_approved(LOCK)
    assert Trust(tmp_path / "approvals").is_approved(LOCK)
    assert not trust.is_approved(EXTRA)
    assert not trust.is_approved(lock_of(wheel(location="https://evil.example/six.whl")))


def test_history_is_not_part_of_it(tmp_path: Path) -> None:
    from jupyter_pyartifacts.model import Delta

    trust = Trust(tmp_path)
    trust.approve(LOCK)
    assert trust.is_approved(
        replace(LOCK, history=(Delta(when="2024-01-01T00:00:00Z", what="add six"),))
    )


@posix
def test_only_the_user_can_read_the_key(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "approvals")
    trust.approve(LOCK)
    key = tmp_path / "approvals" / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert len(key.read_bytes()) == 32


@posix
@pytest.mark.parametrize(
    "tamper",
    [
        lambda key: key.chmod(0o644),
        lambda key: key.write_bytes(b"short"),
        lambda key: key.write_bytes(b"x" * 33),
        lambda key: key.write_bytes(b"x" * 32),
        lambda key: key.unlink(),
        lambda key: (key.rename(key.with_name("k2")), key.symlink_to("k2")),
        lambda key: (key.unlink(), key.mkdir()),
    ],
    ids=["readable", "short", "long", "other", "gone", "link", "directory"],
)
def test_a_tampered_key_voids_approvals(tmp_path: Path, tamper) -> None:  # type: ignore[no-untyped-def]
    trust = Trust(tmp_path)
    trust.approve(LOCK)
    tamper(tmp_path / "key")
    assert not trust.is_approved(LOCK)


@posix
def test_an_unusable_key_is_replaced_at_the_next_approval(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    trust.approve(EXTRA)
    (tmp_path / "key").chmod(0o644)
    trust.approve(LOCK)
    assert trust.is_approved(LOCK)
    assert not trust.is_approved(EXTRA)


@pytest.mark.parametrize("data", [b"", b"0" * 64, b"\xff" * 64, "ü".encode() * 32])
def test_a_tampered_approval_is_none(tmp_path: Path, data: bytes) -> None:
    trust = Trust(tmp_path)
    trust.approve(LOCK)
    (tmp_path / lock_digest(LOCK).hex).write_bytes(data)
    assert not trust.is_approved(LOCK)


def test_an_approval_under_another_name_is_none(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    trust.approve(LOCK)
    (tmp_path / lock_digest(LOCK).hex).rename(tmp_path / lock_digest(EXTRA).hex)
    assert not trust.is_approved(EXTRA)


def test_an_approval_of_another_store_is_none(tmp_path: Path) -> None:
    one, other = Trust(tmp_path / "one"), Trust(tmp_path / "other")
    one.approve(LOCK)
    other.approve(EXTRA)
    name = lock_digest(LOCK).hex
    (tmp_path / "other" / name).write_bytes((tmp_path / "one" / name).read_bytes())
    assert not other.is_approved(LOCK)


def test_processes_that_make_the_key_at_once_agree(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path[:0] = [sys.argv[2]]\n"
        "from test_trust import *\n"
        "sys.stdin.readline()\n"
        "Trust(sys.argv[1]).approve(lock_of(wheel('p' + sys.argv[3])))\n"
    )
    directory = tmp_path / "approvals"
    here = str(Path(__file__).parent)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(directory), here, str(number)],
            stdin=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.close()
    assert [child.wait() for child in children] == [0] * 4
    trust = Trust(directory)
    assert [trust.is_approved(lock_of(wheel(f"p{number}"))) for number in range(4)] == [True] * 4
    assert not [name for name in os.listdir(directory) if name.startswith(".")]


def test_an_approval_that_cannot_be_written(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(StoreError) as caught:
        Trust(blocker).approve(LOCK)
    assert str(caught.value) == (
        f"the approval cannot be written ({blocker})\n"
        "  found:    File exists\n"
        "hint: make the store's directory writable, or choose another with --store or "
        "PYARTIFACTS_STORE"
    )


def test_the_question_says_what_is_at_stake(tmp_path: Path) -> None:
    with pytest.raises(NotApproved) as caught:
        Trust(tmp_path).check(EXTRA, where="n.ipynb")
    assert str(caught.value) == (
        "this lock was made by somebody else, and you have not approved it (n.ipynb)\n"
        "  It pins 1 distribution from the default index and https://x.example/simple, "
        "for Python 3.11.7.\n"
        "  Approving it means trusting it to run code on this machine when the kernel starts.\n"
        "hint: look at it with `jupyter pyartifacts show NOTEBOOK`; to approve it, run "
        "`jupyter pyartifacts trust NOTEBOOK`, or `%pyartifacts trust` in the notebook"
    )
    assert not list(tmp_path.iterdir())


def test_an_approved_lock_passes(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    trust.approve(EXTRA)
    trust.check(EXTRA, "ask")


def test_the_policy_all_asks_nothing(tmp_path: Path) -> None:
    Trust(tmp_path).check(EXTRA, "all")


def test_the_policy_index_takes_what_comes_from_allowed_indexes(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    trust.check(LOCK, "index")
    trust.check(EXTRA, "index", ["https://x.example/"])
    with pytest.raises(NotApproved):
        trust.check(EXTRA, "index", ["https://y.example"])
    with pytest.raises(NotApproved):
        trust.check(lock_of(wheel(location="file:six-1.0-py3-none-any.whl")), "index")


@pytest.mark.parametrize(
    "location",
    [
        "http://x.example/simple/a.whl",
        "https://x.example:8443/simple/a.whl",
        "https://x.example.evil/simple/a.whl",
        "https://x.example@evil/simple/a.whl",
        "https://user:secret@x.example/simple/a.whl",
        "https://x.example/simple2/a.whl",
        "https://x.example/simple/../a.whl",
        "https://x.example/simple/%2E%2E/a.whl",
        "https://x.example/simple/..\\a.whl",
        "https://x.example:99999/simple/a.whl",
        "https:///simple/a.whl",
        "file:///simple/a.whl",
        "file:a.whl",
    ],
)
def test_what_lies_outside_the_allowed_indexes(location: str) -> None:
    lock = lock_of(wheel(location=location))
    assert outside_locations(lock, ["https://x.example/simple/"]) == (location,)


def test_what_lies_inside_the_allowed_indexes() -> None:
    lock = lock_of(
        wheel("a"),
        wheel("b", location="../../b.whl"),
        wheel("c", location="https://x.example/simple/c/c.whl"),
        wheel("d", location="https://X.example:443/simple/c/c.whl"),
    )
    allowed = ["https://x.example/simple", "https://x.example:443/simple"]
    assert outside_locations(lock, allowed) == ()


def test_sources_are_named_without_credentials() -> None:
    lock = lock_of(
        wheel("a", location="https://user:secret@files.example/a.whl"),
        wheel("b", location="file:b.whl"),
        wheel("c", location="https://x.example/simple/c.whl"),
        indexes=EXTRA.indexes,
    )
    assert lock_sources(lock) == (
        "https://files.example",
        "https://x.example/simple",
        "local files",
    )
    assert lock_sources(LOCK) == ("the default index",)


def test_an_environments_approvals_are_everybodys(tmp_path: Path) -> None:
    place = tmp_path / "share" / "approved"
    Trust(tmp_path / "builder", environment=place).approve_for_everybody(LOCK)
    Trust(tmp_path / "builder", environment=place).approve_for_everybody(LOCK)
    assert place.read_text() == f"{lock_digest(LOCK)}\n"
    assert not (tmp_path / "builder").exists()

    other = Trust(tmp_path / "other", environment=place)
    assert other.is_approved(LOCK)
    assert not other.is_approved(EXTRA)
    other.check(LOCK)
    other.approve_for_everybody(EXTRA)
    assert place.read_text().split() == sorted([str(lock_digest(LOCK)), str(lock_digest(EXTRA))])


@posix
def test_approvals_that_anybody_could_have_written_are_none(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "own", environment=tmp_path / "approved")
    trust.approve_for_everybody(LOCK)
    assert stat.S_IMODE((tmp_path / "approved").stat().st_mode) == 0o644
    (tmp_path / "approved").chmod(0o666)
    assert not trust.is_approved(LOCK)
    (tmp_path / "approved").write_bytes(b"\xff")
    assert not trust.is_approved(LOCK)


def test_an_environment_that_cannot_take_approvals_says_so(tmp_path: Path) -> None:
    (tmp_path / "share").write_text("a file")
    trust = Trust(tmp_path / "own", environment=tmp_path / "share" / "approved")
    with pytest.raises(StoreError) as caught:
        trust.approve_for_everybody(LOCK)
    assert str(caught.value) == (
        f"the approvals of the environment cannot be written ({tmp_path}/share/approved)\n"
        "  found:    File exists\n"
        "hint: run this as somebody who may change this environment"
    )
