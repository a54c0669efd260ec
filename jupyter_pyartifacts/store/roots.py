"""Roots: which notebooks and kernels use what, so that `gc` leaves it alone."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import PyArtifactsError, StoreError
from ..model import Digest
from .storage import storage_errors, write_file
from .store import Store

__all__ = [
    "KernelUse",
    "NotebookUse",
    "forget_kernel",
    "read_kernels",
    "read_notebooks",
    "read_use",
    "record_kernel",
    "record_use",
]

_SUFFIX = ".use.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookUse:
    """What a notebook used last on this machine; `when` is RFC 3339 in UTC, `record` the file.

    `document` is the lock itself, should the notebook lose it; not checked.
    """

    notebook: str
    lock: Digest
    view: Digest
    artifacts: tuple[Digest, ...]
    when: str
    record: Path
    document: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelUse:
    """What a kernel has used since its start; `started` tells a process from its successors."""

    kernel: str
    host: str
    pid: int
    started: str
    views: tuple[Digest, ...]
    artifacts: tuple[Digest, ...]
    record: Path

    def is_alive(self) -> bool:
        """Tell whether the kernel may still run; yes where this machine cannot know."""
        if self.host != platform.node():
            return True
        return process_exists(self.pid) and process_start(self.pid) in ("", self.started)


def process_start(pid: int) -> str:
    """Return when a process started, in the system's own ticks; empty where it cannot be told."""
    try:
        # proc(5): field 22, counted after the command's closing parenthesis.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[19]
    except (OSError, IndexError):
        return ""


def process_exists(pid: int) -> bool:
    """Tell whether a process is there; yes where the system does not say."""
    if pid <= 0:
        return False
    if os.name == "nt":  # pragma: no cover - needs Windows
        import ctypes

        kernel32 = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
        handle = kernel32.OpenProcess(0x1000, False, pid)
        if handle:
            kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state != "Z"


def record_use(
    store: Store,
    notebook: Path | str,
    *,
    lock: Digest,
    view: Digest,
    artifacts: Iterable[Digest],
    when: str,
    document: Mapping[str, object] | None = None,
) -> None:
    """Remember that a notebook uses a lock; a store that cannot be written is left as it is.

    `document` is the lock, kept so that it can be had back.
    """
    path = os.path.abspath(notebook)
    record: dict[str, object] = {
        "notebook": path,
        "lock": str(lock),
        "view": str(view),
        "artifacts": sorted(str(digest) for digest in artifacts),
        "when": when,
    }
    if document is not None:
        record["document"] = document
    _write(store, _record_of(store, path), record)


def read_use(store: Store, notebook: Path | str) -> NotebookUse | None:
    """Read what a notebook used last; None if nothing is known. Raises StoreError."""
    path = _record_of(store, os.path.abspath(notebook))
    return _notebook(path) if path.exists() else None


def _record_of(store: Store, path: str) -> Path:
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32] + _SUFFIX
    return store.layout.roots / name


def record_kernel(
    store: Store, kernel: str, pid: int, *, view: Digest, artifacts: Iterable[Digest]
) -> None:
    """Remember that a running kernel uses a view, beside those that it has used before."""
    path = store.layout.kernels / (_safe(kernel) + _SUFFIX)
    views, kept = {view}, set(artifacts)
    if path.exists():
        before = _kernel(path)
        if before.pid == pid:
            views.update(before.views)
            kept.update(before.artifacts)
    document = {
        "kernel": kernel,
        "host": platform.node(),
        "pid": pid,
        "started": process_start(pid),
        "views": sorted(str(digest) for digest in views),
        "artifacts": sorted(str(digest) for digest in kept),
    }
    _write(store, path, document)


def forget_kernel(store: Store, kernel: str) -> None:
    """Forget a kernel that ended."""
    try:
        (store.layout.kernels / (_safe(kernel) + _SUFFIX)).unlink(missing_ok=True)
    except OSError:
        # Its process is gone, so `gc` sees that as well.
        pass


def _safe(kernel: str) -> str:
    if kernel and all(letter.isalnum() or letter in "-_" for letter in kernel):
        return kernel
    return hashlib.sha256(kernel.encode()).hexdigest()[:32]


def _write(store: Store, path: Path, document: Mapping[str, object]) -> None:
    try:
        store.prepare()
    except StoreError:
        # What is in a store that belongs to somebody else is not ours to sweep.
        return
    with storage_errors(store.root):
        write_file(path, (json.dumps(document, indent=1) + "\n").encode())


def read_notebooks(store: Store) -> tuple[NotebookUse, ...]:
    """Read what notebooks use. Raises StoreError if one record cannot be read."""
    return tuple(_notebook(path) for path in _records(store.layout.roots))


def read_kernels(store: Store) -> tuple[KernelUse, ...]:
    """Read what kernels use, those that ended included. Raises StoreError."""
    return tuple(_kernel(path) for path in _records(store.layout.kernels))


def _records(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(_SUFFIX))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error


def _notebook(path: Path) -> NotebookUse:
    try:
        document = json.loads(path.read_bytes())
        return NotebookUse(
            notebook=str(document["notebook"]),
            lock=Digest.parse(document["lock"]),
            view=Digest.parse(document["view"]),
            artifacts=tuple(Digest.parse(text) for text in document["artifacts"]),
            when=str(document["when"]),
            record=path,
            document=document.get("document"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, PyArtifactsError) as error:
        raise _unreadable(path, error) from error


def _kernel(path: Path) -> KernelUse:
    try:
        document = json.loads(path.read_bytes())
        return KernelUse(
            kernel=str(document["kernel"]),
            host=str(document["host"]),
            pid=int(document["pid"]),
            started=str(document["started"]),
            views=tuple(Digest.parse(text) for text in document["views"]),
            artifacts=tuple(Digest.parse(text) for text in document["artifacts"]),
            record=path,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, PyArtifactsError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        "a root of the store cannot be read, so nothing can be known to be unused",
        where=str(path),
        details=str(error),
        hint="repair or remove the file; the next use of its notebook writes it anew",
    )
