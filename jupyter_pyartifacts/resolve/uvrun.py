"""One run of `uv lock` in a throw-away project."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ResolutionError
from ..index.uv import child_environ, find_uv
from .project import Project, project_options, render_project

__all__ = ["UvAnswer", "run_uv_lock"]

_TIMEOUT = 7200.0
_BEAT = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class UvAnswer:
    """What uv left: its lock file's text if it found a resolution, and what it said."""

    status: int
    lock: str | None
    said: str


def run_uv_lock(
    project: Project,
    prior: str | None,
    *,
    cache: Path,
    environ: Mapping[str, str],
    offline: bool = False,
    refresh: tuple[str, ...] | None = (),
    meanwhile: Callable[[], None] = lambda: None,
    beat: Callable[[], None] = lambda: None,
) -> UvAnswer:
    """Run `uv lock` on a project, with the text of a `uv.lock` to prefer.

    uv gets a directory of its own (with nothing above it that it would read), a private cache,
    this very interpreter, and an environment in which nothing of the user's uv settings is left.
    `offline` lets it use its cache alone; else `refresh` names the projects whose pages it must
    ask for again, None all of them. `meanwhile` is called once while uv works, `beat` some times a
    second; what either raises ends uv.
    Raises ResolutionError if uv cannot be run at all.
    """
    with tempfile.TemporaryDirectory(prefix="pyartifacts-resolve-") as name:
        directory = Path(name)
        (directory / "pyproject.toml").write_text(render_project(project), encoding="utf-8")
        if prior is not None:
            (directory / "uv.lock").write_text(prior, encoding="utf-8")
        command = [
            find_uv(environ.get("PATH")),
            "lock",
            "--no-config",
            "--no-progress",
            "--no-python-downloads",
            "--color=never",
            f"--python={sys.executable}",
            f"--cache-dir={cache}",
            f"--project={directory}",
            *project_options(project),
            *(["--offline"] if offline else _refreshing(refresh)),
        ]
        try:
            status, said = _run(command, directory, _environ(environ), meanwhile, beat)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ResolutionError(
                "uv, which resolves requirements, cannot be run",
                where=command[0],
                details=str(error),
                hint="install it again where jupyter_pyartifacts is installed: pip install uv",
            ) from error
        lock = directory / "uv.lock"
        text = lock.read_text(encoding="utf-8") if status == 0 else None
        return UvAnswer(status=status, lock=text, said=said)


def _run(
    command: list[str],
    directory: Path,
    environ: dict[str, str],
    meanwhile: Callable[[], None],
    beat: Callable[[], None],
) -> tuple[int, str]:
    """Run uv to its end; return exit status and what it said. Raises OSError, TimeoutExpired."""
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            meanwhile()
            deadline = time.monotonic() + _TIMEOUT
            while True:
                try:
                    _, said = process.communicate(timeout=_BEAT)
                    break
                except subprocess.TimeoutExpired:
                    if time.monotonic() >= deadline:
                        raise
                beat()
        except BaseException:
            process.kill()
            raise
    return process.returncode, said


def _refreshing(names: tuple[str, ...] | None) -> list[str]:
    return ["--refresh"] if names is None else [f"--refresh-package={name}" for name in names]


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    # uv talks to the loopback index alone, so no proxy may get in between, and reading some
    # hundred certificates would be for nothing.
    own = child_environ(environ, UV_HTTP_RETRIES="0", UV_HTTP_TIMEOUT="7200")
    for name in ("SSL_CERT_DIR", "SSL_CERT_FILE", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"):
        own.pop(name, None)
    for name in ("NO_PROXY", "no_proxy"):
        listed = [part for part in own.get(name, "").split(",") if part.strip()]
        own[name] = ",".join([*listed, "127.0.0.1"])
    return own
