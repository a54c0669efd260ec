"""The main job on real wheels: lock, forget everything, run again, the same files to the byte."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.environment import verify_view
from jupyter_pyartifacts.lock import parse_lock
from jupyter_pyartifacts.notebook import read_document
from jupyter_pyartifacts.plan import pins_for
from jupyter_pyartifacts.report import NullReporter
from jupyter_pyartifacts.service import Engine
from jupyter_pyartifacts.treehash import combined_digest

from .conftest import REPOSITORY, Command

pytestmark = [pytest.mark.network, pytest.mark.kernel]


@pytest.fixture
def quickstart(tmp_path: Path) -> Path:
    path = tmp_path / "quickstart.ipynb"
    shutil.copy(REPOSITORY / "notebooks" / "quickstart.ipynb", path)
    return path


def lock_of(path: Path) -> dict[str, Any]:
    lock: dict[str, Any] = json.loads(path.read_text("utf-8"))["metadata"]["pyartifacts"]
    return lock


def line_of(path: Path) -> tuple[bytes, bytes]:
    if path.is_symlink():
        return b"l", hashlib.sha256(os.readlink(path).encode()).hexdigest().encode()
    mode = b"x" if path.stat().st_mode & 0o111 else b"-"
    return mode, hashlib.sha256(path.read_bytes()).hexdigest().encode()


def trees_below(store: Path) -> dict[str, str]:
    """The tree hash of every artifact, computed here from the files alone."""
    trees = {}
    for tree in sorted((store / "artifacts").glob("*/tree")):
        files = sorted(
            (path.relative_to(tree).as_posix(), path)
            for path in tree.rglob("*")
            if (path.is_symlink() or path.is_file()) and path.parent.name != "__pycache__"
        )
        lines = b"".join(b"%s %s %s\n" % (*line_of(path), name.encode()) for name, path in files)
        trees[tree.parent.name] = hashlib.sha256(lines).hexdigest()
    return trees


def test_a_lock_made_here_runs_again_from_nothing(
    cli: Command, quickstart: Path, tmp_path: Path, user: dict[str, str]
) -> None:
    store = tmp_path / "store"
    before = lock_of(quickstart)
    asked = cli("run", quickstart, "-o", "out.ipynb")
    assert asked.code == 1
    assert "this lock was made by somebody else, and you have not approved it" in asked.err
    assert not (tmp_path / "out.ipynb").exists()
    ran = cli("lock", quickstart, "--trust")
    assert ran.code == 0, ran.err
    assert lock_of(quickstart)["artifacts"] == before["artifacts"], "opening never upgrades"
    trees = trees_below(store)

    # What a user made or approved stays theirs, whatever becomes of the store.
    shutil.rmtree(store)
    ran = cli("run", quickstart, "-o", "out.ipynb")
    assert ran.code == 0, ran.err

    assert trees_below(store) == trees
    outputs = json.loads((tmp_path / "out.ipynb").read_text("utf-8"))["cells"]
    texts = [
        "".join(output["text"])
        for cell in outputs
        for output in cell.get("outputs", ())
        if output["output_type"] == "stream" and output["name"] == "stdout"
    ]
    pandas = next(line for line in before["distributions"] if line.startswith("pandas "))
    assert pandas.split(" ")[1] in texts[0]

    engine = Engine(Config.from_environ(user), NullReporter())
    document = read_document(quickstart)
    lock = parse_lock(document.lock_document)
    environment = engine.prepare(document.lock_document, directory=tmp_path)
    pins = pins_for(lock, engine.platform)
    published = {
        pin.artifact.digest: engine.store.find_artifact(pin.artifact.digest) for pin in pins
    }
    assert all(published.values())
    count, damage = verify_view(environment, [each for each in published.values() if each])
    assert damage == ()
    assert count > 5000
    own = combined_digest(each.tree for each in published.values() if each)
    assert own == lock.trees[engine.platform]
    assert trees == {digest.hex: each.tree.hex for digest, each in published.items() if each}


def test_one_changed_byte_is_found_and_mended(
    cli: Command, quickstart: Path, tmp_path: Path
) -> None:
    assert cli("instantiate", quickstart, "--trust").code == 0
    (victim,) = (tmp_path / "store" / "artifacts").glob("*/tree/pandas/core/frame.py")
    good = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(good.replace(b"class DataFrame", b"class DataFrane", 1))
    ran = cli("verify", quickstart, "--trust", "--json")
    assert ran.code == 0, ran.err
    assert [damage["path"] for damage in ran.result["damaged"]] == [str(victim)]
    assert ran.result["repaired"] == [str(victim)]
    assert victim.read_bytes() == good
    again = cli("verify", quickstart, "--trust", "--json")
    assert again.result["damaged"] == []


def test_one_changed_digit_of_a_hash_publishes_nothing(
    cli: Command, quickstart: Path, tmp_path: Path
) -> None:
    text = quickstart.read_text("utf-8")
    line = next(line for line in lock_of(quickstart)["artifacts"] if line.startswith("cycler-"))
    filename, digest, *_ = line.split(" ")
    wrong = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    quickstart.write_text(text.replace(digest, wrong), "utf-8")
    ran = cli("instantiate", quickstart, "--trust")
    assert ran.code == 1
    assert ran.err.startswith("error: cycler ")
    assert filename in ran.err
    assert f"expected: {wrong}" in ran.err
    assert f"found:    {digest}" in ran.err
    assert ran.err.splitlines()[-1].startswith("hint: ")
    artifacts = tmp_path / "store" / "artifacts"
    assert digest.removeprefix("sha256:") not in {path.name for path in artifacts.iterdir()}
    assert wrong.removeprefix("sha256:") not in {path.name for path in artifacts.iterdir()}
    assert not any((tmp_path / "store" / "views").iterdir())


def test_two_runs_at_once_fetch_every_file_once(
    cli: Command, quickstart: Path, tmp_path: Path, user: dict[str, str]
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    other = tmp_path / "other.ipynb"
    shutil.copy(quickstart, other)
    with ThreadPoolExecutor(2) as pool:
        runs = list(
            pool.map(
                lambda path: cli("instantiate", path, "--trust", "--json"), (quickstart, other)
            )
        )
    assert [run.code for run in runs] == [0, 0], [run.err for run in runs]
    assert runs[0].result["environment"] == runs[1].result["environment"]
    assert not any((tmp_path / "store" / "downloads").iterdir())
    assert not any((tmp_path / "store" / "temporary").iterdir())
