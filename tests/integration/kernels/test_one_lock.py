"""One lock, every tool, each on a clean machine's stand-in: the same files everywhere.

The wheels come from the real index once, and to each tool over HTTP from a loopback one.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.index.client import IndexClient
from jupyter_pyartifacts.lock import parse_lock
from jupyter_pyartifacts.plan import pins_for
from jupyter_pyartifacts.platforms import identify_platform
from jupyter_pyartifacts.store import Store
from jupyter_pyartifacts.treehash import combined_digest
from tests.indexes import IndexServer
from tests.integration.test_main_job import trees_below
from tests.servers import ServerProcess

from .conftest import write_notebook
from .running import connect
from .test_headless import TOOLS, outputs, run_tool, tool
from .test_vscode import OURS, STOCK
from .vscode import VSCode, environ_of

pytestmark = [pytest.mark.kernel, pytest.mark.network]

HERE = identify_platform(sys.platform, platform.machine())
SEE = "import inflection, sys\nprint(inflection.__version__, sys.flags.isolated)"
ADD = f"%pyartifacts add inflection==0.5.0 --platform {HERE}"
Runner = Callable[[Path, Mapping[str, str]], str]


@pytest.fixture(scope="module")
def small(make_lock: Callable[..., Any]) -> Any:
    return make_lock("inflection==0.5.0")


@pytest.fixture(scope="module")
def index(small: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexServer]:
    """Serve the wheels of the lock; fetched from the index that the tester's settings name."""
    folder, index = tmp_path_factory.mktemp("wheels"), IndexServer()
    config = Config.from_environ(os.environ)
    with IndexClient(config, cache=folder / "cache") as client:
        for pin in pins_for(parse_lock(small), HERE):
            part = folder / pin.artifact.filename
            client.fetch(pin.artifact, part, lambda count: None)
            data = part.read_bytes()
            index.add_file(pin.artifact.filename, data, name=pin.distribution.name)
    with index:
        yield index


@pytest.fixture
def machine(enabled: dict[str, str], index: IndexServer, tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has no store and has approved nothing."""
    return {
        **enabled,
        "PYARTIFACTS_STORE": str(tmp_path / "store"),
        "PYARTIFACTS_INDEX_URL": index.url,
        "PYARTIFACTS_TRUST": "all",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


def headless(name: str) -> Runner:
    def run(notebook: Path, environ: Mapping[str, str]) -> str:
        before = nbformat.read(notebook, 4).metadata.pyartifacts
        written = run_tool(name, notebook.parent, dict(environ))
        assert written.metadata.pyartifacts == before
        return outputs(written)

    return run


def by_command_line(notebook: Path, environ: Mapping[str, str]) -> str:
    tool(["jupyter", "pyartifacts", "run", "n.ipynb"], dict(environ), notebook.parent)
    return outputs(nbformat.read(notebook, 4))


def in_vscode(spec: Mapping[str, Any], **variables: str) -> Runner:
    def run(notebook: Path, environ: Mapping[str, str]) -> str:
        environment = {**environ_of(environ), **variables}
        with closing(VSCode(notebook, spec, environment, notebook.parent / "runtime")) as kernel:
            return kernel.run(SEE).out

    return run


def in_a_server(notebook: Path, environ: Mapping[str, str]) -> str:
    with (
        closing(ServerProcess(notebook.parent, environ)) as server,
        closing(connect(server, server.open("n.ipynb"))) as kernel,
    ):
        return kernel.run(SEE).out


RUNNERS: dict[str, tuple[Runner, str]] = {
    **{name: (headless(name), "1") for name in TOOLS if name != "jupyter execute --inplace"},
    "jupyter pyartifacts run": (by_command_line, "1"),
    "VS Code, our kernel": (in_vscode(OURS, PYARTIFACTS_NOTEBOOK="n.ipynb"), "1"),
    "VS Code, a stock kernel": (in_vscode(STOCK), "0"),
    "a server": (in_a_server, "1"),
}
NOT_ENABLED = ("papermill --engine", "jupyter pyartifacts run", "a server")


@pytest.mark.parametrize("name", RUNNERS)
def test_the_same_trees_everywhere(
    machine: dict[str, str], small: Any, store: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "work").mkdir()
    notebook = write_notebook(tmp_path / "work" / "n.ipynb", SEE, lock=small)
    if name in NOT_ENABLED:
        del machine["JUPYTER_PATH"]
    run, isolated = RUNNERS[name]
    assert run(notebook, machine) == f"0.5.0 {isolated}\n"
    pins = pins_for(parse_lock(small), HERE)
    found = [
        (pin.artifact.digest, Store([store]).find_artifact(pin.artifact.digest)) for pin in pins
    ]
    wanted = {digest.hex: each.tree for digest, each in found if each}
    assert trees_below(tmp_path / "store") == {name: tree.hex for name, tree in wanted.items()}
    assert combined_digest(wanted.values()) == parse_lock(small).trees[HERE]
    assert nbformat.read(notebook, 4).metadata.pyartifacts == small


@pytest.mark.parametrize("name", TOOLS)
def test_a_lock_that_a_cell_makes_is_in_the_notebook_that_is_written(
    machine: dict[str, str], store: Path, tmp_path: Path, name: str
) -> None:
    if name in NOT_ENABLED:
        del machine["JUPYTER_PATH"]
    (tmp_path / "work").mkdir()
    write_notebook(tmp_path / "work" / "n.ipynb", ADD, "import inflection")
    warm = {**machine, "PYARTIFACTS_STORE": str(store)}
    written = run_tool(name, tmp_path / "work", warm)
    lock = written.metadata.pyartifacts
    assert lock["requirements"] == ["inflection==0.5.0"]
    assert [line.split(" ")[0] for line in lock["trees"]] == [HERE]
