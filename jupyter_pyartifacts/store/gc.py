"""Sweeping: what no notebook and no running kernel uses goes."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..errors import StoreError
from ..report import Progress, Reporter
from .layout import VIEW_RECORD
from .locking import acquire_shared
from .roots import KernelUse, NotebookUse, read_kernels, read_notebooks
from .storage import remove_tree, storage_errors
from .store import Store

__all__ = ["Garbage", "Sweep", "Usage", "measure_store", "plan_sweep", "sweep_store"]

Kind = Literal["view", "artifact", "download", "temporary", "record", "cache"]
KEEP_CACHED_DAYS = 30
"""What was learned of an index and not again for so long is not worth its place."""
KEEP_UNREACHABLE_DAYS = 30
"""A notebook whose whole directory is gone may be on a disk that is not here today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """One thing to remove: its path, what it is, its size in bytes.

    Of the cache only some `files` go; of everything else the whole `path`.
    """

    path: Path
    kind: Kind
    size: int
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What goes, and how many views and artifacts stay."""

    remove: tuple[Garbage, ...]
    views_kept: int
    artifacts_kept: int

    @property
    def size(self) -> int:
        """Return the bytes that go."""
        return sum(item.size for item in self.remove)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Bytes on disk by what they are for; a file with several names counts once."""

    artifacts: int
    byte_code: int
    views: int
    downloads: int
    cache: int
    other: int

    @property
    def total(self) -> int:
        """Return all bytes."""
        parts = (self.artifacts, self.byte_code, self.views, self.downloads, self.cache, self.other)
        return sum(parts)


def plan_sweep(store: Store, *, now: datetime.datetime) -> Sweep:
    """Decide what goes; remove nothing. Raises StoreError if a root cannot be read."""
    layout = store.layout
    garbage: list[Garbage] = []
    views: set[str] = set()
    artifacts: set[str] = set()
    uses: list[NotebookUse | KernelUse] = []
    for use in read_notebooks(store):
        if _is_there(use, now):
            uses.append(use)
            views.add(use.view.hex)
        else:
            garbage.append(Garbage(path=use.record, kind="record", size=_size(use.record)))
    for kernel in read_kernels(store):
        if kernel.is_alive():
            uses.append(kernel)
            views.update(digest.hex for digest in kernel.views)
        else:
            garbage.append(Garbage(path=kernel.record, kind="record", size=_size(kernel.record)))
    for one in uses:
        artifacts.update(digest.hex for digest in one.artifacts)
    kept = [0, 0]
    for path in _entries(layout.views):
        if path.name in views:
            artifacts.update(_artifacts_of(path))
            kept[0] += 1
        else:
            garbage.append(Garbage(path=path, kind="view", size=_size(path)))
    for path in _entries(layout.artifacts):
        if path.name in artifacts:
            kept[1] += 1
        else:
            garbage.append(Garbage(path=path, kind="artifact", size=_size(path)))
    for path in _entries(layout.root / "downloads"):
        garbage.append(Garbage(path=path, kind="download", size=_size(path)))
    for path in _entries(layout.root / "temporary"):
        garbage.append(Garbage(path=path, kind="temporary", size=_size(path)))
    garbage += _old_cache(layout.cache, now)
    return Sweep(remove=tuple(garbage), views_kept=kept[0], artifacts_kept=kept[1])


