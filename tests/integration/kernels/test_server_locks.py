"""Kernels of a real server: what the server knows of them, and the way of their locks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.servers import wait_until

from .conftest import write_notebook
from .running import connect

pytestmark = [pytest.mark.kernel, pytest.mark.network]

ISOLATED = "__import__('sys').flags.isolated"


def on_disk(path: Path):
    """Return the lock in a notebook file that a server may just be writing, in place."""
    found: list[dict] = []

    def is_whole() -> bool:
        try:
            found.append(json.loads(path.read_text()))
        except ValueError:
            return False
        return True

    wait_until(is_whole)
    return found[0]["metadata"].get("pyartifacts")


def state(server, path, **more):
    return server.call("state", path=path, **more)


def save(server, path, content):
    """Save a notebook as a frontend does."""
    model = {"type": "notebook", "format": "json", "content": content}
    return server.request("PUT", f"contents/{path}", model)


def content_of(server, path):
    return server.request("GET", f"contents/{path}")["content"]


@pytest.fixture(scope="session")
def old(make_lock):
    """Lock an old release of a small package."""
    return make_lock("six==1.16.0")


def test_the_preparation_of_a_kernel_is_a_job(server, old):
    write_notebook(server.root / "n.ipynb", lock=old)
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    seen = state(server, "n.ipynb")
    (job,) = seen["jobs"]
    assert (job["verb"], job["state"]) == ("kernel", "done")
    assert job["kernel_id"] == session["kernel"]["id"]
    assert seen["running"] == {
        "kernel_id": session["kernel"]["id"],
        "digest": seen["digest"],
        "fallback": None,
        "drift": [],
        "restart": None,
    }
    assert kernel.value("__import__('six').__version__") == "1.16.0"


def test_a_failed_preparation_is_told_and_a_restart_tries_again(server, old):
    path = write_notebook(server.root / "n.ipynb", lock={"lock_version": 10**6})
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    running = state(server, "n.ipynb", lock=None)["running"]
    assert running["fallback"]["code"] == "lock"
    assert running["fallback"]["hint"]
    assert running["restart"] == "required"
    (job,) = state(server, "n.ipynb", lock=None)["jobs"]
    assert (job["state"], job["error"]) == ("failed", running["fallback"])
    write_notebook(path, lock=old)
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value(ISOLATED) == 1
    assert state(server, "n.ipynb")["running"]["fallback"] is None


def test_a_restart_right_after_the_first_add_has_the_lock(server):
    path = write_notebook(server.root / "n.ipynb")
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    assert kernel.value(ISOLATED) == 0
    assert kernel.run("%pyartifacts add six==1.16.0").ok
    running = state(server, "n.ipynb")["running"]
    assert running["undelivered"]["requirements"] == ["six==1.16.0"]
    server.restart(session)
    kernel.wait_until_ready()
    assert on_disk(path) is None
    assert kernel.value(ISOLATED) == 1
    assert kernel.value("__import__('six').__version__") == "1.16.0"
    # Again, and again before anybody saved.
    assert kernel.run("%pyartifacts upgrade six==1.17.0").ok
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value("__import__('six').__version__") == "1.17.0"
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value("__import__('six').__version__") == "1.17.0"


def test_a_frontend_that_knows_nothing_of_locks_saves_them(server):
    path = write_notebook(server.root / "n.ipynb")
    kernel = connect(server, server.open("n.ipynb"))
    before = content_of(server, "n.ipynb")
    assert kernel.run("%pyartifacts add six==1.16.0").ok
    for _ in range(2):
        saved = save(server, "n.ipynb", before)
        assert on_disk(path)["requirements"] == ["six==1.16.0"]
        # What the frontend compares before its next save: no "File Changed".
        assert (
            saved["last_modified"]
            == server.request("GET", "contents/n.ipynb?content=0")["last_modified"]
        )
    assert kernel.run("%pyartifacts remove six").ok
    save(server, "n.ipynb", before)
    assert on_disk(path)["requirements"] == []


def test_what_a_frontend_saves_after_it_had_the_lock_is_its_decision(server, old):
    path = write_notebook(server.root / "n.ipynb", lock=old)
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    content = content_of(server, "n.ipynb")
    assert kernel.run("%pyartifacts upgrade six==1.17.0").ok
    newer = state(server, "n.ipynb")["running"]["undelivered"]
    content["metadata"]["pyartifacts"] = newer
    save(server, "n.ipynb", content)
    assert "undelivered" not in state(server, "n.ipynb")["running"]
    content["metadata"]["pyartifacts"] = old
    save(server, "n.ipynb", content)
    assert on_disk(path) == old
    # The kernel goes on from there, and still runs what it has moved to.
    seen = state(server, "n.ipynb")["running"]
    assert seen["digest"] != state(server, "n.ipynb")["digest"]
    assert seen["restart"] == "required"
    shown = kernel.run("%pyartifacts show six").data[-1]["text/plain"]
    assert "1.16.0" in shown
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value("__import__('six').__version__") == "1.16.0"


def test_a_kernel_that_ends_with_nobody_connected_leaves_its_lock(server):
    path = write_notebook(server.root / "n.ipynb")
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    assert kernel.run("%pyartifacts add six==1.16.0").ok
    assert on_disk(path) is None
    server.request("DELETE", f"sessions/{session['id']}")
    wait_until(lambda: on_disk(path) is not None)
    assert on_disk(path)["requirements"] == ["six==1.16.0"]


def test_an_upgrade_of_what_is_loaded_wants_a_restart_and_undo_brings_it_back(server, old):
    path = write_notebook(server.root / "n.ipynb", lock=old)
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    first = kernel.value("__import__('six').__file__")
    changed = server.finished(
        "apply", path="n.ipynb", verb="upgrade", arguments=["six==1.17.0"], write=True
    )
    assert changed["state"] == "done", changed
    running = state(server, "n.ipynb")["running"]
    assert running["drift"] == [{"name": "six", "loaded": "1.16.0", "locked": "1.17.0"}]
    assert running["restart"] == "required"
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value("__import__('six').__version__") == "1.17.0"
    assert state(server, "n.ipynb")["running"]["restart"] is None
    assert server.finished("undo", path="n.ipynb", write=True)["state"] == "done"
    assert on_disk(path)["artifacts"] == old["artifacts"]
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value("__import__('six').__file__") == first


def test_a_magic_after_a_change_in_the_sidebar_starts_from_that_one(server, old):
    path = write_notebook(server.root / "n.ipynb", lock=old)
    kernel = connect(server, server.open("n.ipynb"))
    server.finished("apply", path="n.ipynb", verb="add", arguments=["idna==3.10"], write=True)
    assert kernel.run("%pyartifacts remove six").ok
    save(server, "n.ipynb", content_of(server, "n.ipynb"))
    assert on_disk(path)["requirements"] == ["idna==3.10"]
    assert kernel.value("__import__('idna').__version__") == "3.10"


def test_rename_and_move(server, old):
    path = write_notebook(server.root / "n.ipynb", lock=old)
    (server.root / "sub").mkdir()
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    server.request("PATCH", "contents/n.ipynb", {"path": "sub/m.ipynb"})
    server.request("PATCH", f"sessions/{session['id']}", {"path": "sub/m.ipynb", "name": "m.ipynb"})
    assert state(server, "sub/m.ipynb")["running"]["restart"] is None
    content = content_of(server, "sub/m.ipynb")
    assert kernel.run("%pyartifacts upgrade six==1.17.0").ok
    save(server, "sub/m.ipynb", content)
    assert on_disk(server.root / "sub" / "m.ipynb")["requirements"] == ["six==1.17.0"]
    assert not path.exists()
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value("__import__('six').__version__") == "1.17.0"


def test_a_duplicate_is_a_notebook_of_its_own(server, old):
    write_notebook(server.root / "n.ipynb", lock=old)
    kernel = connect(server, server.open("n.ipynb"))
    copy = server.request("POST", "contents", {"copy_from": "n.ipynb"})["path"]
    assert state(server, copy)["running"] is None
    assert state(server, copy)["digest"] == state(server, "n.ipynb")["digest"]
    content = content_of(server, copy)
    assert kernel.run("%pyartifacts upgrade six==1.17.0").ok
    save(server, copy, content)
    assert on_disk(server.root / copy) == old


def test_two_notebooks_on_one_kernel(server, old):
    write_notebook(server.root / "n.ipynb", lock=old)
    write_notebook(server.root / "m.ipynb")
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    server.open("m.ipynb", id=session["kernel"]["id"])
    seen = state(server, "m.ipynb")
    assert seen["running"]["kernel_id"] == session["kernel"]["id"]
    assert seen["running"]["digest"] == state(server, "n.ipynb")["digest"]
    assert seen["notes"] == ["the kernel was started for n.ipynb, and runs its lock"]
    assert kernel.run("%pyartifacts upgrade six==1.17.0").ok
    save(server, "m.ipynb", content_of(server, "m.ipynb"))
    assert on_disk(server.root / "m.ipynb") is None
    save(server, "n.ipynb", content_of(server, "n.ipynb"))
    assert on_disk(server.root / "n.ipynb")["requirements"] == ["six==1.17.0"]


def test_a_console_on_the_notebooks_kernel(server, old):
    write_notebook(server.root / "n.ipynb", lock=old)
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    server.open("console-1-abc", kind="console", id=session["kernel"]["id"])
    assert state(server, "n.ipynb")["running"]["restart"] is None
    assert kernel.value("__import__('six').__version__") == "1.16.0"
    # A console of its own has no notebook, and so no lock.
    alone = connect(server, server.open("console-2-abc", kind="console"))
    assert alone.value(ISOLATED) == 0


def test_another_kernelspec_and_back(server, old):
    write_notebook(server.root / "n.ipynb", lock=old)
    session = server.open("n.ipynb")
    connect(server, session)
    other = server.request("PATCH", f"sessions/{session['id']}", {"kernel": {"name": "other"}})
    kernel = connect(server, other)
    assert kernel.value("__import__('os').environ['OTHER']") == "yes"
    assert kernel.value(ISOLATED) == 1
    back = server.request("PATCH", f"sessions/{session['id']}", {"kernel": {"name": "python3"}})
    kernel = connect(server, back)
    assert kernel.value(ISOLATED) == 1
    seen = state(server, "n.ipynb")["running"]
    assert seen["kernel_id"] == back["kernel"]["id"]
    assert seen["restart"] is None
