"""The panel inside a notebook: pins with buttons, a plan before each change, undo."""

from __future__ import annotations

import json
import re

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Page, expect

from .conftest import Server, read_metadata
from .notebook_page import NotebookPage, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.network]

ADD_SECONDS = 300_000


def test_the_panel_adds_upgrades_and_takes_back_and_reads_well_without_widgets(
    server: Server, page: Page
) -> None:
    notebook = NotebookPage.create(page, server)
    add = notebook.write("%pyartifacts add inflection==0.5.0")
    show = notebook.write("%pyartifacts panel")
    notebook.run(add, seconds=300)
    path = server.directory / notebook.name
    wait_until(lambda: "pyartifacts" in read_metadata(path))
    # The widgets come from the notebook's own packages, so its own kernel draws them.
    notebook.restart()
    notebook.run(show)

    panel = notebook.cell(show).locator(".jp-OutputArea-output .widget-vbox").first
    expect(panel).to_contain_text("inflection 0.5.0")
    panel.locator("input").fill("toolz==0.12.0")
    panel.get_by_role("button", name="Plan", exact=True).click()
    expect(panel).to_contain_text("would be 1 added", timeout=ADD_SECONDS)
    assert read_metadata(path)["pyartifacts"]["requirements"] == ["inflection==0.5.0"]
    panel.get_by_role("button", name="Apply").click()
    expect(panel).to_contain_text("toolz 0.12.0", timeout=ADD_SECONDS)
    requirements = ["inflection==0.5.0", "toolz==0.12.0"]
    wait_until(lambda: read_metadata(path)["pyartifacts"]["requirements"] == requirements)
    use = notebook.write("import toolz; toolz.__version__")
    assert "0.12.0" in notebook.run(use)

    panel = notebook.cell(show).locator(".jp-OutputArea-output .widget-vbox").first
    panel.get_by_role("button", name="Undo").click()
    expect(panel).to_contain_text("would be 1 removed")
    panel.get_by_role("button", name="Discard").click()
    expect(panel).not_to_contain_text("would be 1 removed")
    panel.locator("input").fill("not a requirement")
    panel.get_by_role("button", name="Plan", exact=True).click()
    expect(panel).to_contain_text("hint:")
    assert read_metadata(path)["pyartifacts"]["requirements"] == requirements
    assert notebook.dialogs() == []

    page.keyboard.press("Control+s")
    wait_until(lambda: "needed by" in path.read_text("utf-8"))
    outputs = json.loads(path.read_text("utf-8"))["cells"][show]["outputs"]
    assert re.search(r"toolz +0\.12\.0", "".join(outputs[0]["data"]["text/plain"]))
    static, _ = HTMLExporter().from_filename(path)
    assert "%pyartifacts panel shows this with buttons" in static
