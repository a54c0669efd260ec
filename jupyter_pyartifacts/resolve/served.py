"""What uv was last shown of each project, so that its own cache can be judged without asking."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import asdict
from pathlib import Path

from ..store.storage import write_file
from .offer import Facts

__all__ = ["Served"]


class Served:
    """Map projects to the digest of the page that uv saw and to its facts; one file a catalog."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, Facts]] | None = None
        self._changed: set[str] = set()

    def get(self, name: str) -> tuple[str, Facts] | None:
        """Return digest and facts of what uv saw of a project last."""
        with self._lock:
            return self._load().get(name)

    def put(self, name: str, digest: str, facts: Facts) -> None:
        """Note what uv was shown of a project; `save` keeps it."""
        with self._lock:
            if self._load().get(name) != (digest, facts):
                self._load()[name] = (digest, facts)
                self._changed.add(name)

    def save(self) -> None:
        """Write what was noted; a cache that cannot be written is no failure."""
        with self._lock:
            if not self._changed:
                return
            own, self._known = self._load(), None
            merged = {**self._load(), **{name: own[name] for name in self._changed}}
            self._known, self._changed = merged, set()
            document = {
                name: [digest, asdict(facts)] for name, (digest, facts) in sorted(merged.items())
            }
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_file(self._path, json.dumps(document).encode())

    def _load(self) -> dict[str, tuple[str, Facts]]:
        if self._known is None:
            self._known = {}
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
                document = json.loads(self._path.read_text(encoding="utf-8"))
                for name, (digest, facts) in document.items():
                    self._known[name] = (
                        digest,
                        Facts(
                            newest=facts["newest"],
                            sourced=tuple((v, file) for v, file in facts["sourced"]),
                            yanked=tuple((v, reason) for v, reason in facts["yanked"]),
                            undated=facts["undated"],
                        ),
                    )
        return self._known
