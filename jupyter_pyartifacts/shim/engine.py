"""Run the engine in the host's Python as a child process and read its events, one JSON a line."""

import json
import os
import queue
import signal
import subprocess
import threading

from .failures import Interrupted, PyArtifactsError, error_from_event

__all__ = ["child_environment", "engine_command", "run_engine"]

# `-m` would put the notebook's directory in front of everything the engine imports, where a file
# called `json.py` is enough to break it; `-P` is younger than the oldest host Python. What this
# file is installed in comes last, for hosts that found it by a PYTHONPATH which is gone by now.
_ENTRY = (
    "import sys; sys.path[:] = [p for p in sys.path if p] + [{!r}]; from runpy import run_module; "
    "run_module('jupyter_pyartifacts', run_name='__main__', alter_sys=True)"
)
_INSTALLED_IN = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_TAIL = 40
_PATIENCE = 5.0


def engine_command(host_python, verb, session, arguments=(), options=()):
    """Return the argv of one engine run; what the user typed comes after `--`.

    `session` is None for a verb that is about no notebook.
    """
    command = [host_python, "-c", _ENTRY.format(_INSTALLED_IN), verb, "--json"]
    for name, value in options:
        command.append(name if value is None else "{}={}".format(name, value))
    return [*command, "--", *([] if session is None else [session]), *list(arguments)]


def child_environment(environ, view=None, notebook=None):
    """Return the environment of the engine: the host's again, nothing of the kernel's Python."""
    child = {
        name: value
        for name, value in environ.items()
        if name not in ("VIRTUAL_ENV", "PYARTIFACTS_SESSION", "PYARTIFACTS_VIEW")
        and not (name.startswith("PYTHON") and name != "PYTHONDONTWRITEBYTECODE")
    }
    if view:
        separator = os.pathsep
        parts = child.get("PATH", "").split(separator)
        child["PATH"] = separator.join(part for part in parts if not _inside(part, view))
    if notebook:
        child["PYARTIFACTS_NOTEBOOK"] = notebook
    child["PYTHONIOENCODING"] = "utf-8"
    child["PYTHONUNBUFFERED"] = "1"
    return child


def _inside(path, directory):
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)


def run_engine(command, environ, on_event, what, rewrite=lambda text: text):
    """Run `command`, hand progress and notes to `on_event`, return the `result` event.

    Raises PyArtifactsError for an `error` event or a child that ends without a result, and
    Interrupted, once the child has ended, where the user interrupts. `what` names the command in
    messages; `rewrite` adapts the engine's texts to a notebook.
    """
    child = _start(command, environ)
    lines = queue.Queue()
    tail = []
    threads = [
        threading.Thread(target=_drain, args=(child.stdout, lines.put)),
        threading.Thread(target=_drain, args=(child.stderr, lambda line: _keep(tail, line))),
    ]
    for thread in threads:
        thread.daemon = True
        thread.start()
    try:
        result, error = _follow(lines, on_event, tail)
        code = child.wait()
    except KeyboardInterrupt:
        _stop(child)
        raise Interrupted(what) from None
    except BaseException:
        _stop(child)
        raise
    finally:
        # A grandchild may hold the pipes open; nobody waits for that one.
        for thread in threads:
            thread.join(_PATIENCE)
    if error is not None:
        raise error_from_event(error, rewrite)
    if result is None:
        raise PyArtifactsError(
            "the engine stopped without an answer",
            where=what,
            expected="exit code 0 and a result",
            found="exit code {}".format(code),
            details=rewrite("".join(tail)),
            hint="run `jupyter pyartifacts doctor` in a terminal",
        )
    return result


def _start(command, environ):
    # A session of its own, so that the interrupt that jupyter_client sends to the kernel's process
    # group does not reach the engine a second time, in the middle of its cleaning up.
    apart = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            universal_newlines=True,
            encoding="utf-8",
            errors="replace",
            **apart,
        )
    except OSError as error:
        raise PyArtifactsError(
            "the engine cannot be started",
            where=command[0],
            found=error.strerror or str(error),
            hint="install jupyter_pyartifacts where Jupyter runs, then restart the kernel",
        ) from None


def _drain(stream, put):
    with stream:
        for line in stream:
            put(line)
    put(None)


def _keep(tail, line):
    if line is not None:
        tail.append(line)
        del tail[:-_TAIL]


def _follow(lines, on_event, tail):
    result = error = None
    while True:
        try:
            # With a timeout, so that Windows sees the interrupt too, and a bar can move.
            line = lines.get(timeout=0.1)
        except queue.Empty:
            on_event({"event": "tick"})
            continue
        if line is None:
            return result, error
        event = _parse(line)
        if event is None:
            _keep(tail, line)
        elif event["event"] == "result":
            result = event
        elif event["event"] == "error":
            error = event
        else:
            on_event(event)


def _parse(line):
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if isinstance(event, dict) and isinstance(event.get("event"), str):
        return event
    return None


def _stop(child):
    """End the child: ask, insist, kill; never leave it behind."""
    steps = [child.terminate, child.kill]
    if os.name != "nt":
        steps.insert(0, lambda: child.send_signal(signal.SIGINT))
    for step in steps:
        try:
            step()
            child.wait(_PATIENCE)
            return
        except subprocess.TimeoutExpired:
            continue
        except OSError:
            break
        except KeyboardInterrupt:
            # An impatient user: go on to the next, harder step.
            continue
    child.wait()
