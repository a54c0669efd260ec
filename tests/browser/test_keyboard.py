"""The sidebar by keyboard alone, and as a screen reader and eyes that see less meet it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import Server, read_metadata
from .notebook_page import DIALOGS, NotebookPage, wait_until
from .sidebar import ID, Sidebar

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.network]

OLD, NEW = "0.5.0", "0.5.1"


def check(page: Page, selector: str) -> None:
    """Have axe look at a part of the page: names, roles, contrast and what else it knows."""
    report = Axe().run(page, context=selector)
    assert report.violations_count == 0, report.generate_report()


def focused(page: Page) -> str:
    """Return the accessible name, as far as it is written, of what has the focus."""
    name: str = page.evaluate(
        "(document.activeElement.getAttribute('aria-label')"
        " ?? document.activeElement.textContent).trim()"
    )
    return name


def command(page: Page, label: str) -> None:
    """Run a command by the palette, as somebody does who leaves the mouse alone."""
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input:visible").wait_for()
    page.keyboard.type(label)
    expect(page.locator(".lm-CommandPalette-item.lm-mod-active")).to_contain_text(label)
    page.keyboard.press("Enter")


def dismiss(page: Page) -> None:
    """Say no to a dialog; a theme that just changes may have taken the focus away from it."""
    page.locator(f"{DIALOGS} .jp-mod-accept").press("Escape")
    expect(page.locator(DIALOGS)).to_have_count(0)


def test_everything_goes_by_keyboard_and_the_focus_is_kept(server: Server, page: Page) -> None:
    path = server.write("keyboard.ipynb", "1")
    notebook = NotebookPage.open(page, server, path.name)
    notebook.cell(0).locator(".jp-InputArea-editor").click()
    sidebar = Sidebar(page)
    command(page, "Add a Package to This Notebook")
    wait_until(lambda: focused(page) == "Requirement to add")
    page.keyboard.type("no-such-project-of-anybody-at-all")
    expect(sidebar.node.locator(".jp-pyartifacts-verdict.jp-mod-error")).to_be_visible()
    check(page, f"#{ID}")
    page.keyboard.press("Control+a")
    page.keyboard.type(f"inflection=={OLD}")
    expect(sidebar.node.locator(".jp-pyartifacts-verdict.jp-mod-right")).to_be_visible()
    page.keyboard.press("Enter")
    sidebar.plan()
    check(page, DIALOGS)
    page.keyboard.press("Enter")
    sidebar.wait_until_done()
    wait_until(lambda: focused(page) == "Requirement to add")

    pin = sidebar.node.get_by_role("button", name=f"inflection =={OLD} {OLD} 5.8 kB", exact=True)
    pin.focus()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Tab")
    choose = "Choose a version of inflection"
    assert focused(page) == choose
    page.keyboard.press("Enter")
    expect(page.locator(".jp-pyartifacts-versions")).to_be_visible()
    check(page, DIALOGS)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert NEW in sidebar.plan()
    page.keyboard.press("Enter")
    expect(sidebar.version("inflection")).to_have_text(NEW)
    wait_until(lambda: focused(page) == choose)

    # Only looked at: nothing has happened, and the focus is where it was.
    page.keyboard.press("Tab")
    assert focused(page) == "Remove inflection"
    page.keyboard.press("Enter")
    sidebar.plan()
    dismiss(page)
    wait_until(lambda: focused(page) == "Remove inflection")
    expect(sidebar.progress()).to_have_count(0)
    # Gone with what it was on, it is still in the sidebar.
    page.keyboard.press("Enter")
    sidebar.plan()
    page.keyboard.press("Enter")
    expect(sidebar.row("inflection")).to_have_count(0)
    wait_until(lambda: read_metadata(path)["pyartifacts"]["requirements"] == [])
    wait_until(lambda: page.evaluate(f"document.activeElement.closest('#{ID}') !== null"))

    for title in ("The kernel itself", "History", "Python", "Platforms", "Store"):
        sidebar.node.get_by_text(title, exact=True).click()
    sidebar.row("ipykernel").locator(".jp-pyartifacts-pin-main").click()
    expect(sidebar.node).to_contain_text("Holds")
    check(page, f"#{ID}")
    check(page, ".jp-pyartifacts-status")
    command(page, "Use Theme: JupyterLab Dark")
    wait_until(lambda: page.evaluate("document.body.dataset.jpThemeLight") == "false")
    check(page, f"#{ID}")
    check(page, ".jp-pyartifacts-status")
    sidebar.button("Undo the last change").click()
    sidebar.plan()
    check(page, DIALOGS)
    dismiss(page)
    command(page, "Use Theme: JupyterLab Light")
    assert notebook.dialogs() == []
