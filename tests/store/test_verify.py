"""Verifying artifacts: whatever was changed is named, with both sides."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from jupyter_pyartifacts.store import Published, Store
from jupyter_pyartifacts.store.verify import Damage, verify_artifact, verify_artifacts
from tests.store.test_store import publish
from tests.wheels import Listener, build_wheel, record_hash

FILES = {"demo/__init__.py": "x = 1\n", "demo/run": "#!/bin/sh\n", "top.py": ""}


@pytest.fixture
def artifact(tmp_path: Path) -> Published:
    wheel = build_wheel(files=FILES, modes={"demo/run": 0o100755})
    return publish(Store([tmp_path / "store"]), wheel)


def spoil(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(0o444)


def sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.mark.parametrize("quick", [True, False])
def test_what_was_published_is_whole(quick: bool, artifact: Published) -> None:
    assert verify_artifact(artifact, quick=quick) == (6, ())


def test_one_changed_byte_is_found(artifact: Published) -> None:
    path = artifact.path / "demo/__init__.py"
    spoil(path, b"x = 2\n")
    damage = Damage(
        path=str(path), name="demo/__init__.py", expected=sha(b"x = 1\n"), found=sha(b"x = 2\n")
    )
    assert verify_artifact(artifact) == (6, (damage,))
    assert verify_artifact(artifact, quick=True) == (6, ())


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("kind", ["size", "gone", "link", "mode", "extra", "deep", "cache"])
def test_other_damage_is_found_at_once(kind: str, quick: bool, artifact: Published) -> None:
    tree = artifact.path
    for folder in (tree, tree / "demo"):
        folder.chmod(0o755)
    path, expected, found = tree / "demo/__init__.py", sha(b"x = 1\n"), ""
    if kind == "size":
        spoil(path, b"x = 11\n")
        expected, found = "6 bytes", "7 bytes"
    elif kind == "gone":
        path.unlink()
        found = "no such file"
    elif kind == "link":
        path.unlink()
        path.symlink_to("/etc/passwd")
        found = "no plain file"
    elif kind == "mode":
        path = tree / "demo/run"
        path.chmod(0o444)
        expected, found = "executable", "not executable"
    else:
        name = {"extra": "evil.py", "deep": "a/b/evil.py", "cache": "demo/__pycache__/evil.py"}
        path = tree / name[kind]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        expected, found = "no such file", "a file"
    name_ = str(path.relative_to(tree))
    assert verify_artifact(artifact, quick=quick) == (
        6,
        (Damage(path=str(path), name=name_, expected=expected, found=found),),
    )


def test_byte_code_is_not_looked_at(artifact: Published) -> None:
    (artifact.path / "demo").chmod(0o755)
    (artifact.path / "demo/__pycache__").mkdir()
    (artifact.path / "demo/__pycache__/__init__.cpython-311.pyc").write_bytes(b"code")
    assert verify_artifact(artifact) == (6, ())


RECORDS = ["MANIFEST", "SIZES", "facts.json", "CHECKSUMS"]


def test_checksums_are_what_sha256sum_reads(artifact: Published) -> None:
    subprocess.run(["sha256sum", "--quiet", "-c", "CHECKSUMS"], cwd=artifact.home, check=True)


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("data", [None, b"", b"junk", b"\xff\xfe"])
def test_a_record_that_is_wrong_is_found(
    name: str, data: bytes | None, quick: bool, artifact: Published
) -> None:
    path = artifact.home / name
    if data is None:
        path.unlink()
    else:
        spoil(path, data)
    files, damage = verify_artifact(artifact, quick=quick)
    assert files == 0
    assert {each.name for each in damage} == {""}
    assert str(path) in {each.path for each in damage}


@pytest.mark.parametrize("name", RECORDS)
def test_any_changed_byte_of_a_record_is_found(name: str, artifact: Published) -> None:
    path = artifact.home / name
    whole = path.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        spoil(path, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert str(path) in {each.path for each in verify_artifact(artifact)[1]}, at
    spoil(path, whole)
    assert verify_artifact(artifact)[1] == ()


def test_a_manifest_that_fits_other_files_is_found(artifact: Published) -> None:
    # Somebody changes a file, its line and the checksums: the tree hash gives it away.
    spoil(artifact.path / "top.py", b"evil")
    manifest, checksums = artifact.home / "MANIFEST", artifact.home / "CHECKSUMS"
    before = manifest.read_bytes()
    lines = before.replace(sha(b"")[7:].encode(), sha(b"evil")[7:].encode())
    spoil(manifest, lines)
    text = checksums.read_bytes().replace(sha(before)[7:].encode(), sha(lines)[7:].encode())
    spoil(checksums, text)
    _, (damage, _) = verify_artifact(artifact)
    assert (damage.path, damage.expected) == (str(manifest), artifact.tree.hex)


def test_several_are_verified_together(tmp_path: Path) -> None:
    store = Store([tmp_path / "store"])
    artifacts = [publish(store, build_wheel(f"demo{n}")) for n in range(5)]
    spoil(artifacts[3].path / "demo3/__init__.py", b"VERSION = '1.1'\n")
    listener = Listener()
    files, damage = verify_artifacts(artifacts, threads=3, reporter=listener)
    assert files == 20
    assert list(damage) == [artifacts[3].tree]
    assert listener.events[-1].done == listener.events[-1].total == 20
    assert {event.stage for event in listener.events} == {"verify"}


def test_record_is_what_the_files_are(artifact: Published) -> None:
    record = (artifact.path / artifact.facts.dist_info / "RECORD").read_text()
    assert record_hash(b"x = 1\n") in record
    assert os.access(artifact.path / "demo/run", os.X_OK)
