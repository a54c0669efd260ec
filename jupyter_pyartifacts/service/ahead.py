"""Ahead of the resolver's answer: what stays is looked up, what is likely wanted is fetched."""

from __future__ import annotations

import contextlib
import threading
import time

from ..errors import Cancelled, PyArtifactsError
from ..model import Digest, Lock
from ..plan import Fetcher, Pin, pins_for
from ..report import NullReporter, Progress
from .workplace import Workplace

__all__ = ["Ahead"]

_LARGEST = 16 << 20
_PATIENCE = 0.5
_HOLD = 5.0


class Ahead:
    """What a change can do while uv is at work and this process would wait.

    Nothing depends on it: whatever fails here fails again, and is told, where it is wanted. What
    is fetched gets its name in the store only once the answer wants it, and leaves nothing else.
    """

    def __init__(self, place: Workplace, before: Lock | None, fetcher: Fetcher) -> None:
        self._place = place
        self._before = before
        self._fetcher = fetcher
        self._wanted: frozenset[Digest] = frozenset()
        self._answered = threading.Event()
        self._ended = threading.Event()
        self._threads: dict[Digest, threading.Thread] = {}

    def look_up(self) -> None:
        """Import what comes after a resolution, and find in the store what stays as it is."""
        # In the order in which it is wanted: uv asks for a page first.
        from ..index import bodies  # isort: skip
        from .. import elsewhere, outcome, provide  # isort: skip

        del bodies, elsewhere, outcome, provide
        if self._before is None:
            return
        store = self._place.store
        with contextlib.suppress(PyArtifactsError):
            for platform in self._before.platforms:
                for pin in pins_for(self._before, platform):
                    if platform == self._place.platform:
                        store.find_artifact(pin.artifact.key)
            for each in self._before.distributions:
                for artifact in each.artifacts:
                    store.known_tree(artifact.key)

    def fetch(self, pin: Pin) -> None:
        """Fetch and unpack what is likely wanted, in a thread; nothing that is large."""
        key = pin.artifact.key
        if pin.artifact.size > _LARGEST or key in self._threads or self._answered.is_set():
            return
        self._threads[key] = thread = threading.Thread(target=self._bring, args=(pin,), daemon=True)
        thread.start()

    def _bring(self, pin: Pin) -> None:
        store, artifact = self._place.store, pin.artifact
        part = store.layout.part(artifact.digest)
        begun = part.exists()
        with contextlib.suppress(Exception):
            # It fails where the main thread is interrupted while it imports the same.
            from ..instantiate import instantiate_pins

            if store.find_artifact(artifact.key) is not None:
                return
            instantiate_pins(
                [pin],
                store=store,
                fetcher=self._fetcher,
                reporter=_Until(self._ended),
                threads=1,
                permit=self._permit,
            )
        self._answered.wait()
        if begun or artifact.key in self._wanted:
            return
        with contextlib.suppress(OSError, PyArtifactsError):
            lock = store.lock(artifact.key.hex, wait=False)
            if lock is not None:
                with lock:
                    part.unlink(missing_ok=True)

    def _permit(self, key: Digest) -> None:
        # The artifact's lock is held here: whoever else wants the artifact has waited enough.
        if not self._answered.wait(_HOLD) or key not in self._wanted:
            raise _not_now()

    def settle(self, lock: Lock | None = None) -> None:
        """Publish what a lock pins of all that was fetched, and give up the rest.

        Waits a moment for what is still on its way. After that whoever wants it goes on with it,
        and shows the progress.
        """
        if self._answered.is_set():
            return
        if lock is not None:
            artifacts = (own for each in lock.distributions for own in each.artifacts)
            self._wanted = frozenset(artifact.key for artifact in artifacts)
        else:
            self._ended.set()
        self._answered.set()
        deadline = time.monotonic() + _PATIENCE
        for thread in tuple(self._threads.values()):
            thread.join(max(0.0, deadline - time.monotonic()))
        self._ended.set()


class _Until(NullReporter):
    """Say nothing, and stop the work once it is ended."""

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended

    def progress(self, event: Progress, /) -> None:
        """Raise Cancelled once it is ended."""
        if self._ended.is_set():
            raise _not_now()


def _not_now() -> Cancelled:
    return Cancelled("enough was fetched ahead", hint="what is wanted is fetched where it is")
