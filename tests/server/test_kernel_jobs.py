"""The preparation of a kernel as a job of a real server: progress, cancelling, trying again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.indexes import IndexServer, project_wheel
from tests.servers import ServerProcess, wait_until

from .conftest import user_environ, write_notebook

pytestmark = pytest.mark.kernel


@pytest.fixture
def held(index: IndexServer) -> Iterator[threading.Event]:
    """Put a wheel on the index that stops in the middle until the event is set."""
    wheel = project_wheel("heavy", "1.0")
    index.add(wheel, metadata=True)
    index.held[wheel.filename] = go = threading.Event()
    yield go
    go.set()
    index.held.clear()


def jobs_of(server: ServerProcess, path: str) -> list[dict[str, Any]]:
    """Return the jobs of a notebook's kernels."""
    return [job for job in server.call("state", path=path)["jobs"] if job["verb"] == "kernel"]


def lock_elsewhere(index: IndexServer, directory: Path) -> Any:
    """Lock the wheel on a machine of its own; return the lock."""
    (directory / "root").mkdir(parents=True)
    server = ServerProcess(
        directory / "root", user_environ(directory / "home", PYARTIFACTS_INDEX_URL=index.url)
    )
    try:
        write_notebook(server.root / "n.ipynb")
        job = server.finished("apply", path="n.ipynb", verb="add", arguments=["heavy"])
        return job["result"]["lock"]
    finally:
        server.close()


def test_it_is_cancelled_told_of_and_tried_again(server, index, held, tmp_path):
    held.set()
    lock = lock_elsewhere(index, tmp_path)
    held.clear()
    write_notebook(server.root / "n.ipynb", lock=lock)
    seen = server.call("state", path="n.ipynb")
    server.call("trust", path="n.ipynb", digest=seen["digest"])
    session = server.open("n.ipynb")
    wait_until(lambda: bool(jobs_of(server, "n.ipynb")))
    wait_until(lambda: jobs_of(server, "n.ipynb")[0]["progress"] is not None)
    (job,) = jobs_of(server, "n.ipynb")
    assert (job["state"], job["kernel_id"]) == ("running", session["kernel"]["id"])
    # A kernel waits for nobody, and nobody waits for a kernel.
    checked = server.finished("apply", path="n.ipynb", verb="lock", lock=None)
    assert checked["state"] == "done", checked
    assert server.send("DELETE", f"pyartifacts/jobs/{job['id']}").status == 200
    held.set()
    ended = server.wait_for(job["id"])
    assert (ended["state"], ended["error"]["code"]) == ("cancelled", "cancelled")
    assert ended["error"]["hint"] == "restart the kernel to try again; what was fetched is kept"
    running = server.call("state", path="n.ipynb")["running"]
    assert running["fallback"]["code"] == "cancelled"
    assert running["restart"] == "required"
    server.restart(session)
    wait_until(lambda: jobs_of(server, "n.ipynb")[-1]["state"] == "done")
    running = server.call("state", path="n.ipynb")["running"]
    assert (running["fallback"], running["restart"]) == (None, None)
