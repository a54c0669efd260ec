"""Keep a process of this installation loaded, so that commands run sooner; end it; or look.

A running engine has everything in memory and forks a child for each command, which then behaves as
it would without one. `start` leaves it in the background: it ends after 15 minutes in which nobody
asked for anything, and with `stop`. A Jupyter server has one of its own. Nothing has to be done to
use it; PYARTIFACTS_ENGINE=0 leaves it aside. `serve` is the engine itself, in the foreground.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING

from .._version import __version__
from ..errors import PyArtifactsError, UsageError
from .call import Call

if TYPE_CHECKING:
    from ..engine.control import Running

ARGUMENTS = "start|stop|status"
NOTEBOOK = "none"
WORDS = (1, 1)
REQUIREMENTS = False
EXAMPLES = ("engine start", "engine status", "engine stop")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--owned", action="store_true", help=argparse.SUPPRESS)


def run(call: Call) -> int:
    """Do what is said with the engines of this installation."""
    from ..engine.address import AVAILABLE

    (action,) = call.words
    acts = {"start": _start, "stop": _stop, "status": _status, "serve": _serve}
    if action not in acts:
        raise UsageError(
            "an engine cannot do that",
            expected="start, stop or status",
            found=action[:80],
            hint="see jupyter pyartifacts engine --help",
        )
    if not AVAILABLE:
        raise PyArtifactsError(
            "there is no engine on this system, which cannot fork processes",
            hint="commands work without one",
        )
    return acts[action](call)


def _start(call: Call) -> int:
    from ..engine.control import await_engine, find_engines, start_engine

    running = [each for each in find_engines() if not each.owned]
    if running:
        return _tell(call, running, [f"the engine runs already, as process {running[0].pid}"])
    one = await_engine(start_engine(owned=False))
    return _tell(call, [one], [f"the engine runs, as process {one.pid}"])


def _stop(call: Call) -> int:
    from ..engine.control import find_engines, stop_engines

    lines = [f"the engine of process {each.pid} ends" for each in stop_engines()]
    left = [each for each in find_engines() if each.owned]
    lines += [f"process {each.pid} belongs to a Jupyter server, and stays" for each in left]
    return _tell(call, left, lines or ["no engine runs"])


def _status(call: Call) -> int:
    from ..engine.control import find_engines

    running = find_engines()
    return _tell(call, running, [_describe(each) for each in running] or ["no engine runs"])


def _describe(each: Running) -> str:
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.since))
    whose = ", of a Jupyter server" if each.owned else ""
    return f"process {each.pid}{whose}: since {since}, {each.served} commands, {each.place}"


def _tell(call: Call, running: list[Running] | tuple[Running, ...], lines: list[str]) -> int:
    call.console.result(
        {
            "event": "result",
            "verb": "engine",
            "engines": [
                {
                    "pid": each.pid,
                    "socket": each.place,
                    "since": int(each.since),
                    "commands": each.served,
                    "owned": each.owned,
                }
                for each in running
            ],
            "lines": lines,
        }
    )
    return 0


def _serve(call: Call) -> int:
    from ..engine.control import PACKAGE
    from ..engine.server import serve_engine
    from . import main

    _load()
    owner = 0 if call.options.owned else None
    serve_engine(PACKAGE, __version__, main, owner=owner)
    return 0


def _load() -> None:
    """Import everything that the verbs of an engine need, but what few of them ever do."""
    import contextlib
    import sysconfig
    from concurrent import futures
    from importlib import import_module

    import jupyter_core.paths
    import rich.progress

    from .. import elsewhere, outcome, provide, repair, resolve, service, widgets
    from ..engine.client import VERBS
    from ..index import bodies
    from ..index.uv import find_uv
    from ..resolve import outdated, serving, wheelmeta
    from ..store import gc, roots
    from . import dispatch, lines, progress, render

    for verb in VERBS:
        import_module(f".{verb}", __package__)
    # What is loaded only where it is wanted: for hosts' names, notebooks, uv, archives.
    for name in ("encodings.idna", "encodings.utf_8_sig", "pwd", "difflib", "uv", "deflate"):
        with contextlib.suppress(ImportError):
            import_module(name)
    sysconfig.get_config_vars()
    with contextlib.suppress(PyArtifactsError):
        find_uv(os.environ.get("PATH"))
    del (
        bodies,
        dispatch,
        elsewhere,
        futures,
        gc,
        lines,
        outcome,
        outdated,
        progress,
        provide,
        render,
        repair,
    )
    del jupyter_core, resolve, rich, roots, service, serving, wheelmeta, widgets
