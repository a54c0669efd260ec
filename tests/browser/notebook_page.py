"""What a person does in an open notebook: run cells, restart the kernel, read outputs."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit

from playwright.sync_api import Locator, Page, expect

from .conftest import Server

DIALOGS = ".jp-Dialog"
IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]:visible'
NOT_RUN, RUNNING = "[ ]:", "[*]:"


class NotebookPage:
    """One notebook that is open in Lab or in Notebook 7."""

    def __init__(self, page: Page, server: Server, name: str) -> None:
        self.page = page
        self.server = server
        self.name = name

    @classmethod
    def open(
        cls, page: Page, server: Server, name: str, frontend: str = "lab/tree"
    ) -> NotebookPage:
        """Open a notebook of the server's directory and wait for its kernel."""
        page.goto(f"{server.url}{frontend}/{quote(name)}?token={server.token}&reset")
        opened = cls(page, server, name)
        opened.wait_until_idle()
        return opened

    @classmethod
    def create(cls, page: Page, server: Server) -> NotebookPage:
        """Make a new notebook by the launcher of Lab and wait for its kernel."""
        page.goto(f"{server.url}lab?token={server.token}&reset")
        card = page.locator('.jp-LauncherCard[data-category="Notebook"][title^="Python 3"]')
        card.click()
        page.wait_for_url("**/lab/tree/Untitled*.ipynb*")
        created = cls(page, server, unquote(urlsplit(page.url).path.rpartition("/")[2]))
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
        # After a restart the count may come out the same: the old one must not look like it.
        prompt = self.cell(index).locator(".jp-InputArea-prompt")
        prompt.evaluate(f"node => {{ node.textContent = '{NOT_RUN}' }}")
        self.page.keyboard.press("Control+Enter")
        wait_until(lambda: self.prompt(index) not in (RUNNING, NOT_RUN), seconds)
        return self.output(index)

    def prompt(self, index: int) -> str:
        """Return the execution prompt of a cell: `[ ]:`, `[*]:` or `[1]:`."""
        return self.cell(index).locator(".jp-InputArea-prompt").inner_text().strip()

    def output(self, index: int) -> str:
        """Return the text of a cell's outputs."""
        return "\n".join(self.cell(index).locator(".jp-OutputArea-output").all_inner_texts())

    def wait_until_idle(self, *, seconds: float = 120) -> None:
        """Wait until the kernel is there and has nothing to do, for the server and on the page.

        The page alone says "idle" also while there is no kernel yet.
        """
        wait_until(self._server_says_idle, seconds)
        expect(self.page.locator(IDLE).first).to_be_visible(timeout=seconds * 1000)

    def _server_says_idle(self) -> bool:
        answer = self.page.request.get(
            f"{self.server.url}api/sessions",
            headers={"Authorization": f"token {self.server.token}"},
        )
        kernels = [each["kernel"] for each in answer.json() if each["path"] == self.name]
        return any(each["execution_state"] == "idle" and each["connections"] for each in kernels)

    def restart(self) -> None:
        """Restart the kernel by its keys and confirm Lab's own question."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("0")
        self.page.keyboard.press("0")
        self.confirm_restart()

    def confirm_restart(self) -> None:
        """Say yes to Lab's question and wait until the new kernel is there."""
        with self.page.expect_response(lambda answer: "/restart" in answer.url):
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
