"""Jobs: their states, their end, who waits for whom, and how often they are told of."""

from __future__ import annotations

import asyncio
import threading

import pytest

from jupyter_pyartifacts.errors import Cancelled, NetworkError, UsageError
from jupyter_pyartifacts.report import Progress
from jupyter_pyartifacts.server.events import progress_event
from jupyter_pyartifacts.server.jobs import Busy, Job, Jobs

KEYS = {"id", "verb", "path", "kernel_id", "state", "elapsed"} | {
    *("progress", "notes", "result", "error")
}


class Told:
    """Keeps what is told of jobs, as events."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []

    def __call__(self, job: Job) -> None:
        self.events.append(progress_event(job))


async def ended(jobs: Jobs, job: Job) -> Job:
    while job.state == "running":
        await asyncio.sleep(0.01)
    return job


def run(scene):
    """Run a scene with jobs of its own; return what was told."""
    told = Told()

    async def play():
        jobs = Jobs(told)
        await asyncio.wait_for(scene(jobs), 60)

    asyncio.run(play())
    return told.events


def test_a_job_works_in_a_thread_and_ends_with_its_result():
    async def scene(jobs):
        def work(job):
            job.progress(Progress(stage="download", done=1, total=2, unit="bytes", item="demo"))
            job.note("by the way")
            job.note("by the way")
            return {"thread": threading.current_thread().name}

        job = jobs.start("add", "n.ipynb", work)
        assert job.to_json()["state"] == "running"
        shown = (await ended(jobs, job)).to_json()
        assert set(shown) == KEYS
        assert shown["state"] == "done"
        assert shown["result"] == {"thread": "pyartifacts-add"}
        assert shown["notes"] == ["by the way"]
        assert shown["progress"]["item"] == "demo"
        assert jobs.get(job.id) is job
        assert jobs.of("n.ipynb") == [job]

    events = run(scene)
    assert events[-1]["state"] == "done"
    assert events[-1]["message"] == "by the way"
    assert [events[-1][key] for key in ("stage", "done", "total", "unit")] == [
        *("download", 1, 2, "bytes")
    ]


@pytest.mark.parametrize(
    ("error", "code", "hint"),
    [
        (NetworkError("no way", hint="plug it in"), "network", "plug it in"),
        (
            ValueError("what nobody thought of"),
            "error",
            "this is a defect of jupyter_pyartifacts: please report it with these lines",
        ),
    ],
)
def test_a_job_that_fails_says_why(error, code, hint):
    async def scene(jobs):
        def work(job):
            raise error

        shown = (await ended(jobs, jobs.start("add", "n", work))).to_json()
        assert shown["state"] == "failed"
        assert (shown["error"]["code"], shown["error"]["hint"]) == (code, hint)

    assert run(scene)[-1]["hint"] == hint


def test_a_cancelled_job_stops_at_its_next_step_and_does_not_finish():
    finished = []

    async def scene(jobs):
        going = threading.Event()

        def work(job):
            while True:
                job.progress(Progress(stage="download", done=0))
                going.set()

        async def finish(result):
            finished.append(result)

        job = jobs.start("instantiate", "n.ipynb", work, finish=finish)
        await asyncio.to_thread(going.wait)
        jobs.cancel(job)
        shown = job.to_json()
        assert shown["state"] == "cancelled"
        # The work stops, too, and what it does until then changes nothing.
        while any(thread.name == "pyartifacts-instantiate" for thread in threading.enumerate()):
            await asyncio.sleep(0.01)
        assert job.to_json() == shown
        assert shown["error"]["message"] == "`instantiate` was cancelled"

    assert run(scene)[-1]["state"] == "cancelled"
    assert finished == []


def test_a_job_that_is_cancelled_at_its_last_step_does_not_finish():
    finished = []

    async def scene(jobs):
        async def finish(result):
            finished.append(result)

        def work(job):
            job.cancel()
            return {}

        job = jobs.start("add", "n.ipynb", work, finish=finish)
        assert (await ended(jobs, job)).state == "cancelled"

    run(scene)
    assert finished == []


def test_one_writer_for_a_notebook_and_a_limit_for_all():
    async def scene(jobs):
        go = threading.Event()

        def work(job):
            go.wait()
            return {}

        first = jobs.start("add", "n.ipynb", work)
        with pytest.raises(Busy) as refusal:
            jobs.start("remove", "n.ipynb", work)
        assert isinstance(refusal.value, UsageError)
        assert refusal.value.found == f"job {first.id}"
        others = [jobs.start("add", f"{number}.ipynb", work) for number in range(15)]
        with pytest.raises(Busy, match="too much to do"):
            jobs.start("gc", None, work)
        # A kernel waits for nobody.
        kernel = jobs.begin("kernel", "n.ipynb", kernel_id="k")
        go.set()
        for job in (first, *others):
            await ended(jobs, job)
        jobs.end(kernel, result={})
        await ended(jobs, jobs.start("add", "n.ipynb", work))

    run(scene)


def test_jobs_that_ended_are_forgotten_in_time():
    async def scene(jobs):
        first = jobs.start("add", "n.ipynb", lambda job: {})
        await ended(jobs, first)
        for _ in range(40):
            await ended(jobs, jobs.start("add", "n.ipynb", lambda job: {}))
        assert jobs.get(first.id) is None
        assert len(jobs.of("n.ipynb")) == 32

    run(scene)


def test_a_kernel_that_is_cancelled_ends_with_its_preparation():
    async def scene(jobs):
        kernel = jobs.begin("kernel", "n.ipynb", kernel_id="k")
        jobs.cancel(kernel)
        assert kernel.state == "running"
        with pytest.raises(Cancelled) as stop:
            kernel.progress(Progress(stage="download", done=0))
        jobs.end(kernel, error=stop.value)
        assert kernel.state == "cancelled"
        assert "restart the kernel" in stop.value.hint

    run(scene)


def test_what_is_being_written_is_not_cancelled():
    async def scene(jobs):
        writing, go = asyncio.Event(), asyncio.Event()

        async def finish(result):
            writing.set()
            await go.wait()

        job = jobs.start("add", "n.ipynb", lambda job: {}, finish=finish)
        await writing.wait()
        jobs.cancel(job)
        go.set()
        assert (await ended(jobs, job)).state == "done"

    run(scene)


def test_what_moves_fast_is_told_of_slowly_and_what_does_not_move_still_is():
    still: list[float] = []
    fast: list[int] = []
    enough = threading.Event()
    told = Told()

    def tell(job):
        told(job)
        if job.last is not None and job.last.done == 199_999:
            still.append(told.events[-1]["elapsed"])
            if len(still) == 4:
                enough.set()

    def work(job):
        for done in range(200_000):
            job.progress(Progress(stage="download", done=done))
        fast.append(len(told.events))
        assert enough.wait(60)
        return {}

    async def play():
        jobs = Jobs(tell)
        await ended(jobs, jobs.start("add", "n.ipynb", work))

    asyncio.run(play())
    assert fast[0] < 200
    # It stood still, and was told of with the time that it took so far.
    assert still[:4] == sorted(set(still[:4]))
