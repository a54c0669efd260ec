"""Reading URLs that an index listed or the user approved: whole, in ranges, or just their size."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from .download import Body, download
from .failures import MISSING, Gone, RangesNotServed, Transient, unreachable
from .files import copy_file, open_file, path_of
from .network import Network, Reply, inflate_page
from .policy import LocationPolicy

__all__ = ["UrlReader"]

MAX_FILE = 1 << 36


class UrlReader:
    """Read URLs over a network, and `file:` ones from disk; the policy is the caller's to ask.

    Only `read_url` asks it by itself.
    """

    policy: LocationPolicy
    _network: Network

    def read_url_range(self, url: str, start: int, stop: int, *, where: str) -> bytes:
        """Return the bytes `start` up to `stop` of a URL. Raises as `read_range` does."""
        if url.startswith("file:"):
            with open_file(url, where) as stream:
                stream.seek(start)
                return stream.read(stop - start)
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}

        def read(reply: Reply) -> bytes:
            if reply.status in (200, 416):
                raise RangesNotServed(
                    "the server sends whole files only",
                    where=where,
                    hint="download the whole file",
                )
            reply.check({206}, where)
            return reply.read(stop - start, where)

        return self._network.ask("GET", url, headers, where, read, plain=True)

    def read_url(self, url: str, *, limit: int, where: str, listed_by: str) -> bytes | None:
        """Return a small file beside what `listed_by` listed; None if it is not there."""
        self.policy.check(url, where=where, listed_by=listed_by)
        if url.startswith("file:"):
            return path_of(url).read_bytes()[:limit] if path_of(url).is_file() else None

        def read(reply: Reply) -> bytes | None:
            reply.check({200, 403, 405, *MISSING}, where)
            if reply.status != 200:
                return None
            return inflate_page(reply.read(limit, where), limit, where)

        return self._network.ask("GET", url, {"Accept-Encoding": "gzip"}, where, read, plain=True)

    def size_of(self, url: str, *, where: str) -> int | None:
        """Return the size in bytes that the server declares for a URL; None if it doesn't."""
        try:
            return self._size_of(self._network, url, where)
        except Gone:
            if url.startswith("file:"):
                raise
            return None

    def _size_of(self, network: Network, url: str, where: str) -> int | None:
        if url.startswith("file:"):
            with open_file(url, where) as stream:
                return stream.seek(0, 2)

        def read(reply: Reply) -> int | None:
            reply.check({200, 403, 405, 501}, where)
            return reply.length if reply.status == 200 else None

        return network.ask("HEAD", url, {"Accept-Encoding": "identity"}, where, read)

    def _read_small(self, url: str, limit: int, where: str) -> bytes:
        if url.startswith("file:"):
            with open_file(url, where) as stream:
                return stream.read(limit)

        def read(reply: Reply) -> bytes:
            reply.check({200}, where)
            return reply.read(limit, where)

        return self._network.ask("GET", url, {}, where, read)

    def download_url(self, url: str, part: Path, *, where: str) -> str:
        """Download a URL into `part`; return its sha256 hex."""
        return self._download(url, part, lambda _: None, where, MAX_FILE, None)

    def _download(
        self,
        url: str,
        part: Path,
        on_bytes: Callable[[int], None],
        where: str,
        limit: int,
        size: int | None,
    ) -> str:
        if url.startswith("file:"):
            return copy_file(url, part, on_bytes, where)

        @contextlib.contextmanager
        def open_at(start: int) -> Iterator[Body]:
            headers = {"Accept-Encoding": "identity"}
            if start:
                headers["Range"] = f"bytes={start}-"
            with self._network.open("GET", url, headers, where, plain=True) as reply:
                if start and reply.status == 416:
                    raise RangesNotServed("it is shorter", where=where, hint="begin again")
                reply.check({200, 206} if start else {200}, where)
                yield Body(
                    start=start if reply.status == 206 else 0,
                    length=reply.length,
                    pieces=reply.pieces,
                )

        try:
            return download(open_at, part, on_bytes, where=where, limit=limit, size=size)
        except Transient as error:
            raise unreachable(url, where, error) from error
