"""The whole way: a notebook made on one machine runs on another, on the same files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import read_metadata
from .machine import running_lab
from .notebook_page import NotebookPage, wait_until
from .sidebar import Sidebar

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.network]

ADD_SECONDS = 300
USE = "import pandas; print(pandas.DataFrame({'a': [1, 2]}).a.sum(), pandas.__file__)"


def tree_hashes(store: Path) -> set[str]:
    """Return the tree hashes of everything that a store has."""
    facts = (store / "artifacts").glob("*/facts.json")
    return {str(json.loads(path.read_text("utf-8"))["tree"]) for path in facts}


@pytest.mark.parametrize(
    ("collaboration", "frontend"),
    [(False, "lab/tree"), (True, "lab/tree"), (False, "notebooks")],
    ids=["lab", "collaboration", "notebook"],
)
def test_a_notebook_runs_elsewhere_on_the_same_trees_once_it_is_trusted(
    collaboration: bool, frontend: str, page: Page, tmp_path: Path
) -> None:
    with running_lab(tmp_path / "first", collaboration=collaboration) as first:
        path = first.write("way.ipynb", "%pyartifacts add pandas", USE)
        notebook = NotebookPage.open(page, first, path.name, frontend)
        assert "pandas" in notebook.run(0, seconds=ADD_SECONDS)
        assert notebook.run(1).split()[0] == "3"
        wait_until(lambda: "pyartifacts" in read_metadata(path))
        sidebar = Sidebar.open(page)
        expect(sidebar.version("pandas")).to_be_visible()
        version = sidebar.version("pandas").inner_text()
        lock = read_metadata(path)["pyartifacts"]
        # Undo of the document is about cells, also where it is shared.
        page.keyboard.press("Escape")
        for _ in range(3):
            page.keyboard.press("z")
        page.keyboard.press("Control+s")
        assert notebook.dialogs() == []
        assert read_metadata(path)["pyartifacts"] == lock
        expect(sidebar.version("pandas")).to_have_text(version)
        page.goto("about:blank")
    trees = tree_hashes(first.store)
    assert trees

    other = tmp_path / "second"
    moved = other / "notebooks" / "moved here.ipynb"
    moved.parent.mkdir(parents=True)
    shutil.copyfile(path, moved)
    shutil.rmtree(tmp_path / "first")
    page.context.clear_cookies()
    with running_lab(other, collaboration=collaboration) as second:
        notebook = NotebookPage.open(page, second, moved.name, frontend)
        # It opens by itself: there is something to decide.
        sidebar = Sidebar(page)
        expect(sidebar.banner("warn")).to_contain_text("Made by somebody else")
        refused = notebook.run(1)
        assert "NotApproved" in refused
        sidebar.trust()
        notebook.wait_until_idle(seconds=ADD_SECONDS)
        total, file = notebook.run(1, seconds=ADD_SECONDS).split(maxsplit=1)
        assert total == "3"
        assert file.startswith(str(second.store))
        expect(sidebar.version("pandas")).to_have_text(version)
        assert read_metadata(moved)["pyartifacts"] == lock
        assert tree_hashes(second.store) == trees

        # It is this user's notebook now: the sidebar changes it without a word of Lab's.
        sidebar.add("inflection")
        sidebar.plan()
        sidebar.accept()
        sidebar.wait_until_done()
        wait_until(lambda: "inflection" in read_metadata(moved)["pyartifacts"]["requirements"])
        sidebar.button("Undo the last change").click()
        sidebar.plan()
        sidebar.accept()
        sidebar.wait_until_done()
        wait_until(lambda: read_metadata(moved)["pyartifacts"] == lock)
        assert notebook.dialogs() == []
        page.goto("about:blank")
