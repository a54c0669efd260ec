"""Compiling: the modules that are imported first in the foreground, all others behind."""

from __future__ import annotations

import os
import subprocess
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from ..model import InterpreterInUse
from ..report import NullReporter, Progress, Reporter
from ..store import Published, Store
from . import worker

__all__ = [
    "BackgroundCompile",
    "KERNEL_ROOTS",
    "compile_first",
    "compile_rest",
    "discard_byte_code",
    "remake_byte_code",
]

KERNEL_ROOTS = ("ipykernel.kernelapp", "ipykernel.zmqshell", "ipykernel.ipkernel", "ipywidgets")
"""Modules that a kernel imports at its start; their own imports follow."""
SECONDS = 5.0
"""The foreground ends after so many seconds; the background goes on from there."""
_WORKER = worker.__file__


def _command(interpreter: InterpreterInUse, mode: str) -> list[str]:
    # No site, no environment: only the compiler of this interpreter is wanted.
    return [interpreter.path, "-I", "-S", "-B", "-W", "ignore", _WORKER, mode]


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environ.items() if not key.startswith("PYTHON")}


def _marker(artifact: Published, interpreter: InterpreterInUse) -> Path:
    return artifact.home / f"bytecode-{interpreter.cache_tag}-{interpreter.magic}"


def _pending(
    published: Iterable[Published], interpreter: InterpreterInUse, store: Store
) -> list[Published]:
    """Return the artifacts of the writable root whose byte code is not whole yet."""
    if not interpreter.cache_tag or not interpreter.magic:
        return []
    return [
        artifact
        for artifact in published
        if artifact.home.parent == store.layout.artifacts
        and not _marker(artifact, interpreter).exists()
    ]


def compile_first(
    published: Iterable[Published],
    interpreter: InterpreterInUse,
    *,
    store: Store,
    direct: Iterable[str],
    environ: Mapping[str, str],
    reporter: Reporter | None = None,
    threads: int = 2,
    seconds: float = SECONDS,
) -> int:
    """Compile what a kernel and the distributions `direct` import; return how many modules.

    Follows imports from module to module, as far as `seconds` reach. Artifacts that are compiled
    whole, or that lie in a read-only layer, are left alone. Never raises for a module or an
    interpreter that does not compile: such a kernel only starts more slowly.
    """
    pending = _pending(published, interpreter, store)
    if not pending:
        return 0
    search = _Search(pending, reporter or NullReporter(), time.monotonic() + seconds)
    for name in KERNEL_ROOTS:
        search.add(name)
    wanted = {canonicalize_name(name) for name in direct}
    for artifact in pending:
        if canonicalize_name(artifact.facts.name) in wanted:
            for _, names in _places(artifact):
                for name in names:
                    search.add(_module(name))
    return search.run(_command(interpreter, "serve"), _environ(environ), threads)


def _places(artifact: Published) -> list[tuple[str, tuple[str, ...]]]:
    """Return what of an artifact comes into site-packages: directories and their entries."""
    facts = artifact.facts
    data = f"{artifact.path}/{facts.dist_info[: -len('.dist-info')]}.data"
    return [
        (str(artifact.path), facts.tops),
        *(
            (f"{data}/{scheme}", names)
            for scheme, names in facts.data
            if scheme in ("purelib", "platlib")
        ),
    ]


def _module(entry: str) -> str:
    return entry.rstrip("/").removesuffix(".py")


