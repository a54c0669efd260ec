"""The Lab extension by itself: a stock kernel sends the messages by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from .conftest import Server, read_metadata
from .notebook_page import NotebookPage, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

LOCK = {"version": 1, "requirements": ["six"], "nested": {"a": [1, None, "ü"]}}
OTHER = {"version": 1, "requirements": ["six", "attrs"]}
BY_COMM = """
from comm import create_comm
create_comm(target_name="pyartifacts.lock", data={{"lock": {lock!r}, "digest": None}}).close()
"""
BY_DISPLAY = """
from IPython.display import display
display({{
    "application/vnd.pyartifacts.lock+json": {{"lock": {lock!r}, "digest": None}},
    "text/plain": "pinned",
}}, raw=True)
"""


class Tolerant(list[str]):
    """Faults without the browser's own word of the server's answer: these locks are none."""

    def append(self, fault: str) -> None:
        if "status of 422" not in fault:
            super().append(fault)


@pytest.fixture
def faults() -> list[str]:
    """Return what counts as a fault here."""
    return Tolerant()


def lock_on_disk(path: Path) -> object:
    """Return the lock in a notebook file; the text `none` where there is none."""
    return read_metadata(path).get("pyartifacts", "none")


@pytest.mark.parametrize("frontend", ["lab/tree", "notebooks"])
@pytest.mark.parametrize("message", [BY_COMM, BY_DISPLAY], ids=["comm", "display"])
def test_a_message_sets_replaces_and_deletes_the_lock_and_saves(
    server: Server, page: Page, message: str, frontend: str, request: pytest.FixtureRequest
) -> None:
    locks = [LOCK, OTHER, None]
    path = server.write(
        f"{request.node.callspec.id.replace('/', '-')}.ipynb",
        *(message.format(lock=lock) for lock in locks),
    )
    notebook = NotebookPage.open(page, server, path.name, frontend)
    assert lock_on_disk(path) == "none"
    for index, lock in enumerate(locks):
        notebook.run(index)
        expected = "none" if lock is None else lock
        wait_until(lambda expected=expected: lock_on_disk(path) == expected)  # type: ignore[misc]
        assert notebook.dialogs() == []


def test_the_target_survives_a_restart_and_the_second_message_changes_nothing(
    server: Server, page: Page
) -> None:
    path = server.write("restart.ipynb", (BY_COMM + BY_DISPLAY).format(lock=LOCK), "2 + 3")
    notebook = NotebookPage.open(page, server, path.name)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(f"{request.method} {request.url}"))
    notebook.restart()
    assert notebook.run(0).strip() == "pinned"
    wait_until(lambda: lock_on_disk(path) == LOCK)
    assert notebook.run(1).strip() == "5"
    notebook.wait_until_idle()
    puts = [
        each for each in requests if each.startswith(f"PUT {server.url}api/contents/{path.name}")
    ]
    assert len(puts) == 1
    assert notebook.dialogs() == []


def test_what_is_no_lock_message_leaves_the_notebook_alone(
    server: Server, page: Page, faults: list[str]
) -> None:
    path = server.write("noise.ipynb", *(BY_COMM.format(lock=lock) for lock in ("text", [1], LOCK)))
    notebook = NotebookPage.open(page, server, path.name)
    notebook.run(0)
    notebook.run(1)
    assert lock_on_disk(path) == "none"
    notebook.run(2)
    wait_until(lambda: lock_on_disk(path) == LOCK)
    said = [fault for fault in faults if "jupyter-pyartifacts: not a lock message" in fault]
    assert len(said) == 2
    faults[:] = [fault for fault in faults if fault not in said]


def test_a_second_tab_shows_the_lock_and_only_one_saves(server: Server, page: Page) -> None:
    path = server.write("tabs.ipynb", BY_COMM.format(lock=LOCK), BY_COMM.format(lock=OTHER))
    first = NotebookPage.open(page, server, path.name)
    other = page.context.new_page()
    second = NotebookPage.open(other, server, path.name, "notebooks")
    for index, lock in enumerate((LOCK, OTHER)):
        first.run(index)
        wait_until(lambda lock=lock: lock_on_disk(path) == lock)  # type: ignore[misc]
    assert first.dialogs() == []
    assert second.dialogs() == []
