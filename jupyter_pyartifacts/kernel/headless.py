"""The notebook of a headless run: nbclient's client in this very process.

`jupyter execute`, `nbclient.execute`, `nbconvert --execute` and papermill all drive a
`NotebookClient`, which starts the kernel without saying what for. But it waits for `start_kernel`,
so it is on a stack; failing that, it is the one client in memory that holds this kernel manager.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

__all__ = ["LOCK_TARGET", "Place", "accept_lock", "client_in_memory", "client_on_stack", "place_of"]

LOCK_TARGET = "pyartifacts.lock"
"""The comm target that a kernel opens to hand over its notebook's new lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a headless notebook lies, as far as the tool that runs it tells."""

    directory: str | None = None
    notebook: str | None = None


def client_on_stack(manager: Any) -> Any | None:
    """Return the NotebookClient whose call starts this kernel manager, or None.

    Looks up the stack of every thread: under a synchronous manager the client waits in another.
    """
    if "nbclient" not in sys.modules:
        return None
    for frame in _frames():
        candidate = frame.f_locals.get("self")
        if candidate is not None and _is_client_of(candidate, manager):
            return candidate
    return None


def client_in_memory(manager: Any) -> Any | None:
    """Return the NotebookClient in memory that holds this kernel manager, or None.

    Walks all objects (some 50 ms), so it comes last.
    """
    client_module = sys.modules.get("nbclient.client")
    if client_module is None:
        return None
    for candidate in gc.get_objects():
        # `type`, as isinstance asks a proxy for its __class__ and so runs a stranger's code.
        if issubclass(type(candidate), client_module.NotebookClient) and _is_client_of(
            candidate, manager
        ):
            return candidate
    return None


def place_of(client: Any) -> Place:
    """Tell the directory that a client runs in, and the notebook's path where a tool gives it.

    nbconvert names the notebook in `resources`, papermill in the metadata; `jupyter execute`
    only has it in a local variable up the stack, or in another thread's.
    """
    metadata = (getattr(client, "resources", None) or {}).get("metadata") or {}
    directory = str(metadata["path"]) if metadata.get("path") else None
    candidates = []
    if metadata.get("name"):
        # nbconvert gives an empty path for the directory it was called in.
        candidates.append(os.path.join(directory or "", f"{metadata['name']}.ipynb"))
    papermill = client.nb.metadata.get("papermill") or {}
    if papermill.get("input_path"):
        candidates.append(str(papermill["input_path"]))
    candidates.extend(_paths_on_stack(client))
    notebook = next((os.path.abspath(path) for path in candidates if os.path.isfile(path)), None)
    if notebook is not None and papermill.get("input_path"):
        # papermill runs where it was called; a lock's local files lie beside its notebook.
        directory = os.path.dirname(notebook)
    return Place(directory=directory, notebook=notebook)


def accept_lock(client: Any) -> None:
    """Let the kernel's lock into the client's notebook, and so into what the tool writes."""
    client.comm_open_handlers[LOCK_TARGET] = lambda message: _store_lock(client, message)


def _store_lock(client: Any, message: dict[str, Any]) -> None:
    import nbformat

    lock = message["content"]["data"].get("lock")
    if lock is None:
        client.nb.metadata.pop("pyartifacts", None)
    else:
        client.nb.metadata["pyartifacts"] = nbformat.from_dict(lock)  # type: ignore[no-untyped-call]


def _is_client_of(candidate: Any, manager: Any) -> bool:
    # Looks into the instance only: getattr would run a stranger's __getattr__.
    try:
        fields = object.__getattribute__(candidate, "__dict__")
    except AttributeError:
        return False
    return isinstance(fields, dict) and fields.get("km") is manager and "nb" in fields


def _paths_on_stack(client: Any) -> list[str]:
    """Return what `jupyter execute` calls `notebook_path` in the frame that holds this client."""
    return [
        os.path.splitext(path)[0] + ".ipynb"
        for frame in _frames()
        if frame.f_locals.get("client") is client
        and isinstance(path := frame.f_locals.get("notebook_path"), str)
    ]


def _frames() -> Iterator[FrameType]:
    """Walk the stacks of all threads, this one first."""
    mine = threading.get_ident()
    stacks = sys._current_frames()
    for thread in sorted(stacks, key=lambda thread: thread != mine):
        frame: FrameType | None = stacks[thread]
        while frame is not None:
            yield frame
            frame = frame.f_back
