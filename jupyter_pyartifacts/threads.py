"""Waiting in front-ends whose event loop serves others meanwhile: for a thread, for a file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

__all__ = ["read_patiently", "run_in_thread"]

_Value = TypeVar("_Value")


async def run_in_thread(function: Callable[[], _Value], *, name: str = "pyartifacts") -> _Value:
    """Run a function in a daemon thread and wait for what it returns or raises.

    Not the loop's executor: the process would wait for its threads at exit, so that Ctrl-C
    during a download would seem to do nothing. The store survives a stop at every point.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Value] = loop.create_future()

    def settle(value: _Value | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is None:
            future.set_result(value)  # type: ignore[arg-type]
        else:
            future.set_exception(error)

    def work() -> None:
        try:
            value: _Value | None = function()
            failure: BaseException | None = None
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            value, failure = None, error
        try:
            loop.call_soon_threadsafe(settle, value, failure)
        except RuntimeError:
            pass  # The loop was closed meanwhile: nobody waits any more.

    threading.Thread(target=work, name=name, daemon=True).start()
    return await future


async def read_patiently(read: Callable[[], Awaitable[_Value]], pauses: Iterable[float]) -> _Value:
    """Return what `read` returns; where it raises, call it again after each pause (seconds)."""
    for pause in pauses:
        try:
            return await read()
        except Exception:  # noqa: BLE001 - plugins raise what they like; the last time it is raised
            await asyncio.sleep(pause)
    return await read()