def sweep_store(
    store: Store,
    *,
    now: datetime.datetime,
    reporter: Reporter,
    dry_run: bool = False,
    keep: Container[str] | None = None,
) -> Sweep:
    """Remove what nobody uses and return what that was; with `dry_run` only say it.

    With `keep`, only views and artifacts go, and none of these names. Raises StoreError, with
    nothing removed, while the store is in use by an instantiation, or if a root cannot be read.
    """
    if not store.root.is_dir():
        return Sweep(remove=(), views_kept=0, artifacts_kept=0)
    if dry_run:
        return plan_sweep(store, now=now)
    store.prepare()
    with storage_errors(store.root):
        lock = acquire_shared(store.layout.lock("sweep"), exclusive=True, wait=False)
    if lock is None:
        raise StoreError(
            "the store is in use: something is being added to it at this moment",
            where=str(store.root),
            hint="try again when that is done",
        )
    with lock:
        sweep = plan_sweep(store, now=now)
        if keep is not None:
            sweep = replace(
                sweep,
                remove=tuple(
                    each
                    for each in sweep.remove
                    if each.kind in ("view", "artifact") and each.path.name not in keep
                ),
            )
        trash = store.layout.temporary("swept")
        done = 0
        with storage_errors(store.root):
            remove_tree(trash)
            os.mkdir(trash)
            for number, item in enumerate(sweep.remove):
                _remove(item, trash / str(number))
                done += item.size
                reporter.progress(
                    Progress(
                        stage="gc", done=done, total=sweep.size, unit="bytes", item=item.path.name
                    )
                )
            remove_tree(trash)
    return sweep


def _old_cache(cache: Path, now: datetime.datetime) -> list[Garbage]:
    """Return what of each part of the cache was last written too long ago."""
    oldest = (now - datetime.timedelta(days=KEEP_CACHED_DAYS)).timestamp()
    garbage = []
    for part in _entries(cache):
        old = [
            (Path(path), state.st_size) for path, state in _files(part) if state.st_mtime < oldest
        ]
        if old:
            files, sizes = zip(*old, strict=True)
            garbage.append(Garbage(path=part, kind="cache", size=sum(sizes), files=files))
    return garbage


def _remove(item: Garbage, trash: Path) -> None:
    """Take a thing's name away first, so that it is never half there."""
    if item.kind == "cache":
        for path in item.files:
            path.unlink(missing_ok=True)
        return
    if item.kind == "record" or not item.path.is_dir():
        item.path.unlink(missing_ok=True)
        return
    try:
        os.rename(item.path, trash)
    except FileNotFoundError:
        return
    remove_tree(trash)


def _is_there(use: NotebookUse, now: datetime.datetime) -> bool:
    try:
        os.stat(use.notebook)
        return True
    except (FileNotFoundError, NotADirectoryError):
        if os.path.isdir(os.path.dirname(use.notebook)):
            return False
    except OSError as error:
        raise StoreError(
            "a notebook that uses the store cannot be reached, so nothing is removed",
            where=use.notebook,
            details=str(error),
            hint=f"make it reachable, or remove {use.record}",
        ) from error
    try:
        used = datetime.datetime.fromisoformat(use.when.replace("Z", "+00:00"))
    except ValueError:
        return True
    return now - used < datetime.timedelta(days=KEEP_UNREACHABLE_DAYS)


def _artifacts_of(view: Path) -> list[str]:
    path = view / VIEW_RECORD
    try:
        return [str(text) for text in json.loads(path.read_bytes())["artifacts"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            "the record of a view in use cannot be read, so nothing is removed",
            where=str(path),
            details=str(error),
            hint="verify the notebook that uses it, which assembles the view anew",
        ) from error


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _files(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    if path.is_dir() and not path.is_symlink():
        for folder, _, files in os.walk(path):
            for name in files:
                try:
                    yield f"{folder}/{name}", os.lstat(f"{folder}/{name}")
                except FileNotFoundError:
                    continue
    else:
        try:
            yield str(path), os.lstat(path)
        except FileNotFoundError:
            return


def _size(path: Path) -> int:
    return sum(state.st_size for _, state in _files(path))


def measure_store(store: Store) -> Usage:
    """Add up the bytes of the root that is written; a file with several names counts once."""
    seen: set[tuple[int, int]] = set()
    sums = dict.fromkeys(("artifacts", "byte_code", "views", "downloads", "cache", "other"), 0)
    for top in _entries(store.root):
        for path, state in _files(top):
            key = (state.st_dev, state.st_ino)
            if state.st_nlink > 1 and key in seen:
                continue
            seen.add(key)
            kind = top.name if top.name in sums else "other"
            if kind == "artifacts" and path.endswith(".pyc") and "/__pycache__/" in path:
                kind = "byte_code"
            sums[kind] += state.st_size
    return Usage(**sums)
