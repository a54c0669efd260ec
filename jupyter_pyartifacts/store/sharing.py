"""Sharing a store: what is in it is for all who may read its root, whatever the umask withheld."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["open_up", "owner_of", "readers"]

_READING = 0o055
"""Reading and entering, for the group and for everybody."""


def readers(root: Path) -> int:
    """Return the bits of a root's mode that say who beside its owner reads it. Raises OSError."""
    return os.stat(root).st_mode & _READING


def open_up(path: Path, bits: int) -> None:
    """Give what was made at `path` those bits, directories and files alike. Raises OSError.

    One look tells whether the umask has withheld any: then all below has been made so.
    """
    if not _widen(str(path), bits):
        return
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            _widen(f"{folder}/{name}", bits)


def _widen(path: str, bits: int) -> bool:
    """Add bits to a mode, those of execution only where the owner has it; tell if any was new."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return False
    wanted = bits if mode & stat.S_IXUSR else bits & 0o044
    if mode & wanted == wanted:
        return False
    os.chmod(path, stat.S_IMODE(mode) | wanted)
    return True


def owner_of(path: Path) -> str:
    """Return the name of whoever a path belongs to, as far as that can be told."""
    try:
        import pwd

        uid = os.stat(path).st_uid
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"user {uid}"
    except (ImportError, OSError):
        return "its owner"
