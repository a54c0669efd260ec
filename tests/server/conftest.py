"""A server of a clean user, an index of synthetic wheels beside it, and notebooks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.indexes import IndexServer, project_wheel
from tests.servers import ServerProcess


@pytest.fixture(scope="session")
def index() -> Iterator[IndexServer]:
    """Serve a small world: a kernel stack in name only, and `demo` in three releases."""
    with IndexServer() as server:
        server.add(project_wheel("ipykernel", "6.29.5"), project_wheel("ipywidgets", "8.1.5"))
        server.add(project_wheel("helper", "0.5"))
        server.add(
            *(project_wheel("demo", version, requires=["helper"]) for version in ("1.0", "1.1")),
            **{"upload-time": "2024-03-02T01:00:00Z"},
        )
        server.add(project_wheel("demo", "2.0rc1"))
        server.add(project_wheel("demo", "0.9"), yanked="it was broken")
        yield server


def user_environ(home: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a clean user; nothing of the tester's leaks in."""
    home.mkdir(parents=True, exist_ok=True)
    environ = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYARTIFACTS_", "PYTHON", "UV_", "PIP_", "IPYTHON", "JUPYTER"))
    }
    return {
        **environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "PYARTIFACTS_STORE": str(home / "store"),
        "PYARTIFACTS_BYTE_CODE": "0",
        **variables,
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, index: IndexServer) -> Iterator[ServerProcess]:
    """Run a server for one module of tests."""
    home = tmp_path_factory.mktemp("server")
    root = home / "root"
    root.mkdir()
    running = ServerProcess(root, user_environ(home / "home", PYARTIFACTS_INDEX_URL=index.url))
    yield running
    running.close()
    print(running.log.read_text()[-20_000:])


def write_notebook(path: Path, *cells: str, lock: object = None) -> Path:
    """Write a notebook for the kernel `python3`, with a lock or without."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    if lock is not None:
        notebook.metadata.pyartifacts = lock
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def lock_on_disk(path: Path) -> Any:
    """Return the lock in a notebook file."""
    return json.loads(path.read_text("utf-8"))["metadata"].get("pyartifacts")
