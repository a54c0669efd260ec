"""What a kernel is started with: command and environment, decided without touching anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType

from ..errors import PyArtifactsError
from ..model import Environment

__all__ = [
    "FALLBACK_VARIABLE",
    "NOTES_VARIABLE",
    "SESSION_VARIABLES",
    "STOCK_SESSION_VARIABLE",
    "command_arguments",
    "fallback_command",
    "fallback_environ",
    "is_ipykernel",
    "isolated_command",
    "isolated_environ",
    "parse_failure",
    "render_failure",
    "stock_environ",
]

FALLBACK_VARIABLE = "PYARTIFACTS_FAILURE"
"""Carries the failure (JSON) to the fallback kernel."""
NOTES_VARIABLE = "PYARTIFACTS_NOTES"
"""Carries what the user should know (a JSON list) to the first cell of the isolated kernel."""
STOCK_SESSION_VARIABLE = "PYARTIFACTS_STOCK_SESSION"
"""Tells a stock kernel where its magics keep the lock, so that a restart finds it."""
SESSION_VARIABLES = (
    "PYARTIFACTS_HOST_PYTHON",
    "PYARTIFACTS_SESSION",
    STOCK_SESSION_VARIABLE,
    "PYARTIFACTS_VIEW",
    NOTES_VARIABLE,
    FALLBACK_VARIABLE,
)
"""What belongs to one kernel's session, and to no kernel that is started from inside it."""

_MODULES = ("ipykernel_launcher", "ipykernel")
# Whatever would bring packages or start-up code of the host into the kernel or its children.
# PYTHONEXECUTABLE and __PYVENV_LAUNCHER__ make a macOS child believe to be the host's Python.
_REMOVED = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PYTHONPLATLIBDIR",
    "PYTHONEXECUTABLE",
    "__PYVENV_LAUNCHER__",
)
_DEFAULT_PATH = "/bin:/usr/bin"
_LONGEST_FAILURE = 16_000


def is_ipykernel(language: str, argv: Sequence[str]) -> bool:
    """Tell whether a kernelspec starts ipykernel, the one kernel that a lock can stand in for."""
    return language.lower() == "python" and _module_index(argv) is not None


