"""Files as memory: a read-only map, so that only the pages which are looked at are read."""

from __future__ import annotations

import mmap
import os

__all__ = ["map_file"]


def map_file(path: str | os.PathLike[str]) -> memoryview:
    """Map a file into memory, read-only; an empty one gives an empty view."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        if not os.fstat(handle).st_size:
            return memoryview(b"")
        return memoryview(mmap.mmap(handle, 0, access=mmap.ACCESS_READ))
    finally:
        os.close(handle)
