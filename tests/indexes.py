"""A package index on 127.0.0.1 for tests: real HTTP, with the faults that a test asks for."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
import ssl
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote

from packaging.utils import canonicalize_name
from typing_extensions import Self

from jupyter_pyartifacts.model import Artifact, Digest
from tests.wheels import Wheel, build_wheel

JSON = "application/vnd.pypi.simple.v1+json"


def project_wheel(
    name: str,
    version: str = "1.0",
    requires: Iterable[str] = (),
    *,
    tag: str = "py3-none-any",
    extras: Iterable[str] = (),
    requires_python: str | None = None,
    metadata: str | None = None,
    metadata_name: str | None = None,
    members: Mapping[str, bytes] | None = None,
    record: Mapping[str, str] | None = None,
) -> Wheel:
    """Build a wheel with one module of its name and these requirements in its METADATA.

    `members` are further files; `metadata_name` is a name to lie about, `record` maps paths to
    hashes that RECORD lies about.
    """
    lines = ["Metadata-Version: 2.1", f"Name: {metadata_name or name}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {text}" for text in requires]
    text = "\n".join([*lines, "", "A wheel for tests.", ""]) if metadata is None else metadata
    module = {f"{name.replace('-', '_')}.py": f"__version__ = {version!r}\n"}

    def lie(honest: str) -> str:
        for path, value in (record or {}).items():
            honest = re.sub(rf'("{re.escape(path)}",sha256=)[^,]*', rf"\g<1>{value}", honest)
        return honest

    return build_wheel(
        name,
        version,
        {**module, **(members or {})},
        metadata=text,
        wheel=f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        tag=tag,
        record=lie,
    )


@dataclass
class Served:
    """One file, and what the pages say of it."""

    filename: str
    data: bytes
    path: str
    entry: dict[str, object]
    metadata: bytes | None = None


@dataclass
class IndexServer:
    """Serve projects; every attribute may be changed while it runs.

    `cut` maps a path's last part to the number of bytes after which its connection is dropped,
    once each; `held` to an event that is waited for in the middle; `busy` to how many times 503
    is answered first. `requests` lists what was asked; `before` is called with each path, and may
    take its time. `auth` is demanded of everybody.
    """

    ranges: bool = True
    html: bool = False
    etags: bool = True
    root_layout: bool = True
    auth: tuple[str, str] | None = None
    certificate: Path | None = None
    before: Callable[[str], None] = lambda path: None
    broken_pages: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    held: dict[str, threading.Event] = field(default_factory=dict)
    busy: Counter[str] = field(default_factory=Counter)
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    peers: set[tuple[str, int]] = field(default_factory=set)
    files: dict[str, Served] = field(default_factory=dict)
    projects: dict[str, list[Served]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"index": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop serving: connections are refused from now on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def origin(self) -> str:
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/simple"

    def add(
        self,
        *wheels: Wheel,
        metadata: bool = False,
        sha256: bool = True,
        size: bool = True,
        listed: bool = True,
        lies: Mapping[str, object] | None = None,
        **entry: object,
    ) -> Artifact:
        """Put wheels on the index; return the last one's artifact as a lock would have it.

        `lies` override what the page says of them.
        """
        for wheel in wheels:
            artifact = self.add_file(
                wheel.filename,
                wheel.data,
                name=wheel.name,
                sha256=sha256,
                size=size,
                listed=listed,
                **entry,
            )
            if listed:
                self.projects[canonicalize_name(wheel.name)][-1].entry.update(lies or {})
            if metadata:
                served = self.projects[canonicalize_name(wheel.name)][-1]
                served.metadata = _metadata_of(wheel)
                served.entry["core-metadata"] = True
        return artifact

    def add_file(
        self,
        filename: str,
        data: bytes,
        *,
        name: str,
        sha256: bool = True,
        size: bool = True,
        listed: bool = True,
        **entry: object,
    ) -> Artifact:
        """Put any file on the index, under its project's name."""
        digest = hashlib.sha256(data).hexdigest()
        hint = f"{digest[:2]}/{digest[2:4]}/{digest[4:]}"
        path = f"/packages/{hint}/{filename}" if self.root_layout else f"/simple/files/{filename}"
        stated: dict[str, object] = {
            "filename": filename,
            "hashes": {"sha256": digest} if sha256 else {},
            "upload-time": "2024-01-01T00:00:00Z",
            **{key.replace("_", "-"): value for key, value in entry.items()},
        }
        if size:
            stated["size"] = len(data)
        served = Served(filename, data, path, stated)
        self.files[path] = served
        if listed:
            self.projects.setdefault(canonicalize_name(name), []).append(served)
        location = hint if self.root_layout else f"./files/{filename}"
        return Artifact(filename=filename, digest=Digest(digest), size=len(data), location=location)

    def forget(self, name: str) -> None:
        """Take away all files of a project, but not its page."""
        for served in self.projects[name]:
            self.files.pop(served.path, None)
        self.projects[name] = []

    def page(self, name: str) -> tuple[str, bytes] | None:
        """Return content type and body of a project's page."""
        if name in self.broken_pages:
            return JSON, self.broken_pages[name]
        if name not in self.projects:
            return None
        served = self.projects[name]
        if self.html:
            return "text/html", "\n".join(["<html>", *map(self._anchor, served)]).encode()
        entries = [{"url": self._address(own), **own.entry} for own in served]
        document = {"meta": {"api-version": "1.1"}, "name": name, "files": entries}
        return JSON, json.dumps(document).encode()

    def _address(self, own: Served) -> str:
        return f"{self.origin}{own.path}"

    def _anchor(self, own: Served) -> str:
        hashes = own.entry["hashes"]
        assert isinstance(hashes, dict)
        fragment = f"#sha256={hashes['sha256']}" if hashes else ""
        attributes = ""
        if own.entry.get("requires-python"):
            value = html.escape(str(own.entry["requires-python"]))
            attributes += f' data-requires-python="{value}"'
        if own.entry.get("yanked"):
            attributes += f' data-yanked="{html.escape(str(own.entry["yanked"]))}"'
        return f'<a href="../../{own.path.lstrip("/")}{fragment}"{attributes}>{own.filename}</a>'

    def asked(self, part: str) -> list[str]:
        """Return the requests whose path holds `part`."""
        return [request for request in self.requests if part in request]


