"""The cache of project pages: bodies as the index sent them, with what a revalidation needs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CachedPage", "PageCache"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedPage:
    """One answer of an index; `age` is in seconds since it was last known to be current."""

    url: str
    content_type: str
    etag: str | None
    last_modified: str | None
    body: bytes
    age: float

    @property
    def digest(self) -> str:
        """Return the sha256 hex of the body: what it takes to see that nothing changed."""
        return hashlib.sha256(self.body).hexdigest()


class PageCache:
    """Keep pages under one directory, one file each; losing any of them costs only time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _path(self, index_url: str, name: str) -> Path:
        index = hashlib.sha256(index_url.encode()).hexdigest()[:16]
        return self._directory / index / f"{name}.page"

    def age(self, index_url: str, name: str) -> float | None:
        """Return the age in seconds of a page; None if it is not here."""
        try:
            return max(0.0, time.time() - self._path(index_url, name).stat().st_mtime)
        except OSError:
            return None

    def read(self, index_url: str, name: str) -> CachedPage | None:
        """Return a page; None if it is not here or cannot be read."""
        path = self._path(index_url, name)
        try:
            with path.open("rb") as stream:
                modified = os.fstat(stream.fileno()).st_mtime
                head = json.loads(stream.readline(65536))
                body = stream.read()
            if len(body) != head["length"]:
                return None
            return CachedPage(
                url=head["url"],
                content_type=head["content_type"],
                etag=head["etag"],
                last_modified=head["last_modified"],
                body=body,
                age=max(0.0, time.time() - modified),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, index_url: str, name: str, page: CachedPage) -> None:
        """Keep a page; a cache that cannot be written is no failure."""
        path = self._path(index_url, name)
        head = {
            "url": page.url,
            "content_type": page.content_type,
            "etag": page.etag,
            "last_modified": page.last_modified,
            "length": len(page.body),
        }
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".page-")
            try:
                with open(handle, "wb") as stream:
                    stream.write(json.dumps(head).encode() + b"\n")
                    stream.write(page.body)
                os.replace(temporary, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise

    def confirm(self, index_url: str, name: str) -> None:
        """Note that a page was found to be current just now."""
        with contextlib.suppress(OSError):
            os.utime(self._path(index_url, name))
