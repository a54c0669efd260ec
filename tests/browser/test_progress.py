"""Opening a notebook on a slow day: what moves, what can be stopped, and what comes after."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_notebook
from playwright.sync_api import Page, expect

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.notebook import read_document
from jupyter_pyartifacts.report import NullReporter
from jupyter_pyartifacts.service import Engine, LockOptions

from .conftest import Server, read_metadata
from .machine import running_lab
from .notebook_page import NotebookPage, wait_until
from .sidebar import Sidebar
from .slow_index import SlowIndex, slow_index

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.network]

SLOW = 400_000.0
QUEUED = ".jp-pyartifacts-queued"
CELLS = ("import inflection; print(inflection.pluralize('wheel'))", "print(6 * 7)", "print('last')")
# Keeps every different text that the progress bars of the page have shown.
WATCH = """
window.seen = new Set();
setInterval(() => {
  for (const bar of document.querySelectorAll('.jp-pyartifacts-queued [role=progressbar]')) {
    window.seen.add(bar.getAttribute('aria-valuetext'));
  }
}, 50);
"""


@dataclass
class Slow:
    """A machine with an empty store behind a slow index, and a lock for it."""

    server: Server
    index: SlowIndex
    lock: Any


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    """Lock a small package, then give the lock to another machine that trusts everybody."""
    with slow_index(tmp_path / "cache") as index:
        path = tmp_path / "made.ipynb"
        nbformat.write(new_notebook(), path)
        environ = {**os.environ, "PYARTIFACTS_INDEX_URL": index.url}
        environ["PYARTIFACTS_STORE"] = str(tmp_path / "maker")
        engine = Engine(Config.from_environ(environ), NullReporter())
        options = LockOptions(platforms=(engine.platform,))
        engine.add(read_document(path), ["inflection"], options=options)
        lock = json.loads(path.read_text("utf-8"))["metadata"]["pyartifacts"]
        index.rate = SLOW
        variables = {"PYARTIFACTS_INDEX_URL": index.url, "PYARTIFACTS_TRUST": "all"}
        with running_lab(tmp_path / "machine", variables=variables) as server:
            yield Slow(server, index, lock)


def test_a_slow_start_shows_progress_can_be_cancelled_and_loses_no_queued_cell(
    slow: Slow, page: Page
) -> None:
    path = slow.server.write("slow.ipynb", *CELLS, lock=slow.lock)
    page.add_init_script(WATCH)
    page.goto(f"{slow.server.url}lab/tree/{path.name}?token={slow.server.token}&reset")
    notebook = NotebookPage(page, slow.server, path.name)
    sidebar = Sidebar.open(page)
    expect(sidebar.progress()).to_be_visible()
    status = page.locator(".jp-pyartifacts-status")
    expect(status).to_contain_text("Preparing this notebook's kernel")

    sidebar.button("Cancel").click()
    failed = sidebar.banner("error")
    expect(failed).to_contain_text("The kernel has no packages")
    expect(failed).to_contain_text("restart the kernel to try again")
    expect(status).to_contain_text("failed")

    sidebar.button("Retry").click()
    expect(sidebar.progress()).to_be_visible()
    page.locator(".jp-Notebook:visible .jp-CodeCell").first.locator(".jp-InputArea-editor").click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    expect(notebook.cell(0).locator(QUEUED)).to_be_visible()
    expect(page.locator(QUEUED)).to_have_count(1)
    wait_until(lambda: page.evaluate("window.seen.size") >= 4)
    slow.index.rate = None

    wait_until(lambda: notebook.output(2).strip() == "last", 120)
    assert notebook.output(0).strip() == "wheels"
    assert notebook.output(1).strip() == "42"
    expect(page.locator(QUEUED)).to_have_count(0)
    expect(sidebar.progress()).to_have_count(0)
    seen = " ".join(page.evaluate("[...window.seen]"))
    assert "MB" in seen
    assert "packages" in seen
    assert "pyartifacts-queued" not in path.read_text("utf-8")
    assert notebook.dialogs() == []


def test_a_plan_and_a_change_can_be_cancelled_and_tried_again(slow: Slow, page: Page) -> None:
    slow.index.rate = None
    path = slow.server.write("cancel.ipynb", "print(1)", lock=slow.lock)
    notebook = NotebookPage.open(page, slow.server, path.name)
    sidebar = Sidebar.open(page)
    expect(sidebar.version("inflection")).to_be_visible()
    slow.index.rate = SLOW / 100
    sidebar.add("numpy")
    expect(sidebar.progress()).to_have_attribute("aria-label", "Working out what changes")
    sidebar.button("Cancel").click()
    expect(sidebar.progress()).to_have_count(0)
    expect(sidebar.banner("error")).to_have_count(0)
    slow.index.rate = None
    sidebar.button("Add").click()
    assert "numpy" in sidebar.plan()
    slow.index.rate = SLOW
    sidebar.accept()
    expect(sidebar.progress()).to_be_visible()
    sidebar.button("Cancel").click()
    expect(sidebar.progress()).to_have_count(0)
    expect(sidebar.row("numpy")).to_have_count(0)
    assert read_metadata(path)["pyartifacts"] == slow.lock
    assert notebook.run(0).strip() == "1"

    # What is asked for once more fails while the page is reloaded, and is tried again from there.
    sidebar.add("numpy")
    sidebar.plan()
    sidebar.accept()
    expect(sidebar.progress()).to_be_visible()
    page.reload()
    expect(sidebar.progress()).to_be_visible()
    slow.index.broken = True
    failed = sidebar.banner("error")
    expect(failed).to_contain_text("Nothing was changed", timeout=60_000)
    slow.index.broken = False
    sidebar.button("Retry").click()
    expect(sidebar.progress()).to_be_visible()
    expect(failed).to_have_count(0)
    # And it reaches the notebook although the page is reloaded once more.
    page.reload()
    slow.index.rate = None
    wait_until(lambda: "numpy" in read_metadata(path)["pyartifacts"]["requirements"], 60)
    expect(sidebar.row("numpy")).to_be_visible()
    assert notebook.dialogs() == []
