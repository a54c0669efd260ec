"""How far a set of artifacts is: counted in any thread, told now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from ..plan import Pin
from ..report import Progress, Reporter

__all__ = ["Tally"]

_TELL_EVERY = 0.05


class Tally:
    """Bytes that came, archives that are whole, artifacts that are ready, of so many."""

    def __init__(self, pins: Sequence[Pin], reporter: Reporter) -> None:
        self._reporter = reporter
        self._all = len(pins)
        sizes = [pin.artifact.size for pin in pins]
        # That of an interpreter's archive may not be known.
        self._bytes_total = sum(sizes) if all(sizes) else None
        self._bytes = 0
        self._arrived = 0
        self._ready = 0
        self._told = 0.0
        self._guard = threading.Lock()

    def begin(self) -> None:
        """Tell that nothing is there yet."""
        self._tell(force=True)

    def count(self, count: int) -> None:
        """Count bytes of archives; fewer than none where they were counted too early."""
        with self._guard:
            self._bytes += count
        self._tell()

    def arrived(self) -> None:
        """Count an archive that is whole."""
        with self._guard:
            self._arrived += 1
        self._tell(force=self._arrived == self._all)

    def ready(self, pin: Pin) -> None:
        """Count an artifact that is published."""
        with self._guard:
            self._ready += 1
            done = self._ready
        self._reporter.progress(
            Progress(
                stage="extract",
                done=done,
                total=self._all,
                unit="distributions",
                item=pin.distribution.name,
                distributions_done=done,
                distributions_total=self._all,
            )
        )

    def unpacking(self, pin: Pin) -> Callable[[int], None]:
        """Return what takes the bytes that are read of an archive, while it is unpacked."""
        read, told = 0, time.monotonic()

        def watch(count: int) -> None:
            nonlocal read, told
            read += count
            now = time.monotonic()
            if now - told < _TELL_EVERY:
                return
            told = now
            with self._guard:
                done = self._ready
            self._reporter.progress(
                Progress(
                    stage="extract",
                    done=read,
                    unit="bytes",
                    item=pin.distribution.name,
                    distributions_done=done,
                    distributions_total=self._all,
                )
            )

        return watch

    def _tell(self, *, force: bool = False) -> None:
        now = time.monotonic()
        with self._guard:
            if not force and now - self._told < _TELL_EVERY:
                return
            self._told = now
            event = Progress(
                stage="download",
                done=self._bytes,
                total=self._bytes_total,
                unit="bytes",
                distributions_done=self._arrived,
                distributions_total=self._all,
            )
        self._reporter.progress(event)
