"""The cache of project pages: bodies as the index sent them, with what a revalidation needs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from ..store.storage import write_file

__all__ = ["PageCache", "PageHead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHead:
    """What is known of an index's answer besides its body.

    `url` is where it came from in the end, `digest` the sha256 hex of the body, `age` the seconds
    since it was last known to be current.
    """

    url: str
    content_type: str
    digest: str
    etag: str | None = None
    last_modified: str | None = None
    age: float = 0.0

    @classmethod
    def of(
        cls,
        body: bytes,
        *,
        url: str,
        content_type: str,
        etag: str | None = None,
        last_modified: str | None = None,
    ) -> PageHead:
        """Return the head of a body that just came."""
        return cls(
            url=url,
            content_type=content_type,
            digest=hashlib.sha256(body).hexdigest(),
            etag=etag,
            last_modified=last_modified,
        )


class PageCache:
    """Keep pages under one directory, one file each; losing any of them costs only time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _path(self, index_url: str, name: str) -> Path:
        index = hashlib.sha256(index_url.encode()).hexdigest()[:16]
        return self._directory / index / f"{name}.page"

    def head(self, index_url: str, name: str) -> PageHead | None:
        """Return a page's head; None if it is not here."""
        found = self._read(index_url, name, whole=False)
        return found[0] if found else None

    def read(self, index_url: str, name: str) -> tuple[PageHead, bytes] | None:
        """Return a page; None if it is not here or was not written to its end."""
        return self._read(index_url, name, whole=True)

    def _read(self, index_url: str, name: str, *, whole: bool) -> tuple[PageHead, bytes] | None:
        try:
            with self._path(index_url, name).open("rb") as stream:
                status = os.fstat(stream.fileno())
                line = stream.readline(65536)
                body = stream.read() if whole else b""
            document = json.loads(line)
            if status.st_size - len(line) != document["length"]:
                return None
            head = PageHead(
                url=document["url"],
                content_type=document["content_type"],
                digest=document["digest"],
                etag=document["etag"],
                last_modified=document["last_modified"],
                age=max(0.0, time.time() - status.st_mtime),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return head, body

    def write(self, index_url: str, name: str, head: PageHead, body: bytes) -> None:
        """Keep a page; a cache that cannot be written is no failure."""
        path = self._path(index_url, name)
        document = {
            "url": head.url,
            "content_type": head.content_type,
            "digest": head.digest,
            "etag": head.etag,
            "last_modified": head.last_modified,
            "length": len(body),
        }
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, json.dumps(document).encode() + b"\n" + body)

    def confirm(self, index_url: str, name: str) -> None:
        """Note that a page was found to be current just now."""
        with contextlib.suppress(OSError):
            os.utime(self._path(index_url, name))
