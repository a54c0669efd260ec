"""Changing packages in the sidebar: add, upgrade what is loaded, undo, remove."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import Server, read_metadata
from .notebook_page import NotebookPage, wait_until
from .sidebar import Sidebar

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.network]

OLD, NEW = "0.5.0", "0.5.1"
USE = "import inflection; print(inflection.__version__)"


def pins(lock: dict[str, object]) -> dict[str, object]:
    """Return a lock without its memory."""
    return {key: value for key, value in lock.items() if key != "history"}


def test_the_sidebar_adds_upgrades_what_is_loaded_and_takes_it_back(
    server: Server, page: Page
) -> None:
    path = server.write("sidebar.ipynb", USE, "import sys; print(sys.flags.isolated)")
    notebook = NotebookPage.open(page, server, path.name)
    sidebar = Sidebar.open(page)
    expect(sidebar.node).to_contain_text("no packages of its own yet")

    sidebar.add(f"inflection=={OLD}")
    assert OLD in sidebar.plan()
    sidebar.accept()
    sidebar.wait_until_done()
    wait_until(lambda: "pyartifacts" in read_metadata(path))
    first = read_metadata(path)["pyartifacts"]
    expect(sidebar.version("inflection")).to_have_text(OLD)
    # The stock kernel has it at once, and is better restarted.
    assert notebook.run(0).strip() == OLD
    expect(sidebar.banner("info")).to_contain_text("Restart recommended")
    sidebar.button("Restart the kernel").click()
    notebook.confirm_restart()
    assert notebook.run(1).strip() == "1"
    assert notebook.run(0).strip() == OLD

    sidebar.row("inflection").locator(".jp-pyartifacts-pin-main").click()
    sidebar.button("Choose a version of inflection").click()
    page.locator(f".jp-pyartifacts-versions input[value='{NEW}']").check()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    plan = sidebar.plan()
    assert OLD in plan
    assert NEW in plan
    assert read_metadata(path)["pyartifacts"] == first, "shown, and nothing done"
    sidebar.accept()
    sidebar.wait_until_done()
    expect(sidebar.version("inflection")).to_have_text(NEW)
    wait_until(lambda: pins(read_metadata(path)["pyartifacts"]) != pins(first))
    second = read_metadata(path)["pyartifacts"]
    warning = sidebar.banner("warn")
    expect(warning).to_contain_text("Restart required")
    expect(warning).to_contain_text(f"inflection runs {OLD}, locked is {NEW}")
    sidebar.button("Restart the kernel").click()
    notebook.confirm_restart()
    assert notebook.run(0).strip() == NEW
    expect(sidebar.banner("warn")).to_have_count(0)

    # Undo of the document is about cells: lock and environment stay together.
    notebook.cell(0).locator(".jp-InputArea-editor").click()
    for _ in range(3):
        page.keyboard.press("Control+z")
    page.keyboard.press("Escape")
    for _ in range(3):
        page.keyboard.press("z")
    expect(sidebar.version("inflection")).to_have_text(NEW)
    assert read_metadata(path)["pyartifacts"] == second

    sidebar.button("Undo the last change").click()
    assert OLD in sidebar.plan()
    sidebar.accept()
    sidebar.wait_until_done()
    wait_until(lambda: read_metadata(path)["pyartifacts"] == first)
    sidebar.button("Restart the kernel").click()
    notebook.confirm_restart()
    assert notebook.run(0).strip() == OLD
    assert notebook.dialogs() == []


def test_what_cannot_be_added_is_said_while_it_is_typed(server: Server, page: Page) -> None:
    path = server.write("typing.ipynb", "1")
    NotebookPage.open(page, server, path.name)
    sidebar = Sidebar.open(page)
    field = sidebar.node.get_by_label("Requirement to add")
    for text in ("<img src=x onerror=alert(1)>", "no-such-project-of-anybody-at-all"):
        field.fill(text)
        expect(sidebar.node.locator(".jp-pyartifacts-verdict.jp-mod-error")).to_be_visible()
        expect(sidebar.button("Add")).to_be_disabled()
    field.fill("inflection>=0.5")
    expect(sidebar.node.locator(".jp-pyartifacts-verdict.jp-mod-right")).to_be_visible()
    expect(sidebar.button("Add")).to_be_enabled()
    assert sidebar.node.locator("img").count() == 0
    assert "pyartifacts" not in read_metadata(path)
