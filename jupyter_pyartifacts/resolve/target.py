"""What a lock is resolved for: one Python, seen by what files and markers say of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..errors import UsageError
from ..platforms import PLATFORMS, wheel_rank

__all__ = ["Target", "parse_as_of", "python_accepts", "tag_ranks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A full Python version, its implementation, and the moment beyond which nothing is seen.

    `as_of` is RFC 3339 in UTC, or None.
    """

    python: str
    implementation: str = "cpython"
    as_of: str | None = None

    @property
    def minor(self) -> str:
        """Return `3.11` of `3.11.7`."""
        return ".".join(self.python.split(".")[:2])


@lru_cache(maxsize=65536)
def tag_ranks(tags: str, minor: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Rank a wheel's tags (`cp311-cp311-win_amd64`) for every platform they fit.

    A page has thousands of wheels but few different tags, so these are what is remembered.
    """
    python, _, rest = tags.partition("-")
    major, number = minor.split(".")
    own = {f"cp{major}{number}", f"py{major}", *(f"py{major}{n}" for n in range(int(number) + 1))}
    if "abi3" not in rest and own.isdisjoint(python.split(".")):
        return ()  # most wheels of a page are for other interpreters: that much is seen at once
    name = f"x-1-{tags}.whl"
    return tuple(
        (platform, rank)
        for platform in PLATFORMS
        if (rank := wheel_rank(name, platform, minor)) is not None
    )


@lru_cache(maxsize=4096)
def python_accepts(requires_python: str, python: str) -> bool:
    """Tell whether a file's `requires-python` takes a full Python version.

    What cannot be read refuses nothing (PEP 345 had looser rules); `>=2.7.*` and the like are
    read as they were meant.
    """
    text = requires_python.replace("'", "").replace('"', "")
    clauses = []
    for clause in text.split(","):
        clause = clause.strip()
        if clause.endswith(".*") and not clause.startswith(("==", "!=")):
            clause = clause[:-2]
        clauses.append(clause)
    try:
        return SpecifierSet(",".join(clauses)).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True


def parse_as_of(text: str) -> str:
    """Read a date (the whole day counts) or a time; return RFC 3339 in UTC, to the second."""
    try:
        if len(text) == 10:
            day = datetime.date.fromisoformat(text)
            moment = datetime.datetime.combine(
                day + datetime.timedelta(days=1), datetime.time(), datetime.timezone.utc
            )
        else:
            moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=datetime.timezone.utc)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            "the date to resolve as of cannot be read",
            expected="a date such as 2024-05-31, or a time such as 2024-05-31T12:00:00Z",
            found=text[:80],
            hint="write it as YEAR-MONTH-DAY: --as-of 2024-05-31",
        ) from error
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
