"""A loopback index that passes the real one on, with files as slowly as a test wants them."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.index.settings import default_index

PAGE = "application/vnd.pypi.simple.v1+json"
CHUNK = 1 << 16
TRIES = 4


@dataclass
class SlowIndex:
    """The index; `rate` is in bytes a second for each file, None for as fast as it comes.

    While it is `broken`, no file is there any more, and what is on its way stops.
    """

    url: str
    rate: float | None = None
    broken: bool = False


def fetch(address: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
    """Return status, headers and body; a server that hangs up is asked again."""
    for left in reversed(range(TRIES)):
        request = urllib.request.Request(address, headers=dict(headers))
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError:
            raise
        except (OSError, HTTPException):
            if not left:
                raise
            time.sleep(0.2)
    raise AssertionError("unreachable")


@contextmanager
def slow_index(cache: Path) -> Iterator[SlowIndex]:
    """Serve the default index on 127.0.0.1 while the block runs."""
    upstream = default_index(Config.from_environ(dict(os.environ)), cache=cache)
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            try:
                if self.path.startswith("/simple/"):
                    self._page()
                else:
                    self._file()
            except urllib.error.HTTPError as error:
                error.close()
                self._send(error.code, "text/plain", b"not there")

        def _page(self) -> None:
            address = f"{upstream}/{self.path.removeprefix('/simple/')}"
            _, _, body = fetch(address, {"Accept": PAGE})
            page = json.loads(body)
            for each in page["files"]:
                real = urljoin(address, each["url"]).encode()
                each["url"] = f"/files/{real.hex()}/{each['filename']}"
            self._send(200, PAGE, json.dumps(page).encode())

        def _file(self) -> None:
            if index.broken:
                self._send(404, "text/plain", b"not there")
                return
            _, _, code, filename = self.path.split("/")
            address = bytes.fromhex(code).decode()
            if filename.endswith(".metadata"):
                address += ".metadata"
            wanted = {"Range": value} if (value := self.headers.get("Range")) else {}
            status, found, body = fetch(address, wanted)
            headers = {
                name: found[name] for name in ("Content-Range", "Accept-Ranges") if found.get(name)
            }
            self._send(status, "application/octet-stream", body, headers)

        def _send(
            self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            for start in range(0, len(body) if self.command == "GET" else 0, CHUNK):
                if index.broken and kind != PAGE:
                    self.close_connection = True
                    return
                self.wfile.write(body[start : start + CHUNK])
                if index.rate is not None and kind != PAGE and not stop.is_set():
                    time.sleep(CHUNK / index.rate)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that hang up when they are cancelled."""

    server = Server(("127.0.0.1", 0), Handler)
    index = SlowIndex(f"http://127.0.0.1:{server.server_port}/simple")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
