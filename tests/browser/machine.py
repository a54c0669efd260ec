"""A machine's stand-in: a user with a home, a store and a running Lab of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

__all__ = ["Server", "running_lab"]

START_SECONDS = 120
STOP_SECONDS = 30
ROOT = getattr(os, "geteuid", lambda: 1)() == 0
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}
# What other requirements of the tests bring, and jupyter-collaboration: Lab can do without.
OTHERS = ("nbdime-jupyterlab", "jupyterlab-jupytext")
COLLABORATION = ("@jupyter/collaboration-extension", "@jupyter/docprovider-extension")


@dataclass(frozen=True)
class Server:
    """A running Jupyter server: address with a slash at the end, token, where things are."""

    url: str
    token: str
    directory: Path
    store: Path

    def write(self, name: str, *cells: str, lock: object = None) -> Path:
        """Write a notebook of code cells for the `python3` kernelspec, with a lock or without."""
        notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
        }
        if lock is not None:
            notebook.metadata["pyartifacts"] = lock
        path = self.directory / name
        nbformat.write(notebook, path)
        return path


@contextmanager
def running_lab(
    home: Path,
    *,
    collaboration: bool = False,
    extension: bool = True,
    variables: Mapping[str, str] | None = None,
    python: str = sys.executable,
    directory: Path | None = None,
) -> Iterator[Server]:
    """Run Lab with its token and XSRF protection on, and no settings of this user.

    With `collaboration`, documents are edited together, as jupyter-collaboration does it; without,
    Lab is as if that were not installed. Without `extension`, the server's half is switched off.
    `python` has the Lab, `directory` the notebooks.
    """
    directory, config = directory or home / "notebooks", home / "config"
    news = home / "settings" / "@jupyterlab" / "apputils-extension"
    for each in (directory, news, config / "labconfig"):
        each.mkdir(parents=True, exist_ok=True)
    (news / "notification.jupyterlab-settings").write_text(json.dumps(NO_NEWS), "utf-8")
    extensions = {"jupyter_server_ydoc": collaboration, "jupyter_pyartifacts": extension}
    settings = {"ServerApp": {"jpserver_extensions": extensions}}
    (config / "jupyter_server_config.json").write_text(json.dumps(settings), "utf-8")
    disabled = OTHERS if collaboration else OTHERS + COLLABORATION
    page = {"disabledExtensions": dict.fromkeys(disabled, True)}
    (config / "labconfig" / "page_config.json").write_text(json.dumps(page), "utf-8")
    environ = {
        **os.environ,
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "PYARTIFACTS_STORE": str(home / "store"),
        "XDG_CONFIG_HOME": str(config),
    }
    for name in ("JUPYTER_TOKEN", "JUPYTER_DEFAULT_PROVISIONER_NAME", "PYARTIFACTS_NOTEBOOK"):
        environ.pop(name, None)
    environ.update(variables or {})
    command = [
        *(python, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"),
        "--ServerApp.port_retries=100",
        f"--ServerApp.root_dir={directory}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *(["--allow-root"] if ROOT else []),
    ]
    log = home / "server.log"
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command, cwd=directory, env=environ, stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        facts = _wait_for(process, home / "runtime", log)
        assert facts["token"], "the server runs without a token"
        yield Server(
            url=facts["url"], token=facts["token"], directory=directory, store=home / "store"
        )
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
        sys.stdout.write(log.read_text("utf-8", "replace"))


def _wait_for(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> dict[str, Any]:
    """Return what a server writes about itself once it answers."""
    deadline = time.monotonic() + START_SECONDS
    info = runtime / f"jpserver-{process.pid}.json"
    while time.monotonic() < deadline and process.poll() is None:
        # The file is there before the server answers.
        with suppress(FileNotFoundError, ValueError, URLError):
            facts: dict[str, Any] = json.loads(info.read_text("utf-8"))
            with urlopen(f"{facts['url']}api", timeout=START_SECONDS):
                return facts
        time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text('utf-8', 'replace')}")
