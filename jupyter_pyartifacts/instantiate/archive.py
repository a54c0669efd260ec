"""One archive: fetched, gone on with where an earlier run left it, and checked by size and hash."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import HashMismatch
from ..plan import Fetcher, Pin
from ..store import storage_errors
from ..store.storage import hash_file
from .checks import mismatch
from .tally import Tally

__all__ = ["fetch_archive"]


def fetch_archive(
    pin: Pin,
    part: Path,
    *,
    fetcher: Fetcher,
    root: Path,
    tally: Tally,
    check: Callable[[], None],
) -> None:
    """Have the whole, checked archive in `part`, a file of the store at `root`.

    `check` is called now and then, and may raise. Raises HashMismatch, NetworkError, StoreError.
    """
    artifact = pin.artifact
    resumed = _size(part)
    unknown = not artifact.size and artifact.kind == "interpreter"
    there = resumed and (resumed == artifact.size or unknown)
    if there and hash_file(part) == artifact.digest.hex:
        tally.count(resumed)
        tally.arrived()
        return
    if resumed >= artifact.size and not unknown:
        part.unlink(missing_ok=True)
        resumed = 0

    def fetch(begun: int) -> None:
        counted = 0

        def on_bytes(count: int) -> None:
            nonlocal counted
            check()
            counted += count
            tally.count(count)
            if not unknown and begun + counted > artifact.size:
                raise mismatch(pin, "size", f"{artifact.size} bytes", "more than that")

        tally.count(begun)
        try:
            with storage_errors(root):
                found = fetcher.fetch(artifact, part, on_bytes)
            size = _size(part)
            if not unknown and size != artifact.size:
                raise mismatch(pin, "size", f"{artifact.size} bytes", f"{size} bytes")
            if found != artifact.digest.hex:
                raise mismatch(pin, "hash", str(artifact.digest), f"sha256:{found}")
        except BaseException:
            tally.count(-counted - begun)
            if not unknown and _size(part) > artifact.size:
                part.unlink(missing_ok=True)
            raise

    try:
        fetch(resumed)
    except HashMismatch:
        part.unlink(missing_ok=True)
        if not resumed:
            raise
        # What an earlier run left may have been damaged: once more, from the beginning.
        fetch(0)
    tally.arrived()


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
