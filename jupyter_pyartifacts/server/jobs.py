"""Jobs: work of the engine that goes on while the server serves, with progress and a way to stop.

All methods but those of a job's reporter are called on the event loop's thread. A reporter is
called from the engine's threads; it only sets fields, which one beat of the loop tells of.
"""

from __future__ import annotations

import asyncio
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from ..errors import Cancelled, PyArtifactsError, UsageError
from ..report import Progress
from ..threads import run_in_thread
from .concealment import conceal

__all__ = ["Busy", "Job", "Jobs", "internal_error"]

BEAT = 0.1
"""Seconds between two events of one job, at least."""
HEARTBEAT = 1.0
"""Seconds between two events of a running job, at most."""
_FINISHED = 32
_RUNNING = 16
_NOTES = 100

State = Literal["running", "done", "failed", "cancelled"]
Work = Callable[["Job"], dict[str, Any]]
Finish = Callable[[dict[str, Any]], Awaitable[None]]


class Job:
    """One piece of work, and the reporter that the engine gets for it."""

    def __init__(self, verb: str, path: str | None, kernel_id: str | None) -> None:
        self.id = uuid.uuid4().hex
        self.verb = verb
        self.path = path
        self.kernel_id = kernel_id
        self.state: State = "running"
        self.result: dict[str, Any] | None = None
        self.error: PyArtifactsError | None = None
        self.began = time.monotonic()
        self.ended: float | None = None
        self.last: Progress | None = None
        self.notes: list[str] = []
        self.moved = True
        self.told = 0.0
        self.finishing = False
        self.on_cancel: Callable[[], None] = lambda: None
        self._cancelled = False

    def progress(self, event: Progress, /) -> None:
        """Take progress; raise Cancelled once the job shall stop."""
        self.last, self.moved = event, True
        self.check()

    def note(self, text: str, /) -> None:
        """Take a note."""
        if text not in self.notes and len(self.notes) < _NOTES:
            self.notes.append(text)
            self.moved = True

    def check(self) -> None:
        """Raise Cancelled once the job shall stop."""
        if self._cancelled:
            raise self.cancellation()

    def cancellation(self) -> Cancelled:
        """Return what the job ends with when it is cancelled."""
        if self.verb == "kernel":
            what = "the preparation of the kernel was cancelled"
            hint = "restart the kernel to try again; what was fetched is kept"
        else:
            what = f"`{self.verb}` was cancelled"
            hint = "nothing was changed; start it again when you like, what was fetched is kept"
        return Cancelled(what, where=self.path, hint=hint)

    def cancel(self) -> None:
        """Have the work stop at its next step."""
        self._cancelled = True
        self.on_cancel()

    @property
    def elapsed(self) -> float:
        """Return the seconds that the job took so far."""
        return (self.ended or time.monotonic()) - self.began

    def to_json(self) -> dict[str, Any]:
        """Return the job as the REST interface shows it."""
        return {
            "id": self.id,
            "verb": self.verb,
            "path": self.path,
            "kernel_id": self.kernel_id,
            "state": self.state,
            "elapsed": round(self.elapsed, 1),
            "progress": None if self.last is None else self.last.to_event(),
            "notes": conceal(self.notes),
            "result": self.result,
            "error": None if self.error is None else conceal(self.error.to_event()),
        }


class Jobs:
    """The jobs of a server: those that run, and the last ones that ended.

    `tell` is called with every job that has news, and at least once a second while it runs.
    """

    def __init__(self, tell: Callable[[Job], None]) -> None:
        self._tell = tell
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._beating = False

    def get(self, identifier: str) -> Job | None:
        """Return a job; None if there is none of that name, or it ended long ago."""
        return self._jobs.get(identifier)

    def of(self, path: str) -> list[Job]:
        """Return the jobs of one notebook that run, and those that ended last, the newest last."""
        return [job for job in self._jobs.values() if job.path == path]

    def start(
        self, verb: str, path: str | None, work: Work, *, finish: Finish | None = None
    ) -> Job:
        """Start work in a thread of its own; `finish` is awaited on the loop with its result.

        Raises Busy if another job is at work on that notebook, or too many are at all.
        """
        running = [job for job in self._jobs.values() if job.state == "running"]
        for other in running:
            if path is not None and other.path == path and other.kernel_id is None:
                raise Busy(
                    f"`{other.verb}` is at work on this notebook",
                    where=path,
                    found=f"job {other.id}",
                    hint="wait until it is done, or cancel it, then try again",
                )
        if len([job for job in running if job.kernel_id is None]) >= _RUNNING:
            raise Busy(
                "this server has too much to do",
                expected=f"at most {_RUNNING} jobs at once",
                hint="wait until some of them are done, or cancel them, then try again",
            )
        job = self.begin(verb, path)
        task = asyncio.get_running_loop().create_task(self._run(job, work, finish))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def begin(self, verb: str, path: str | None, *, kernel_id: str | None = None) -> Job:
        """Enter a job whose work somebody else does; `end` is theirs to call."""
        job = Job(verb, path, kernel_id)
        self._jobs[job.id] = job
        if not self._beating:
            self._beating = True
            task = asyncio.get_running_loop().create_task(self._beat())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return job

    def end(
        self, job: Job, *, result: dict[str, Any] | None = None, error: Exception | None = None
    ) -> None:
        """Note how a job ended, and forget the oldest of those that ended before."""
        if job.state != "running":
            return
        job.ended = time.monotonic()
        job.result = result
        if error is None:
            job.state = "done"
        else:
            job.error = (
                error if isinstance(error, PyArtifactsError) else internal_error(job.verb, error)
            )
            job.state = "cancelled" if isinstance(error, Cancelled) else "failed"
        self._tell(job)
        ended = [each.id for each in self._jobs.values() if each.state != "running"]
        for identifier in ended[:-_FINISHED]:
            del self._jobs[identifier]

    def cancel(self, job: Job) -> None:
        """Stop a job: at once for whoever waits for it, at its next step for the engine.

        What the engine does until then is the store's alone, and nobody gets its result. The job
        of a kernel is ended by whoever waits for it; what is being written is written.
        """
        if job.state != "running" or job.finishing:
            return
        job.cancel()
        if job.kernel_id is None:
            self.end(job, error=job.cancellation())

    async def _run(self, job: Job, work: Work, finish: Finish | None) -> None:
        try:
            result = await run_in_thread(lambda: work(job), name=f"pyartifacts-{job.verb}")
            job.check()
            if finish is not None:
                job.finishing = True
                await finish(result)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job's owner must see it
            self.end(job, error=error)
        else:
            self.end(job, result=result)

    async def _beat(self) -> None:
        try:
            while running := [job for job in self._jobs.values() if job.state == "running"]:
                now = time.monotonic()
                for job in running:
                    if job.moved or now - job.told >= HEARTBEAT - BEAT:
                        job.moved, job.told = False, now
                        self._tell(job)
                await asyncio.sleep(BEAT)
        finally:
            self._beating = False


class Busy(UsageError):
    """Something else is at work on the same notebook."""

    code = "busy"


def internal_error(what: str, error: Exception) -> PyArtifactsError:
    """Return the error for what nobody thought of."""
    return PyArtifactsError(
        f"`{what}` failed",
        found=f"{type(error).__name__}: {error}",
        details="".join(traceback.format_exception(error)[-12:]),
        hint="this is a defect of jupyter_pyartifacts: please report it with these lines",
    )
