"""The shape of a view: where its parts are, and what it says of itself."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from ..errors import StoreError
from ..model import Digest, Environment, InterpreterInUse
from ..store.layout import VIEW_RECORD

__all__ = [
    "BIN",
    "EXE",
    "WINDOWS",
    "artifacts_of",
    "borrowed_of",
    "read_view_record",
    "site_packages",
    "view_environment",
    "write_new",
]

WINDOWS = sys.platform == "win32"
BIN = "Scripts" if WINDOWS else "bin"
EXE = ".exe" if WINDOWS else ""


def site_packages(interpreter: InterpreterInUse) -> str:
    """Return the place of site-packages below a view, joined by `/`."""
    if WINDOWS:
        return "Lib/site-packages"
    name = "pypy" if interpreter.implementation == "pypy" else "python"
    return f"lib/{name}{interpreter.minor}/site-packages"


def view_environment(
    path: Path | str, digest: Digest, interpreter: InterpreterInUse, notes: Iterable[str] = ()
) -> Environment:
    """Describe the view at `path`; nothing is looked up."""
    return Environment(
        path=str(path),
        python=f"{path}/{BIN}/python{EXE}",
        site_packages=f"{path}/{site_packages(interpreter)}",
        interpreter=interpreter.path,
        version=interpreter.version,
        digest=str(digest),
        source=interpreter.source,
        why=interpreter.why,
        notes=tuple(notes),
    )


def write_new(path: str, data: bytes, mode: int = 0o644) -> None:
    """Write a file that must not exist yet. Raises OSError."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        written = os.write(handle, data)
        while written < len(data):
            written += os.write(handle, data[written:])
    finally:
        os.close(handle)


def artifacts_of(view: Path) -> tuple[str, ...]:
    """Return the sha256 digits of the archives that a view is made of. Raises StoreError."""
    found = read_view_record(view).get("artifacts")
    return tuple(str(digest) for digest in found) if isinstance(found, list) else ()


def borrowed_of(view: Path) -> tuple[str, ...]:
    """Return the directories of a view's artifacts that are in other layers. Raises StoreError."""
    found = read_view_record(view).get("borrowed")
    return tuple(str(path) for path in found) if isinstance(found, list) else ()


def read_view_record(view: Path) -> dict[str, object]:
    """Read what a view is made of. Raises StoreError."""
    path = view / VIEW_RECORD
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StoreError(
            "the record of a view cannot be read",
            where=str(path),
            details=str(error),
            hint="remove the view's directory; it will be assembled again",
        ) from error
    if not isinstance(record, dict):
        raise StoreError(
            "the record of a view is no mapping",
            where=str(path),
            hint="remove the view's directory",
        )
    return record
