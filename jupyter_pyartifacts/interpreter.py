"""Which interpreter of this machine runs a lock: the named minor, never another one."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from .errors import PlatformError
from .model import InterpreterInUse, PythonPin

__all__ = ["find_interpreter", "host_version", "system_version"]

_ASK = (
    "import json, platform, sys; from importlib.util import MAGIC_NUMBER; "
    "print(json.dumps([getattr(sys, '_base_executable', None) or sys.executable, "
    "platform.python_version(), sys.implementation.cache_tag, MAGIC_NUMBER.hex()]))"
)


def host_version() -> str:
    """Return the full version of the interpreter that runs this process."""
    return platform.python_version()


def system_version() -> tuple[int, int] | None:
    """Return the version of this machine's glibc or macOS: None on Windows, zeros without."""
    if sys.platform == "win32":
        return None
    if sys.platform == "darwin":
        text = platform.mac_ver()[0]
    else:
        try:
            text = (os.confstr("CS_GNU_LIBC_VERSION") or "").rpartition(" ")[2]
        except (ValueError, OSError):
            text = ""
    major, minor, *_ = (*re.findall(r"\d+", text), "0", "0")
    return int(major), int(minor)


def find_interpreter(pin: PythonPin, environ: Mapping[str, str]) -> InterpreterInUse:
    """Find the interpreter for a lock: this process's own, else one that uv knows of.

    Another patch release of the same minor serves, with a note; another minor never does.
    Raises PlatformError where there is none.
    """
    minor = ".".join(pin.version.split(".")[:2])
    if pin.implementation == sys.implementation.name and host_version().startswith(f"{minor}."):
        return _own(pin)
    path = _found_by_uv(pin, environ)
    if path is None:
        raise PlatformError(
            f"the lock is for Python {minor}, and this machine has none",
            expected=f"{pin.implementation} {pin.version}, or another {minor} release",
            found=f"{sys.implementation.name} {host_version()} only",
            hint=f"install Python {minor} (from python.org, pyenv, conda or the system's "
            "packages), or lock again for this one: jupyter pyartifacts lock NOTEBOOK "
            f"--python {'.'.join(host_version().split('.')[:2])}",
        )
    return _asked(pin, path, environ)


def _own(pin: PythonPin) -> InterpreterInUse:
    path = getattr(sys, "_base_executable", None) or sys.executable
    tag = sys.implementation.cache_tag or ""
    return _in_use(pin, path, host_version(), tag, MAGIC_NUMBER.hex())


def _asked(pin: PythonPin, path: str, environ: Mapping[str, str]) -> InterpreterInUse:
    answer = subprocess.run(
        [path, "-I", "-S", "-c", _ASK],
        env={key: value for key, value in environ.items() if not key.startswith("PYTHON")},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise PlatformError(
            "the interpreter that the lock needs does not start",
            where=path,
            details=answer.stderr,
            hint="repair or reinstall that Python",
        )
    return _in_use(pin, *json.loads(answer.stdout))


def _in_use(pin: PythonPin, path: str, version: str, tag: str, magic: str) -> InterpreterInUse:
    real = os.path.realpath(path)
    notes: tuple[str, ...] = ()
    if version != pin.version:
        notes = (f"the lock names Python {pin.version}; {version} of this machine is in use",)
    return InterpreterInUse(
        path=real,
        version=version,
        identity=f"{pin.implementation} {version} {real}",
        implementation=pin.implementation,
        cache_tag=tag,
        magic=magic,
        notes=notes,
    )


def _found_by_uv(pin: PythonPin, environ: Mapping[str, str]) -> str | None:
    """Ask uv, the exact version first; environments and downloads are left out."""
    from .index.uv import find_uv

    env = {key: value for key, value in environ.items() if not key.startswith("UV_")}
    env.pop("VIRTUAL_ENV", None)
    env.pop("CONDA_PREFIX", None)
    for wanted in (pin.version, pin.minor):
        answer = subprocess.run(
            [
                find_uv(environ.get("PATH")),
                "python",
                "find",
                "--quiet",
                "--no-config",
                "--no-project",
                "--no-python-downloads",
                "--system",
                f"{pin.implementation}@{wanted}",
            ],
            cwd=Path(os.path.abspath(os.sep)),
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip()
    return _found_in_pyenv(pin, environ)


def _found_in_pyenv(pin: PythonPin, environ: Mapping[str, str]) -> str | None:
    """Look where pyenv keeps its versions: its shims on PATH answer for the active one only."""
    root = environ.get("PYENV_ROOT") or os.path.join(environ.get("HOME", os.sep), ".pyenv")
    name = f"python{pin.minor}"
    found = sorted(
        Path(root, "versions").glob(f"{pin.minor}.*/bin/{name}"),
        key=lambda path: (
            path.parts[-3] == pin.version,
            *(int(part) for part in re.findall(r"\d+", path.parts[-3])),
        ),
    )
    return str(found[-1]) if found else None
