"""The interpreter behind a view: which one, which version, which byte code it reads."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import PlatformError

__all__ = ["InterpreterInUse", "describe_interpreter"]

_PROBE = (
    "import sys,json,platform;from importlib.util import MAGIC_NUMBER as m;"
    "print(json.dumps([sys.executable,getattr(sys,'_base_executable','')or sys.executable,"
    "platform.python_version(),sys.implementation.name,sys.implementation.cache_tag,m.hex(),"
    "sys.platform,platform.machine()]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpreterInUse:
    """A real interpreter on this machine.

    `path` is the executable itself, of no virtual environment; `version` the full one
    (`3.11.7`); `identity` names it in a plan's digest: the tree hash of its archive, or its real
    path and full version. `cache_tag` and `magic` (hexadecimal) say which byte code it reads;
    they are empty where nobody asked it.
    """

    path: str
    version: str
    identity: str
    implementation: str = "cpython"
    cache_tag: str = ""
    magic: str = ""

    @property
    def minor(self) -> str:
        """Return `3.11` of `3.11.7`."""
        return ".".join(self.version.split(".")[:2])


def describe_interpreter(
    path: str, environ: Mapping[str, str], *, identity: str | None = None
) -> InterpreterInUse:
    """Ask the interpreter at `path` what it is; raise PlatformError if it does not run.

    It runs isolated and without `site`. For one inside a virtual environment the answer is the
    one behind it. Without an `identity` it is the real path and the full version.
    """
    command = [path, "-I", "-S", "-c", _PROBE]
    base = {key: value for key, value in environ.items() if not key.startswith("PYTHON")}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=base, timeout=60)
        values = json.loads(done.stdout) if done.returncode == 0 else None
        failure = done.stderr.strip()
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        values, failure = None, str(error)
    if values is None:
        raise PlatformError(
            "the interpreter does not run",
            where=path,
            details=failure,
            hint="name another one by --python, or repair this one",
        )
    _, executable, version, implementation, cache_tag, magic, *_ = values
    executable = os.path.abspath(executable)
    return InterpreterInUse(
        path=executable,
        version=version,
        identity=identity or f"{os.path.realpath(executable)} {version}",
        implementation=implementation,
        cache_tag=cache_tag,
        magic=magic,
    )
