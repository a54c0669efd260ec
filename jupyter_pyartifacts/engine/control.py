"""Starting, asking and ending engines of this installation."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from .._version import __version__
from ..errors import PyArtifactsError
from .address import AVAILABLE
from .client import ask_engines

__all__ = [
    "PACKAGE",
    "Running",
    "await_engine",
    "end_engine",
    "find_engines",
    "start_engine",
    "stop_engines",
]

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_ENTRY = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; from runpy import run_module; "
    "sys.argv[1:] = ['engine', 'serve', *sys.argv[1:]]; "
    "run_module('jupyter_pyartifacts', run_name='__main__', alter_sys=True)"
)
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An engine that answers: since when (seconds of the epoch), what it did, whose it is."""

    pid: int
    place: str
    since: float
    served: int
    owned: bool


def find_engines() -> tuple[Running, ...]:
    """Return the engines that this process could use."""
    if not AVAILABLE:
        return ()
    found = []
    for place, text in ask_engines(PACKAGE, __version__):
        with contextlib.suppress(ValueError):
            pid, since, served, owned = text.split()
            found.append(
                Running(
                    pid=int(pid),
                    place=place,
                    since=float(since),
                    served=int(served),
                    owned=owned == "1",
                )
            )
    return tuple(found)


def start_engine(*, owned: bool) -> subprocess.Popen[bytes]:
    """Start an engine as a process of its own, in the background, and return it.

    An `owned` one ends with this process, or once its standard input is closed; another one ends
    when it was idle for a while.
    """
    return subprocess.Popen(
        [sys.executable, "-c", _ENTRY, *(["--owned"] if owned else [])],
        stdin=subprocess.PIPE if owned else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if owned else subprocess.PIPE,
        cwd="/",
        start_new_session=True,
    )


def end_engine(process: subprocess.Popen[bytes]) -> None:
    """Let go of an engine that this process owns."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def await_engine(process: subprocess.Popen[bytes]) -> Running:
    """Wait until an engine that was started answers. Raises PyArtifactsError if it does not."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        for each in find_engines():
            if each.pid == process.pid:
                return each
        time.sleep(0.05)
    said = b""
    if process.poll() is not None and process.stderr is not None:
        said = process.stderr.read()
    process.kill()
    raise PyArtifactsError(
        "the engine does not start",
        details=said.decode(errors="replace"),
        hint="commands work without one as well, only slower",
    )


def stop_engines() -> tuple[Running, ...]:
    """End the engines of this installation that nobody owns, and return them."""
    stopped = tuple(each for each in find_engines() if not each.owned)
    for each in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each.pid, signal.SIGTERM)
    return stopped
