"""What is stopped ends: resolutions with their uv, plans that nobody waits for, whole servers."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.indexes import IndexServer, project_wheel
from tests.servers import TOKEN, ServerProcess, wait_until

from .conftest import lock_on_disk, user_environ, write_notebook


@dataclass
class Silence:
    """An index that says nothing of the project `silent`: whether it was asked, and its end."""

    asked: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def before(self, path: str) -> None:
        """Wait with an answer."""
        if "silent" in path:
            self.asked.set()
            self.over.wait(90)


@pytest.fixture
def silence(index: IndexServer) -> Iterator[Silence]:
    """Put `loud` on the index, which needs `silent`, of which nothing is heard."""
    index.add(project_wheel("loud", "1.0", requires=["silent"]), project_wheel("silent"))
    silence, before = Silence(), index.before
    index.before = silence.before
    yield silence
    silence.over.set()
    index.before = before


@pytest.fixture
def notebook(server: ServerProcess, request: pytest.FixtureRequest) -> Path:
    """Write a notebook without a lock, of this test's own name."""
    return write_notebook(server.root / f"{request.node.name[:60]}.ipynb")


def body_of(notebook: Path, requirement: str) -> dict[str, Any]:
    """Return the body of a request that adds a requirement."""
    return {"path": notebook.name, "verb": "add", "arguments": [requirement]}


def resolvers(server: ServerProcess) -> list[psutil.Process]:
    """Return the processes of uv that work for a server."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [each for each in children if each.is_running() and each.name() == "uv"]


def test_a_cancelled_resolution_ends_uv(server, notebook, silence):
    job = server.call("apply", 202, **body_of(notebook, "loud"), write=True)["job"]["id"]
    wait_until(lambda: silence.asked.is_set() and bool(resolvers(server)))
    ended = server.send("DELETE", f"pyartifacts/jobs/{job}").json
    assert ended["state"] == "cancelled"
    # Although the index says nothing yet.
    wait_until(lambda: not resolvers(server))
    assert not silence.over.is_set()
    assert lock_on_disk(notebook) is None


def test_a_plan_that_nobody_waits_for_ends_uv(server, notebook, silence):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=90)
    connection.request(
        "POST",
        "/pyartifacts/plan",
        json.dumps(body_of(notebook, "loud")),
        {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
    )
    wait_until(lambda: silence.asked.is_set() and bool(resolvers(server)))
    connection.close()
    wait_until(lambda: not resolvers(server))
    assert not silence.over.is_set()


def test_a_plan_while_a_job_works(server, notebook, silence):
    job = server.call("apply", 202, **body_of(notebook, "loud"), write=True)["job"]["id"]
    wait_until(silence.asked.is_set)
    plan = server.call("plan", **body_of(notebook, "demo==1.0"))
    assert {"name": "demo", "before": None, "after": "1.0", "direct": True} in plan["changes"]
    assert server.call("apply", 409, **body_of(notebook, "demo"))["error"]["code"] == "busy"
    silence.over.set()
    done = server.wait_for(job)
    assert done["state"] == "done", done
    assert lock_on_disk(notebook)["requirements"] == ["loud"]


def test_a_server_that_ends_while_a_job_works_leaves_nothing_half_done(index, silence, tmp_path):
    (tmp_path / "root").mkdir()
    notebook = write_notebook(tmp_path / "root" / "n.ipynb")
    environ = user_environ(tmp_path / "home", PYARTIFACTS_INDEX_URL=index.url)
    server = ServerProcess(tmp_path / "root", environ)
    try:
        server.call("apply", 202, **body_of(notebook, "loud"), write=True)
        wait_until(silence.asked.is_set)
        children = psutil.Process(server.process.pid).children(recursive=True)
        assert "uv" in [each.name() for each in children]
    finally:
        server.close()
    # Nobody waited for the index, and what worked for the server ends as well.
    assert not silence.over.is_set()
    wait_until(lambda: not any(_runs(each) for each in children))
    assert lock_on_disk(notebook) is None
    silence.over.set()
    server = ServerProcess(tmp_path / "root", environ)
    try:
        done = server.finished("apply", **body_of(notebook, "loud"), write=True)
        assert done["state"] == "done", done
        assert lock_on_disk(notebook) == done["result"]["lock"]
    finally:
        server.close()


def _runs(process: psutil.Process) -> bool:
    """Tell whether a process is there, and not merely unburied."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
