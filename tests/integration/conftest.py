"""What whole runs share: a clean user, a store, and the command line as a child process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a command ended: exit code, both streams, and the JSON events of stdout."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def result(self) -> dict[str, Any]:
        return self.events[-1]


Command = Callable[..., Ran]


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """The environment of a clean user with an empty store; nothing of the tester's leaks in."""
    environ = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYARTIFACTS_", "PYTHON", "UV_", "IPYTHON", "JUPYTER"))
    }
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    return {
        **environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "PYARTIFACTS_STORE": str(tmp_path / "store"),
        "PYARTIFACTS_BYTE_CODE": "0",
        "MPLCONFIGDIR": str(home / "matplotlib"),
    }


@pytest.fixture
def cli(user: dict[str, str], tmp_path: Path) -> Command:
    """Run `python -m jupyter_pyartifacts ...` in `tmp_path` as that user."""

    def run(*arguments: str | Path, variables: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_pyartifacts", *map(str, arguments)],
            cwd=tmp_path,
            env={**user, **(variables or {})},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=600,
        )
        return Ran(code=done.returncode, out=done.stdout, err=done.stderr)

    return run
