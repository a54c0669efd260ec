"""The loopback index: what uv sees of the world, on 127.0.0.1 behind a secret path."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from ..errors import PyArtifactsError
from ..index.failures import ProjectNotFound
from ..index.simple import ProjectFile, parse_version, version_text
from ..store.storage import write_file
from .catalog import Catalog
from .offer import Offer, encode_source, render_offer, source_path

__all__ = ["Loopback", "Slot", "open_slot", "version_of"]

_SLOTS = 4
_AHEAD = 8
_GRACE = 0.5


class Slot(Protocol):
    """A bound socket and the secret that belongs to it."""

    socket: socket.socket
    secret: str


class _Slot:
    def __init__(self, bound: socket.socket, secret: str) -> None:
        self.socket = bound
        self.secret = secret


def open_slot(path: Path) -> Slot:
    """Bind one of the ports that this store used before, else a new one; remember it.

    uv caches by URL, so the same port and secret make its cache worth having. Several processes
    at once take one slot each. The file is private to its user: who knows the secret can make
    this index fetch.
    """
    slots: list[dict[str, object]] = []
    with contextlib.suppress(OSError, ValueError):
        document = json.loads(path.read_text(encoding="utf-8"))
        slots = [slot for slot in document if isinstance(slot, dict)]
    for slot in slots[:_SLOTS]:
        port, secret = slot.get("port"), slot.get("secret")
        if isinstance(port, int) and 1024 <= port < 65536 and isinstance(secret, str) and secret:
            with contextlib.suppress(OSError):
                return _Slot(_bind(port), secret)
    bound, secret = _bind(0), secrets.token_urlsafe(18)
    if len(slots) < _SLOTS:
        slots.append({"port": bound.getsockname()[1], "secret": secret})
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, json.dumps(slots).encode(), mode=0o600)
    return _Slot(bound, secret)


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name != "nt":
            # There is nothing to confuse with what an earlier process left in TIME_WAIT.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        # Until it listens, another process may bind the same port.
        bound.listen(128)
    except OSError:
        bound.close()
        raise
    return bound


class _Expected:
    """A page on its way."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.found: tuple[str, Offer] | None = None
        self.error: BaseException | None = None


class Loopback:
    """Answer what uv asks of one catalog; `serving.serve` lets it ask over HTTP.

    `base` is the URL of the index; `failures` maps a project's name to what went wrong while
    something of it was asked for, which says more than uv can. `on_expected` gets what came of
    `expect`, in a thread of its own.
    """

    def __init__(
        self,
        catalog: Catalog,
        slot: Slot,
        *,
        on_request: Callable[[str], None] = lambda _: None,
        on_expected: Callable[[Offer], None] = lambda _: None,
    ) -> None:
        self.catalog = catalog
        self._slot = slot
        self._on_request = on_request
        self._on_expected = on_expected
        self.failures: dict[str, PyArtifactsError] = {}
        self._expected: dict[str, _Expected] = {}
        self._ahead: list[threading.Thread] = []
        self._root = f"/{slot.secret}/{catalog.key}"
        port = slot.socket.getsockname()[1]
        self.origin = f"http://127.0.0.1:{port}{self._root}"
        self.base = f"{self.origin}/simple"

    @property
    def socket(self) -> socket.socket:
        """Return the socket that listens for it."""
        return self._slot.socket

    def expect(self, names: Iterable[str]) -> None:
        """Get the pages of projects that uv is sure to ask for, while it still gets ready.

        Of a project whose newest version is one wheel for all platforms its metadata as well.
        """
        for name in tuple(names)[:_AHEAD]:
            if name not in self._expected:
                self._expected[name] = page = _Expected()
                thread = threading.Thread(target=self._get_ready, args=(name, page), daemon=True)
                self._ahead.append(thread)
                thread.start()

    def close(self) -> None:
        """Close the socket. What is still on its way is nobody's wish any more."""
        self.socket.close()
        for thread in self._ahead:
            thread.join(_GRACE)

    def _get_ready(self, name: str, page: _Expected) -> None:
        try:
            page.found = self.catalog.offer(name)
            offer = page.found[1]
        except BaseException as error:  # noqa: BLE001 - raised where uv asks
            page.error = error
            return
        finally:
            page.done.set()
        # A failure shows when uv asks for the same.
        with contextlib.suppress(Exception):
            self._on_expected(offer)
            newest = [file for file in offer.files if offer.facts.newest == version_of(file, name)]
            if len(newest) == 1 and newest[0].metadata and newest[0].sha256:
                (file,) = newest
                self.catalog.metadata(file.sha256 or "-", encode_source(file), file.filename)

    def _offer(self, name: str) -> tuple[str, Offer]:
        page = self._expected.pop(name, None)
        if page is None:
            return self.catalog.offer(name)
        page.done.wait()
        if page.error is not None:
            raise page.error
        if page.found is None:
            raise AssertionError("a page is found, or it failed")
        return page.found

    def answer(self, path: str, etag: str | None) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body for a path."""
        if not path.startswith(self._root + "/"):
            return 404, {}, b""
        parts = path[len(self._root) + 1 :].strip("/").split("/")
        name = "?"
        try:
            if len(parts) == 2 and parts[0] == "simple":
                name = canonicalize_name(unquote(parts[1]))
                return self._page(name, etag)
            if len(parts) == 4 and parts[0] == "files":
                filename = unquote(parts[3])
                name = canonicalize_name(filename.split("-", 1)[0])
                return self._file(parts[1], parts[2], filename)
        except ProjectNotFound:
            return 404, {}, b""
        except PyArtifactsError as error:
            self.failures.setdefault(name, error)
            return 502, {}, error.what.encode()
        except ValueError as error:
            return 400, {}, str(error).encode()
        return 404, {}, b""

    def _page(self, name: str, etag: str | None) -> tuple[int, dict[str, str], bytes]:
        self._on_request(name)
        # How old a page may be is decided here, not by uv: see `Catalog.to_refresh`.
        headers = {"Cache-Control": "max-age=31536000"}
        if etag is not None:
            digest = self.catalog.page_digest(name)
            mark, seen = _mark(digest), self.catalog.served.get(name)
            if etag == mark and seen is not None and seen[0] == digest:
                return 304, {**headers, "ETag": mark}, b""
        digest, offer = self._offer(name)
        self.catalog.served.put(name, digest, offer.facts)
        body = render_offer(
            offer, self.catalog.target, lambda file: f"{self.origin}/{source_path(file)}"
        )
        headers |= {"ETag": _mark(digest), "Content-Type": "application/vnd.pypi.simple.v1+json"}
        return 200, headers, body

    def _file(self, digest: str, source: str, filename: str) -> tuple[int, dict[str, str], bytes]:
        if not filename.endswith(".whl.metadata"):
            # Nothing is built and nothing installed, so uv has no use for a file itself.
            return 404, {}, b""
        wheel = filename.removesuffix(".metadata")
        self._on_request(f"{wheel.split('-', 1)[0]} {version_text(wheel, '') or ''}")
        body, lasting = self.catalog.metadata(digest, source, wheel)
        headers = {"Cache-Control": "max-age=365000000, immutable" if lasting else "no-store"}
        return 200, {**headers, "Content-Type": "application/octet-stream"}, body


def version_of(file: ProjectFile, name: str) -> str | None:
    """Return the normal version of a file of a project; None if its name has none."""
    version = parse_version(version_text(file.filename, name) or "")
    return None if version is None else str(version)


def _mark(digest: str) -> str:
    return f'"{digest[:40]}"'
