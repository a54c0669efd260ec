"""Where a kernel's lock comes from: the notebook that the kernel is started for."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from inspect import isawaitable
from pathlib import Path
from typing import Any

from ..errors import NotebookError
from ..notebook import PAUSES, code_of, parse_json
from . import headless

__all__ = ["Origin", "find_origin", "read_origin"]

METADATA_KEY = "pyartifacts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The notebook of one kernel: its lock document (None: it has none) and its place.

    `directory` is what the lock's `file:` locations are relative to; `notebook` the absolute
    path, if it is known; `path` the one in a server's contents manager; `client` nbclient's
    NotebookClient, headless; `code` what its code cells say.
    """

    document: object | None
    directory: str
    notebook: str | None = None
    path: str | None = None
    client: Any = None
    code: str = ""


async def find_origin(
    manager: Any,
    *,
    client: Any,
    launch_environ: Mapping[str, str] | None,
    environ: Mapping[str, str],
    cwd: str,
) -> Origin | None:
    """Find the notebook that a kernel manager starts a kernel for; None if there is none.

    `client` is nbclient's client on the stack, if any. `launch_environ` is what the caller of
    `start_kernel` passed, `environ` the process's own. In a server the first has
    JPY_SESSION_NAME; the second may have one too, inherited from an outer kernel, which says
    nothing. PYARTIFACTS_NOTEBOOK is for everything else, unless it was inherited from an outer
    isolated kernel.

    Raises NotebookError if the notebook is there but cannot be read.
    """
    session = (launch_environ or {}).get("JPY_SESSION_NAME")
    if client is None and session:
        return await _session_origin(manager, session)
    if client is None:
        client = headless.client_in_memory(manager)
    if client is not None:
        place = headless.place_of(client)
        directory = place.directory or cwd
        document = client.nb.metadata.get(METADATA_KEY)
        return Origin(
            document=None if document is None else json.loads(json.dumps(document)),
            directory=os.path.abspath(directory),
            notebook=place.notebook,
            client=client,
            code=code_of(client.nb),
        )
    variables = {**environ, **(launch_environ or {})}
    notebook = variables.get("PYARTIFACTS_NOTEBOOK")
    if notebook and "PYARTIFACTS_SESSION" not in variables:
        return await _read_aside(os.path.abspath(os.path.join(cwd, notebook)))
    return None


def read_origin(path: str) -> Origin:
    """Read the lock of a notebook file (or of a session file); raise NotebookError.

    The notebook is not validated: whatever Jupyter opens may have a lock.
    """
    content = _content(path)
    return Origin(
        document=_lock_document(content),
        directory=os.path.dirname(path),
        notebook=path,
        code=code_of(content),
    )


async def _read_aside(path: str) -> Origin:
    """Read a notebook file without holding up the event loop, should it be read again."""
    from ..threads import run_in_thread

    return await run_in_thread(lambda: read_origin(path))


def _content(path: str) -> object:
    for pause in PAUSES:
        data = _bytes(path)
        with suppress(NotebookError):
            return parse_json(data, path)
        time.sleep(pause)
    return parse_json(_bytes(path), path)


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise NotebookError(
            "the notebook cannot be read",
            where=path,
            found=error.strerror or str(error),
            hint="check the path, or unset PYARTIFACTS_NOTEBOOK",
        ) from error


async def _session_origin(manager: Any, session: str) -> Origin | None:
    """Read the notebook of a server's session, through the contents manager where there is one.

    `session` is a path on disk, or the contents manager's path (of a frontend that names no file).
    """
    from ..threads import read_patiently

    contents, root = _contents_manager(manager)
    is_notebook = session.endswith(".ipynb")
    api_path = _api_path(session, root) if contents is not None else None
    if api_path is None:
        return await _read_aside(session) if is_notebook and os.path.exists(session) else None
    session = os.path.join(root, session)
    try:
        if not await _awaited(contents.file_exists(api_path)):
            return None
        model = await read_patiently(
            lambda: _awaited(contents.get(api_path, content=True, type="notebook")),
            PAUSES if is_notebook else (),
        )
    except Exception as error:
        # Contents managers are plugins and raise what they like. What is no notebook (a console,
        # a text file) has no lock; a notebook that cannot be read may have one.
        if not is_notebook:
            return None
        raise NotebookError(
            "the notebook cannot be read",
            where=api_path,
            found=getattr(error, "log_message", None) or str(error) or type(error).__name__,
            hint="open the notebook in an editor and repair it, then start the kernel again",
        ) from error
    on_disk = session if os.path.exists(session) else None
    return Origin(
        document=_lock_document(model.get("content")),
        directory=os.path.dirname(session),
        notebook=on_disk,
        path=api_path,
        code=code_of(model.get("content")),
    )


def _api_path(session: str, root: str) -> str | None:
    """Return the contents manager's path of a session; None if it lies outside its root."""
    if not os.path.isabs(session):
        return session.replace(os.sep, "/")
    try:
        path = os.path.relpath(session, root).replace(os.sep, "/")
    except ValueError:
        return None  # Windows: another drive.
    return None if path.startswith("../") else path


def _contents_manager(manager: Any) -> tuple[Any, str]:
    """Return the server's contents manager and root directory, (None, "") outside a server."""
    kernels = getattr(manager, "parent", None)
    server = getattr(kernels, "parent", None)
    contents = getattr(server, "contents_manager", None)
    root = getattr(kernels, "root_dir", None) or getattr(server, "root_dir", None)
    return (contents, str(root)) if contents is not None and root else (None, "")


def _lock_document(content: object) -> object | None:
    """Return the lock in a notebook's or a session file's content, as plain JSON data."""
    if not isinstance(content, dict):
        return None
    metadata = content.get("metadata", content)
    document = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    return None if document is None else json.loads(json.dumps(document))


async def _awaited(value: Awaitable[Any] | Any) -> Any:
    return await value if isawaitable(value) else value
