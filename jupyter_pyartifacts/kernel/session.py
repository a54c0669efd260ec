"""The session file of a kernel: the lock that it runs, where the kernel's magics change it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

__all__ = ["LOADED_SUFFIX", "read_session", "remove_session", "stock_session_path", "write_session"]

LOADED_SUFFIX = ".loaded"
"""What a kernel has loaded is kept beside its session file, under this suffix."""


def write_session(document: object | None, *, kernel_id: str, directories: tuple[str, ...]) -> str:
    """Write `{"pyartifacts": document}` to KERNEL_ID.json in the first directory that takes it.

    Returns the path. Only this user can read it, like the connection file beside which it lands
    where the store is read-only. Raises OSError if no directory takes it.
    """
    text = json.dumps({"pyartifacts": document}, ensure_ascii=False, indent=1) + "\n"
    failure: OSError = FileNotFoundError("no directory for the session file")
    for directory in directories:
        path = Path(directory) / f"{kernel_id}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_atomically(path, text)
        except OSError as error:
            failure = error
        else:
            return str(path)
    raise failure


def read_session(path: str | None, default: object) -> object:
    """Return the lock in a session file (None if it says that there is none).

    `default` is returned for a file that is not there or cannot be read.
    """
    try:
        document = json.loads(Path(path or "").read_bytes())
    except (OSError, ValueError, RecursionError):
        return default
    return document.get("pyartifacts", default) if isinstance(document, dict) else default


def stock_session_path(kernel_id: str, directory: str) -> str | None:
    """Return where a stock kernel keeps its session file; None if the directory cannot be made."""
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    except OSError:
        return None
    return os.path.join(directory, f"{kernel_id}.json")


def remove_session(path: str) -> None:
    """Remove a session file; one that is gone, or cannot be removed, is left to `gc`."""
    for each in (path, os.path.splitext(path)[0] + LOADED_SUFFIX):
        try:
            os.unlink(each)
        except OSError:
            pass


def _write_atomically(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        remove_session(temporary)
        raise
