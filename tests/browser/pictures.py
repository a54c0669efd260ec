"""Make the pictures of README and site: `python -m tests.browser.pictures [DIRECTORY] [--dark]`.

`--panel` makes that of the panel alone, which takes less time.

They are taken from the running program: a real notebook, real packages, a real browser.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Page, expect, sync_playwright

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.notebook import read_document
from jupyter_pyartifacts.report import NullReporter
from jupyter_pyartifacts.service import Engine, LockOptions

from .conftest import CHROMIUM_FLAGS, find_chromium
from .machine import Server, running_lab
from .notebook_page import IDLE, NotebookPage, wait_until
from .sidebar import ID, Sidebar
from .slow_index import SlowIndex, slow_index

HERE = Path(__file__).parents[2] / ".github" / "pictures"
NAME = "tides.ipynb"
TEXT = "# Tides\n\nThe height of the sea at two harbours over three days."
LOAD = """import numpy as np
import pandas as pd

hours = pd.date_range("2024-03-01", periods=72, freq="h")
phase = np.arange(72) * 2 * np.pi / 12.42
tides = pd.DataFrame(
    {"Brest": 4 + 2.6 * np.sin(phase), "Bergen": 1 + 0.5 * np.sin(phase + 1.9)},
    index=hours,
)"""
PLOT = """import seaborn as sns

axes = sns.lineplot(tides, palette="deep")
axes.figure.set_size_inches(7.2, 2.9)
axes.set_ylabel("height in m");"""
REQUIREMENTS = ("pandas>=2", "seaborn")
# Not the newest, so that there is something to upgrade.
PREFER = ("pandas==2.2.2", "numpy==2.0.1", "matplotlib==3.9.0", "pillow==10.4.0", "seaborn==0.13.2")
SLOW = 250_000.0
SIDEBAR_WIDTH = 350


def make_notebook(directory: Path, index: SlowIndex) -> Path:
    """Write a notebook that is locked, by a user who is gone afterwards."""
    cells = [new_markdown_cell(TEXT), new_code_cell(LOAD), new_code_cell(PLOT)]
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    path = directory / NAME
    nbformat.write(notebook, path)
    environ = {**os.environ, "PYARTIFACTS_INDEX_URL": index.url}
    environ["PYARTIFACTS_STORE"] = str(directory / "store")
    environ["XDG_CONFIG_HOME"] = str(directory / "config")
    engine = Engine(Config.from_environ(environ), NullReporter())
    engine.add(read_document(path), REQUIREMENTS, options=LockOptions(prefer=PREFER))
    return path


def widen(page: Page) -> None:
    """Drag the edge of the left area."""
    box = page.locator(f"#{ID}").bounding_box()
    assert box is not None
    edge, middle = box["x"] + box["width"] + 3, box["y"] + box["height"] / 2
    page.mouse.move(edge, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + SIDEBAR_WIDTH, middle, steps=8)
    page.mouse.up()
    page.mouse.move(edge + 400, middle)


def take_pictures(page: Page, server: Server, index: SlowIndex, to: Path) -> None:
    """Open the notebook as somebody else's, and take a picture at each step."""
    notebook = NotebookPage(page, server, NAME)
    page.goto(f"{server.url}lab/tree/{NAME}?token={server.token}&reset")
    sidebar = Sidebar(page)
    expect(sidebar.banner("warn")).to_be_visible()
    widen(page)
    index.rate = SLOW
    sidebar.trust()
    expect(sidebar.progress()).to_be_visible()
    notebook.cell(0).locator(".jp-InputArea-editor").click()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    expect(notebook.cell(0).locator(".jp-pyartifacts-queued")).to_be_visible()
    page.wait_for_timeout(9000)
    page.screenshot(path=to / "progress.png")
    index.rate = None
    wait_until(lambda: "[2]" in notebook.prompt(1), 180)
    expect(page.locator(IDLE).first).to_be_visible()
    page.locator(".jp-Notebook:visible").evaluate("node => { node.scrollTop = 0 }")

    sidebar.button("Check for upgrades").click()
    expect(sidebar.node.locator(".jp-pyartifacts-newer").first).to_be_visible(timeout=60_000)
    sidebar.row("numpy").locator(".jp-pyartifacts-pin-main").click()
    page.mouse.move(900, 600)
    page.wait_for_timeout(500)
    page.screenshot(path=to / "sidebar.png")

    sidebar.button("Upgrade all").click()
    sidebar.plan()
    page.wait_for_timeout(500)
    page.screenshot(path=to / "plan.png")
    page.locator(".jp-Dialog .jp-mod-reject").first.click()


