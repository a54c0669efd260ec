"""What every row measures with: a scratch directory, the loopback index, clean child processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_pyartifacts.index.uv import find_uv

from .wheelhouse import Wheelhouse, open_wheelhouse

_STRIPPED = ("UV_", "PIP_", "PYARTIFACTS_", "JPY_", "CONDA_", "VIRTUAL_ENV", "PYTHON")
_KEPT = ("PIP_CERT",)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What one run cost, children included: seconds on the clock, seconds of processor."""

    wall: float
    cpu: float


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The stage of one run of the benchmarks; `index` is the Simple API's URL."""

    directory: Path
    wheelhouse: Wheelhouse
    index: str
    uv: str = field(default_factory=find_uv)
    python: str = field(default_factory=lambda: os.path.realpath(_base_executable()))

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """Give an empty directory, removed afterwards."""
        path = self.directory / name
        path.mkdir()
        try:
            yield path
        finally:
            discard(path)

    def environ(self, **more: str) -> dict[str, str]:
        """Return the environment of a child process of either side."""
        # uv's own configuration files and the user's must not decide what is measured.
        return {**os.environ, "UV_NO_CONFIG": "1", "MPLBACKEND": "agg", **more}

    def run_uv(self, *arguments: str, cache: Path, cwd: Path | None = None) -> Timing:
        """Run uv against the loopback index with one cache directory."""
        environ = self.environ(UV_CACHE_DIR=str(cache), UV_DEFAULT_INDEX=self.index)
        return timed([self.uv, *arguments, "-q"], environ, cwd or self.directory)

    def run_ours(self, *arguments: str, store: Path, **more: str) -> Timing:
        """Run our command line against the loopback index with one store."""
        environ = self.environ(**self.settings(store), **more)
        return timed([sys.executable, "-m", "jupyter_pyartifacts", *arguments], environ)

    def settings(self, store: Path) -> dict[str, str]:
        """Return the variables that our side is configured by."""
        return {
            "PYARTIFACTS_STORE": str(store),
            "PYARTIFACTS_INDEX_URL": self.index,
            "PYARTIFACTS_TRUST": "all",
            "XDG_DATA_HOME": str(self.directory / "data"),
            "XDG_CONFIG_HOME": str(self.directory / "config"),
        }

    def venv(
        self, path: Path, *, cache: Path, pins: str, verb: str, compiled: bool = False
    ) -> Path:
        """Make a virtual environment of a set with uv; return its python."""
        arguments = {
            "install": ("pip", "install", "--require-hashes", "--no-deps", "-r"),
            "sync": ("pip", "sync", "--require-hashes"),
        }[verb]
        python = path / "bin" / "python"
        self.run_uv("venv", "--python", self.python, str(path), cache=cache)
        self.run_uv(
            *arguments,
            str(self.wheelhouse.hashed(pins)),
            *(("--compile-bytecode",) if compiled else ()),
            *("--python", str(python)),
            cache=cache,
        )
        return python


def timed(
    command: list[str], environ: Mapping[str, str], cwd: Path | None = None, *, check: bool = True
) -> Timing:
    """Run a command to its end and say what it cost; a failure ends the benchmarks."""
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(command, env=environ, cwd=cwd, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if check and process.returncode:
            output.seek(0)
            text = output.read().decode(errors="replace")
            raise SystemExit(f"{command} ended with {process.returncode}:\n{text[-4000:]}")
    return Timing(wall=wall, cpu=usage.ru_utime + usage.ru_stime)


def interleave(
    rounds: int, ours: Callable[[], float], peer: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Run both sides in turn, the first to go changing each round, after one round unmeasured."""
    mine: list[float] = []
    its: list[float] = []
    for turn in range(rounds + 1):
        order = ((ours, mine), (peer, its))
        for run, values in order if turn % 2 else reversed(order):
            values.append(run())
    return mine[1:], its[1:]


def discard(path: Path) -> None:
    """Remove a directory that may hold read-only ones."""

    def make_writable(function: Callable[[str], object], name: str, _: object) -> None:
        os.chmod(os.path.dirname(name), 0o700)
        if os.path.isdir(name) and not os.path.islink(name):
            os.chmod(name, 0o700)
        function(name)

    if path.exists():
        subprocess.run(["chmod", "-R", "u+w", str(path)], check=False)
        shutil.rmtree(path, onerror=make_writable)


def clean_environ() -> None:
    """Take out of this process's environment what would influence either side."""
    for name in list(os.environ):
        if name.startswith(_STRIPPED) and name not in _KEPT:
            del os.environ[name]


def file_system(path: Path) -> str:
    """Return the type of the file system that a path is on (Linux), else `unknown`."""
    mounts = Path("/proc/mounts")
    if not mounts.is_file():
        return "unknown"
    path = path.resolve()
    found = ("", "unknown")
    for line in mounts.read_text().splitlines():
        _, point, kind, *_ = line.split()
        if path.is_relative_to(point) and len(point) >= len(found[0]):
            found = (point, kind)
    return found[1]


@contextmanager
def opened(directory: Path, wheels: Path) -> Iterator[Bench]:
    """Give the stage: the wheelhouse filled, the index up, a directory of this run's own."""
    wheelhouse = open_wheelhouse(wheels)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.index_server", str(wheelhouse.root)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    root = Path(tempfile.mkdtemp(prefix="pyartifacts-benchmarks-", dir=directory))
    try:
        url = server.stdout.readline().strip()
        yield Bench(directory=root, wheelhouse=wheelhouse, index=f"{url}/simple")
    finally:
        server.stdin.close()
        server.wait()
        discard(root)


def _base_executable() -> str:
    return getattr(sys, "_base_executable", None) or sys.executable
