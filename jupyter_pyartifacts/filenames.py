"""File names of source distributions: project and version, read as leniently as they were written.

PEP 625 fixed the form in 2020 (`name-version.tar.gz`, no dash in either part); older ones have
dashes, dots and capitals wherever they like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

__all__ = [
    "ARCHIVES",
    "SDISTS",
    "parse_sdist_name",
    "parse_version",
    "sdist_readings",
    "sdist_splits",
    "sdist_stem",
    "sdist_version",
]

SDISTS = (".tar.gz", ".zip", ".tgz")
"""How the names of source distributions end that are read here; the likeliest first."""
ARCHIVES = (*SDISTS, ".tar.bz2", ".tar.xz", ".tar.zst", ".tar", ".tbz", ".txz")
"""How names of archives of source end, read here or not."""


@lru_cache(maxsize=65536)
def parse_version(text: str) -> Version | None:
    """Read a version (PEP 440); None for anything else."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def sdist_stem(filename: str, suffixes: tuple[str, ...] = SDISTS) -> str | None:
    """Return a file name without what makes it an archive; None if it is none."""
    lower = filename.lower()
    for suffix in suffixes:
        if lower.endswith(suffix):
            return filename[: -len(suffix)]
    return None


def sdist_splits(filename: str) -> Iterator[tuple[str, str]]:
    """Yield what `sdist_readings` does, with the version as it is written."""
    stem = sdist_stem(filename) or ""
    for match in re.finditer("-", stem):
        if match.start() and parse_version(stem[match.end() :]) is not None:
            yield canonicalize_name(stem[: match.start()]), stem[match.end() :]


def sdist_readings(filename: str) -> Iterator[tuple[str, str]]:
    """Yield each canonical name and version (PEP 440) that the name of an sdist may stand for.

    `foo-1.0-1.tar.gz` is version 1.0.post1 of foo, or version 1 of a project foo-1-0; the
    reading with the shortest name comes first.
    """
    for name, version in sdist_splits(filename):
        yield name, str(Version(version))


def parse_sdist_name(filename: str) -> tuple[str, str] | None:
    """Return the likeliest canonical name and version of an sdist; None if it has none."""
    return next(sdist_readings(filename), None)


def sdist_version(filename: str, name: str) -> str | None:
    """Return the version part, as written, of an archive of source of project `name`.

    The name is known (canonical), so it is matched in its canonical form. None if there is none.
    """
    stem = sdist_stem(filename, ARCHIVES)
    if stem is None:
        return None
    for match in re.finditer("-", stem):
        if canonicalize_name(stem[: match.start()]) == name:
            return stem[match.end() :]
    return None
