"""The quota of a store: what its root may hold at most, and what it holds."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import QuotaExceeded, StoreError
from ..model import Digest
from ..sizes import human_size
from .layout import Layout
from .publish import read_published
from .storage import storage_errors

__all__ = ["HINT", "Quota", "exceeded", "is_digest"]

HINT = (
    "take packages out of notebooks, or delete those that you no longer need, and try again; or"
    " ask for more room (PYARTIFACTS_STORE_QUOTA)"
)


class Quota:
    """How many bytes of artifacts the root of a store may hold; `limit` None for any number.

    An artifact counts what its facts say was unpacked, so no tree is walked, and each is asked
    once: what is under a digest does not change. Byte code, views and caches do not count.
    """

    def __init__(self, layout: Layout, limit: int | None) -> None:
        self.limit = limit
        self._layout = layout
        self._sizes: dict[str, int] = {}

    def used(self) -> int:
        """Return the bytes that the root holds now. Raises StoreError if it cannot be read."""
        with storage_errors(self._layout.root, "read"):
            try:
                names = os.listdir(self._layout.artifacts)
            except FileNotFoundError:
                return 0
            return sum(self._size(name) for name in names if is_digest(name))

    def check(self, more: int) -> None:
        """Raise QuotaExceeded if that many bytes more are too many."""
        if self.limit is not None and (used := self.used()) + more > self.limit:
            raise exceeded(self._layout.root, self.limit, used=used, more=more)

    def _size(self, name: str) -> int:
        known = self._sizes.get(name)
        if known is None:
            try:
                found = read_published(self._layout.artifact(Digest(name)))
            except StoreError:
                # It is replaced by whoever needs it next.
                return 0
            if found is None:
                return 0
            known = self._sizes[name] = found.facts.unpacked
        return known


def exceeded(root: Path, limit: int, *, used: int, more: int) -> QuotaExceeded:
    """Return the error that says how much a store has, holds, and was to take."""
    error = QuotaExceeded(
        "the store's quota leaves no room for this",
        where=str(root),
        expected=f"at most {human_size(limit)} in all",
        found=f"{human_size(used)} in use, and at least {human_size(more)} to add",
        hint=HINT,
    )
    error.used, error.more = used, more
    return error


def is_digest(name: str) -> bool:
    """Tell the names of artifacts and views from whatever else may be beside them."""
    return len(name) == 64 and all(letter in "0123456789abcdef" for letter in name)
