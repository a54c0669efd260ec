"""Instantiating: fetch, check, translate and publish the artifacts of a plan.

Downloads run side by side and each is unpacked as soon as it is whole and checked. Every artifact
is worked on under its own lock, so that several processes share the work instead of doing it
twice; what a killed process left is taken up where it is.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from packaging.utils import canonicalize_name

from .errors import ArtifactError, HashMismatch, QuotaExceeded, StoreError
from .model import Digest
from .plan import TRANSLATOR_VERSION, Fetcher, Pin
from .report import Progress, Reporter
from .store import Lock, Published, Store, storage_errors
from .store.quota import exceeded
from .store.storage import explain
from .translate.pool import ExtractionPool
from .translate.wheel import Tree

__all__ = ["CONNECTIONS", "instantiate_pins"]

CONNECTIONS = 8
_TELL_EVERY = 0.05
_HINT = (
    "the file is not the one that was locked: nothing of it was kept; check the index or the"
    " mirror, and lock again only if the project says why it changed"
)


class _Stopped(Exception):
    """Another artifact failed, or the user interrupted: give up."""


def instantiate_pins(
    pins: Iterable[Pin],
    *,
    store: Store,
    fetcher: Fetcher,
    reporter: Reporter,
    threads: int | None = None,
    connections: int = CONNECTIONS,
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
            found[digest] = _checked_in_store(pin, published)
    if missing:
        store.prepare()
        with store.using():
            store.quota.check(sum(pin.artifact.size for pin in missing))
            found |= _Run(missing, store, fetcher, reporter, threads, connections, permit).run()
    return found


def _label(pin: Pin) -> str:
    return f"{pin.distribution.name} {pin.distribution.version}"


def _checked(pin: Pin, published: Published) -> Published:
    """Check that an artifact is the pin's distribution and has the tree that the lock says."""
    facts = published.facts
    if canonicalize_name(facts.name) != canonicalize_name(pin.distribution.name):
        raise ArtifactError(
            f"{_label(pin)}: the file that is pinned is another distribution",
            where=pin.artifact.filename,
            expected=pin.distribution.name,
            found=facts.name,
            hint="lock again: jupyter pyartifacts lock NOTEBOOK",
        )
    if pin.artifact.tree is not None and pin.artifact.tree != published.tree:
        raise HashMismatch(
            f"{_label(pin)}: its tree is not the one that the lock pins",
            where=pin.artifact.filename,
            expected=str(pin.artifact.tree),
            found=str(published.tree),
            hint=_tree_hint(pin),
        )
    return published


def _tree_hint(pin: Pin) -> str:
    made = pin.artifact.translator
    if made is None:
        return "lock again: jupyter pyartifacts lock NOTEBOOK"
    if made == TRANSLATOR_VERSION:
        return (
            "the lock was edited, or an sdist is not translated here as it is elsewhere: report"
            " it, and lock again: jupyter pyartifacts lock NOTEBOOK"
        )
    return (
        f"it was translated by version {made} of the translator, and version {TRANSLATOR_VERSION},"
        " which is here, makes another tree of it: lock again (jupyter pyartifacts lock NOTEBOOK),"
        " or use the version of jupyter_pyartifacts that made the lock"
    )