def take_tutorial_pictures(page: Page, server: Server, to: Path) -> None:
    """Run the first cell of the tutorial in a new notebook, and a look at what is newer."""
    notebook = NotebookPage.create(page, server)
    for command, name in (
        ("add pandas matplotlib humanize", "add.png"),
        ("upgrade humanize==4.9.0", None),
        ("outdated", "outdated.png"),
    ):
        number = notebook.write(f"%pyartifacts {command}")
        notebook.run(number, seconds=300)
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)
        if name is not None:
            notebook.cell(number).screenshot(path=to / name)


def take_panel(page: Page, server: Server, to: Path) -> None:
    """Lock a few small packages in old versions, and take a picture of a plan in the panel."""
    old = "cycler==0.11.0 tabulate==0.8.10 python-dateutil==2.8.2"
    path = server.write(
        "panel.ipynb",
        f"%pyartifacts add {old}",
        "%pyartifacts add cycler tabulate python-dateutil",
        "%pyartifacts panel",
    )
    notebook = NotebookPage.open(page, server, path.name)
    notebook.run(0, seconds=600)
    notebook.run(1, seconds=300)
    wait_until(lambda: "pyartifacts" in path.read_text("utf-8"))
    notebook.restart()
    notebook.run(2)
    panel = notebook.cell(2).locator(".pya-live")
    panel.get_by_role("button", name="Check for upgrades").click()
    expect(panel).to_contain_text("fits your requirements")
    panel.get_by_role("button", name="Upgrade…", exact=True).nth(1).click()
    expect(panel.get_by_role("button", name="Apply")).to_be_visible()
    page.mouse.move(10, 10)
    page.wait_for_timeout(500)
    notebook.cell(2).screenshot(path=to / "panel.png")


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=HERE)
    parser.add_argument("--dark", action="store_true", help="in the dark theme")
    parser.add_argument("--panel", action="store_true", help="of the panel alone")
    parser.add_argument("--scale", type=float, default=2)
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, slow_index(Path(temporary)) as index:
        home = Path(temporary, "home")
        (home / "notebooks").mkdir(parents=True)
        if not arguments.panel:
            make_notebook(Path(temporary), index).rename(home / "notebooks" / NAME)
        if arguments.dark:
            themes = home / "settings" / "@jupyterlab" / "apputils-extension"
            themes.mkdir(parents=True)
            setting = json.dumps({"theme": "JupyterLab Dark"})
            (themes / "themes.jupyterlab-settings").write_text(setting, "utf-8")
        variables = {"PYARTIFACTS_INDEX_URL": index.url}
        with running_lab(home, variables=variables) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=CHROMIUM_FLAGS
            )
            context = browser.new_context(
                viewport={"width": 1200, "height": 760}, device_scale_factor=arguments.scale
            )
            page = context.new_page()
            page.set_default_timeout(120_000)
            expect.set_options(timeout=120_000)
            try:
                if not arguments.panel:
                    take_pictures(page, server, index, arguments.directory)
                    take_tutorial_pictures(page, server, arguments.directory)
                take_panel(page, server, arguments.directory)
            finally:
                browser.close()


if __name__ == "__main__":
    main()
