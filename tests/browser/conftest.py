"""A Jupyter server on loopback and a real Chromium, for the tests of Lab's half."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Page, sync_playwright

START_SECONDS = 120
ROOT = getattr(os, "geteuid", lambda: 1)() == 0
# Chromium's own background traffic has no place in a test; its sandbox refuses to run as root.
CHROMIUM_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    *(["--no-sandbox"] if ROOT else []),
]
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}


@dataclass(frozen=True)
class Server:
    """A running Jupyter server: address with a slash at the end, token, where things are."""

    url: str
    token: str
    directory: Path
    store: Path

    def write(self, name: str, *cells: str) -> Path:
        """Write a notebook of code cells for the `python3` kernelspec."""
        notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
        }
        path = self.directory / name
        nbformat.write(notebook, path)
        return path


def read_metadata(path: Path, seconds: float = 5) -> dict[str, Any]:
    """Return the metadata of a notebook file as it is on disk now.

    A server writes a notebook in place: a reader may meet half of it, and reads again.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            metadata: dict[str, Any] = json.loads(path.read_text("utf-8"))["metadata"]
        except ValueError:
            assert time.monotonic() < deadline, f"{path} stays unreadable"
            time.sleep(0.05)
        else:
            return metadata


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run Lab with its token and XSRF protection on, and no settings of this user."""
    home = tmp_path_factory.mktemp("jupyter")
    directory = home / "notebooks"
    news = home / "settings" / "@jupyterlab" / "apputils-extension"
    for each in (directory, news):
        each.mkdir(parents=True)
    (news / "notification.jupyterlab-settings").write_text(json.dumps(NO_NEWS), "utf-8")
    environ = {
        **os.environ,
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "PYARTIFACTS_STORE": str(home / "store"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    for name in ("JUPYTER_TOKEN", "JUPYTER_DEFAULT_PROVISIONER_NAME", "PYARTIFACTS_NOTEBOOK"):
        environ.pop(name, None)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"),
        "--ServerApp.port_retries=100",
        f"--ServerApp.root_dir={directory}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        *(["--allow-root"] if ROOT else []),
    ]
    log = home / "server.log"
    with log.open("wb") as sink:
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
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)
        sys.stdout.write(log.read_text("utf-8", "replace"))


def _wait_for(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> dict[str, Any]:
    """Return what a server writes about itself once it is listening."""
    deadline = time.monotonic() + START_SECONDS
    info = runtime / f"jpserver-{process.pid}.json"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            facts: dict[str, Any] = json.loads(info.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            time.sleep(0.1)
            continue
        return facts
    raise AssertionError(f"the server did not start:\n{log.read_text('utf-8', 'replace')}")


def find_chromium() -> str | None:
    """Return the machine's Chromium; None leaves it to playwright's own."""
    named = os.environ.get("CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run a real Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """Open an empty page; its console is shown with a failure, and so is a picture's path."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("console", lambda message: print(f"console {message.type}: {message.text[:500]}"))
    yield page
    page.screenshot(path=tmp_path / "last.png")
    print(f"last picture: {tmp_path / 'last.png'}")
    context.close()
