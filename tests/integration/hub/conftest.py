"""A hub of two users over one shared layer, notebooks in a shared directory, counting indexes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.notebook import read_document
from jupyter_pyartifacts.report import NullReporter
from jupyter_pyartifacts.service import Engine, LockOptions
from tests.hub import Hub, Person
from tests.indexes import IndexServer, project_wheel
from tests.installed import installed_wheels

QUOTA = "1 MB"


@dataclass(frozen=True)
class Site:
    """What an administrator has set up: the layer, the notebooks, the index that counts."""

    root: Path
    index: IndexServer
    elsewhere: IndexServer

    @property
    def shared(self) -> Path:
        """Return the directory of the shared layer."""
        return self.root / "srv"

    @property
    def notebooks(self) -> Path:
        """Return the directory of everybody's notebooks."""
        return self.root / "notebooks"

    def environ(self) -> dict[str, str]:
        """Return the environment of the administrator."""
        dropped = ("PYARTIFACTS_", "PYTHON", "UV_", "PIP_", "IPYTHON", "JUPYTER")
        environ = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
        return {
            **environ,
            "PYARTIFACTS_INDEX_URL": self.index.url,
            "PYARTIFACTS_ALLOWED_INDEXES": self.elsewhere.url,
            "PYARTIFACTS_STORE": str(self.shared),
            "PYARTIFACTS_BYTE_CODE": "0",
            "PYARTIFACTS_ENGINE": "0",
        }

    def lock(self, name: str, *requirements: str, indexes: tuple[str, ...] = ()) -> None:
        """Make a notebook that is locked for this platform."""
        path = self.notebooks / name
        notebook = new_notebook(cells=[new_code_cell("pass")])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, path)
        engine = Engine(Config.from_environ(self.environ()), NullReporter())
        options = LockOptions(platforms=(engine.platform,), indexes=indexes)
        engine.add(read_document(path), requirements, options=options)

    def administer(self, *arguments: str) -> None:
        """Run a command of the administrator's."""
        subprocess.run(
            [sys.executable, "-m", "jupyter_pyartifacts", *arguments],
            cwd=self.notebooks,
            env=self.environ(),
            check=True,
            timeout=600,
        )

    def state(self) -> dict[str, Any]:
        """Return what is in the layer, to compare with what is there later."""
        return {
            str(path): (status.st_mode, status.st_size, status.st_mtime_ns)
            for path in sorted(self.shared.rglob("*"))
            for status in (path.lstat(),)
        }


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Set up a site: what `shared.ipynb` needs is in the layer, the others need more.

    The administrator's umask leaves nothing to others.
    """
    root = tmp_path_factory.mktemp("site")
    for path in (root, root / "srv", root / "notebooks"):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
    before = os.umask(0o077)
    try:
        with IndexServer() as index, IndexServer() as elsewhere:
            index.add(*installed_wheels("ipykernel", "ipywidgets"), metadata=True)
            index.add(project_wheel("common"), project_wheel("rare"))
            index.add(project_wheel("large", members={"large.bin": os.urandom(2_000_000)}))
            elsewhere.add(project_wheel("foreign"))
            site = Site(root, index, elsewhere)
            site.lock("more.ipynb", "common", "rare")
            site.lock("large.ipynb", "large")
            site.lock("foreign.ipynb", "foreign", indexes=(elsewhere.url,))
            texts = {path: path.read_text() for path in site.notebooks.iterdir()}
            for path in texts:
                path.unlink()
            site.lock("shared.ipynb", "common")
            site.administer("instantiate", "shared.ipynb")
            # What only the others use goes from the layer; then they are there again.
            site.administer("gc")
            for path, text in texts.items():
                path.write_text(text)
            for path in site.notebooks.iterdir():
                path.chmod(0o644)
            os.umask(before)
            yield site
    finally:
        os.umask(before)


@pytest.fixture(scope="session")
def hub(site: Site) -> Iterator[Hub]:
    """Run the hub with the documented settings; what differs is where things are."""
    settings = f"""
c.PyArtifacts.stores = [c.PyArtifacts.stores[0], {str(site.shared)!r}]
c.PyArtifacts.store_quota = {QUOTA!r}
c.PyArtifacts.index_url = {site.index.url!r}
c.PyArtifacts.allowed_indexes = [{site.index.url!r}]
"""
    running = Hub(site.root, site.environ(), ("alice", "bob"), settings)
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(scope="session")
def people(hub: Hub) -> Iterator[dict[str, Person]]:
    """Log both users in; their servers start side by side."""
    people = {name: Person(hub, name) for name in ("alice", "bob")}
    for person in people.values():
        person.enter()
    yield people
    for person in people.values():
        person.close()


@pytest.fixture
def alice(people: dict[str, Person]) -> Person:
    return people["alice"]


@pytest.fixture
def bob(people: dict[str, Person]) -> Person:
    return people["bob"]
