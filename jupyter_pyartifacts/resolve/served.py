"""What uv was last shown of each project, so that its own cache can be judged without asking."""

from __future__ import annotations

import json
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..store.storage import write_file
from .offer import Facts, Made

__all__ = ["Served"]


class Served:
    """Map projects to the digest of the page that uv saw and to its facts.

    One file for each catalog and slot, so one process at a time writes it. While uv is asking
    (`begin` to `save`) the file says so: if it is found that way, or not at all, nobody knows
    what uv has, and `is_sure` is False.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._changed = False
        self._known: dict[str, tuple[str, Facts]] = {}
        # As it was written, until somebody asks: of a hundred projects one or two change.
        self._written, self.is_sure = _read(path)

    def names(self) -> tuple[str, ...]:
        """Return the projects that uv saw a page of."""
        with self._lock:
            return (*self._known, *(name for name in self._written if name not in self._known))

    def get(self, name: str) -> tuple[str, Facts] | None:
        """Return digest and facts of what uv saw of a project last."""
        with self._lock:
            return self._get(name)

    def put(self, name: str, digest: str, facts: Facts) -> None:
        """Note what uv was shown of a project; `save` keeps it."""
        with self._lock:
            if self._get(name) != (digest, facts):
                self._known[name] = (digest, facts)
                self._changed = True

    def _get(self, name: str) -> tuple[str, Facts] | None:
        if name not in self._known and name in self._written:
            try:
                self._known[name] = _parse(self._written[name])
            except (ValueError, TypeError, KeyError, AttributeError):
                del self._written[name]
        return self._known.get(name)

    def begin(self) -> None:
        """Say in the file that uv is asking. Raises OSError."""
        with self._lock:
            if self._path.exists():
                self._path.rename(self._path.with_suffix(".open"))
            self._path.parent.mkdir(parents=True, exist_ok=True)

    def save(self) -> None:
        """Write what was noted since `begin`. Raises OSError."""
        with self._lock:
            begun = self._path.with_suffix(".open")
            if not self._changed and begun.exists():
                begun.rename(self._path)
            else:
                for name, (digest, facts) in self._known.items():
                    self._written[name] = [digest, _render(facts)]
                write_file(self._path, json.dumps(self._written, sort_keys=True).encode())
                begun.unlink(missing_ok=True)
            self._changed, self.is_sure = False, True


def _render(facts: Facts) -> dict[str, object]:
    # `asdict` copies every value of every field anew, which takes longer than all the rest.
    return {field.name: getattr(facts, field.name) for field in fields(facts)}


def _read(path: Path) -> tuple[dict[str, Any], bool]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}, False
    return (document, True) if isinstance(document, dict) else ({}, False)


def _parse(entry: Any) -> tuple[str, Facts]:
    digest, facts = entry
    return str(digest), Facts(
        newest=facts["newest"],
        made=tuple(Made(*own) for own in facts["made"]),
        sourced=tuple((v, file) for v, file in facts["sourced"]),
        yanked=tuple((v, reason) for v, reason in facts["yanked"]),
        undated=facts["undated"],
    )