def command_arguments(command: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split an ipykernel command into the interpreter's `-X` options and the kernel's arguments.

    Raises ValueError if the command does not start ipykernel.
    """
    index = _module_index(command)
    if index is None:
        raise ValueError(f"the command does not start ipykernel: {command!r}")
    options = []
    before = command[1:index]
    for position, word in enumerate(before):
        if word == "-X" and position + 1 < len(before):
            options.append("-X" + before[position + 1])
        elif word.startswith("-X") and len(word) > 2:
            options.append(word)
    return options, list(command[index + 1 :])


def isolated_command(
    python: str, bootstrap: str, command: Sequence[str], environ: Mapping[str, str]
) -> list[str]:
    """Return the command of the isolated kernel, to be executed directly (no wrapper).

    `-I` keeps the host's variables and user site out, `-B` holds for the processes that
    multiprocessing spawns as well, so that nothing writes byte code below the store. `-I` also
    ignores PYTHONUTF8, which says how text is read rather than where code is from: it is kept.
    """
    options, arguments = command_arguments(command)
    utf8 = environ.get("PYTHONUTF8")
    if utf8 in ("0", "1") and not any(option.startswith("-Xutf8") for option in options):
        options.append(f"-Xutf8={utf8}")
    return [python, "-I", "-B", *options, bootstrap, *arguments]


def isolated_environ(
    environ: Mapping[str, str],
    environment: Environment,
    *,
    host_python: str,
    session: str,
    notebook: str | None,
    store: str | None,
) -> dict[str, str]:
    """Return the environment variables of the isolated kernel and so of all its children."""
    result = {key: value for key, value in environ.items() if key not in _REMOVED}
    for key in SESSION_VARIABLES:
        result.pop(key, None)
    scripts = str(PurePath(environment.python).parent)
    windows = environ.get("OS") == "Windows_NT"
    path = result.get("PATH") or ("" if windows else _DEFAULT_PATH)
    result.update(
        PATH=scripts + (";" if windows else ":") + path,
        VIRTUAL_ENV=environment.path,
        # The isolated interpreter ignores it; its children (`python script.py`) must not write
        # byte code below the store either.
        PYTHONDONTWRITEBYTECODE="1",
        PYARTIFACTS_HOST_PYTHON=host_python,
        PYARTIFACTS_SESSION=session,
        PYARTIFACTS_VIEW=environment.path,
    )
    _set(result, "PYARTIFACTS_NOTEBOOK", notebook)
    if store:
        result["PYARTIFACTS_STORE"] = store
    if environment.notes:
        result[NOTES_VARIABLE] = json.dumps(list(environment.notes))
    return result


def stock_environ(
    environ: Mapping[str, str],
    *,
    session: str | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the environment of a kernel without a lock: as it is, less an outer session.

    A kernel that is started from inside an isolated kernel inherits the outer one's variables;
    with them it would take itself for isolated. A server adds its settings, for the engine that
    the magic runs, and a place for the lock that the magic may make.
    """
    inherited = {STOCK_SESSION_VARIABLE}
    if "PYARTIFACTS_SESSION" in environ:
        inherited |= {*SESSION_VARIABLES, "PYARTIFACTS_NOTEBOOK"}
    result = {key: value for key, value in environ.items() if key not in inherited}
    result.update(settings)
    _set(result, STOCK_SESSION_VARIABLE, session)
    return result


def fallback_command(host_python: str, script: str, command: Sequence[str]) -> list[str]:
    """Return the command of the fallback kernel, which runs on the host's own ipykernel."""
    _, arguments = command_arguments(command)
    return [host_python, script, *arguments]


def fallback_environ(
    environ: Mapping[str, str],
    error: PyArtifactsError,
    *,
    host_python: str,
    session: str | None,
    notebook: str | None,
    store: str | None,
) -> dict[str, str]:
    """Return the environment variables of the fallback kernel, the failure among them."""
    result = {key: value for key, value in environ.items() if key not in SESSION_VARIABLES}
    result["PYARTIFACTS_HOST_PYTHON"] = host_python
    result[FALLBACK_VARIABLE] = render_failure(error)
    _set(result, "PYARTIFACTS_SESSION", session)
    _set(result, "PYARTIFACTS_NOTEBOOK", notebook)
    if store:
        result["PYARTIFACTS_STORE"] = store
    return result


def render_failure(error: PyArtifactsError) -> str:
    """Write a failure as JSON `{"name", "code", "message"}` that fits a variable."""
    message = str(error)
    if len(message) > _LONGEST_FAILURE:
        half = _LONGEST_FAILURE // 2
        message = f"{message[:half]}\n  ...\n{message[-half:]}"
    return json.dumps({"name": type(error).__name__, "code": error.code, "message": message})


def parse_failure(text: str | None) -> tuple[str, str]:
    """Return the error's class name and message of what `render_failure` wrote."""
    try:
        document = json.loads(text or "")
        return str(document["name"]), str(document["message"])
    except (ValueError, TypeError, KeyError):
        return "PyArtifactsError", text or "the environment of this notebook could not be prepared"


def _module_index(argv: Sequence[str]) -> int | None:
    """Return the index of the word that names ipykernel's module: `-m MODULE` or `-mMODULE`."""
    for index, word in enumerate(argv):
        if index and argv[index - 1] == "-m" and word in _MODULES:
            return index
        if word.startswith("-m") and word[2:] in _MODULES:
            return index
    return None


def _set(environ: dict[str, str], key: str, value: str | None) -> None:
    environ.pop(key, None)
    if value:
        environ[key] = value
