"""Notebooks by their paths in the server's contents manager, whatever that keeps them in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from ..errors import NotebookError
from ..notebook import KEY, PAUSES
from ..threads import read_patiently
from .refusal import Refused

if TYPE_CHECKING:
    from jupyter_server.services.contents.manager import ContentsManager

__all__ = ["Contents", "Place", "another_lock", "held_lock", "set_lock"]

_HINT = "name a notebook by its path in the file browser, such as directory/notebook.ipynb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A notebook that is there: its path in the contents manager, and on disk if it has one."""

    path: str
    file: Path | None
    writable: bool


class Contents:
    """Find, read and write notebooks through a contents manager, synchronous or not.

    `manager` returns it: an extension that is loaded after us may put another in its place.
    """

    def __init__(self, manager: Callable[[], ContentsManager]) -> None:
        self._current = manager

    @property
    def _manager(self) -> Any:
        # Its methods are not annotated, and may be coroutines or not.
        return self._current()

    async def find(self, path: str) -> Place:
        """Return where a notebook is; refuse what is outside, hidden, absent or no notebook."""
        path = _clean(path)
        if await ensure_async(self._manager.is_hidden(path)) and not self._manager.allow_hidden:
            raise _missing(path)
        if not await ensure_async(self._manager.file_exists(path)):
            raise _missing(path)
        model = await self._get(path, content=False)
        if model.get("type") != "notebook":
            raise Refused(
                400,
                NotebookError(
                    "this is not a notebook",
                    where=path,
                    expected="a notebook (.ipynb)",
                    found=str(model.get("type")),
                    hint=_HINT,
                ),
            )
        return Place(path=path, file=self._file(path), writable=model.get("writable") is not False)

    async def read_lock(self, place: Place) -> object | None:
        """Return the lock of a notebook as it was saved, None if it has none."""
        model = await self._get(place.path, content=True)
        return held_lock(model.get("content"))

    async def write_lock(self, place: Place, lock: object | None, before: object | None) -> None:
        """Save a notebook with this lock (None takes it out), if it still has the one before.

        The contents manager saves, so its hooks, checkpoints and atomic writing all hold.
        """
        if not place.writable:
            raise Refused(
                403,
                NotebookError(
                    "the notebook is read-only",
                    where=place.path,
                    hint="nothing was written; make the file writable, or save a copy",
                ),
            )
        model = await self._get(place.path, content=True)
        if held_lock(model["content"]) != before:
            raise another_lock(place.path)
        set_lock(model["content"], lock)
        saved = {"type": "notebook", "format": "json", "content": model["content"]}
        try:
            await ensure_async(self._manager.save(saved, place.path))
        except HTTPError as error:
            raise _foreign(error, place.path, "written") from error

    async def _get(self, path: str, *, content: bool) -> dict[str, Any]:
        kind = {"type": "notebook"} if content else {}
        try:
            model: dict[str, Any] = await read_patiently(
                lambda: ensure_async(self._manager.get(path, content=content, **kind)),
                PAUSES if content else (),
            )
        except HTTPError as error:
            raise _foreign(error, path, "read") from error
        return model

    def _file(self, path: str) -> Path | None:
        """Return the file of a notebook; None if the contents manager keeps no files."""
        locate = getattr(self._manager, "_get_os_path", None)
        if locate is None:
            return None
        try:
            file = Path(os.path.abspath(locate(path)))
        except HTTPError:
            return None
        return file if file.is_file() else None


def held_lock(content: object) -> object | None:
    """Return the lock in a notebook's content as plain JSON, None if it has none."""
    metadata = content.get("metadata") if isinstance(content, dict) else None
    lock = metadata.get(KEY) if isinstance(metadata, dict) else None
    return None if lock is None else json.loads(json.dumps(lock))


def set_lock(content: dict[str, Any], lock: object | None) -> None:
    """Put a lock into a notebook's content in place, or take it out."""
    if lock is None:
        content["metadata"].pop(KEY, None)
    else:
        content["metadata"][KEY] = lock


def another_lock(path: str) -> Refused:
    """Return the refusal to write over a lock that somebody else wrote meanwhile."""
    return Refused(
        409,
        NotebookError(
            "the notebook got another lock meanwhile",
            where=path,
            hint="nothing was written; look at its packages again, then try again",
        ),
    )


def _clean(path: str) -> str:
    parts = path.strip("/").split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise Refused(
            404,
            NotebookError(
                "there is no such notebook", where=path[:200], found="no path", hint=_HINT
            ),
        )
    return "/".join(parts)


def _missing(path: str) -> Refused:
    return Refused(404, NotebookError("there is no such notebook", where=path, hint=_HINT))


def _foreign(error: HTTPError, path: str, what: str) -> Refused:
    if error.status_code == 404:
        return _missing(path)
    return Refused(
        error.status_code,
        NotebookError(
            f"the notebook cannot be {what}",
            where=path,
            found=error.log_message or error.reason or f"status {error.status_code}",
            hint="open it in Jupyter to see what is wrong, or restore it from a checkpoint",
        ),
    )
