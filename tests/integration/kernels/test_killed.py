"""Killed with -9 while wheels download: what is left serves the next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from .conftest import write_notebook
from .running import PATIENCE

pytestmark = [pytest.mark.kernel, pytest.mark.network]


def wait_for_download(store: Path, alive: Callable[[], bool]) -> Path:
    """Wait until a file is on its way and return it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for path in store.glob("downloads/*.part"):
            try:
                if path.stat().st_size:
                    return path
            except FileNotFoundError:
                pass  # It is complete already: there are others.
        assert alive(), "it ended before a download was seen"
    raise TimeoutError("nothing was downloaded")


def verify(store: Path, notebook: Path) -> None:
    """Have every file of the notebook's environment hashed again."""
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_pyartifacts", "verify", str(notebook)],
        env={**os.environ, "PYARTIFACTS_STORE": str(store)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_host_killed_while_it_prepares(enabled, lock, tmp_path):
    store = tmp_path / "another"
    notebook = write_notebook(
        tmp_path / "n.ipynb", "import pandas\nprint(pandas.__version__)", lock=lock
    )
    command = [sys.executable, "-m", "jupyter", "execute", "n.ipynb", "--output=out"]
    environ = {**enabled, "PYARTIFACTS_STORE": str(store), "PYARTIFACTS_TRUST": "all"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    victim = subprocess.Popen(command, env=environ, cwd=tmp_path, **quiet)
    wait_for_download(store, lambda: victim.poll() is None)
    victim.kill()
    assert victim.wait() == -signal.SIGKILL
    assert not (tmp_path / "out.ipynb").exists()

    done = subprocess.run(
        command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert nbformat.read(tmp_path / "out.ipynb", 4).cells[0].outputs[0].text == "2.2.3\n"
    assert list(store.glob("downloads/*.part")) == []
    verify(store, notebook)


def test_a_kernel_killed_while_it_adds(start, lock, store, tmp_path):
    notebook = write_notebook(tmp_path / "n.ipynb", lock=lock)
    kernel = start(notebook)
    pid = kernel.value("__import__('os').getpid()")
    kernel.send("%pyartifacts add scipy")
    wait_for_download(store, lambda: kernel.manager.is_alive())
    os.kill(pid, signal.SIGKILL)
    kernel.restart()
    assert kernel.run("import scipy").error["ename"] == "ModuleNotFoundError"
    answer = kernel.run("%pyartifacts add scipy")
    assert answer.ok, answer.error
    assert kernel.run("import scipy.linalg").ok
    verify(store, notebook)
