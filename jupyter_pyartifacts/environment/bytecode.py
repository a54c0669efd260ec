"""Byte code of a view's modules: made by the host, in the store, shared by all views.

A kernel writes none below the store. What it imports until it answers is compiled before it
starts, by one process a core; while it starts, these go on with what the notebook's own code
imports, then with the requirements' packages. Everything else but tests is left to one process in
the background, at low priority. All of them work only while their owner lives.
None of it is part of any tree hash. Whatever goes wrong here only means that a kernel compiles
for itself.
"""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..model import Environment, InterpreterInUse
from ..plan import Pin
from ..store import Store

if TYPE_CHECKING:
    import subprocess

__all__ = ["forget_byte_code", "is_compiled", "prepare_byte_code"]

COMPILER = str(Path(__file__).parent.parent / "shim" / "compiling.py")
KERNEL_ROOTS = (
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "ipykernel.ipkernel",
    "ipykernel.comm",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.magics.code",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "psutil",
    "psutil._pslinux",
    "pygments.formatters.terminal256",
    "tornado.platform.asyncio",
    "zmq.backend.cython",
    "debugpy.server.api",
    "debugpy._vendored.force_pydevd",
    "pydevd",
    "_pydevd_bundle.pydevd_frame",
    "_pydevd_sys_monitoring._pydevd_sys_monitoring",
)
"""What a kernel imports before it answers, where its import statements don't show it."""
SKIPPED = ("test", "tests", "site-packages")
"""Directories whose modules are compiled when somebody runs them, not before.

What an interpreter has in its site-packages is in no view.
"""
LIBRARY = "(the standard library)"
"""Stands for the interpreter's own modules, beside the names of distributions."""
MARKER = "BYTECODE-"
_DONE = "__pycache__/compiled"
_MOST = 4


def is_compiled(environment: Environment) -> bool:
    """Tell whether everything in a view has its byte code, at the cost of one `stat`."""
    return os.path.exists(f"{environment.path}/{_DONE}")


def prepare_byte_code(
    environment: Environment,
    interpreter: InterpreterInUse,
    pins: Sequence[Pin],
    *,
    kernel: Collection[str],
    requirements: Collection[str],
    store: Store,
    wait: bool = False,
    owner: int | None = None,
    whole: bool = False,
    code: str = "",
) -> None:
    """Have the byte code of a view made: the kernel's now if `wait`, all of it now if `whole`.

    The rest is made in the background for as long as the process `owner` lives; without one it
    is left: no process outlives the command that began it. `kernel` and `requirements` are names
    of distributions; what `code`, the notebook's, imports comes before the requirements. What
    other views had compiled is not looked at again.
    """
    if is_compiled(environment) or not interpreter.cache_tag:
        return
    homes = _homes(pins, interpreter, store)
    complete = f"{_stamp(interpreter)}\nwhole\n".encode()
    lacking = {
        name: home
        for name, home in homes.items()
        if _read(f"{home}/{MARKER}{interpreter.cache_tag}") != complete
        # What a read-only layer lacks is its keeper's to make.
        and os.access(home, os.W_OK)
    }
    if not lacking:
        _touch(f"{environment.path}/{_DONE}", store)
        return
    asked = [homes[name] for name in requirements if name in lacking]
    held = None if os.name == "nt" else owner
    roots: Sequence[str] = KERNEL_ROOTS
    if wait and not lacking.keys().isdisjoint({LIBRARY, *_needed(kernel, pins)}):
        further: dict[str, object] = {"owner": held}
        if owner is not None:
            further |= {"asked": asked, "code": code}
        for process in _compile_kernel(environment, interpreter, store, further):
            _leave(process, owner)
        roots, asked, code = (), [], ""
    if owner is None and not whole:
        return
    task = {
        "roots": roots,
        "asked": asked,
        "code": code,
        "artifacts": list(lacking.values()),
        "done": f"{environment.path}/{_DONE}",
        "lock": str(store.layout.lock("compile")),
        "owner": held,
    }
    rest = _start(environment, interpreter, store, task, background=not whole)
    if rest is None:
        return
    if whole:
        rest.wait()
        return
    _leave(rest, owner)


