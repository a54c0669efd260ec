"""What a changing verb may be told, and the lock to start from that comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..errors import NetworkError, UsageError
from ..index.pythons import PythonTable
from ..interpreter import choose_python, with_platforms
from ..model import Lock, PythonPin
from ..notebook import Document
from ..platforms import DEFAULT_PLATFORMS, PLATFORMS
from .workplace import Workplace

__all__ = ["LockOptions", "lock_asked_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """What a changing verb may be told beside its requirements.

    `python` is a version (`3.12`, `3.12.4`) or an archive's path; `indexes` are `[NAME=]URL`;
    `as_of` a date or time (RFC 3339) after which no file counts; None or empty keeps what the lock
    says. `prefer` are versions (`NAME==V`) that a new lock takes where they fit. `constraints`
    (PEP 508) bound
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


def lock_asked_for(
    place: Workplace, document: Document, before: Lock | None, options: LockOptions
) -> Lock:
    """Return the lock to start from, for the Python and the platforms that are asked for."""
    platforms = before.platforms if before else DEFAULT_PLATFORMS
    if options.platforms:
        platforms = _platforms(options.platforms)
    if before is None:
        return Lock(
            requirements=(),
            python=_python(place, document, options.python, platforms),
            platforms=platforms,
            as_of=options.as_of,
            distributions=(),
        )
    python = before.python
    if options.python:
        python = _python(place, document, options.python, platforms)
    elif options.platforms and python.interpreters:
        with place.client(None, document.directory) as client:
            python = with_platforms(python, platforms, client.archives.table())
    return replace(before, python=python, platforms=platforms)


def _python(
    place: Workplace, document: Document, wanted: str | None, platforms: Sequence[str]
) -> PythonPin:
    """Return the Python to lock for, with its archives as far as the table has them."""
    with place.client(None, document.directory) as client:

        def table() -> PythonTable:
            try:
                return client.archives.table()
            except NetworkError as error:
                if wanted is not None:
                    raise
                place.reporter.note(f"the lock has no archives of Python: {error.what}")
                return PythonTable(root="", archives={})

        return choose_python(
            wanted,
            platforms,
            table=table,
            environ=place.config.environ,
            directory=document.directory,
        )


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
