"""A Jupyter server on loopback and a real Chromium, for the tests of Lab's half."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, WebError, sync_playwright

from tests.servers import read_notebook

from .machine import ROOT, Server, running_lab

__all__ = ["Server", "read_metadata"]

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
# What Lab says of a slow machine, and of a page whose server a test has ended.
NO_FAULT = ("is taking too long to activate", "ms to activate", "net::ERR_CONNECTION_REFUSED")


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata of a notebook file as it is on disk now."""
    metadata: dict[str, Any] = read_notebook(path)["metadata"]
    return metadata


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run plain Lab for all tests that need no machine of their own."""
    with running_lab(tmp_path_factory.mktemp("jupyter")) as running:
        yield running


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
def faults() -> list[str]:
    """Return what a page's console has of ours, errors and warnings; a test may take them out."""
    return []


@pytest.fixture
def page(browser: Browser, tmp_path: Path, faults: list[str]) -> Iterator[Page]:
    """Open an empty page; its console is shown with a failure, and so is a picture's path."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})

    def listen(message: ConsoleMessage) -> None:
        print(f"console {message.type}: {message.text[:500]}")
        about = f"{message.text} {message.location.get('url', '')}"
        ours = message.type in ("error", "warning") and "pyartifacts" in about
        if ours and not any(other in about for other in NO_FAULT):
            faults.append(f"{message.type}: {about}")

    def raised(error: WebError) -> None:
        if "pyartifacts" in f"{error.error.stack}":
            faults.append(f"not caught: {error.error.stack}")

    context.on("console", listen)
    context.on("weberror", raised)
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    page.screenshot(path=tmp_path / "last.png")
    print(f"last picture: {tmp_path / 'last.png'}")
    context.close()
    assert faults == []
