"""Where a notebook may be: below names of all kinds, in two tabs, beside a console, renamed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import Server, read_metadata
from .notebook_page import NotebookPage, wait_until
from .sidebar import Sidebar

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.network]

DIRECTORY = "Übung 1 (日本語) & <b>more<"
USE = "import inflection; print(inflection.__version__)"


def menu(page: Page, name: str, item: str) -> None:
    """Choose an item of a menu in Lab's menu bar."""
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.locator(".lm-Menu-item", has_text=item).first.click()


def test_a_directory_of_odd_name_a_console_a_second_tab_and_a_new_name(
    server: Server, page: Page
) -> None:
    (server.directory / DIRECTORY).mkdir()
    name = f"{DIRECTORY}/mein 100% nötebook #1.ipynb"
    path = server.write(name, USE)
    notebook = NotebookPage.open(page, server, name)
    second = NotebookPage.open(page.context.new_page(), server, name, "notebooks")
    sidebar = Sidebar.open(page)
    sidebar.add("inflection==0.5.0")
    sidebar.plan()
    sidebar.accept()
    sidebar.wait_until_done()
    wait_until(lambda: "pyartifacts" in read_metadata(path))
    assert notebook.run(0).strip() == "0.5.0"

    # A console on the notebook's kernel changes the notebook's packages.
    menu(page, "File", "New Console for Notebook")
    prompt = page.locator(".jp-CodeConsole-promptCell .cm-content")
    prompt.click()
    page.keyboard.insert_text("%pyartifacts add toolz==0.12.0")
    page.keyboard.press("Shift+Enter")
    requirements = ["inflection==0.5.0", "toolz==0.12.0"]
    wait_until(lambda: read_metadata(path)["pyartifacts"]["requirements"] == requirements, 120)
    expect(sidebar.version("toolz")).to_have_text("0.12.0")
    expect(sidebar.node.locator("h2")).to_have_text("mein 100% nötebook #1.ipynb")
    assert notebook.dialogs() == second.dialogs() == []
    second.page.close()

    page.get_by_role("tab", name="mein 100%").first.click()
    menu(page, "File", "Rename Notebook")
    field = page.locator(".jp-Dialog input")
    field.fill("<i>umbenannt.ipynb")
    field.press("Enter")
    expect(sidebar.node.locator("h2")).to_have_text("<i>umbenannt.ipynb")
    moved = server.directory / DIRECTORY / "<i>umbenannt.ipynb"
    wait_until(moved.exists)
    sidebar.button("Undo the last change").click()
    sidebar.plan()
    sidebar.accept()
    sidebar.wait_until_done()
    wait_until(lambda: read_metadata(moved)["pyartifacts"]["requirements"] == requirements[:1])
    notebook.name = f"{DIRECTORY}/{moved.name}"
    sidebar.button("Restart the kernel").click()
    notebook.confirm_restart()
    assert notebook.run(0).strip() == "0.5.0"
    assert notebook.dialogs() == []
    assert not path.exists()
