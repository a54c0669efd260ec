"""A real Jupyter server with the extension: sessions, renames, restarts, no lock at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from .conftest import write_notebook
from .running import PATIENCE, Running

pytestmark = [pytest.mark.kernel, pytest.mark.network]

TOKEN = "not-a-secret"


class Server:
    """A server process and its REST interface."""

    def __init__(self, root: Path, environ: dict[str, str]) -> None:
        self.root = root
        self.runtime = root.parent / "runtime"
        config = root.parent / "config"
        config.mkdir()
        (config / "jupyter_server_config.json").write_text(
            json.dumps({"ServerApp": {"jpserver_extensions": {"jupyter_pyartifacts": True}}})
        )
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
                *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}"),
            ],
            env={
                **environ,
                "JUPYTER_RUNTIME_DIR": str(self.runtime),
                "JUPYTER_CONFIG_DIR": str(config),
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = self._wait_until_up()

    def _wait_until_up(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            for path in self.runtime.glob("jpserver-*.json"):
                try:
                    return str(json.loads(path.read_text())["url"])
                except ValueError:
                    pass
            time.sleep(0.1)
        self.process.kill()
        raise RuntimeError(self.process.communicate()[1])

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Send a request and return the answer's JSON, None for an empty one."""
        request = urllib.request.Request(
            f"{self.url}api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def open(self, path: str) -> dict[str, Any]:
        """Start a notebook's session as Lab does; return its model."""
        body = {"path": path, "name": Path(path).name, "type": "notebook"}
        return dict(self.request("POST", "sessions", {**body, "kernel": {"name": "python3"}}))

    def connect(self, session: dict[str, Any]) -> Running:
        """Return the kernel of a session once it is up."""
        # The server answers at once and starts the kernel in the background.
        file = self.runtime / f"kernel-{session['kernel']['id']}.json"
        wait_until(file.exists)
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        return Running(client)

    def restart(self, session: dict[str, Any]) -> None:
        """Restart the kernel of a session."""
        self.request("POST", f"kernels/{session['kernel']['id']}/restart")

    def close(self) -> None:
        """Stop the server and all its kernels."""
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def server(environ: dict[str, str], lock: Any, tmp_path: Path) -> Iterator[Server]:
    """Run a server over an empty directory."""
    (tmp_path / "root").mkdir()
    running = Server(tmp_path / "root", environ)
    yield running
    running.close()


SEE = (
    "[__import__('sys').flags.isolated, __import__('sys').prefix != '',"
    " __import__('os').environ.get('PYARTIFACTS_NOTEBOOK')]"
)


def test_a_locked_notebook_in_a_directory(server, lock):
    (server.root / "sub").mkdir()
    path = write_notebook(server.root / "sub" / "n.ipynb", lock=lock)
    kernel = server.connect(server.open("sub/n.ipynb"))
    assert kernel.value(SEE) == [1, True, str(path)]
    assert kernel.value("__import__('pandas').__version__") == "2.2.3"
    assert kernel.value("__import__('os').getcwd()") == str(server.root / "sub")


def test_a_notebook_that_gets_its_lock_while_it_runs(server, lock):
    path = write_notebook(server.root / "n.ipynb")
    session = server.open("n.ipynb")
    kernel = server.connect(session)
    assert kernel.value("__import__('sys').flags.isolated") == 0
    write_notebook(path, lock=lock)
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value(SEE) == [1, True, str(path)]
    write_notebook(path)
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value("__import__('sys').flags.isolated") == 0


def test_after_a_rename_the_restart_reads_the_new_file(server, lock):
    path = write_notebook(server.root / "n.ipynb", lock=lock)
    session = server.open("n.ipynb")
    kernel = server.connect(session)
    assert kernel.value(SEE)[2] == str(path)
    server.request("PATCH", "contents/n.ipynb", {"path": "renamed.ipynb"})
    server.request(
        "PATCH", f"sessions/{session['id']}", {"path": "renamed.ipynb", "name": "renamed.ipynb"}
    )
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value(SEE) == [1, True, str(server.root / "renamed.ipynb")]


def test_a_lock_that_cannot_be_used_is_answered_in_the_cell(server):
    write_notebook(server.root / "n.ipynb", lock={"lock_version": 10**6})
    kernel = server.connect(server.open("n.ipynb"))
    answer = kernel.run("import pandas")
    assert answer.reply["ename"] == "LockError"


def test_the_session_file_goes_with_the_kernel(server, lock, store):
    write_notebook(server.root / "n.ipynb", lock=lock)
    session = server.open("n.ipynb")
    kernel = server.connect(session)
    file = kernel.value("__import__('os').environ['PYARTIFACTS_SESSION']")
    assert os.path.dirname(file) == str(store / "kernels")
    server.request("DELETE", f"sessions/{session['id']}")
    wait_until(lambda: not os.path.exists(file))
    kept = [path.name for path in (store / "kernels").iterdir()]
    assert not any(session["kernel"]["id"] in name for name in kept)
