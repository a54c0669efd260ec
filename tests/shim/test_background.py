"""Work beside the cells: real threads, a real event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.ioloop import IOLoop

from jupyter_pyartifacts.shim.background import Background
from jupyter_pyartifacts.shim.failures import Interrupted

WAIT = 60.0


class Cells:
    """A loop in a thread of its own, as a kernel runs its cells."""

    def __init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self.thread.start()
        assert self._ready.wait(WAIT)

    def _run(self) -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        self.loop = IOLoop.current()
        self.loop.add_callback(self._ready.set)
        self.loop.start()
        self.loop.close()

    def close(self) -> None:
        self.loop.add_callback(self.loop.stop)
        self.thread.join(WAIT)


@pytest.fixture
def cells() -> Iterator[Cells]:
    running = Cells()
    yield running
    running.close()


class Done:
    """Waits for the end of a piece of work."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._outcome: tuple[Any, BaseException | None] | None = None

    def __call__(self, result: Any, error: BaseException | None) -> None:
        self._outcome = (result, error)
        self._event.set()

    def outcome(self) -> tuple[Any, BaseException | None]:
        assert self._event.wait(WAIT)
        assert self._outcome is not None
        return self._outcome


def test_work_goes_on_in_a_thread_and_moves_where_cells_run(cells: Cells) -> None:
    background, done = Background(cells.loop), Done()
    background.start(lambda: (threading.current_thread(), background.on_main(_thread)), done)
    (worker, mover), error = done.outcome()
    assert error is None
    assert mover is cells.thread
    assert worker not in (mover, threading.current_thread())
    assert not background.is_busy


def test_what_is_raised_anywhere_is_handed_on(cells: Cells) -> None:
    background, done = Background(cells.loop), Done()
    background.start(lambda: background.on_main(lambda: 1 / 0), done)
    result, error = done.outcome()
    assert (result, type(error)) == (None, ZeroDivisionError)


def test_cancelling_is_heard_at_the_next_step(cells: Cells) -> None:
    background, done, begun = Background(cells.loop), Done(), threading.Event()

    def work() -> None:
        begun.set()
        while True:
            background.check("add pandas")

    background.start(work, done)
    assert begun.wait(WAIT)
    background.cancel()
    _, error = done.outcome()
    assert isinstance(error, Interrupted)
    assert str(error) == "add pandas: stopped, nothing was changed"
    # The next piece of work is not cancelled.
    again = Done()
    background.start(lambda: background.check("add numpy"), again)
    assert again.outcome() == (None, None)


def test_what_waits_for_a_cell_can_be_cancelled_and_then_never_happens(cells: Cells) -> None:
    background, done = Background(cells.loop), Done()
    cell_runs, cell_may_end, moved = threading.Event(), threading.Event(), []
    cells.loop.add_callback(lambda: (cell_runs.set(), cell_may_end.wait(WAIT)))
    assert cell_runs.wait(WAIT)
    background.start(lambda: background.on_main(lambda: moved.append(1), "add pandas"), done)
    background.cancel()
    _, error = done.outcome()
    assert isinstance(error, Interrupted)
    cell_may_end.set()
    after = threading.Event()
    background.later(after.set)
    assert after.wait(WAIT)
    assert moved == []


def test_without_a_loop_all_is_done_at_once() -> None:
    background, done = Background(None), Done()
    background.start(lambda: background.on_main(_thread), done)
    assert done.outcome() == (threading.current_thread(), None)
    background.later(lambda: done(1, None))
    assert done.outcome() == (1, None)


def _thread() -> threading.Thread:
    return threading.current_thread()
