"""A notebook that a contents manager or an open page holds, as the engine takes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import NotebookError
from ..notebook import Document

__all__ = ["HeldDocument"]


class HeldDocument(Document):
    """The lock of a notebook that somebody else holds; nothing is ever written to a file.

    `name` is the notebook's name in messages, `file` its path on disk if it has one. What
    `write_lock` is given is kept in `written`, for whoever asked: the page, or a contents manager.
    """

    def __init__(self, lock: object | None, *, name: str, file: Path | None) -> None:
        self.path = Path(name) if file is None else file
        self.kind = "held"
        self.file = file
        # Without a directory nothing may be relative to one: `in_no_directory` says so first.
        self.directory = Path(os.path.abspath(os.sep)) if file is None else file.parent
        self.written: dict[str, Any] | None = None
        self._lock = lock

    @property
    def lock_document(self) -> object | None:
        """Return the lock as plain JSON, not yet checked; None without one."""
        return self._lock

    @property
    def owner(self) -> int | None:
        """Return this very process: what is made in the background ends with the server."""
        return os.getpid()

    @property
    def code(self) -> str:
        """Return nothing: only the lock is here."""
        return ""

    def write_lock(self, rendered: dict[str, Any] | None) -> None:
        """Keep the lock for whoever asked."""
        self._lock = self.written = rendered

    def text(self) -> str:
        """Refuse: only the lock is here."""
        raise NotImplementedError("a held document has no text")

    def write_content(self, content: dict[str, Any]) -> None:
        """Refuse: only the lock is here."""
        raise NotImplementedError("a held document has no content")


def in_no_directory(name: str, what: str) -> NotebookError:
    """Return the error for local files beside a notebook that is in no directory."""
    return NotebookError(
        "this notebook lies in no directory of this machine, so no file lies beside it",
        where=name,
        found=what,
        hint="put the wheel on an index, or name it by its URL",
    )
