"""File roots of indexes, learned once: what stands before the hints of a lock."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

from ..store.storage import write_file

__all__ = ["FileRoots"]


class FileRoots:
    """Map an index's URL to its file root, kept in one small JSON file of the store's cache."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._roots: dict[str, str] | None = None

    def get(self, index_url: str) -> str | None:
        """Return the file root of an index; None if it was not learned yet."""
        with self._lock:
            return self._load().get(index_url)

    def put(self, index_url: str, root: str) -> None:
        """Keep a file root; a cache that cannot be written is no failure."""
        with self._lock:
            roots = {**self._load(), index_url: root}
            self._roots = roots
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                document = {"version": 1, "roots": roots}
                write_file(self._path, json.dumps(document, indent=1, sort_keys=True).encode())

    def _load(self) -> dict[str, str]:
        if self._roots is None:
            self._roots = {}
            with contextlib.suppress(OSError, ValueError, AttributeError):
                document = json.loads(self._path.read_text(encoding="utf-8"))
                if document.get("version") == 1:
                    self._roots = {
                        str(url): str(root) for url, root in document.get("roots", {}).items()
                    }
        return self._roots
