"""Locking for a Python that is not there gives the lock that a machine which has it makes."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.pythons import installed

from .command_line import Place

pytestmark = pytest.mark.network

REPOSITORY = Path(__file__).parent.parent.parent
OPTIONS = ("--platform", "linux-x86_64", "--platform", "windows-amd64")


def locked(place: Place, host: str, target: str, hidden: bool) -> dict[str, Any]:
    """Lock for `target` on the interpreter `host`, with the machine's other Pythons or without."""
    environ = {**place.environ, "PYARTIFACTS_BYTE_CODE": "0"}
    if hidden:
        environ = {key: value for key, value in environ.items() if not key.startswith("PYENV")}
        environ |= {"HOME": str(place.directory), "PATH": "/usr/bin:/bin"}
    # Another interpreter runs this package with this environment's packages, as far as they are
    # Python alone.
    environ["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [host, "-m", "jupyter_pyartifacts", "lock", "n.ipynb", "--python", target, *OPTIONS],
        cwd=place.directory,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lock: dict[str, Any] = place.lock
    lock.pop("history")
    # Whether their place can be reached is another matter.
    lock["interpreters"] = [line.split(" ")[:5] for line in lock["interpreters"]]
    return lock


@pytest.mark.parametrize("target", ["3.8.18", "3.13.0"])
def test_the_lock_does_not_depend_on_the_machines_pythons(tmp_path: Path, target: str) -> None:
    hosts = [(sys.executable, True), (sys.executable, False)]
    other = next(
        (
            prefix / "bin" / "python3"
            for version, prefix in installed().items()
            if version.startswith(("3.12.", "3.13.")) and version != target
        ),
        None,
    )
    if other is not None and target == "3.8.18":
        hosts.append((str(other), True))
    locks = []
    for number, (host, hidden) in enumerate(hosts):
        directory = tmp_path / str(number)
        directory.mkdir()
        locks.append(locked(Place(directory), host, target, hidden))
    assert all(lock == locks[0] for lock in locks)
    assert locks[0]["python"] == f"cpython {target}"
    assert len(locks[0]["trees"]) == 2