def _leave(process: subprocess.Popen[bytes], owner: int | None) -> None:
    """Let a process go on without anybody waiting for it, but not longer than its owner lives."""
    if owner == os.getpid():
        atexit.register(_end, process)
    import threading

    # This process may live on and has to take its exit status.
    threading.Thread(target=process.wait, daemon=True).start()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def forget_byte_code(
    environment: Environment, interpreter: InterpreterInUse, pins: Sequence[Pin], *, store: Store
) -> None:
    """Throw the byte code of a view's artifacts away, of all interpreters; raises OSError.

    That in a read-only layer stays.
    """
    for home in _homes(pins, interpreter, store).values():
        if not os.access(home, os.W_OK):
            continue
        for marker in Path(home).glob(f"{MARKER}*"):
            marker.unlink()
        for folder, folders, names in os.walk(f"{home}/tree"):
            if os.path.basename(folder) == "__pycache__":
                folders.clear()
                for name in names:
                    # A wheel may keep files of its own there, which are part of its tree.
                    if name.endswith((".pyc", ".pyo")):
                        os.unlink(f"{folder}/{name}")
    if os.access(environment.path, os.W_OK):
        Path(environment.path, _DONE).unlink(missing_ok=True)


def _compile_kernel(
    environment: Environment,
    interpreter: InterpreterInUse,
    store: Store,
    further: Mapping[str, object],
) -> list[subprocess.Popen[bytes]]:
    """Compile what a kernel imports; return the processes, which go on with what is `further`."""
    count = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2, _MOST)
    task = {**further, "roots": KERNEL_ROOTS}
    started = [
        _start(environment, interpreter, store, {**task, "stripe": (number, count)}, tells=True)
        for number in range(count)
    ]
    running = [process for process in started if process is not None]
    for process in running:
        if process.stdout is not None:
            # A line when the kernel's part is done; nothing, if the process ended before.
            with process.stdout as told:
                told.readline()
    return running


def _start(
    environment: Environment,
    interpreter: InterpreterInUse,
    store: Store,
    task: Mapping[str, object],
    *,
    background: bool = False,
    tells: bool = False,
) -> subprocess.Popen[bytes] | None:
    import subprocess
    import tempfile

    whole_task = {
        "tag": interpreter.cache_tag,
        "stamp": _stamp(interpreter),
        "site": environment.site_packages,
        "library": interpreter.library,
        "asked": (),
        "code": "",
        "stripe": (0, 1),
        "artifacts": (),
        "skip": SKIPPED,
        "done": None,
        "lock": None,
        "owner": None,
        **task,
    }
    try:
        # A file, not a pipe: this process need not stay until it is read.
        with tempfile.TemporaryFile() as told:
            told.write(json.dumps(whole_task).encode())
            told.seek(0)
            return subprocess.Popen(
                [interpreter.path, "-I", "-S", "-B", COMPILER],
                stdin=told,
                stdout=subprocess.PIPE if tells else subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=os.sep,
                start_new_session=background,
                umask=-1 if os.name == "nt" else store.umask(),
            )
    except OSError:
        return None


def _stamp(interpreter: InterpreterInUse) -> str:
    return f"{interpreter.magic} {interpreter.version}"


def _homes(pins: Sequence[Pin], interpreter: InterpreterInUse, store: Store) -> dict[str, str]:
    """Return the directory of each pin's artifact, by its distribution's name.

    That of an interpreter that is in the store comes first: everything begins with its library.
    """
    homes = {}
    if interpreter.artifact is not None and interpreter.library:
        homes[LIBRARY] = interpreter.library.rpartition("/tree/")[0]
    for pin in pins:
        for layout in store.layers:
            home = str(layout.artifact(pin.artifact.key))
            if os.path.isdir(home):
                homes[pin.distribution.name] = home
                break
    return homes


def _needed(names: Collection[str], pins: Sequence[Pin]) -> set[str]:
    """Return the names of some distributions and of all they need."""
    edges = {
        pin.distribution.name: [each.name for each in pin.distribution.dependencies] for pin in pins
    }
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in edges and name not in found:
            found.add(name)
            todo += edges[name]
    return found


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(4096)
    except OSError:
        return b""


def _touch(path: str, store: Store) -> None:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o444))
        store.open_up(Path(path).parent)
    except (OSError, StoreError):
        pass
