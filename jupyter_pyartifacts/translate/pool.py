"""A pool of threads that unpacks many wheels at once, largest pieces first.

Each wheel is planned as soon as it comes; its batches then compete with those of all others by
size. An sdist is translated by one thread, in one piece. Codec, hash and system calls release the
GIL, so threads are enough. The thread that finishes a wheel's last batch finishes the wheel and
tells the caller.
"""

from __future__ import annotations

import heapq
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

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


class ExtractionPool:
    """Unpack wheels and translate sdists on some threads, one of which calls `done` of each."""

    def __init__(self, threads: int | None = None) -> None:
        self._threads_wanted = threads or default_threads()
        self._stream_above = min(STREAM_ABOVE, MEMORY // self._threads_wanted)
        self._inflate: Inflate = choose_inflate()
        self._queue: list[tuple[int, int, _Job, list[Member] | None]] = []
        self._count = 0
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
            # Plans come before batches, so that the largest of all batches are known first.
            self._push(-(1 << 50) - size, job, None)
            if len(self._threads) < self._threads_wanted:
                name = f"pyartifacts-extract-{len(self._threads)}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
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
            for _, _, job, _ in self._queue:
                job.failure = job.failure or failure

    def _push(self, cost: int, job: _Job, members: list[Member] | None) -> None:
        self._count += 1
        heapq.heappush(self._queue, (cost, self._count, job, members))
        self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._queue:
                    if self._closed and not self._unfinished:
                        return
                    self._changed.wait()
                _, _, job, members = heapq.heappop(self._queue)
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
                self._push(-cost, job, members)

    def _translate(self, job: _Job) -> None:
        try:
            from .sdist import translate_sdist  # few notebooks pin an sdist

            job.tree = translate_sdist(job.path, job.destination, job.filename, job.watch)
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