def _metadata_of(wheel: Wheel) -> bytes:
    with zipfile.ZipFile(io.BytesIO(wheel.data)) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return archive.read(name)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a connection that the other side gave up."""


class _Handler(BaseHTTPRequestHandler):
    index: IndexServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        index, path = self.index, unquote(self.path)
        span = self.headers.get("Range")
        index.requests.append(f"{self.command} {path}{' ' + span if span else ''}")
        index.headers.append(dict(self.headers))
        index.peers.add(self.client_address)
        index.before(path)
        if index.auth is not None:
            wanted = base64.b64encode(":".join(index.auth).encode()).decode()
            if self.headers.get("Authorization") != f"Basic {wanted}":
                return self._answer(401, b"", {"WWW-Authenticate": "Basic"})
        last = path.rstrip("/").rsplit("/", 1)[-1]
        if index.busy[last] > 0:
            index.busy[last] -= 1
            return self._answer(503, b"", {"Retry-After": "0"})
        if path in index.redirects:
            return self._answer(302, b"", {"Location": index.redirects[path]})
        if path.startswith("/simple/") and path.endswith("/"):
            return self._page(last)
        if path.endswith(".metadata") and path[: -len(".metadata")] in index.files:
            metadata = index.files[path[: -len(".metadata")]].metadata
            return self._answer(404, b"") if metadata is None else self._answer(200, metadata)
        if path in index.files:
            return self._file(index.files[path], span)
        return self._answer(404, b"")

    do_HEAD = do_GET

    def _page(self, name: str) -> None:
        page = self.index.page(name)
        if page is None:
            return self._answer(404, b"")
        kind, body = page
        mark = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.index.etags and self.headers.get("If-None-Match") == mark:
            return self._answer(304, b"")
        return self._answer(
            200, body, {"Content-Type": kind, **({"ETag": mark} if self.index.etags else {})}
        )

    def _file(self, own: Served, span: str | None) -> None:
        data = own.data
        if span and self.index.ranges:
            first, _, last = span.removeprefix("bytes=").partition("-")
            start, stop = int(first), int(last) + 1 if last else len(data)
            if start >= len(data):
                return self._answer(416, b"")
            stop = min(stop, len(data))
            headers = {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"}
            return self._answer(206, data[start:stop], headers, cut=own.filename)
        return self._answer(200, data, cut=own.filename)

    def _answer(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        cut: str | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if cut is not None and cut in self.index.cut:
            self.wfile.write(body[: self.index.cut.pop(cut)])
            self.close_connection = True
            return
        if cut is not None and cut in self.index.held:
            half = len(body) // 2
            self.wfile.write(body[:half])
            self.wfile.flush()
            self.index.held[cut].wait()
            body = body[half:]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass
