"""What a changing verb may be told, and the lock to start from that comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..errors import UsageError
from ..interpreter import find_interpreter, host_version
from ..model import Lock, PythonPin
from ..platforms import DEFAULT_PLATFORMS, PLATFORMS

__all__ = ["LockOptions", "lock_asked_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """What a changing verb may be told beside its requirements.

    `python` is a version (`3.12`, `3.12.4`); `indexes` are `[NAME=]URL`; `as_of` a date or time
    (RFC 3339) after which no file counts; None or empty keeps what the lock says. `prefer` are
    versions (`NAME==V`) that a new lock takes where they fit. `constraints` (PEP 508) bound
    projects that are needed anyway; `hashes` maps projects to the sha256 of the files that may
    be taken of them.
    """

    python: str | None = None
    platforms: tuple[str, ...] | None = None
    indexes: tuple[str, ...] = ()
    as_of: str | None = None
    prereleases: bool = False
    prefer: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    dry_run: bool = False


def lock_asked_for(before: Lock | None, options: LockOptions, environ: Mapping[str, str]) -> Lock:
    """Return the lock to start from, for the Python and the platforms that are asked for."""
    if before is None:
        return _empty_lock(options, environ)
    wanted = before
    if options.python:
        wanted = replace(wanted, python=PythonPin(version=_python(options.python, environ)))
    if options.platforms:
        wanted = replace(wanted, platforms=_platforms(options.platforms))
    return wanted


def _empty_lock(options: LockOptions, environ: Mapping[str, str]) -> Lock:
    return Lock(
        requirements=(),
        python=PythonPin(version=_python(options.python, environ)),
        platforms=_platforms(options.platforms or DEFAULT_PLATFORMS),
        as_of=options.as_of,
        distributions=(),
    )


def _python(wanted: str | None, environ: Mapping[str, str]) -> str:
    """Return the full version to lock for: as asked, else this process's own."""
    if wanted is None or host_version().startswith(f"{wanted}."):
        return host_version()
    if not re.fullmatch(r"3\.\d+(\.\d+)?", wanted):
        raise UsageError(
            "a Python version is not understood",
            expected="a version of CPython such as 3.12 or 3.12.4",
            found=wanted[:80],
            hint="write it like --python 3.12",
        )
    if wanted.count(".") == 2:
        return wanted
    return find_interpreter(PythonPin(version=wanted), environ).version


def _platforms(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in PLATFORMS:
            raise UsageError(
                "a platform is not known",
                expected=", ".join(DEFAULT_PLATFORMS),
                found=name[:80],
                hint="name one of these",
            )
    return tuple(sorted(set(names)))
