"""The loopback index over HTTP/1.1: as much of it as uv speaks, a thread a connection.

Small and quick: `http.server` takes longer to import than uv takes to ask.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from .loopback import Loopback

__all__ = ["serve"]

_TIMEOUT = 120.0
_MAX_HEAD = 1 << 16
_REASONS = {200: "OK", 304: "Not Modified", 400: "Bad Request", 404: "Not Found"}


@contextlib.contextmanager
def serve(loopback: Loopback) -> Iterator[None]:
    """Answer requests in threads of their own until the block ends; closes the socket."""
    server = _Server(loopback)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join()


class _Server:
    def __init__(self, loopback: Loopback) -> None:
        self._loopback = loopback
        self._socket = loopback.socket
        self._socket.listen(128)
        self._stopped = False
        self._open: dict[socket.socket, threading.Thread] = {}

    def run(self) -> None:
        """Take connections until it is stopped."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                if self._stopped:
                    return
                # Too many files open, as a rule: some will be closed.
                time.sleep(0.05)
                continue
            if self._stopped:
                connection.close()
                return
            thread = threading.Thread(target=self._converse, args=(connection,), daemon=True)
            self._open[connection] = thread
            thread.start()

    def stop(self) -> None:
        """End `run`, and close the socket."""
        self._stopped = True
        with contextlib.suppress(OSError):
            # Wakes a thread that waits for connections, on every system.
            socket.create_connection(self._socket.getsockname(), 5).close()
        self._socket.close()
        for connection, thread in list(self._open.items()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            # One that is busy ends with its answer; nobody waits for what nobody wants.
            thread.join(0.2)

    def _converse(self, connection: socket.socket) -> None:
        pending = b""
        with contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            stack.callback(self._open.pop, connection, None)
            # A connection that uv gave up is nobody's business.
            stack.enter_context(contextlib.suppress(OSError))
            connection.settimeout(_TIMEOUT)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                while (end := pending.find(b"\r\n\r\n")) < 0:
                    piece = connection.recv(_MAX_HEAD)
                    if not piece or len(pending) > _MAX_HEAD:
                        return
                    pending += piece
                head, pending = pending[:end], pending[end + 4 :]
                answer, goes_on = self._answer(head.decode("latin-1"))
                connection.sendall(answer)
                if not goes_on:
                    return

    def _answer(self, head: str) -> tuple[bytes, bool]:
        """Return the whole answer to a request, and whether the connection goes on."""
        first, *lines = head.split("\r\n")
        words = first.split(" ")
        headers = {
            name.strip().lower(): v.strip() for name, _, v in (x.partition(":") for x in lines)
        }
        plain = (
            len(words) == 3
            and words[0] in ("GET", "HEAD")
            and words[2] == "HTTP/1.1"
            and headers.get("content-length", "0") == "0"
            and "transfer-encoding" not in headers
        )
        if not plain:
            # Whatever follows could be a body, so nothing more is read.
            return (
                b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                False,
            )
        path = words[1].split("?", 1)[0].split("#", 1)[0]
        status, sent, body = self._loopback.answer(path, headers.get("if-none-match"))
        text = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Bad Gateway')}"]
        text += [f"{name}: {value}" for name, value in sent.items()]
        if status != 304:
            text.append(f"Content-Length: {len(body)}")
        answer = "\r\n".join([*text, "", ""]).encode("latin-1")
        goes_on = headers.get("connection", "").lower() != "close"
        return answer + (body if words[0] == "GET" else b""), goes_on
