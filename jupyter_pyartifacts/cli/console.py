"""Where output goes: results to stdout, messages to stderr, or everything as JSON events."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO

from ..errors import PyArtifactsError
from ..report import CallbackReporter, Reporter

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.console import RenderableType

__all__ = ["Console", "printable"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PIPE_WIDTH = 10_000


def printable(text: str) -> str:
    """Return text without control characters (but line ends and tabs), for a terminal's safety.

    Messages quote indexes, archives and other people's notebooks.
    """
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


class Console:
    """The two streams of one run. With `json_events`, stdout carries one JSON event a line."""

    def __init__(
        self,
        *,
        json_events: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.json_events = json_events
        self.stdout = sys.stdout if stdout is None else stdout
        self.stderr = sys.stderr if stderr is None else stderr
        self._lock = threading.Lock()
        for stream in (self.stdout, self.stderr):
            # A terminal in another encoding shows an escape instead of failing.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    def event(self, event: Mapping[str, object]) -> None:
        """Write one event of the JSON stream, at once."""
        line = json.dumps(event, allow_nan=False, default=str)
        with self._lock:
            self.stdout.write(line + "\n")
            self.stdout.flush()

    def result(self, event: Mapping[str, Any]) -> None:
        """Write what a verb returned: its event as it is, or rendered for a reader."""
        if self.json_events:
            self.event(event)
            return
        from .lines import paint, result_lines

        lines = result_lines(event)
        if lines is not None and not self._wants_rich():
            colours = self.stdout.isatty() and not os.environ.get("NO_COLOR")
            text = "\n".join(paint(line, colours=colours) for line in lines)
            if not colours:
                text = "\n".join(line.rstrip() for line in text.splitlines())
            self.stdout.write(text + "\n")
            return
        from .render import render_result

        for renderable in render_result(event):
            self.print(renderable)

    def print(self, renderable: RenderableType) -> None:
        """Write data for a reader to stdout; colours and tables' width as the terminal has them."""
        from rich.text import Text

        rich = self._rich(self.stdout)
        # Captured, since rich ends the process by itself where the reader went away.
        with rich.capture() as capture:
            # A line of text is left to the terminal to break, so that a path can be copied.
            rich.print(renderable, soft_wrap=isinstance(renderable, Text))
        text = capture.get()
        if not rich.is_terminal:
            text = "".join(line.rstrip() + "\n" for line in text.splitlines())
        self.stdout.write(text)

    def message(self, text: str) -> None:
        """Write a message for a reader to stderr; with JSON it has its place in an event."""
        if not self.json_events:
            self._write_message(text)

    def error(self, error: PyArtifactsError) -> None:
        """Write a failure: its text to stderr, the line `hint: ...` last, and its event."""
        if self.json_events:
            self.event(error.to_event())
        self._write_message(f"error: {error}")

    def reporter(self) -> AbstractContextManager[Reporter]:
        """Return what takes progress and notes while the engine works."""
        if self.json_events:
            from .progress import Throttle

            return nullcontext(CallbackReporter(Throttle(self.event)))
        from .progress import plain_reporter, progress_bars

        if self.stderr.isatty():
            return progress_bars(self._rich(self.stderr))
        return nullcontext(plain_reporter(self._write_message))

    def flush(self) -> None:
        """Flush both streams; a reader that went away shows here, as BrokenPipeError."""
        self.stdout.flush()
        self.stderr.flush()

    def _write_message(self, text: str) -> None:
        with self._lock:
            self.stderr.write(printable(text) + "\n")
            self.stderr.flush()

    def _wants_rich(self) -> bool:
        """Tell whether colours, if any, are none of those that every terminal has."""
        if os.environ.get("FORCE_COLOR"):
            return True
        if not self.stdout.isatty():
            return False
        return os.name == "nt" or os.environ.get("TERM", "dumb") in ("dumb", "unknown", "")

    def _rich(self, stream: TextIO) -> RichConsole:
        from rich.console import Console as RichConsole

        # Not a terminal: nothing is cut or wrapped, a line stays a line for `grep`.
        return RichConsole(
            file=stream,
            markup=False,
            emoji=False,
            highlight=False,
            soft_wrap=False,
            width=None if stream.isatty() else _PIPE_WIDTH,
        )
