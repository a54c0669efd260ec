"""The button below a result that wants a restart, which is Lab's own command."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from .conftest import Server
from .notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.network]


def test_the_first_add_offers_a_restart_that_lab_asks_about(server: Server, page: Page) -> None:
    notebook = NotebookPage.create(page, server)
    add = notebook.write("%pyartifacts add inflection")
    isolated = notebook.write("import sys; print(sys.flags.isolated)")
    notebook.run(add, seconds=300)
    assert notebook.run(isolated).strip() == "0"

    notebook.cell(add).get_by_role("button", name="Restart the kernel").click()
    notebook.confirm_restart()

    assert notebook.run(isolated).strip() == "1"
