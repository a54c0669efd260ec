"""A pool of threads that unpacks many wheels at once, from the largest pieces and the smallest.

Each wheel is planned as soon as it comes; its batches then compete with those of all others by
size. An sdist is translated by one thread, in one piece. Codec, hash and system calls release the
GIL, so threads are enough. But small files are mostly Python's own work, which only one thread at
a time can do, so half of the threads begin with the largest batches and the others with plans and
the smallest: each kind of work runs beside the other, and what is left when they meet is of
middling size. The thread that finishes a wheel's last batch finishes the wheel and tells the
caller.
"""

from __future__ import annotations

import os
import threading
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter

from ..errors import SdistRefused
from ..treehash import TreeEntry
from .codec import Inflate, choose_inflate
from .directory import Member
from .mapping import map_file
from .wheel import (
    STREAM_ABOVE,
    Tree,
    WheelPlan,
    batches,
    finish_wheel,
    make_directories,
    plan_wheel,
    write_members,
)

__all__ = ["ExtractionPool", "default_threads"]

MEMORY = 64 << 20
"""Bytes that all threads together may hold of members in memory."""

Done = Callable[[Tree | BaseException], None]
Watch = Callable[[int], None]
"""Told the bytes of each file of an sdist that was read."""
_cost = itemgetter(0)


def default_threads() -> int:
    """Return how many threads unpack best here: one a core, at most 8."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(count or 1, 8))


@dataclass(slots=True)
class _Job:
    path: str
    destination: str
    filename: str
    done: Done
    watch: Watch
    plan: WheelPlan | None = None
    tree: Tree | None = None
    entries: list[TreeEntry] = field(default_factory=list)
    left: int = 0
    failure: BaseException | None = None


_DEFECTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def _defect(filename: str, error: Exception) -> SdistRefused:
    """Return a refusal for an sdist that the translator trips over: another version may do."""
    refused = SdistRefused(
        f"{filename}: its source is such that the translator fails ({type(error).__name__})",
        where=filename,
        details=str(error)[:500],
        hint="report it with the name of the file, and pin another version until then",
    )
    refused.__cause__ = error
    return refused


class ExtractionPool:
    """Unpack wheels and translate sdists on some threads, one of which calls `done` of each."""

    def __init__(self, threads: int | None = None) -> None:
        self._threads_wanted = threads or default_threads()
        self._stream_above = min(STREAM_ABOVE, MEMORY // self._threads_wanted)
        self._inflate: Inflate = choose_inflate()
        # Plans with the largest archive first, in the order of coming where equal; batches with
        # the largest last.
        self._plans: list[tuple[int, _Job]] = []
        self._batches: list[tuple[int, _Job, list[Member]]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._unfinished = 0
        self._threads: list[threading.Thread] = []

    def submit(
        self,
        path: str,
        destination: str,
        filename: str,
        size: int,
        done: Done,
        watch: Watch = lambda _: None,
    ) -> None:
        """Queue a wheel or sdist of `size` bytes at `path`; `destination` must not exist."""
        job = _Job(path, destination, filename, done, watch)
        with self._changed:
            self._unfinished += 1
            insort(self._plans, (-size, job), key=_cost)
            self._changed.notify()
            number = len(self._threads)
            if number < self._threads_wanted:
                thread = threading.Thread(
                    target=self._work,
                    args=(number % 2 == 0,),
                    name=f"pyartifacts-extract-{number}",
                    daemon=True,
                )
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """Let the threads end what is queued, and wait for them."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def cancel(self, failure: BaseException) -> None:
        """Give up what is queued: each wheel not done yet ends with `failure`."""
        with self._changed:
            for job in [job for _, job in self._plans] + [job for _, job, _ in self._batches]:
                job.failure = job.failure or failure

    def _work(self, largest: bool) -> None:
        while True:
            with self._changed:
                while not self._plans and not self._batches:
                    if self._closed and not self._unfinished:
                        return
                    self._changed.wait()
                job: _Job
                members: list[Member] | None = None
                if self._batches and (largest or not self._plans):
                    _, job, members = self._batches.pop(-1 if largest else 0)
                else:
                    _, job = self._plans.pop(0)
            if members is None:
                self._plan(job)
            else:
                self._write(job, members)

    def _plan(self, job: _Job) -> None:
        pieces: list[tuple[int, list[Member]]] = []
        if job.failure is None and not job.filename.endswith(".whl"):
            self._translate(job)
        elif job.failure is None:
            try:
                data = map_file(job.path)
                job.plan = plan_wheel(
                    data, job.filename, self._inflate, stream_above=self._stream_above
                )
                make_directories(job.plan, job.destination)
                pieces = batches(job.plan)
            except BaseException as error:  # noqa: BLE001 - handed to the caller by `done`
                job.failure = error
        if not pieces:
            self._finish(job)
            return
        with self._changed:
            job.left = len(pieces)
            for cost, members in pieces:
                insort(self._batches, (cost, job, members), key=_cost)
            self._changed.notify_all()

    def _translate(self, job: _Job) -> None:
        try:
            from .sdist import translate_sdist  # few notebooks pin an sdist

            job.tree = translate_sdist(job.path, job.destination, job.filename, job.watch)
        except _DEFECTS as error:
            job.failure = _defect(job.filename, error)
        except BaseException as error:  # noqa: BLE001 - handed to the caller by `done`
            job.failure = error

    def _write(self, job: _Job, members: list[Member]) -> None:
        entries: list[TreeEntry] = []
        if job.failure is None and job.plan is not None:
            try:
                entries = write_members(job.plan, members, job.destination)
            except BaseException as error:  # noqa: BLE001 - handed to the caller by `done`
                job.failure = job.failure or error
        with self._changed:
            job.entries += entries
            job.left -= 1
            last = not job.left
        if last:
            self._finish(job)

    def _finish(self, job: _Job) -> None:
        result: Tree | BaseException | None = job.failure or job.tree
        if result is None and job.plan is not None:
            try:
                result = finish_wheel(job.plan, job.entries, job.destination)
            except BaseException as error:  # noqa: BLE001 - handed to the caller by `done`
                result = error
        job.plan = None
        try:
            if result is not None:
                job.done(result)
        finally:
            with self._changed:
                self._unfinished -= 1
                self._changed.notify_all()
