"""The interpreters of this machine: this process's own, and what uv and pyenv know of."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from ..errors import NoInterpreter
from ..model import InterpreterInUse, PythonPin, PythonSource

__all__ = [
    "EXACT",
    "ask_interpreter",
    "exact_on_machine",
    "host_minor",
    "host_version",
    "other_patch_on_machine",
    "system_version",
]

EXACT = "this machine has exactly the version that the lock names"

_ASK = (
    "import json, platform, sys; from importlib.util import MAGIC_NUMBER; "
    "print(json.dumps([getattr(sys, '_base_executable', None) or sys.executable, "
    "platform.python_version(), sys.implementation.cache_tag, MAGIC_NUMBER.hex()]))"
)


def host_version() -> str:
    """Return the full version of the interpreter that runs this process."""
    return platform.python_version()


def host_minor() -> str:
    """Return `3.11` of the interpreter that runs this process."""
    return ".".join(host_version().split(".")[:2])


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


def exact_on_machine(pin: PythonPin, environ: Mapping[str, str]) -> InterpreterInUse | None:
    """Return this machine's interpreter of exactly a lock's version; None if it has none."""
    if pin.implementation == sys.implementation.name and host_version() == pin.version:
        return _own(pin, EXACT)
    path = _found_by_uv(pin, pin.version, environ) or _found_in_pyenv(pin, environ, exact=True)
    if path is None:
        return None
    found = ask_interpreter(_in_use(pin, path, pin.version, "exact", EXACT), environ)
    return found if found.version == pin.version else None


def other_patch_on_machine(
    pin: PythonPin, environ: Mapping[str, str], why: str
) -> InterpreterInUse | None:
    """Return this machine's interpreter of another patch release of a lock's minor version.

    `why` says to a reader why it is not the version that the lock names. The minor's newest
    release that uv or pyenv know; this process's own if it is of that minor.
    """
    if pin.implementation == sys.implementation.name and host_minor() == pin.minor:
        return _own(pin, why)
    path = _found_by_uv(pin, pin.minor, environ) or _found_in_pyenv(pin, environ, exact=False)
    if path is None:
        return None
    found = ask_interpreter(_in_use(pin, path, pin.version, "other-patch", why), environ)
    return _in_use(pin, found.path, found.version, "other-patch", why, found.cache_tag, found.magic)


def ask_interpreter(interpreter: InterpreterInUse, environ: Mapping[str, str]) -> InterpreterInUse:
    """Start an interpreter once to learn its version and which byte code it reads.

    Raises NoInterpreter if it does not start.
    """
    try:
        answer = subprocess.run(
            [interpreter.path, "-I", "-S", "-B", "-c", _ASK],
            env={key: value for key, value in environ.items() if not key.startswith("PYTHON")},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        said, failed = answer.stderr, bool(answer.returncode)
    except OSError as error:
        said, failed = str(error), True
    if failed:
        raise NoInterpreter(
            "the interpreter that the lock needs does not start",
            where=interpreter.path,
            details=said,
            hint="its archive may be for a newer system than this one: lock for another version"
            if interpreter.source == "artifact"
            else "repair or reinstall that Python",
        )
    path, version, tag, magic = json.loads(answer.stdout)
    if interpreter.source == "artifact":
        return replace(interpreter, cache_tag=tag, magic=magic)
    return replace(
        interpreter,
        path=os.path.realpath(path),
        version=version,
        identity=_identity(interpreter.implementation, version, os.path.realpath(path)),
        cache_tag=tag,
        magic=magic,
    )


def _own(pin: PythonPin, why: str) -> InterpreterInUse:
    path = getattr(sys, "_base_executable", None) or sys.executable
    tag = sys.implementation.cache_tag or ""
    source: PythonSource = "exact" if host_version() == pin.version else "other-patch"
    return _in_use(pin, path, host_version(), source, why, tag, MAGIC_NUMBER.hex())


def _in_use(
    pin: PythonPin,
    path: str,
    version: str,
    source: PythonSource,
    why: str,
    tag: str = "",
    magic: str = "",
) -> InterpreterInUse:
    real = os.path.realpath(path)
    notes: tuple[str, ...] = ()
    if version != pin.version:
        notes = (
            f"the lock names Python {pin.version}; {version} of this machine is in use: {why}",
        )
    return InterpreterInUse(
        path=real,
        version=version,
        identity=_identity(pin.implementation, version, real),
        implementation=pin.implementation,
        cache_tag=tag,
        magic=magic,
        source=source,
        why=why,
        notes=notes,
    )


def _identity(implementation: str, version: str, path: str) -> str:
    return f"{implementation} {version} {path}"


def _found_by_uv(pin: PythonPin, wanted: str, environ: Mapping[str, str]) -> str | None:
    """Ask uv; environments and downloads are left out."""
    from ..index.uv import find_uv

    env = {key: value for key, value in environ.items() if not key.startswith("UV_")}
    env.pop("VIRTUAL_ENV", None)
    env.pop("CONDA_PREFIX", None)
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
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def _found_in_pyenv(pin: PythonPin, environ: Mapping[str, str], *, exact: bool) -> str | None:
    """Look where pyenv keeps its versions: its shims on PATH answer for the active one only."""
    root = environ.get("PYENV_ROOT") or os.path.join(environ.get("HOME", os.sep), ".pyenv")
    name = f"python{pin.minor}"
    version = pin.version if exact else f"{pin.minor}.*"
    found = sorted(
        Path(root, "versions").glob(f"{version}/bin/{name}"),
        key=lambda path: [int(part) for part in re.findall(r"\d+", path.parts[-3])],
    )
    return str(found[-1]) if found else None
