"""The preparation of a kernel as a job of a real server: progress, cancelling, trying again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.indexes import IndexServer, project_wheel
from tests.integration.kernels.running import connect
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
    # Not a byte comes any more, and still it ends.
    ended = server.wait_for(job["id"])
    assert (ended["state"], ended["error"]["code"]) == ("cancelled", "cancelled")
    assert ended["error"]["hint"] == "restart the kernel to try again; what was fetched is kept"
    running = server.call("state", path="n.ipynb")["running"]
    assert running["fallback"]["code"] == "cancelled"
    assert running["restart"] == "required"
    # A kernel that is only just starting cannot be restarted.
    kernel = connect(server, session)
    assert kernel.run("1").reply["ename"] == "Cancelled"
    held.set()
    server.restart(session)
    wait_until(lambda: jobs_of(server, "n.ipynb")[-1]["state"] == "done")
    running = server.call("state", path="n.ipynb")["running"]
    assert (running["fallback"], running["restart"]) == (None, None)


def test_kernels_are_told_of_the_settings(index, tmp_path):
    (tmp_path / "root").mkdir()
    server = ServerProcess(
        tmp_path / "root",
        user_environ(tmp_path / "home", PYARTIFACTS_TRUST="ask"),
        config={
            "PyArtifacts": {
                **{"stores": [str(tmp_path / "own")], "trust": "index", "offline": False},
                **{"index_url": index.url, "allowed_indexes": ["https://a.example/simple"]},
            }
        },
    )
    try:
        write_notebook(server.root / "n.ipynb")
        session = server.open("n.ipynb")
        kernel = connect(server, session)
        told = kernel.value(
            "{k: v for k, v in __import__('os').environ.items() if k.startswith('PYARTIFACTS')}"
        )
        del told["PYARTIFACTS_BYTE_CODE"]
        assert told == {
            "PYARTIFACTS_STORE": str(tmp_path / "own"),
            "PYARTIFACTS_TRUST": "index",
            "PYARTIFACTS_OFFLINE": "0",
            "PYARTIFACTS_INDEX_URL": index.url,
            "PYARTIFACTS_ALLOWED_INDEXES": "https://a.example/simple",
            "PYARTIFACTS_STOCK_SESSION": str(
                server.runtime / "pyartifacts" / f"{session['kernel']['id']}.json"
            ),
        }
        assert kernel.run("%pyartifacts add demo==1.0").ok
        assert (tmp_path / "own" / "artifacts").is_dir()
        undelivered = server.call("state", path="n.ipynb")["running"]["undelivered"]
        assert undelivered["requirements"] == ["demo==1.0"]
    finally:
        server.close()
