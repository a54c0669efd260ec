"""The panel in Lab and Notebook 7, by mouse and by keyboard; and where no widgets are drawn."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Locator, Page, expect

from .conftest import Server, read_metadata
from .notebook_page import NotebookPage, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.network]

WORK_SECONDS = 300_000
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"


def panel_of(notebook: NotebookPage, cell: int) -> Locator:
    """Return the live panel of a cell."""
    return notebook.cell(cell).locator(".pya-live")


def table_of(notebook: NotebookPage, cell: int) -> Locator:
    """Return the table that stands where no widgets are drawn."""
    return notebook.cell(cell).locator(".pya-static")


def button(panel: Locator, name: str) -> Locator:
    return panel.get_by_role("button", name=name, exact=True)


@pytest.mark.parametrize("frontend", ["lab/tree", "notebooks"])
def test_the_panel_adds_restarts_and_takes_back(server: Server, page: Page, frontend: str) -> None:
    path = server.write(
        f"panel-{frontend[:3]}.ipynb", "%pyartifacts panel", "import toolz; toolz.__version__"
    )
    notebook = NotebookPage.open(page, server, path.name, frontend)
    notebook.run(0)
    panel = panel_of(notebook, 0)
    expect(panel).to_contain_text("nothing is pinned yet")
    expect(table_of(notebook, 0)).to_be_hidden()

    # What is typed is checked; Enter asks for the plan, which changes nothing.
    entry = panel.get_by_label("Add")
    entry.fill("not a requirement")
    expect(panel).to_contain_text("a requirement cannot be read", timeout=WORK_SECONDS)
    entry.fill("toolz==0.12.0")
    expect(panel).to_contain_text("toolz is on the index", timeout=WORK_SECONDS)
    entry.press("Enter")
    expect(button(panel, "Apply")).to_be_visible(timeout=WORK_SECONDS)
    expect(panel).to_contain_text(re.compile("would be [0-9]+ added"))
    assert "pyartifacts" not in read_metadata(path)

    # By keyboard alone from here to the change that is made.
    button(panel, "Apply").focus()
    page.keyboard.press("Enter")
    expect(panel).to_contain_text(re.compile("lock [0-9a-f]{8}"), timeout=WORK_SECONDS)
    wait_until(lambda: "pyartifacts" in read_metadata(path))
    assert read_metadata(path)["pyartifacts"]["requirements"] == ["toolz==0.12.0"]
    assert "0.12.0" in notebook.run(1)
    assert notebook.dialogs() == []

    # The restart that it recommends; then dead buttons give way to the table.
    button(panel, "Restart the kernel").click()
    notebook.confirm_restart()
    expect(panel).to_be_hidden()
    expect(table_of(notebook, 0)).to_contain_text("toolz")
    expect(table_of(notebook, 0)).to_contain_text("run this cell again for the buttons")

    notebook.run(0)
    expect(panel).to_contain_text("toolz==0.12.0")
    expect(panel.locator(".pya-badge", has_text="restart")).to_have_count(0)
    button(panel, "Details").click()
    expect(panel).to_contain_text("you asked for it")
    button(panel, "Versions").click()
    expect(panel.get_by_label("Version")).to_contain_text("(pinned)", timeout=WORK_SECONDS)
    button(panel, "History").click()
    expect(panel).to_contain_text("add toolz==0.12.0")
    button(panel.locator(".widget-vbox").last, "Undo…").click()
    expect(panel).to_contain_text(re.compile("would be [0-9]+ removed|no lock"))
    button(panel, "Discard").click()
    expect(button(panel, "Apply")).to_be_hidden()
    button(panel, "Platforms").click()
    expect(panel).to_contain_text("this machine")
    button(panel, "Store").click()
    expect(panel).to_contain_text("shared by all your notebooks")

    # Saved, opened another day: the table, and no word of models that are gone.
    page.keyboard.press("Control+s")
    wait_until(lambda: "toolz" in json.dumps(outputs_of(path, 0)))
    notebook.restart()
    page.reload()
    notebook.wait_until_idle()
    expect(table_of(notebook, 0)).to_be_visible()
    expect(notebook.cell(0).locator(".jp-OutputArea")).to_contain_text("toolz")
    expect(notebook.cell(0).get_by_text("model not found")).to_be_hidden()


def outputs_of(path: Path, cell: int) -> list[dict[str, object]]:
    """Return the outputs of a cell as the file has them."""
    try:
        outputs: list[dict[str, object]] = json.loads(path.read_text("utf-8"))["cells"][cell][
            "outputs"
        ]
    except ValueError:
        return []
    return outputs


def test_a_page_made_of_the_notebook_shows_the_table(
    server: Server, page: Page, tmp_path: Path
) -> None:
    path = server.write("static.ipynb", "%pyartifacts panel")
    notebook = NotebookPage.open(page, server, path.name)
    notebook.run(0)
    expect(panel_of(notebook, 0)).to_be_visible()
    page.keyboard.press("Control+s")
    wait_until(lambda: len(outputs_of(path, 0)) == 2)
    plain = nbformat.read(path, as_version=4)
    # As Lab saves it when it is told to. What draws it comes from elsewhere: here nothing does.
    model = plain.cells[0].outputs[1].data[VIEW]["model_id"]
    state = {"model_name": "VBoxModel", "model_module": "@jupyter-widgets/controls"}
    state |= {"model_module_version": "2.0.0", "state": {}}
    saved = {"version_major": 2, "version_minor": 0, "state": {model: state}}
    with_state = copy.deepcopy(plain)
    with_state.metadata["widgets"] = {STATE: saved}

    page.context.set_offline(True)
    made = tmp_path / "made.html"
    for document in (plain, with_state):
        html, _ = HTMLExporter().from_notebook_node(document)
        assert (f'"model_id": "{model}"' in html) is (document is with_state)
        made.write_text(html, "utf-8")
        page.goto(made.as_uri(), wait_until="commit")
        table = page.locator(".pya-static")
        expect(table).to_be_visible()
        expect(table).to_contain_text("nothing is pinned")
        expect(page.get_by_text("run this cell again")).to_be_hidden()
        for area in page.locator(".jp-OutputArea-output, .output_widget_view").all():
            # No empty box: whatever says nothing takes no room.
            box = area.bounding_box()
            assert area.inner_text().strip() or box is None or box["height"] < 24
