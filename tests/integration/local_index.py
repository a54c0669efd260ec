"""A package index of synthetic wheels on 127.0.0.1, honest or lying as a test wants it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["LocalIndex", "build_wheel"]


def build_wheel(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    tag: str = "py3-none-any",
    members: Mapping[str, bytes] | None = None,
    metadata_name: str | None = None,
    record: Mapping[str, str] | None = None,
) -> tuple[str, bytes]:
    """Return file name and bytes of a wheel with one module of its name.

    `members` are further files, `metadata_name` is a name to lie about in METADATA, `record`
    overrides hashes in RECORD.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {metadata_name or name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in requires]
    files = {
        f"{name.replace('-', '_')}.py": f"__version__ = {version!r}\n".encode(),
        **(members or {}),
        f"{info}/METADATA": ("\n".join(lines) + "\n").encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    rows = []
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={(record or {}).get(path, digest)},{len(data)}")
    rows.append(f"{info}/RECORD,,")
    files[f"{info}/RECORD"] = ("\n".join(rows) + "\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), data)
    return f"{stem}-{tag}.whl", buffer.getvalue()


@dataclass
class LocalIndex:
    """What the index has; `served` are the paths that were asked for, in order.

    `login` (`user:password`) is demanded of everybody, where it is given. Without `ranges` only
    whole files are sent.
    """

    files: dict[str, dict[str, tuple[bytes, dict[str, Any]]]] = field(default_factory=dict)
    served: list[str] = field(default_factory=list)
    base: str = ""
    login: str | None = None
    ranges: bool = True

    @property
    def url(self) -> str:
        """Return the URL of the index."""
        return f"{self.base}/simple"

    def add(
        self, name: str, version: str, *, lies: Mapping[str, Any] | None = None, **how: Any
    ) -> str:
        """Put a wheel in and return its file name; `lies` override its entry in the page."""
        filename, data = build_wheel(name, version, **how)
        entry: dict[str, Any] = {
            "filename": filename,
            "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
            "size": len(data),
            "upload-time": "2024-01-01T00:00:00Z",
            **(lies or {}),
        }
        self.files.setdefault(name, {})[filename] = (data, entry)
        return filename

    def lets_in(self, authorization: str | None) -> bool:
        """Tell whether a request shows the login (HTTP basic authentication)."""
        if self.login is None:
            return True
        return authorization == f"Basic {base64.b64encode(self.login.encode()).decode()}"

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Return status, content type and body for a path."""
        self.served.append(path)
        parts = path.strip("/").split("/")
        if len(parts) == 2 and parts[0] == "simple" and parts[1] in self.files:
            page = {
                "meta": {"api-version": "1.1"},
                "name": parts[1],
                "versions": sorted({file.split("-")[1] for file in self.files[parts[1]]}),
                "files": [
                    {**entry, "url": f"{self.base}/files/{parts[1]}/{file}"}
                    for file, (_, entry) in self.files[parts[1]].items()
                ],
            }
            return 200, "application/vnd.pypi.simple.v1+json", json.dumps(page).encode()
        if len(parts) == 3 and parts[0] == "files":
            found = self.files.get(parts[1], {}).get(parts[2])
            if found is not None:
                return 200, "application/octet-stream", found[0]
        return 404, "text/plain", b"not found"

    @contextmanager
    def serving(self) -> Iterator[LocalIndex]:
        """Serve while the block runs."""
        index = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                status, kind, body = index.answer(self.path.split("?")[0])
                if not index.lets_in(self.headers.get("Authorization")):
                    status, kind, body = 401, "text/plain", b"who are you?"
                wanted = self.headers.get("Range", "") if index.ranges else ""
                self.send_response(206 if wanted and status == 200 else status)
                if wanted and status == 200:
                    start, stop, size = _range(wanted, len(body))
                    self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
                    body = body[start:stop]
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Accept-Ranges", "bytes")
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """Say nothing of clients that hang up in the middle of a lie."""

        server = Server(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _range(header: str, size: int) -> tuple[int, int, int]:
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not first:
        return max(size - int(last), 0), size, size
    return int(first), min(int(last) + 1, size) if last else size, size
