"""Touching the disk: foreign errors become ours once, files are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreError

__all__ = ["hash_file", "remove_tree", "storage_errors", "write_file"]

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def storage_errors(root: Path | str, doing: str = "written") -> Iterator[None]:
    """Turn an OSError into StoreError: full disk, read-only store, or whatever it is."""
    try:
        yield
    except OSError as error:
        raise explain(error, root, doing) from error


def explain(error: OSError, root: Path | str, doing: str) -> StoreError:
    """Return the StoreError that stands for an OSError met in a store."""
    where = os.fspath(error.filename) if isinstance(error.filename, str) else str(root)
    if error.errno in _FULL:
        return StoreError(
            "the store's disk is full",
            where=str(root),
            details=str(error),
            hint="free some space (jupyter pyartifacts gc), or name another store by --store",
        )
    if error.errno in _DENIED:
        return StoreError(
            f"the store cannot be {doing}: it is read-only or belongs to somebody else",
            where=str(root),
            details=str(error),
            hint="name a store of your own by --store or PYARTIFACTS_STORE; this one may follow it,"
            " as a read-only layer",
        )
    return StoreError(
        f"the store cannot be {doing}",
        where=where,
        details=str(error),
        hint="check the disk and the store's directory, or name another store by --store",
    )


def write_file(path: Path, data: bytes, *, durable: bool = False, mode: int = 0o644) -> None:
    """Write a small file whole: to a temporary name beside it, then rename.

    `durable` asks the disk for it before the rename. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        try:
            written = 0
            while written < len(data):
                written += os.write(handle, data[written:])
            if durable:
                os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def hash_file(path: Path | str) -> str:
    """Return the sha256 of a file, hexadecimal; raises OSError."""
    hashed = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:
        while data := stream.read(1 << 20):
            hashed.update(data)
    return hashed.hexdigest()


def remove_tree(path: Path | str) -> None:
    """Remove a directory whose parts are read-only; links are removed, never followed.

    Raises OSError for what cannot be removed; a path that is not there is fine.
    """
    for folder, folders, _ in os.walk(path):
        for name in folders:
            below = os.path.join(folder, name)
            if not os.path.islink(below):
                os.chmod(below, stat.S_IRWXU)
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, stat.S_IRWXU)
        shutil.rmtree(path)
    except FileNotFoundError:
        pass
