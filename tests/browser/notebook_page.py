"""What a person does in an open notebook: run cells, restart the kernel, read outputs."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from .conftest import Server

DIALOGS = ".jp-Dialog"


class NotebookPage:
    """One notebook that is open in Lab or in Notebook 7."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    def open(
        cls, page: Page, server: Server, name: str, frontend: str = "lab/tree"
    ) -> NotebookPage:
        """Open a notebook of the server's directory and wait for its kernel."""
        page.goto(f"{server.url}{frontend}/{quote(name)}?token={server.token}&reset")
        opened = cls(page)
        page.wait_for_selector(".jp-Notebook:visible")
        opened.wait_until_idle()
        return opened

    @classmethod
    def create(cls, page: Page, server: Server) -> NotebookPage:
        """Make a new notebook by the launcher of Lab and wait for its kernel."""
        page.goto(f"{server.url}lab?token={server.token}&reset")
        card = page.locator('.jp-LauncherCard[data-category="Notebook"][title^="Python 3"]')
        card.click()
        created = cls(page)
        page.wait_for_selector(".jp-Notebook:visible")
        created.wait_until_idle()
        return created

    def write(self, source: str) -> int:
        """Type into the last cell, which is empty, add one below, return the cell's number."""
        index = self.page.locator(".jp-Notebook:visible .jp-CodeCell").count() - 1
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        return index

    def cell(self, index: int) -> Locator:
        """Return the code cell with this number, from 0."""
        return self.page.locator(".jp-Notebook:visible .jp-CodeCell").nth(index)

    def run(self, index: int, *, seconds: float = 60) -> str:
        """Run a cell, wait until it is done, return the text of its outputs."""
        self.cell(index).locator(".jp-InputArea-editor").click()
        before = self.prompt(index)
        self.page.keyboard.press("Control+Enter")
        wait_until(lambda: self.prompt(index) not in (before, "[*]:", "[ ]:"), seconds)
        return self.output(index)

    def prompt(self, index: int) -> str:
        """Return the execution prompt of a cell: `[ ]:`, `[*]:` or `[1]:`."""
        return self.cell(index).locator(".jp-InputArea-prompt").inner_text().strip()

    def output(self, index: int) -> str:
        """Return the text of a cell's outputs."""
        return "\n".join(self.cell(index).locator(".jp-OutputArea-output").all_inner_texts())

    def wait_until_idle(self, *, seconds: float = 120) -> None:
        """Wait until the kernel is there and has nothing to do."""
        indicator = self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]:visible')
        expect(indicator.first).to_be_visible(timeout=seconds * 1000)

    def restart(self) -> None:
        """Restart the kernel by its keys and confirm Lab's own question."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("0")
        self.page.keyboard.press("0")
        self.page.locator(f"{DIALOGS} .jp-mod-accept").click()
        expect(self.page.locator(DIALOGS)).to_have_count(0)
        self.wait_until_idle()

    def dialogs(self) -> list[str]:
        """Return the texts of the dialogs that are open."""
        return self.page.locator(DIALOGS).all_inner_texts()


def wait_until(reached: Callable[[], object], seconds: float = 30) -> None:
    """Poll until `reached` says yes; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"not reached within {seconds} s"
        time.sleep(0.1)
