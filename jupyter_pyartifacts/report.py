"""Events that the engine emits while it works, and where they go.

Every event is one JSON object with the key `event`. The command line prints them one a line
with `--json`; a terminal or a kernel draws them. The kinds:

`progress`  stage, done, total (or null), unit, item (or null)
`note`      text: something the user should know that is no failure
`result`    what the verb returns; see the verb
`error`     see `PyArtifactsError.to_event`
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = [
    "CallbackReporter",
    "Note",
    "NullReporter",
    "Progress",
    "ProgressOnly",
    "Reporter",
    "Stage",
]

Stage = Literal[
    "resolve", "metadata", "download", "extract", "view", "compile", "verify", "gc", "run"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one stage is. `done` and `total` count `unit`; `distributions_*` count whole ones."""

    stage: Stage
    done: int
    total: int | None = None
    unit: Literal["bytes", "files", "distributions", "cells"] = "distributions"
    item: str | None = None
    distributions_done: int | None = None
    distributions_total: int | None = None

    def to_event(self) -> dict[str, object]:
        """Return the event as a JSON-ready mapping."""
        return {
            "event": "progress",
            "stage": self.stage,
            "done": self.done,
            "total": self.total,
            "unit": self.unit,
            "item": self.item,
            "distributions_done": self.distributions_done,
            "distributions_total": self.distributions_total,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something the user should know that is no failure."""

    text: str

    def to_event(self) -> dict[str, object]:
        """Return the event as a JSON-ready mapping."""
        return {"event": "note", "text": self.text}


class Reporter(Protocol):
    """Takes progress and notes from any thread; never blocks for long.

    Raises nothing but `Cancelled`, from `progress`, which is how work is stopped from outside.
    """

    def progress(self, event: Progress, /) -> None:
        """Take one progress event."""

    def note(self, text: str, /) -> None:
        """Take one note."""


class NullReporter:
    """Drop everything."""

    def progress(self, event: Progress, /) -> None:
        """Drop the event."""

    def note(self, text: str, /) -> None:
        """Drop the note."""


class ProgressOnly:
    """Hand progress on and drop notes."""

    def __init__(self, reporter: Reporter) -> None:
        self.progress = reporter.progress

    def note(self, text: str, /) -> None:
        """Drop the note."""


class CallbackReporter:
    """Hand every event to one function as a JSON-ready mapping."""

    def __init__(self, emit: Callable[[dict[str, object]], None]) -> None:
        self._emit = emit

    def progress(self, event: Progress, /) -> None:
        """Hand the event on."""
        self._emit(event.to_event())

    def note(self, text: str, /) -> None:
        """Hand the note on."""
        self._emit(Note(text=text).to_event())
