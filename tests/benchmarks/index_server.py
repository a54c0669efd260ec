"""A loopback package index in a process of its own: `python -m tests.benchmarks.index_server ROOT`.

It serves a wheelhouse by the Simple API as JSON (PEP 691), metadata files (PEP 658), byte ranges
(RFC 9110, section 14) and the cache headers of a public index. It prints its URL and ends when
its standard input closes. Small and quick on purpose: it shares the machine with what is measured.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

PAGE_TYPE = "application/vnd.pypi.simple.v1+json"
_BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one path answers: bytes in memory or an open file, and how long it may be kept."""

    body: bytes = b""
    file: int = -1
    size: int
    kind: str
    etag: str
    cache: str


def load(root: Path, origin: str) -> dict[str, Entry]:
    """Return what each path answers; `origin` is what stands before the files' paths."""
    entries = {}
    opened: dict[Path, int] = {}
    for path in sorted((root / "pages").glob("*.json")):
        page = json.loads(path.read_bytes())
        places = [each["url"] for each in page["files"]]
        for each in page["files"]:
            each["url"] = origin + each["url"]
        body = json.dumps(page).encode()
        entries[f"/simple/{path.stem}/"] = Entry(
            body=body,
            size=len(body),
            kind=PAGE_TYPE,
            etag=hashlib.sha256(body).hexdigest()[:32],
            cache="max-age=600, public",
        )
        for place, each in zip(places, page["files"]):
            names = {"": each["filename"], ".metadata": each.get("_metadata", "none")}
            for suffix, name in names.items():
                file = root / "files" / name
                if file in opened or file.is_file():
                    if file not in opened:
                        opened[file] = os.open(file, os.O_RDONLY)
                    entries[place + suffix] = Entry(
                        file=opened[file],
                        size=file.stat().st_size,
                        kind=_BINARY,
                        etag=each["hashes"]["sha256"][:32] + suffix[:2],
                        cache="max-age=365000000, immutable, public",
                    )
    return entries


def serve(root: Path, log: Path | None = None) -> None:
    """Answer on a free port of 127.0.0.1, one thread a connection, until standard input closes."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    entries = load(root, origin)
    print(origin, flush=True)
    lines = log.open("w", buffering=1) if log else None

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=converse, args=(connection,), daemon=True).start()

    def converse(connection: socket.socket) -> None:
        pending = b""
        try:
            while True:
                while b"\r\n\r\n" not in pending:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    pending += piece
                head, _, pending = pending.partition(b"\r\n\r\n")
                told = answer(connection, entries, head.decode("latin-1"))
                if lines:
                    lines.write(told + "\n")
        except OSError:
            pass
        finally:
            connection.close()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


def answer(connection: socket.socket, entries: dict[str, Entry], head: str) -> str:
    """Answer one request; return the line for the log."""
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    entry = entries.get(target.partition("?")[0])
    if entry is None:
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        return f"404 {target}"
    common = (
        f'Cache-Control: {entry.cache}\r\nETag: "{entry.etag}"\r\n'
        f"Accept-Ranges: bytes\r\nContent-Type: {entry.kind}\r\n"
    )
    if headers.get("if-none-match") == f'"{entry.etag}"':
        connection.sendall(f"HTTP/1.1 304 Not Modified\r\n{common}\r\n".encode())
        return f"304 {target}"
    start, stop, status = _span(headers.get("range"), entry.size)
    if status == "206 Partial Content":
        common += f"Content-Range: bytes {start}-{stop - 1}/{entry.size}\r\n"
    reply = f"HTTP/1.1 {status}\r\n{common}Content-Length: {stop - start}\r\n\r\n".encode()
    if method == "HEAD":
        connection.sendall(reply)
    elif entry.file < 0:
        connection.sendall(reply + entry.body[start:stop])
    else:
        connection.sendall(reply, socket.MSG_MORE if stop > start else 0)
        while start < stop:
            start += os.sendfile(connection.fileno(), entry.file, start, stop - start)
    return f"{status[:3]} {method} {stop - start} {target}"


def _span(header: str | None, size: int) -> tuple[int, int, str]:
    """Read a Range header of one range; return the first byte, the one after the last, status."""
    if header is None or not header.startswith("bytes=") or "," in header:
        return 0, size, "200 OK"
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not first:
        return max(0, size - int(last)), size, "206 Partial Content"
    return int(first), min(size, int(last) + 1) if last else size, "206 Partial Content"


if __name__ == "__main__":
    serve(
        Path(sys.argv[1]),
        Path(os.environ["INDEX_LOG"]) if "INDEX_LOG" in os.environ else None,
    )
