"""A store with one lock's packages from the real index, and kernels that run on them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipykernel.kernelspec import write_kernel_spec
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from nbformat.v4 import new_code_cell, new_notebook

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.notebook import read_document
from jupyter_pyartifacts.report import NullReporter
from jupyter_pyartifacts.service import Engine, LockOptions
from tests.servers import ServerProcess

from .running import Running

REQUIREMENTS = ("pandas==2.2.3", "matplotlib")


def write_notebook(path: Path, *cells: str, lock: object = None) -> Path:
    """Write a notebook for the kernel `python3`, with a lock or without."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    if lock is not None:
        notebook.metadata.pyartifacts = lock
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the store that this package's tests share."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def make_lock(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Return a function that locks requirements for this platform, with all of it stored."""

    def make(*requirements: str) -> Any:
        path = write_notebook(tmp_path_factory.mktemp("locked") / "n.ipynb")
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        config = Config.from_environ({**environ, "PYARTIFACTS_STORE": str(store)})
        engine = Engine(config, NullReporter())
        options = LockOptions(platforms=(engine.platform,))
        engine.add(read_document(path), requirements, options=options)
        return json.loads(path.read_text())["metadata"]["pyartifacts"]

    return make


@pytest.fixture(scope="session")
def lock(make_lock: Callable[..., Any]) -> Any:
    """Return the lock that most tests use."""
    return make_lock(*REQUIREMENTS)


@pytest.fixture
def environ(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Set what the provisioner of this process reads; return it with a clean user's home."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    for key in [key for key in os.environ if key.startswith("PYARTIFACTS_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PYARTIFACTS_STORE", str(store))
    monkeypatch.setenv("IPYTHONDIR", str(home / "ipython"))
    # So that what a kernel writes is seen, if it writes.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    return dict(os.environ)


@pytest.fixture
def enabled(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Enable in a kernelspec that stands in front of this environment's own."""
    root = tmp_path / "jupyter"
    (root / "kernels").mkdir(parents=True)
    write_kernel_spec(root / "kernels" / "python3")
    path = root / "kernels" / "python3" / "kernel.json"
    spec = json.loads(path.read_text())
    spec["metadata"]["kernel_provisioner"] = {"provisioner_name": "pyartifacts"}
    path.write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(root))
    return {**environ, "JUPYTER_PATH": str(root)}


Start = Callable[..., Running]


@pytest.fixture
def start(environ: dict[str, str], lock: Any, tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the kernel of a notebook, as a server does."""
    factory = KernelProvisionerFactory.instance()
    former = factory.default_provisioner_name
    factory.default_provisioner_name = "pyartifacts"
    kernels: list[Running] = []

    def start(
        notebook: Path | None = None,
        *,
        variables: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Running:
        path = notebook or write_notebook(tmp_path / "n.ipynb", lock=lock)
        manager = KernelManager(kernel_name="python3", **(options or {}))
        manager.start_kernel(
            cwd=str(path.parent),
            env={**environ, "JPY_SESSION_NAME": str(path), **(variables or {})},
        )
        kernels.append(Running(manager.blocking_client(), manager))
        return kernels[-1]

    yield start
    factory.default_provisioner_name = former
    for kernel in kernels:
        kernel.close()


@pytest.fixture
def kernel(start: Start) -> Running:
    """Start the kernel of a locked notebook."""
    return start()


@pytest.fixture
def server(environ: dict[str, str], tmp_path: Path) -> Iterator[ServerProcess]:
    """Run a server over an empty directory."""
    (tmp_path / "root").mkdir()
    write_kernel_spec(
        tmp_path / "data" / "kernels" / "other",
        overrides={"display_name": "Other", "env": {"OTHER": "yes"}},
    )
    running = ServerProcess(tmp_path / "root", {**environ, "JUPYTER_PATH": str(tmp_path / "data")})
    yield running
    running.close()
    print(running.log.read_text()[-20_000:])
