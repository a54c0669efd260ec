"""A notebook that is edited together: its lock goes through the shared model, never the file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import (
    Map,
    YMessageType,
    create_sync_message,
    create_update_message,
    handle_sync_message,
)
from tornado.websocket import websocket_connect

from tests.servers import TOKEN, ServerProcess, read_notebook, wait_until

from .conftest import write_notebook
from .running import connect

pytestmark = [pytest.mark.kernel, pytest.mark.network]


class Editor:
    """Somebody who has a notebook open, as Lab with collaboration has, but knows no locks."""

    def __init__(self, server: ServerProcess, path: str) -> None:
        session = server.send(
            "PUT", f"api/collaboration/session/{path}", {"format": "json", "type": "notebook"}
        ).json
        room = f"json:notebook:{session['fileId']}"
        address = server.url.replace("http", "ws", 1)
        self._url = (
            f"{address}api/collaboration/room/{room}?sessionId={session['sessionId']}&token={TOKEN}"
        )
        self.notebook = YNotebook()
        self.meta = self.notebook.ydoc.get("meta", type=Map)
        self._loop = asyncio.new_event_loop()
        self._ready: Future[None] = Future()
        threading.Thread(target=self._run, daemon=True).start()
        self._ready.result(60)

    def _run(self) -> None:
        self._loop.run_until_complete(self._edit())

    async def _edit(self) -> None:
        self._socket = await websocket_connect(self._url)
        await self._socket.write_message(create_sync_message(self.notebook.ydoc), binary=True)
        while (message := await self._socket.read_message()) is not None:
            assert isinstance(message, bytes)
            if message[0] == YMessageType.SYNC:
                reply = handle_sync_message(message[1:], self.notebook.ydoc)
                if reply is not None:
                    await self._socket.write_message(reply, binary=True)
                if self.notebook.ycells and not self._ready.done():
                    self._ready.set_result(None)

    def metadata(self) -> dict[str, Any]:
        """Return the notebook's metadata as this editor sees it."""

        async def read() -> dict[str, Any]:
            found: dict[str, Any] = self.meta["metadata"].to_py()
            return found

        return asyncio.run_coroutine_threadsafe(read(), self._loop).result(60)

    def type(self, text: str) -> None:
        """Type into the first cell, which has the server save it in a moment."""

        async def write() -> None:
            before = self.notebook.ydoc.get_state()
            source = self.notebook.ycells[0]["source"]
            source += text
            update = self.notebook.ydoc.get_update(before)
            await self._socket.write_message(create_update_message(update), binary=True)

        asyncio.run_coroutine_threadsafe(write(), self._loop).result(60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._socket.close)


@pytest.fixture
def together(environ: dict[str, str], tmp_path: Path) -> Iterator[ServerProcess]:
    """Run a server with collaboration."""
    (tmp_path / "root").mkdir()
    running = ServerProcess(
        tmp_path / "root", environ, extensions=("jupyter_pyartifacts", "jupyter_server_ydoc")
    )
    yield running
    running.close()
    print(running.log.read_text()[-20_000:])


@pytest.fixture
def path(together: ServerProcess) -> Path:
    """Write the notebook that the test is about."""
    return write_notebook(together.root / "n.ipynb", "1")


@pytest.fixture
def editor(together: ServerProcess, path: Path) -> Iterator[Editor]:
    """Open the notebook."""
    editor = Editor(together, path.name)
    yield editor
    editor.close()


def test_a_kernels_lock_reaches_everybody_who_has_it_open(together, path, editor):
    kernel = connect(together, together.open("n.ipynb"))
    assert kernel.run("%pyartifacts add six==1.16.0").ok
    editor.type(" + 1")
    wait_until(lambda: "pyartifacts" in editor.metadata())
    wait_until(lambda: "pyartifacts" in read_notebook(path)["metadata"])
    assert read_notebook(path)["metadata"]["pyartifacts"] == editor.metadata()["pyartifacts"]
    assert read_notebook(path)["cells"][0]["source"] == ["1 + 1"]
    # Whoever types on has no conflict with the file, and loses nothing.
    editor.type(" + 1")
    wait_until(lambda: read_notebook(path)["cells"][0]["source"] == ["1 + 1 + 1"])
    assert read_notebook(path)["metadata"]["pyartifacts"]["requirements"] == ["six==1.16.0"]
    assert "Out-of-band changes" not in together.log.read_text()


def test_a_change_that_the_server_writes(together, path, editor):
    body = {"path": "n.ipynb", "verb": "add", "arguments": ["six==1.16.0"], "write": True}
    job = together.finished("apply", **body)
    assert job["state"] == "done", job
    wait_until(lambda: "pyartifacts" in editor.metadata())
    assert editor.metadata()["pyartifacts"] == job["result"]["lock"]
    wait_until(lambda: "pyartifacts" in read_notebook(path)["metadata"])
    # The shared model is what counts, whatever lock the request began with.
    stale = together.finished("apply", **body, lock=None)
    assert stale["error"]["message"] == "the notebook got another lock meanwhile"
    undone = together.finished("undo", path="n.ipynb", write=True)
    assert undone["state"] == "done"
    wait_until(lambda: "pyartifacts" not in editor.metadata())
    assert "Out-of-band changes" not in together.log.read_text()


def test_the_lock_of_a_kernel_that_ends_while_somebody_has_it_open(together, path, editor):
    session = together.open("n.ipynb")
    kernel = connect(together, session)
    assert kernel.run("%pyartifacts add six==1.16.0").ok
    together.request("DELETE", f"sessions/{session['id']}")
    wait_until(lambda: "pyartifacts" in editor.metadata())
    wait_until(lambda: "pyartifacts" in read_notebook(path)["metadata"])
