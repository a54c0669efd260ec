"""Failures of fetching that the index layer tells apart."""

from __future__ import annotations

import random

from ..errors import NetworkError

__all__ = ["Gone", "ProjectNotFound", "RangesNotServed", "Transient", "pause"]


class RangesNotServed(NetworkError):
    """A server sends whole files only; download the file instead."""


class ProjectNotFound(NetworkError):
    """An index has no project of that name."""


class Gone(NetworkError):
    """A file is not where it was."""


class Transient(Exception):
    """A failure that may pass; `after` is how many seconds a server asks to wait."""

    def __init__(self, text: str, after: float | None = None) -> None:
        super().__init__(text)
        self.after = after


def pause(attempt: int, failure: Transient) -> float:
    """Return how many seconds to wait before the attempt after number `attempt` (from 1)."""
    if failure.after is not None:
        return min(failure.after, 20.0)
    return min(8.0, 0.2 * 2.0**attempt) * (0.5 + random.random())  # noqa: S311
