"""The command line, one module a verb: parse, call the engine, print.

Data goes to stdout, messages and progress to stderr. With `--json` stdout carries one event a
line, a failure as the last event; stderr has its text all the same, and ends with `hint: ...`.
Exit codes: 0 done, 1 failed, 2 called in a way that cannot be understood, 130 interrupted,
141 nobody reads our output any more.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from ..errors import InternalError, Interrupted, PyArtifactsError
from .console import Console

__all__ = ["main"]

INTERRUPTED = 130
BROKEN_PIPE = 141


def main(arguments: Sequence[str], caller: int | None = None) -> int:
    """Run one command line and return its exit code; nothing is raised but SystemExit by help.

    `caller` is the process that the command belongs to, where that is not this one's parent.
    """
    console = Console(json_events=_wants_json(arguments))
    try:
        from .dispatch import dispatch

        code = dispatch(arguments, console, caller)
        console.flush()
    except PyArtifactsError as error:
        code = _report(console, error)
    except KeyboardInterrupt:
        _forget_interrupt()
        code = _report(console, _interrupted(), INTERRUPTED)
    except BrokenPipeError:
        return _leave_pipe()
    except Exception as error:  # noqa: BLE001 - the last line of defence: say so, don't spill
        code = _report(console, _unforeseen(error))
    return code


def _wants_json(arguments: Sequence[str]) -> bool:
    """Tell before parsing, so that a command line that cannot be parsed answers in kind."""
    for argument in arguments:
        if argument == "--":
            return False
        if argument == "--json":
            return True
    return False


def _report(console: Console, error: PyArtifactsError, code: int | None = None) -> int:
    try:
        console.error(error)
        console.flush()
    except BrokenPipeError:
        return _leave_pipe()
    return error.exit_code if code is None else code


def _interrupted() -> PyArtifactsError:
    return Interrupted(
        "interrupted",
        hint="run the same command again to go on; what was downloaded is kept",
    )


def _forget_interrupt() -> None:
    # Where an interrupt reached text that was run by exec(), as a dataclass that is defined is,
    # CPython ends itself by the signal whatever the exit code (Python/pythonrun.c,
    # unhandled_keyboard_interrupt), until the next text is run.
    exec("")  # noqa: S102


def _unforeseen(error: Exception) -> PyArtifactsError:
    import traceback

    return InternalError(
        f"an error that nobody foresaw: {type(error).__name__}: {error}",
        details="".join(traceback.format_exception(error)),
        hint="this is a bug in jupyter_pyartifacts; please report it with the lines above",
    )


def _leave_pipe() -> int:
    # The interpreter flushes stdout at exit and would complain again.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE
