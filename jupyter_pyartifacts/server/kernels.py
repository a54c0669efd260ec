"""The kernels of a server: what each was started with, and how its preparation went.

This is the host that the provisioner of a kernel talks to (`kernel/reporting.py`). Everything
here is called on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import Config
from ..errors import PyArtifactsError
from ..model import Environment
from ..notebook import KEY
from ..store.storage import write_file
from .jobs import Job, Jobs
from .settings import PyArtifacts

__all__ = ["Kernel", "Kernels"]


@dataclass
class Kernel:
    """One kernel: `path` is its notebook's in the contents manager.

    `session` is the file in which the kernel's magics keep the lock, `used` the lock that it was
    started with. `known` is the lock that the notebook's frontends are known to have: as saved
    when the kernel started, then what they saved last. `pushed` is what this server wrote into
    the session file last, `ran` what the kernel ran then.
    """

    id: str
    path: str | None
    session: str | None = None
    known: object | None = None
    used: object | None = None
    environment: Environment | None = None
    failure: PyArtifactsError | None = None
    job: Job | None = None
    pushed: object | None = None
    ran: object | None = None

    def lock(self) -> object | None:
        """Return the lock that the kernel's magics work on, None if it has none."""
        return _read_json(self.session).get(KEY)

    def news(self) -> bool:
        """Tell whether the kernel has made a lock that no frontend is known to have."""
        document = _read_json(self.session)
        return KEY in document and document[KEY] != self.known

    def running(self) -> object | None:
        """Return the lock that the kernel runs: what it moved to last, else its first one."""
        document = _read_json(self.session)
        if KEY not in document:
            return self.used
        lock: object | None = document[KEY]
        if document.get("moved"):
            # A frontend asked the kernel to: it runs what it was given.
            return lock
        return self.ran if self.pushed is not None and lock == self.pushed else lock

    def push(self, lock: object | None) -> None:
        """Have the kernel's magics work on a lock that a frontend made. Raises OSError."""
        document = _read_json(self.session)
        if self.session is None or KEY not in document:
            return
        self.ran, self.pushed = self.running(), lock
        document.pop("moved", None)
        write_file(Path(self.session), (json.dumps({**document, KEY: lock}) + "\n").encode())

    def loaded(self) -> dict[str, list[str]]:
        """Return what the kernel has loaded: names below each package directory."""
        if self.session is None:
            return {}
        return {
            directory: [name for name in names if isinstance(name, str)]
            for directory, names in _read_json(_footprint(self.session)).items()
            if isinstance(names, list)
        }

    def forget_loaded(self) -> None:
        """Forget what the process before a restart had loaded."""
        if self.session is not None:
            with contextlib.suppress(OSError):
                os.unlink(_footprint(self.session))


class Kernels:
    """The kernels that are prepared or run. `on_start` is called when one does,
    `on_end` awaited with one that ends."""

    def __init__(self, settings: PyArtifacts, jobs: Jobs) -> None:
        self._settings = settings
        self._jobs = jobs
        self._kernels: dict[str, Kernel] = {}
        self.on_start: Callable[[], None] = lambda: None
        self.on_end: Callable[[Kernel], Coroutine[Any, Any, None]] | None = None

    def __iter__(self) -> Iterator[Kernel]:
        return iter(list(self._kernels.values()))

    def get(self, kernel_id: str | None) -> Kernel | None:
        """Return a kernel that our provisioner started."""
        return None if kernel_id is None else self._kernels.get(kernel_id)

    def moved(self, source: str, path: str) -> None:
        """Take note that a notebook, or the directory of some, has another path."""
        for kernel in self:
            if kernel.path == source:
                kernel.path = path
            elif kernel.path is not None and kernel.path.startswith(f"{source}/"):
                kernel.path = path + kernel.path[len(source) :]

    # What a provisioner calls.

    def config(self) -> Config:
        """Return the settings of the engine."""
        return self._settings.engine_config()

    def environ(self) -> dict[str, str]:
        """Return the variables that tell a kernel's engine of the settings."""
        return self._settings.variables()

    def reporter(self, kernel_id: str, path: str | None) -> Job:
        """Return what takes the progress of one kernel's preparation: a job."""
        kernel = self._enter(kernel_id, path)
        kernel.failure = None
        kernel.job = self._jobs.begin("kernel", path, kernel_id=kernel_id)
        return kernel.job

    async def cancelled(self, kernel_id: str) -> PyArtifactsError:
        """Wait until somebody cancels the preparation of a kernel; return what it fails with."""
        kernel = self._kernels.get(kernel_id)
        job = None if kernel is None else kernel.job
        stopped = asyncio.get_running_loop().create_future()
        if job is None:
            await stopped
            raise AssertionError("nothing cancels what is not prepared")

        def stop() -> None:
            if not stopped.done():
                stopped.set_result(None)

        job.on_cancel = stop
        await stopped
        return job.cancellation()

    def failed(self, kernel_id: str, path: str | None, error: PyArtifactsError) -> None:
        """Take the failure that made one kernel a fallback kernel."""
        kernel = self._enter(kernel_id, path)
        kernel.failure, kernel.environment = error, None
        job = kernel.job or self._jobs.begin("kernel", path, kernel_id=kernel_id)
        self._jobs.end(job, error=error)
        kernel.job = None

    def started(
        self,
        kernel_id: str,
        path: str | None,
        *,
        session: str | None,
        saved: object | None,
        used: object | None,
        environment: Environment | None,
    ) -> None:
        """Take what a kernel is started with; `environment` None means a stock kernel."""
        self.on_start()
        kernel = self._enter(kernel_id, path)
        self._kernels[kernel_id] = Kernel(
            kernel_id,
            path,
            session=session,
            known=saved,
            used=used,
            environment=environment,
        )
        self._kernels[kernel_id].forget_loaded()
        if kernel.job is not None:
            self._jobs.end(kernel.job, result={"verb": "kernel", "kernel_id": kernel_id})

    def known_lock(self, kernel_id: str, saved: object | None) -> object | None:
        """Return the lock that the frontends of a kernel's notebook are known to have.

        `saved` is what the notebook had when the kernel started.
        """
        kernel = self._kernels.get(kernel_id)
        return saved if kernel is None else kernel.known

    def abandoned(self, kernel_id: str) -> None:
        """Take the end of a kernel that never was up."""
        kernel = self._kernels.pop(kernel_id, None)
        if kernel is not None and kernel.job is not None:
            kernel.job.cancel()
            self._jobs.end(kernel.job, error=kernel.job.cancellation())

    async def ended(self, kernel_id: str) -> None:
        """Take the end of a kernel, while its session file is still there."""
        kernel = self._kernels.pop(kernel_id, None)
        if kernel is not None and self.on_end is not None:
            # In a task of its own: what it starts threads for then ends with it, also where the
            # server's last task is what ends the kernel.
            await asyncio.get_running_loop().create_task(self.on_end(kernel))

    def _enter(self, kernel_id: str, path: str | None) -> Kernel:
        kernel = self._kernels.setdefault(kernel_id, Kernel(kernel_id, path))
        kernel.path = path or kernel.path
        return kernel


def _read_json(path: str | None) -> dict[str, Any]:
    """Return the object in a file that a kernel writes; empty where there is none."""
    if path is None:
        return {}
    try:
        document = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _footprint(session: str) -> str:
    """Return the file in which a kernel says what it has loaded, beside its session file."""
    return os.path.splitext(session)[0] + ".loaded"
