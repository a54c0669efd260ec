"""What the store takes: its size, what is in it, and what is free."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..outcome import Stored
from ..store.quota import is_digest
from .workplace import Workplace

__all__ = ["store_use"]


def store_use(place: Workplace) -> Stored:
    """Return the use of the store that is written; its read-only layers are named only.

    An artifact counts what its facts say was unpacked, so no tree is walked.
    """
    store = place.store
    return Stored(
        path=str(store.root),
        size=store.quota.used(),
        quota=store.quota.limit,
        artifacts=_count(store.layout.artifacts),
        views=_count(store.layout.views),
        free=_free(store.root),
        layers=tuple(str(layout.root) for layout in store.layers[1:]),
    )


def _count(directory: Path) -> int:
    try:
        return sum(is_digest(name) for name in os.listdir(directory))
    except FileNotFoundError:
        return 0


def _free(path: Path) -> int | None:
    for place in (path, *path.parents):
        if place.exists():
            return shutil.disk_usage(place).free
    return None