def _checked_in_store(pin: Pin, published: Published) -> Published:
    try:
        return _checked(pin, published)
    except ArtifactError as error:
        from .store.verify import verify_artifact

        damage = verify_artifact(published, quick=True)[1]
        if not damage:
            raise
        raise StoreError(
            "the store is damaged: an artifact is not what was published",
            where=damage[0].path,
            expected=damage[0].expected,
            found=damage[0].found,
            hint="repair it: jupyter pyartifacts verify NOTEBOOK",
        ) from error


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
        self._all = len(pins)
        sizes = [pin.artifact.size for pin in pins]
        # That of an interpreter's archive may not be known.
        self._bytes_total = sum(sizes) if all(sizes) else None
        self._bytes = 0
        self._fetched = 0
        self._told = 0.0
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
            self._tell(force=True)
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
            self._fetch(pin, part)
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
        from .translate.interpreter import translate_interpreter

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
        read, told = 0, time.monotonic()

        def watch(count: int) -> None:
            nonlocal read, told
            self._check_stop()
            read += count
            now = time.monotonic()
            if now - told < _TELL_EVERY:
                return
            told = now
            with self._guard:
                done = len(self._found)
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

    def _fetch(self, pin: Pin, part: Path) -> None:
        """Have the whole, checked archive in `part`. Raises HashMismatch, NetworkError."""
        artifact = pin.artifact
        resumed = _size(part)
        unknown = not artifact.size and artifact.kind == "interpreter"
        there = resumed and (resumed == artifact.size or unknown)
        if there and _hash_file(part) == artifact.digest.hex:
            self._count(resumed)
            self._arrived()
            return
        if resumed >= artifact.size and not unknown:
            part.unlink(missing_ok=True)
            resumed = 0
        try:
            self._fetch_once(pin, part, resumed)
        except HashMismatch:
            part.unlink(missing_ok=True)
            if not resumed:
                raise
            # What an earlier run left may have been damaged: once more, from the beginning.
            self._fetch_once(pin, part, 0)
        self._arrived()

    def _fetch_once(self, pin: Pin, part: Path, resumed: int) -> None:
        artifact = pin.artifact
        counted = 0
        known = artifact.size or artifact.kind != "interpreter"

        def on_bytes(count: int) -> None:
            nonlocal counted
            self._check_stop()
            counted += count
            self._count(count)
            if known and resumed + counted > artifact.size:
                raise _mismatch(pin, "size", f"{artifact.size} bytes", "more than that")

        self._count(resumed)
        try:
            with storage_errors(self._store.root):
                found = self._fetcher.fetch(artifact, part, on_bytes)
            size = _size(part)
            if known and size != artifact.size:
                raise _mismatch(pin, "size", f"{artifact.size} bytes", f"{size} bytes")
            if found != artifact.digest.hex:
                raise _mismatch(pin, "hash", str(artifact.digest), f"sha256:{found}")
        except BaseException:
            self._count(-counted - resumed)
            if known and _size(part) > artifact.size:
                part.unlink(missing_ok=True)
            raise

    def _extracted(
        self, pin: Pin, part: Path, temporary: Path, lock: Lock, result: Tree | BaseException
    ) -> None:
        """Publish a tree, or clean up after a failure; runs in one of the pool's threads."""
        try:
            if isinstance(result, OSError):
                raise explain(result, self._store.root, "written") from result
            if isinstance(result, BaseException):
                raise result
            _check_facts(pin, result)
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
        _checked(pin, published)
        with self._guard:
            self._found[pin.artifact.key] = published
            done = len(self._found)
        if not fetched:
            self._count(pin.artifact.size)
            self._arrived()
        for note in published.facts.notes:
            self._reporter.note(note)
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

    def _count(self, count: int) -> None:
        with self._guard:
            self._bytes += count
        self._tell()

    def _arrived(self) -> None:
        with self._guard:
            self._fetched += 1
        self._tell(force=self._fetched == self._all)

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
                distributions_done=self._fetched,
                distributions_total=self._all,
            )
        self._reporter.progress(event)


def _check_facts(pin: Pin, tree: Tree) -> None:
    _checked(pin, Published(path=Path(), tree=tree.facts.tree, facts=tree.facts))


def _mismatch(pin: Pin, what: str, expected: str, found: str) -> HashMismatch:
    return HashMismatch(
        f"{_label(pin)}: the {what} of its file is not the one that the lock pins",
        where=pin.artifact.filename,
        expected=expected,
        found=found,
        hint=_HINT,
    )


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _hash_file(path: Path) -> str:
    hashed = hashlib.sha256()
    with open(path, "rb") as stream:
        while data := stream.read(1 << 20):
            hashed.update(data)
    return hashed.hexdigest()
