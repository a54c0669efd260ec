"""The uv executable: where it is, and whether its version is one we know how to read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from ..errors import ResolutionError

__all__ = ["SUPPORTED", "child_environ", "find_uv"]

SUPPORTED = SpecifierSet(">=0.9.5,<0.14")
"""The versions of uv whose lock file we read; the package's own requirement says the same."""

_METADATA = re.compile(r"uv-([0-9][^-]*)\.dist-info")

# What reaches uv: the way to the network and to its files, nothing that changes an outcome.
_KEPT = {"UV_NATIVE_TLS", "UV_SYSTEM_CERTS"}


@lru_cache(maxsize=8)
def find_uv(path: str | None = None) -> str:
    """Return the path of uv: the one of the `uv` distribution, else the one on `path` (PATH).

    Raises ResolutionError if there is none or its version was never tested with this package.
    """
    try:
        import uv

        found = str(uv.find_uv_bin())
        version = _installed_version(uv.__path__[0])
    except (ImportError, FileNotFoundError) as error:
        other = shutil.which("uv", path=path)
        if other is None:
            raise ResolutionError(
                "uv, which resolves requirements, is not installed",
                expected=f"uv{SUPPORTED}",
                found="none",
                hint="install it where jupyter_pyartifacts is installed: pip install uv",
            ) from error
        found, version = other, _ask_version(other)
    check_version(version, found)
    return found


def _installed_version(package: str) -> str:
    """Return the version of the uv distribution; raise ImportError if it says none.

    Installers name its metadata directory after the version (recording installed projects), so
    there is no need to load what reads all kinds of metadata.
    """
    beside = os.listdir(os.path.dirname(package))
    named = [match[1] for name in beside if (match := _METADATA.fullmatch(name))]
    if len(named) == 1:
        return named[0]
    from importlib import metadata

    return metadata.version("uv")


def check_version(version: str, where: str) -> None:
    """Raise ResolutionError for a version of uv outside the tested range."""
    try:
        known = SUPPORTED.contains(Version(version), prereleases=True)
    except InvalidVersion:
        known = False
    if not known:
        raise ResolutionError(
            "uv, which resolves requirements, has a version that this package does not know",
            where=where,
            expected=f"uv{SUPPORTED}",
            found=f"uv {version}",
            hint=f"install a version that is known: pip install 'uv{SUPPORTED}'",
        )


def _ask_version(executable: str) -> str:
    try:
        answer = subprocess.run(
            [executable, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ResolutionError(
            "uv, which resolves requirements, cannot be run",
            where=executable,
            details=str(error),
            hint="install it again where jupyter_pyartifacts is installed: pip install uv",
        ) from error
    match = re.match(r"uv (\S+)", answer.stdout)
    return match[1] if match else answer.stdout.strip()[:80] or "?"


def child_environ(environ: Mapping[str, str], **settings: str) -> dict[str, str]:
    """Return the environment for a run of uv that only `settings` shall influence."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.upper().startswith("UV_") or name.upper() in _KEPT
    }
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "RUST_LOG"):
        kept.pop(name, None)
    return {**kept, **settings}
