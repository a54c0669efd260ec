"""Progress for a person at a terminal, for a log, and for a program that reads events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..report import Progress, Reporter

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

__all__ = ["STAGES", "Throttle", "describe", "plain_reporter", "progress_bars"]

STAGES = {
    "resolve": "resolving",
    "metadata": "reading metadata",
    "download": "downloading",
    "extract": "unpacking",
    "view": "linking",
    "compile": "compiling",
    "verify": "verifying",
    "gc": "sweeping",
    "run": "running cells",
}
"""What each stage is called in front of a reader."""

_INTERVAL = 0.1


class Throttle:
    """Pass events on, but of each stage's progress at most ten a second, the last one always."""

    def __init__(
        self,
        emit: Callable[[dict[str, object]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._emit = emit
        self._clock = clock
        self._next: dict[object, float] = {}
        self._lock = threading.Lock()

    def __call__(self, event: dict[str, object]) -> None:
        """Pass one event on, or drop it."""
        if event["event"] == "progress" and event["done"] != event["total"]:
            with self._lock:
                now = self._clock()
                if now < self._next.get(event["stage"], now):
                    return
                self._next[event["stage"]] = now + _INTERVAL
        self._emit(event)


class _Notes:
    """Drop progress, write notes as lines."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def progress(self, event: Progress, /) -> None:
        """Drop the event: no bar where nobody watches."""

    def note(self, text: str, /) -> None:
        """Write the note."""
        self._write(f"note: {text}")


def plain_reporter(write: Callable[[str], None]) -> Reporter:
    """Return a reporter for a log: notes as lines, no progress."""
    return _Notes(write)


class _Bars:
    """One bar a stage."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def progress(self, event: Progress, /) -> None:
        """Move the stage's bar."""
        with self._lock:
            task = self._tasks.get(event.stage)
            if task is None:
                task = self._bars.add_task(STAGES[event.stage], total=None)
                self._tasks[event.stage] = task
        self._bars.update(
            task,
            completed=event.done,
            total=event.total,
            description=describe(event),
            in_bytes=event.unit == "bytes",
        )

    def note(self, text: str, /) -> None:
        """Write the note above the bars."""
        from .console import printable

        self._bars.console.print(printable(f"note: {text}"))


def describe(event: Progress) -> str:
    """Say what a stage does, and how many distributions of it are done."""
    text = STAGES[event.stage]
    if event.distributions_total is not None:
        text += f" {event.distributions_done or 0}/{event.distributions_total}"
    if event.item:
        item = event.item if len(event.item) <= 40 else event.item[:37] + "..."
        text += f" {item}"
    return text


@contextmanager
def progress_bars(console: RichConsole) -> Iterator[Reporter]:
    """Draw bars on a terminal while the block runs; they are gone after it."""
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.text import Text

    from ..sizes import human_size

    class Amount(ProgressColumn):
        """`12.3 MB of 40.1 MB, 5.2 MB/s`, or `12 of 40`."""

        def render(self, task: Task) -> Text:
            completed, total = int(task.completed), task.total
            if not task.fields.get("in_bytes"):
                return Text(f"{completed} of {int(total)}" if total else "")
            text = human_size(completed)
            if total:
                text += f" of {human_size(int(total))}"
            if task.speed:
                text += f", {human_size(int(task.speed))}/s"
            return Text(text)

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        Amount(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        yield _Bars(bars)