class _Search:
    """The modules that are reached from some roots, found while they are compiled."""

    def __init__(self, artifacts: Iterable[Published], reporter: Reporter, until: float) -> None:
        self._roots: dict[str, list[str]] = {}
        for artifact in artifacts:
            for place, names in _places(artifact):
                for name in names:
                    self._roots.setdefault(_module(name), []).append(place)
        self._reporter = reporter
        self._until = until
        self._listings: dict[str, frozenset[str]] = {}
        self._seen: set[str] = set()
        self._todo: deque[tuple[str, str, str]] = deque()
        self._working = 0
        self._done = 0
        self._changed = threading.Condition()

    def add(self, name: str) -> None:
        """Queue a module and the packages above it, if they are among the artifacts."""
        parts = name.split(".")
        places = self._roots.get(parts[0])
        if not places:
            return
        for count in range(1, len(parts) + 1):
            dotted = ".".join(parts[:count])
            if dotted in self._seen:
                continue
            self._seen.add(dotted)
            folder, last = "/".join(parts[: count - 1]), parts[count - 1]
            for place in places:
                base = f"{place}/{folder}" if folder else place
                inside = f"{folder}/{last}" if folder else last
                if last in self._listing(base) and "__init__.py" in self._listing(f"{base}/{last}"):
                    self._todo.append((place, f"{inside}/__init__.py", dotted))
                    break
                if f"{last}.py" in self._listing(base):
                    package = dotted.rpartition(".")[0]
                    self._todo.append((place, f"{inside}.py", package))
                    break

    def _listing(self, folder: str) -> frozenset[str]:
        found = self._listings.get(folder)
        if found is None:
            try:
                found = frozenset(os.listdir(folder))
            except OSError:
                found = frozenset()
            self._listings[folder] = found
        return found

    def run(self, command: list[str], environ: dict[str, str], threads: int) -> int:
        """Work through the queue with some interpreters side by side; return the count."""
        workers = [
            threading.Thread(target=self._work, args=(command, environ), daemon=True)
            for _ in range(max(1, threads))
        ]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
        return self._done

    def _next(self) -> tuple[str, str, str] | None:
        with self._changed:
            while not self._todo:
                if not self._working:
                    self._changed.notify_all()
                    return None
                self._changed.wait()
            if time.monotonic() > self._until:
                self._todo.clear()
                return None
            self._working += 1
            return self._todo.popleft()

    def _work(self, command: list[str], environ: dict[str, str]) -> None:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env=environ,
            )
        except OSError:
            return
        with process:
            asked, answers = process.stdin, process.stdout
            if asked is None or answers is None:
                return
            while (job := self._next()) is not None:
                answer = ""
                try:
                    asked.write("\t".join(job) + "\n")
                    asked.flush()
                    answer = answers.readline()
                except OSError:
                    pass
                with self._changed:
                    self._working -= 1
                    self._done += bool(answer)
                    for name in answer.split():
                        self.add(name)
                    self._changed.notify_all()
                self._reporter.progress(Progress(stage="compile", done=self._done, unit="files"))
                if not answer:
                    break
            try:
                asked.close()
            except OSError:
                pass


class BackgroundCompile:
    """A process that compiles behind; it ends with this object, or with this process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._end = weakref.finalize(self, _end, process)

    def wait(self) -> int:
        """Wait until all is compiled; return the exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """End it; what it did so far stays."""
        self._end()


def _end(process: subprocess.Popen[str]) -> None:
    try:
        if process.stdin is not None:
            process.stdin.close()
    except OSError:
        pass
    process.wait()


def compile_rest(
    published: Iterable[Published],
    interpreter: InterpreterInUse,
    *,
    store: Store,
    environ: Mapping[str, str],
) -> BackgroundCompile | None:
    """Compile all that is left, tests left out, in a process of its own at the lowest priority.

    Returns what stops it, or None where nothing is left to do or nothing can be done.
    """
    pending = _pending(published, interpreter, store)
    if not pending:
        return None
    lines = "".join(f"{each.path}\t{_marker(each, interpreter)}\n" for each in pending)
    try:
        process = subprocess.Popen(
            _command(interpreter, "batch"),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=_environ(environ),
            start_new_session=True,
        )
    except OSError:
        return None
    compiling = BackgroundCompile(process)
    try:
        if process.stdin is not None:
            process.stdin.write(lines + "\n")
            process.stdin.flush()
    except OSError:
        compiling.stop()
        return None
    return compiling


def discard_byte_code(published: Iterable[Published]) -> None:
    """Remove all byte code of some artifacts. Raises OSError."""
    for artifact in published:
        for marker in artifact.home.glob("bytecode-*"):
            marker.unlink(missing_ok=True)
        for folder, folders, _ in os.walk(artifact.path):
            if "__pycache__" not in folders:
                continue
            folders.remove("__pycache__")
            _remove_cache(os.path.join(folder, "__pycache__"))


def _remove_cache(cache: str) -> None:
    """Remove the byte code of one directory; what a wheel has there stays."""
    folder = os.path.dirname(cache)
    for place in (folder, cache):
        os.chmod(place, 0o755)  # noqa: S103 - for this moment
    try:
        for name in os.listdir(cache):
            if name.endswith((".pyc", ".pyo")):
                os.unlink(os.path.join(cache, name))
        if os.listdir(cache):
            os.chmod(cache, 0o555)  # noqa: S103 - as all directories of a tree are
        else:
            os.rmdir(cache)
    finally:
        os.chmod(folder, 0o555)  # noqa: S103 - as all directories of a tree are


def remake_byte_code(
    published: Iterable[Published],
    interpreter: InterpreterInUse,
    *,
    store: Store,
    environ: Mapping[str, str],
) -> None:
    """Throw all byte code away and compile everything but tests anew, before this returns.

    Raises OSError.
    """
    own = [each for each in published if each.home.parent == store.layout.artifacts]
    discard_byte_code(own)
    process = compile_rest(own, interpreter, store=store, environ=environ)
    if process is not None:
        process.wait()
