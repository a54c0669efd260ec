"""Project pages: from the cache while they are fresh, else asked for, and asked about."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from .failures import MISSING, ProjectNotFound
from .files import read_page_file
from .pages import PageCache, PageHead
from .simple import ACCEPT, ProjectPage, parse_page

__all__ = ["FRESH", "MAX_PAGE", "Answer", "Projects"]

FRESH = 600.0
"""Seconds for which a page is taken as current without asking (what indexes commonly declare)."""
MAX_PAGE = 64 << 20
_PARSED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer of a server: its status, the URL it came from, headers, and the body."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes


class Projects:
    """Look projects up; safe to use from several threads.

    `get(url, headers, where)` asks a server and returns what it says with status 200, 304, 404 or
    410; it raises NetworkError for the rest.
    """

    def __init__(
        self,
        directory: Path,
        *,
        get: Callable[[str, Mapping[str, str], str], Answer],
        offline: bool,
    ) -> None:
        self._cache = PageCache(directory)
        self._get = get
        self._offline = offline
        self._lock = threading.Lock()
        self._parsed: OrderedDict[tuple[str, str], tuple[str, ProjectPage]] = OrderedDict()

    def head(self, name: str, index_url: str) -> PageHead | None:
        """Return what is known of a page in the cache, without asking its index."""
        return self._cache.head(index_url, name)

    def digest(self, name: str, index_url: str, *, max_age: float) -> str:
        """Return the sha256 hex of a page's body; a fresh one's without reading it."""
        if not index_url.startswith("file:"):
            head = self._cache.head(index_url, name)
            if head is not None and (head.age <= max_age or self._offline):
                return head.digest
        return self.read(name, index_url, max_age=max_age)[0]

    def read(self, name: str, index_url: str, *, max_age: float) -> tuple[str, ProjectPage]:
        """Return the digest of a page's body, and the page."""
        if index_url.startswith("file:"):
            url, kind, body = read_page_file(index_url, name)
            return self._parse(name, index_url, PageHead.of(body, url=url, content_type=kind), body)
        cached = self._cache.read(index_url, name)
        if cached is not None and (cached[0].age <= max_age or self._offline):
            return self._parse(name, index_url, *cached)
        return self._ask(name, index_url, cached)

    def _parse(
        self, name: str, index_url: str, head: PageHead, body: bytes
    ) -> tuple[str, ProjectPage]:
        key = (index_url, name)
        with self._lock:
            known = self._parsed.get(key)
            if known is not None and known[0] == head.digest:
                self._parsed.move_to_end(key)
                return known
        page = parse_page(body, head.content_type, name=name, url=head.url)
        with self._lock:
            self._parsed[key] = head.digest, page
            while len(self._parsed) > _PARSED:
                self._parsed.popitem(last=False)
        return head.digest, page

    def _ask(
        self, name: str, index_url: str, cached: tuple[PageHead, bytes] | None
    ) -> tuple[str, ProjectPage]:
        headers = {"Accept": ACCEPT}
        if cached is not None and cached[0].etag:
            headers["If-None-Match"] = cached[0].etag
        elif cached is not None and cached[0].last_modified:
            headers["If-Modified-Since"] = cached[0].last_modified
        answer = self._get(f"{index_url}/{quote(name)}/", headers, name)
        if answer.status == 304 and cached is not None:
            self._cache.confirm(index_url, name)
            return self._parse(name, index_url, *cached)
        if answer.status in MISSING:
            raise ProjectNotFound(
                f"the index has no project named {name}",
                where=index_url,
                hint="check the spelling; the name to import often differs from the project's",
            )
        head = PageHead.of(
            answer.body,
            url=answer.url,
            content_type=answer.headers.get("content-type", ""),
            etag=answer.headers.get("etag"),
            last_modified=answer.headers.get("last-modified"),
        )
        # What is no page must not become one by being kept.
        found = self._parse(name, index_url, head, answer.body)
        self._cache.write(index_url, name, head, answer.body)
        return found
