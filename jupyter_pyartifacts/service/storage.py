"""What the store takes: its size, what is in it, and what is free."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..model import Digest
from ..outcome import Stored
from .workplace import Workplace

__all__ = ["store_use"]


def store_use(place: Workplace) -> Stored:
    """Return the use of the store that is written; without its read-only layers.

    An artifact counts what its facts say was unpacked, so no tree is walked.
    """
    store = place.store
    digests = _names(store.layout.artifacts)
    size = 0
    for name in digests:
        published = store.find_artifact(Digest(name))
        if published is not None:
            size += published.facts.unpacked
    return Stored(
        path=str(store.root),
        size=size,
        artifacts=len(digests),
        views=len(_names(store.layout.views)),
        free=_free(store.root),
    )


def _names(directory: Path) -> list[str]:
    try:
        return [name for name in os.listdir(directory) if _is_digest(name)]
    except FileNotFoundError:
        return []


def _is_digest(name: str) -> bool:
    return len(name) == 64 and all(letter in "0123456789abcdef" for letter in name)


def _free(path: Path) -> int | None:
    for place in (path, *path.parents):
        if place.exists():
            return shutil.disk_usage(place).free
    return None
