"""A set of pins: downloads side by side, each unpacked and published as soon as it is checked.

Every artifact is worked on under its own lock, so that several processes share the work instead
of doing it twice; what a killed process left is taken up where it is.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from ..errors import ArtifactError, QuotaExceeded
from ..model import Digest
from ..plan import Fetcher, Pin
from ..report import Reporter
from ..store import Lock, Published, Store
from ..store.quota import exceeded
from ..store.storage import explain
from ..translate.pool import ExtractionPool
from ..translate.wheel import Tree
from .archive import fetch_archive
from .checks import check_facts, checked, checked_in_store
from .tally import Tally

__all__ = ["instantiate_pins"]

_CONNECTIONS = 8


class _Stopped(Exception):
    """Another artifact failed, or the user interrupted: give up."""


def instantiate_pins(
    pins: Iterable[Pin],
    *,
    store: Store,
    fetcher: Fetcher,
    reporter: Reporter,
    threads: int | None = None,
    connections: int = _CONNECTIONS,
    permit: Callable[[Digest], None] = lambda _: None,
) -> dict[Digest, Published]:
    """Return each pin's published artifact by its key; fetch what is not there.

    When everything is there, that costs the reading of one small file for each. `permit` is called
    with the key of each artifact before it gets its name, in any thread; it may take its time, or
    raise. Raises HashMismatch, ArtifactError and UnsafeArchive for a file that is not what it
    should be, NetworkError for what cannot be reached, StoreError for a disk that is full or
    read-only, QuotaExceeded for too much: before a byte is fetched, if the archives alone are too
    large. After an error nothing half made is under any artifact's name.
    """
    wanted = {pin.artifact.key: pin for pin in pins}
    found: dict[Digest, Published] = {}
    missing: list[Pin] = []
    for digest, pin in wanted.items():
        published = store.find_artifact(digest)
        if published is None:
            missing.append(pin)
        else:
            found[digest] = checked_in_store(pin, published)
    if missing:
        store.prepare()
        with store.using():
            store.quota.check(sum(pin.artifact.size for pin in missing))
            found |= _Run(missing, store, fetcher, reporter, threads, connections, permit).run()
    return found


class _Run:
    """One instantiation: queues, threads, and the first failure."""

    def __init__(
        self,
        pins: Sequence[Pin],
        store: Store,
        fetcher: Fetcher,
        reporter: Reporter,
        threads: int | None,
        connections: int,
        permit: Callable[[Digest], None],
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._reporter = reporter
        self._permit = permit
        self._connections = max(1, min(connections, len(pins)))
        self._pool = ExtractionPool(threads)
        # The largest first: they take longest to arrive and to unpack.
        self._todo = deque(sorted(pins, key=lambda pin: -pin.artifact.size))
        self._pins = pins
        self._tally = Tally(pins, reporter)
        self._found: dict[Digest, Published] = {}
        self._added: dict[Digest, int] = {}
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._counting = threading.Lock()

    def run(self) -> dict[Digest, Published]:
        """Do it all and return what was published."""
        workers = [
            threading.Thread(target=self._work, name=f"pyartifacts-fetch-{number}", daemon=True)
            for number in range(self._connections)
        ]
        try:
            self._tally.begin()
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            self._pool.close()
        except BaseException as error:
            self._fail(error)
            for worker in workers:
                if worker.ident is not None:
                    worker.join()
            self._pool.close()
            raise
        if self._failure is not None:
            raise self._failure
        return self._found

    def _fail(self, error: BaseException) -> None:
        with self._guard:
            if self._failure is None and not isinstance(error, _Stopped):
                self._failure = error
        self._stop.set()
        self._pool.cancel(_Stopped())

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                with self._guard:
                    if not self._todo:
                        return
                    pin = self._todo.popleft()
                    # With others left to do there is no need to wait for a lock.
                    wait = not self._todo
                if not self._take(pin, wait):
                    with self._guard:
                        self._todo.append(pin)
                    time.sleep(0.002)
        except BaseException as error:  # noqa: BLE001 - raised again by `run`
            self._fail(error)

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _take(self, pin: Pin, wait: bool) -> bool:
        """Fetch one artifact and hand it on; return False if another process is at it."""
        digest = pin.artifact.key
        lock = self._store.lock(digest.hex, wait=wait, check=self._check_stop)
        if lock is None:
            return False
        handed_on = False
        try:
            published = self._store.find_artifact(digest)
            if published is not None:
                self._done(pin, published, fetched=False)
                return True
            part = self._store.layout.part(pin.artifact.digest)
            fetch_archive(
                pin,
                part,
                fetcher=self._fetcher,
                root=self._store.root,
                tally=self._tally,
                check=self._check_stop,
            )
            self._check_stop()
            temporary = self._store.temporary(digest.hex)
            handed_on = True
            if pin.artifact.kind == "interpreter":
                self._extracted(pin, part, temporary, lock, self._unpack(pin, part, temporary))
                return True
            self._pool.submit(
                str(part),
                str(temporary / "tree"),
                pin.artifact.filename,
                pin.artifact.size,
                lambda result: self._extracted(pin, part, temporary, lock, result),
                self._watch(pin),
            )
        finally:
            if not handed_on:
                lock.release()
        return True

    def _unpack(self, pin: Pin, part: Path, temporary: Path) -> Tree | BaseException:
        """Unpack an interpreter, one at most: in the thread that fetched it."""
        from ..translate.interpreter import translate_interpreter

        try:
            return translate_interpreter(
                part,
                str(temporary / "tree"),
                pin.artifact.filename,
                pin.distribution.version,
                self._watch(pin),
            )
        except BaseException as error:  # noqa: BLE001 - `_extracted` cleans up and tells
            return error

    def _watch(self, pin: Pin) -> Callable[[int], None]:
        """Return what shows the movement of a long translation, and ends it if all is to stop."""
        unpacking = self._tally.unpacking(pin)

        def watch(count: int) -> None:
            self._check_stop()
            unpacking(count)

        return watch

    def _extracted(
        self, pin: Pin, part: Path, temporary: Path, lock: Lock, result: Tree | BaseException
    ) -> None:
        """Publish a tree, or clean up after a failure; runs in one of the pool's threads."""
        try:
            if isinstance(result, OSError):
                raise explain(result, self._store.root, "written") from result
            if isinstance(result, BaseException):
                raise result
            check_facts(pin, result)
            published = self._publish(pin, temporary, result)
            part.unlink(missing_ok=True)
            self._done(pin, published, fetched=True)
        except BaseException as error:  # noqa: BLE001 - raised again by `run`
            self._fail(error)
            self._store.discard(temporary)
            if isinstance(error, ArtifactError):
                part.unlink(missing_ok=True)
        finally:
            lock.release()

    def _publish(self, pin: Pin, temporary: Path, tree: Tree) -> Published:
        self._permit(pin.artifact.key)
        # One after the other where it counts, so that what this run has added is known.
        with nullcontext() if self._store.quota.limit is None else self._counting:
            try:
                published = self._store.publish_artifact(
                    pin.artifact.key, temporary, tree.facts, tree.manifest, tree.sizes
                )
            except QuotaExceeded as error:
                raise self._too_much(pin, error) from error
            self._added[pin.artifact.key] = tree.facts.unpacked
            return published

    def _too_much(self, pin: Pin, error: QuotaExceeded) -> QuotaExceeded:
        """Return the error for all that this run adds, instead of for the artifact at its end."""
        added = sum(self._added.values())
        with self._guard:
            known = {pin.artifact.key, *self._added, *self._found}
        rest = sum(each.artifact.size for each in self._pins if each.artifact.key not in known)
        return exceeded(
            self._store.root,
            self._store.quota.limit or 0,
            used=error.used - added,
            more=added + error.more + rest,
        )

    def _done(self, pin: Pin, published: Published, *, fetched: bool) -> None:
        checked(pin, published)
        with self._guard:
            self._found[pin.artifact.key] = published
        if not fetched:
            self._tally.count(pin.artifact.size)
            self._tally.arrived()
        for note in published.facts.notes:
            self._reporter.note(note)
        self._tally.ready(pin)
