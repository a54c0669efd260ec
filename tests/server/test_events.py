"""The event stream of a real server: what is told, and what never is."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from jupyter_pyartifacts.server.events import SCHEMA, SCHEMA_ID
from tests.indexes import IndexServer, project_wheel
from tests.servers import TOKEN, ServerProcess, wait_until

from .conftest import user_environ, write_notebook

PASSWORD = "hunter2-of-the-index"
SOURCE = "what-the-cell-says"


class Listener:
    """Everything that a server tells those who listen to its events, as a frontend gets it."""

    def __init__(self, server: ServerProcess) -> None:
        self._url = f"{server.url.replace('http', 'ws', 1)}api/events/subscribe?token={TOKEN}"
        self.texts: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(60)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._loop.close()

    async def _listen(self) -> None:
        self._socket: WebSocketClientConnection = await websocket_connect(self._url)
        self._ready.set()
        while (text := await self._socket.read_message()) is not None:
            self.texts.append(str(text))

    @property
    def ours(self) -> list[dict[str, Any]]:
        """Return our events."""
        events = [json.loads(text) for text in list(self.texts)]
        return [event for event in events if event["schema_id"] == SCHEMA_ID]

    def of(self, job: str) -> list[dict[str, Any]]:
        """Return the events of a job, the last one included."""
        wait_until(
            lambda: any(event["job"] == job and event["state"] != "running" for event in self.ours)
        )
        return [event for event in self.ours if event["job"] == job]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._socket.close)
        self._thread.join(60)


@pytest.fixture
def locked_index() -> Iterator[IndexServer]:
    """Serve a small world to those who know the password."""
    with IndexServer(auth=("me", PASSWORD)) as index:
        index.add(project_wheel("ipykernel", "6.29.5"), project_wheel("ipywidgets", "8.1.5"))
        index.add(project_wheel("demo", "1.0"))
        yield index


def test_the_id_is_what_frontends_look_for():
    document = json.loads(SCHEMA.read_text())
    assert SCHEMA_ID.endswith("/progress")
    assert (document["$id"], document["version"]) == (SCHEMA_ID, "1")


def test_what_is_told_and_what_never_is(locked_index, tmp_path):
    (tmp_path / "root").mkdir()
    write_notebook(tmp_path / "root" / "n.ipynb", SOURCE)
    url = locked_index.url.replace("://", f"://me:{PASSWORD}@")
    server = ServerProcess(
        tmp_path / "root", user_environ(tmp_path / "home", PYARTIFACTS_INDEX_URL=url)
    )
    listener = Listener(server)
    try:
        body: dict[str, Any] = {"path": "n.ipynb", "verb": "add", "write": True}
        done = server.finished("apply", **body, arguments=["demo"])
        assert done["state"] == "done", done
        events = listener.of(done["id"])
        assert [event["state"] for event in events].count("done") == 1
        assert events[-1]["state"] == "done"
        assert {event["notebook"] for event in events} == {"n.ipynb"}
        assert {event["verb"] for event in events} == {"add"}
        failed = server.finished("apply", **body, arguments=["no-such-demo"])
        assert failed["state"] == "failed"
        last = listener.of(failed["id"])[-1]
        assert last["state"] == "failed"
        assert last["message"] == failed["error"]["message"]
        assert last["hint"] == failed["error"]["hint"]
        # The index lets nobody in any more.
        locked_index.auth = ("me", "another")
        refused = server.finished("apply", **body, arguments=["late"])
        assert refused["state"] == "failed"
        listener.of(refused["id"])
        # Nor is there one.
        options = {"indexes": [f"gone=http://me:{PASSWORD}@127.0.0.1:9/simple?token={PASSWORD}"]}
        gone = server.finished("apply", **body, arguments=["late"], options=options)
        assert gone["state"] == "failed"
        listener.of(gone["id"])
        session = server.open("n.ipynb")
        wait_until(
            lambda: any(
                event["kernel_id"] == session["kernel"]["id"] and event["state"] != "running"
                for event in listener.ours
            )
        )
        schema = json.loads(SCHEMA.read_text())
        for event in listener.ours:
            own = {
                key: value
                for key, value in event.items()
                if not key.startswith("__") and key != "schema_id"
            }
            jsonschema.validate(own, schema)
        told = "\n".join(listener.texts) + json.dumps([done, failed, refused, gone])
        lock = done["result"]["lock"]
        encoded = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
        for secret in (TOKEN, PASSWORD, encoded):
            assert secret not in told
            assert secret not in server.log.read_text()
        stream = "\n".join(json.dumps(event) for event in listener.ours)
        for content in (SOURCE, lock["artifacts"][0].split()[1], "lock_version"):
            assert content not in stream
    finally:
        listener.close()
        server.close()


def test_something_is_told_while_nothing_comes(server, index):
    wheel = project_wheel("stuck", "1.0")
    index.add(wheel, metadata=True)
    index.held[wheel.filename] = go = threading.Event()
    write_notebook(server.root / "stuck.ipynb")
    listener = Listener(server)
    try:
        job = server.call("apply", 202, path="stuck.ipynb", verb="add", arguments=["stuck"])["job"]

        def waiting() -> set[float]:
            return {
                event["elapsed"]
                for event in listener.ours
                if event["job"] == job["id"]
                and event["distributions_total"] is not None
                and event["distributions_done"] == event["distributions_total"] - 1
            }

        wait_until(lambda: len(waiting()) >= 3)
        go.set()
        events = listener.of(job["id"])
        assert events[-1]["state"] == "done"
        assert events[-1]["distributions_total"] is not None
    finally:
        go.set()
        index.held.clear()
        listener.close()
