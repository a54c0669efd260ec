"""The whole way in Lab: a new notebook, one magic, a restart, and the packages are there."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page

from .conftest import Server, read_metadata
from .notebook_page import NotebookPage, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.network]

# Small, without dependencies, and no part of any environment that runs these tests.
PACKAGE = "inflection"
USE = f"import {PACKAGE}; print({PACKAGE}.pluralize('wheel'), {PACKAGE}.__file__)"
HOST = "import importlib.util; print(importlib.util.find_spec('httpx'))"
ADD_SECONDS = 300


def test_add_saves_the_lock_and_restarted_and_reopened_kernels_import_from_it(
    server: Server, page: Page
) -> None:
    notebook = NotebookPage.create(page, server)
    add = notebook.write(f"%pyartifacts add {PACKAGE}")
    use = notebook.write(USE)
    host = notebook.write(HOST)

    shown = notebook.run(add, seconds=ADD_SECONDS)
    assert PACKAGE in shown
    store = str(server.store)
    assert notebook.run(use).split()[0] == "wheels"
    assert notebook.output(use).split()[1].startswith(store)

    path = server.directory / notebook.name
    wait_until(lambda: "pyartifacts" in read_metadata(path))
    lock = read_metadata(path)["pyartifacts"]
    assert lock["requirements"] == [PACKAGE]
    saved = json.loads(path.read_text("utf-8"))["cells"][add]["outputs"]
    assert "added" in json.dumps(saved), "saved before the output was whole"
    assert notebook.dialogs() == []

    notebook.restart()
    notebook.wait_until_idle()
    assert notebook.run(use).split()[0] == "wheels"
    assert notebook.output(use).split()[1].startswith(store)
    assert notebook.run(host).strip() == "None"
    assert read_metadata(path)["pyartifacts"] == lock
    assert notebook.dialogs() == []

    other = server.directory / "reopened.ipynb"
    other.write_bytes(path.read_bytes())
    before = other.read_bytes()
    for frontend in ("lab/tree", "notebooks"):
        notebook = NotebookPage.open(page.context.new_page(), server, other.name, frontend)
        assert other.read_bytes() == before
        assert notebook.run(use).split()[0] == "wheels"
        assert notebook.run(host).strip() == "None"
        assert notebook.dialogs() == []
        assert other.read_bytes() == before
