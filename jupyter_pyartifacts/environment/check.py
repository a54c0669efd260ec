"""Checking a view against a fresh one: every link, script and file, and nothing besides."""

from __future__ import annotations

import filecmp
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..model import Digest, InterpreterInUse
from ..plan import Pin, plan_digest
from ..store import Published, Store, storage_errors
from .assemble import build_view, find_view
from .verify import ViewDamage

__all__ = ["check_view"]


def check_view(
    pins: Iterable[Pin],
    published: Mapping[Digest, Published],
    interpreter: InterpreterInUse,
    *,
    store: Store,
    repair: bool = True,
) -> tuple[ViewDamage, ...]:
    """Compare a view with one assembled anew; put the new one in its place if they differ.

    One of a read-only layer stays as it is, and the new one is found before it. Byte code caches
    are not looked at. Returns what differed, in the order of the paths. Raises StoreError.
    """
    pins = sorted(pins, key=lambda pin: pin.distribution.name)
    digest = plan_digest(pins, interpreter.identity)
    key = f"view-{digest.hex}"
    final = store.layout.view(digest)
    found = find_view(digest, interpreter, store=store)
    there = final if found is None or os.path.lexists(final) else Path(found.path)
    with store.hold(key), storage_errors(store.root):
        temporary = store.temporary(key)
        try:
            build_view(temporary, there, pins, published, interpreter)
            store.open_up(temporary)
            damage = tuple(sorted(_compare(temporary, there), key=lambda each: each.path))
            if damage and repair:
                if there != final:
                    temporary = store.temporary(key)
                    build_view(temporary, final, pins, published, interpreter)
                    store.open_up(temporary)
                stale = store.temporary(f"{key}.stale")
                if os.path.lexists(final):
                    os.rename(final, stale / "view")
                os.rename(temporary, final)
                store.discard(stale)
        finally:
            store.discard(temporary)
    return damage


def _compare(fresh: Path, view: Path) -> Iterator[ViewDamage]:
    if not os.path.lexists(view):
        yield ViewDamage(path=str(view), expected="a view", found=None)
        return
    wanted, present = dict(_walk(fresh)), dict(_walk(view))
    for name in wanted.keys() - present.keys():
        yield ViewDamage(path=f"{view}/{name}", expected=_kind(wanted[name]), found=None)
    for name in present.keys() - wanted.keys():
        yield ViewDamage(path=f"{view}/{name}", expected="no such file", found=_kind(present[name]))
    for name in wanted.keys() & present.keys():
        expected, found = _difference(f"{fresh}/{name}", f"{view}/{name}")
        if expected != found:
            yield ViewDamage(path=f"{view}/{name}", expected=expected, found=found)


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    for folder, folders, files in os.walk(root):
        prefix = os.path.relpath(folder, root)
        inside = "" if prefix == "." else f"{prefix}/"
        if "__pycache__" in folders:
            folders.remove("__pycache__")
        for name in [*folders, *files]:
            yield f"{inside}{name}", os.lstat(f"{folder}/{name}")


def _kind(state: os.stat_result) -> str:
    if stat.S_ISLNK(state.st_mode):
        return "a link"
    return "a directory" if stat.S_ISDIR(state.st_mode) else "a file"


def _difference(fresh: str, view: str) -> tuple[str, str]:
    """Describe both; the descriptions are equal where the two are."""
    wanted, present = os.lstat(fresh), os.lstat(view)
    if stat.S_IFMT(wanted.st_mode) != stat.S_IFMT(present.st_mode):
        return _kind(wanted), _kind(present)
    if stat.S_ISLNK(wanted.st_mode):
        return f"a link to {os.readlink(fresh)}", f"a link to {os.readlink(view)}"
    if stat.S_ISREG(wanted.st_mode):
        if (wanted.st_mode ^ present.st_mode) & 0o111:
            return f"mode {wanted.st_mode & 0o777:o}", f"mode {present.st_mode & 0o777:o}"
        same = wanted.st_ino == present.st_ino and wanted.st_dev == present.st_dev
        if not same and not filecmp.cmp(fresh, view, shallow=False):
            return "the file as it is assembled", "other bytes"
    return "", ""
