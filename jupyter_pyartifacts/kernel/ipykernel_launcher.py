"""Start a notebook's kernel for a frontend that starts kernelspecs itself, such as VS Code.

`python -m jupyter_pyartifacts.kernel.ipykernel_launcher -f FILE`, or `--f=FILE`. What is known of
the notebook is what the variables say. Where they name it, this process becomes its isolated
kernel, or the fallback kernel that says why there is none; else it becomes a stock kernel of the
host, whose first cell has the notebook found by `shim/gate.py`. VS Code takes for a Python kernel
(interrupts on Windows, the activated environment) what has `ipykernel` in its module's name.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    # `-m` puts the notebook's directory in front, where a file called json.py is enough to break
    # what is imported here.
    del sys.path[0]

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_pyartifacts.errors import PyArtifactsError
from jupyter_pyartifacts.kernel import launch

__all__ = ["Start", "main", "plan_start"]


@dataclass(frozen=True, slots=True)
class Start:
    """What this process becomes: a command and its environment."""

    command: list[str]
    environ: dict[str, str]


def plan_start(command: Sequence[str], environ: Mapping[str, str], *, parent: int) -> Start:
    """Prepare what the variables ask for; whatever prevents it is told by the fallback kernel.

    `command` is the one that started this process, of the process `parent`.
    """
    command, connection = launch.plain_command(command)
    notebook = _notebook_path(environ, parent)
    origin = None
    try:
        if notebook is not None:
            from .origin import read_origin

            origin = read_origin(notebook)
        if origin is None or origin.document is None:
            # A server's session file is told by the connection file's name from an inherited one.
            session = environ.get(launch.STOCK_SESSION_VARIABLE)
            return Start(
                launch.stock_command(sys.executable, command),
                launch.stock_environ(environ, session=session),
            )
        kernel = Path(connection or f"kernel-{os.getpid()}").stem
        return _isolated(command, environ, kernel, origin.document, str(origin.notebook))
    except PyArtifactsError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - whatever it is, the notebook must say it
        failure = launch.internal_error(error)
    print(f"pyartifacts: {failure}", file=sys.stderr, flush=True)
    return Start(
        launch.fallback_command(sys.executable, launch.FALLBACK, command),
        launch.fallback_environ(
            environ,
            failure,
            host_python=sys.executable,
            session=None if origin is None else origin.notebook,
            notebook=None if origin is None else origin.notebook,
            store=environ.get("PYARTIFACTS_STORE"),
        ),
    )


def _notebook_path(environ: Mapping[str, str], parent: int) -> str | None:
    """Return the path of the notebook that the variables name, None where they do not."""
    named = launch.named_notebook(environ, parent=parent)
    if named is None or named != environ.get("JPY_SESSION_NAME"):
        return None if named is None else os.path.abspath(named)
    # A server's path begins at its root, and this directory is the notebook's; or it is no file.
    for path in (named, os.path.basename(named)):
        if os.path.isfile(path):
            return os.path.abspath(path)
    return None


def _isolated(
    command: Sequence[str],
    environ: Mapping[str, str],
    kernel: str,
    document: object,
    notebook: str,
) -> Start:
    import logging

    from jupyter_core.paths import jupyter_runtime_dir

    from ..config import Config
    from ..service import Engine
    from .reporting import LogReporter
    from .session import write_session

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    engine = Engine(Config.from_environ(environ), LogReporter(logging.getLogger("pyartifacts")))
    environment = engine.prepare(document, directory=Path(notebook).parent, notebook=notebook)
    _check_encryption(command, environment.site_packages)
    engine.keep_for_kernel(kernel, os.getpid(), environment)
    session = write_session(
        document,
        kernel_id=kernel,
        directories=(os.path.join(jupyter_runtime_dir(), "pyartifacts"),),
    )
    isolated = launch.isolated_environ(
        environ,
        environment,
        host_python=sys.executable,
        session=session,
        notebook=notebook,
        store=os.pathsep.join(str(layout.root) for layout in engine.store.layers),
    )
    return Start(
        launch.isolated_command(environment.python, launch.BOOTSTRAP, command, environ),
        {**isolated, launch.LAUNCHED_VARIABLE: "1"},
    )


def _check_encryption(command: Sequence[str], site_packages: str) -> None:
    """Refuse what would listen without the encryption that the frontend's keys are for."""
    from .encryption import supports_curve, transport_encryption

    _, connection = launch.plain_command(command)
    try:
        keys = "curve_secretkey" in Path(connection or "").read_text(encoding="utf-8")
    except OSError:
        return
    if keys:
        transport_encryption("auto", supported=supports_curve(site_packages), keys_exist=True)


def main() -> None:
    """Become the kernel: in this very process, so that an interrupt reaches it."""
    start = plan_start(sys.orig_argv, os.environ, parent=os.getppid())
    sys.stderr.flush()
    if os.name == "nt":
        import subprocess

        sys.exit(subprocess.call(start.command, env=start.environ))
    os.execve(start.command[0], start.command, start.environ)  # noqa: S606 - no shell on purpose


if __name__ == "__main__":
    main()
