"""What a kernel is started with: command and environment, decided without touching anything."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType

from ..errors import PyArtifactsError
from ..model import Environment

__all__ = [
    "BOOTSTRAP",
    "FALLBACK",
    "FALLBACK_VARIABLE",
    "INTERNAL_HINT",
    "LAUNCHED_VARIABLE",
    "LAUNCHER",
    "NOTES_VARIABLE",
    "SESSION_VARIABLES",
    "STOCK_SESSION_VARIABLE",
    "command_arguments",
    "fallback_command",
    "fallback_environ",
    "internal_error",
    "is_ipykernel",
    "isolated_command",
    "isolated_environ",
    "named_notebook",
    "parse_failure",
    "plain_command",
    "render_failure",
    "stock_command",
    "stock_environ",
]

BOOTSTRAP = str(PurePath(__file__).parent.parent / "shim" / "bootstrap.py")
FALLBACK = str(PurePath(__file__).parent / "fallback.py")
INTERNAL_HINT = "this is a defect of jupyter_pyartifacts: please report it with these lines"
LAUNCHER = "jupyter_pyartifacts.kernel.ipykernel_launcher"
"""What our own kernelspec runs, for frontends that start kernels themselves."""

FALLBACK_VARIABLE = "PYARTIFACTS_FAILURE"
"""Carries the failure (JSON) to the fallback kernel."""
NOTES_VARIABLE = "PYARTIFACTS_NOTES"
"""Carries what the user should know (a JSON list) to the first cell of the isolated kernel."""
STOCK_SESSION_VARIABLE = "PYARTIFACTS_STOCK_SESSION"
"""Tells a stock kernel where its magics keep the lock, so that a restart finds it."""
LAUNCHED_VARIABLE = "PYARTIFACTS_LAUNCHED"
"""Tells an isolated kernel that nobody looks after it: its session file is its own to remove."""
SESSION_VARIABLES = (
    "PYARTIFACTS_HOST_PYTHON",
    "PYARTIFACTS_SESSION",
    STOCK_SESSION_VARIABLE,
    "PYARTIFACTS_VIEW",
    LAUNCHED_VARIABLE,
    NOTES_VARIABLE,
    FALLBACK_VARIABLE,
)
"""What belongs to one kernel's session, and to no kernel that is started from inside it."""

_MODULES = ("ipykernel_launcher", "ipykernel", LAUNCHER)
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
_CONNECTION_OPTIONS = ("-f", "--f", "--connection-file", "--IPKernelApp.connection_file")
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


def plain_command(command: Sequence[str]) -> tuple[list[str], str | None]:
    """Return an ipykernel command with its connection file given as `-f FILE`, and that file.

    VS Code writes `--f=FILE`, in quotation marks where the path has a space. None where the
    command names no file. Raises ValueError if it does not start ipykernel.
    """
    _, arguments = command_arguments(command)
    plain, file = list(command[: len(command) - len(arguments)]), None
    rest = iter(arguments)
    for word in rest:
        option, equals, value = word.partition("=")
        if option not in _CONNECTION_OPTIONS:
            plain.append(word)
            continue
        file = value if equals else next(rest, "")
        if len(file) > 1 and file[0] == file[-1] == '"':
            file = file[1:-1]
        plain += ["-f", file]
    return plain, file


def stock_command(host_python: str, command: Sequence[str]) -> list[str]:
    """Return the command of a stock kernel of the host that has the magic, whatever loads it."""
    options, arguments = command_arguments(command)
    extension = "--ext=jupyter_pyartifacts"
    return [host_python, *options, "-m", "ipykernel_launcher", *arguments, extension]


def named_notebook(environ: Mapping[str, str], *, parent: int) -> str | None:
    """Return the notebook that a process's variables name, None where they say nothing.

    `parent` is the process that started this one. A Jupyter server gives JPY_SESSION_NAME, and
    itself as JPY_PARENT_PID: of another parent it was inherited from an outer kernel, and so was
    PYARTIFACTS_NOTEBOOK where the outer kernel's session is there.
    """
    inherited = "PYARTIFACTS_SESSION" in environ
    session, server = environ.get("JPY_SESSION_NAME", ""), environ.get("JPY_PARENT_PID")
    # On Windows JPY_PARENT_PID is a handle, which says nothing.
    known = server is not None and environ.get("OS") != "Windows_NT"
    if session.endswith(".ipynb") and (server == str(parent) if known else not inherited):
        return session
    return None if inherited else environ.get("PYARTIFACTS_NOTEBOOK") or None


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


def internal_error(error: Exception) -> PyArtifactsError:
    """Make a failure that nobody foresaw one that a cell can show."""
    return PyArtifactsError(
        "the environment of this notebook could not be prepared",
        found=f"{type(error).__name__}: {error}",
        details="".join(traceback.format_exception(error)),
        hint=INTERNAL_HINT,
    )


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
