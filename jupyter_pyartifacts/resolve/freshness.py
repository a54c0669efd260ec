"""How old a project's page may be in one resolution: what is upgraded is asked for anew."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from ..index.client import FRESH

__all__ = ["Freshness"]

_ANY = float("inf")


class Freshness:
    """Decide the greatest age of each page, in seconds.

    Pages of projects that `freed` names (an upgrade) must have been asked for in this very run.
    Those of projects that are `kept` at a pinned version may be of any age, until the pin turns
    out not to hold. All others may be as old as is commonly taken for fresh.
    """

    def __init__(self, *, freed: Callable[[str], bool], kept: Iterable[str]) -> None:
        self._freed = freed
        self._kept = set(kept)
        self._lock = threading.Lock()
        self._asked: set[str] = set()

    def ask(self, name: str) -> float:
        """Return the age allowed for a page that is about to be read; once a run it is decided."""
        with self._lock:
            if name in self._asked:
                return _ANY
            if name in self._kept and not self._freed(name):
                return _ANY
            self._asked.add(name)
            return 0.0 if self._freed(name) else FRESH

    def accepts(self, name: str, age: float) -> bool:
        """Tell whether a page of this age will do for a version that was newly chosen."""
        with self._lock:
            return name in self._asked or (not self._freed(name) and age <= FRESH)

    def keeps(self, name: str) -> bool:
        """Tell whether a project is kept at its pin, so that the age of its page is no matter."""
        with self._lock:
            return name in self._kept and not self._freed(name)

    def release(self, names: Iterable[str] | None = None) -> bool:
        """Let projects go that were kept, all of them by default; tell whether there were any."""
        with self._lock:
            gone = set(self._kept) if names is None else self._kept & set(names)
            self._kept -= gone
            return bool(gone)
