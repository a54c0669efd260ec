"""Lab's half where the server's is missing, switched off, or of another version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from jupyter_pyartifacts import __version__

from .conftest import Server
from .machine import running_lab
from .notebook_page import NotebookPage
from .sidebar import Sidebar

pytestmark = [pytest.mark.browser, pytest.mark.kernel]


def test_a_server_without_it_is_said_once(page: Page, faults: list[str], tmp_path: Path) -> None:
    with running_lab(tmp_path, extension=False) as server:
        path = server.write("alone.ipynb", "print(6 * 7)", "print('more')")
        notebook = NotebookPage.open(page, server, path.name)
        sidebar = Sidebar.open(page)
        error = sidebar.banner("error")
        expect(error).to_contain_text("The server does not know of notebooks’ packages.")
        expect(error).to_contain_text("jupyter server extension enable jupyter_pyartifacts")
        assert notebook.run(0).strip() == "42"
        notebook.restart()
        assert notebook.run(1).strip() == "more"
        # The browser's own line for one request, not one for each thing that happens.
        (fault,) = faults
        assert "404" in fault
        assert "pyartifacts/state" in fault
        faults.clear()
        page.goto("about:blank")


def test_a_server_of_another_version_is_said(server: Server, page: Page) -> None:
    versions: list[str | None] = ["99.0", None]

    def change(route: Route) -> None:
        answer = route.fetch()
        state = json.loads(answer.text())
        assert state.pop("version") == __version__
        # What a later version may say, and this page knows nothing of.
        state = {"surprise": state} if versions[0] else state
        version = versions[0]
        route.fulfill(response=answer, json={**state, **({"version": version} if version else {})})

    page.route("**/pyartifacts/state*", change)
    path = server.write("versions.ipynb", "1")
    NotebookPage.open(page, server, path.name)
    sidebar = Sidebar.open(page)
    error = sidebar.banner("error")
    expect(error).to_contain_text("different versions of jupyter_pyartifacts")
    expect(error).to_contain_text("99.0")
    versions.pop(0)
    sidebar.button("Retry").click()
    expect(error).to_contain_text("an older version")
    page.unroute("**/pyartifacts/state*")
    sidebar.button("Retry").click()
    expect(error).to_have_count(0)
    expect(sidebar.node).to_contain_text("no packages of its own yet")
