"""Widgets have a half beside JupyterLab: choose versions that go with the halves that are here.

A preference, never a condition. What a request resolves to is the same on every machine unless
widgets in it would show as empty boxes here: only then is it resolved once more, with those
distributions held to the series that is installed beside JupyterLab, and the notes say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from packaging.version import Version

from ..errors import ResolutionError
from ..model import LeftOut
from .search import Found, Search
from .walk import Need

__all__ = ["OtherHalf", "Unmatched", "go_together", "match_halves", "unmatched"]

OtherHalf = Callable[[str], str | None]
"""Return the version of a distribution whose half is beside JupyterLab; None if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A distribution that was chosen in another series than the half that is `here`."""

    name: str
    version: str
    here: str

    @property
    def constraint(self) -> str:
        """Return the constraint that holds it to the series that is here."""
        return f"{self.name}=={'.'.join(map(str, _series(self.here)))}.*"


def _series(version: str) -> tuple[int, ...]:
    """Return the part of a version that halves must share: `3`, and `0, 9` below 1.0."""
    release = (*Version(version).release, 0)
    return release[:2] if release[0] == 0 else release[:1]


def go_together(version: str, here: str) -> bool:
    """Tell whether two versions of a distribution are of one series."""
    return _series(version) == _series(here)


def unmatched(
    needs: Iterable[Need], before: Iterable[tuple[str, str]], other_half: OtherHalf
) -> tuple[Unmatched, ...]:
    """Return what was newly chosen and does not go with the half that is here.

    What `before` pinned (names and versions) stays as it is: a lock that comes from elsewhere
    does not change because it is opened here.
    """
    known = frozenset(before)
    found = {}
    for need in needs:
        name, version = need.package.name, need.package.version
        if (name, version) in known:
            continue
        here = other_half(name)
        if here is not None and not go_together(version, here):
            found[name] = Unmatched(name=name, version=version, here=here)
    return tuple(found[name] for name in sorted(found))


def match_halves(
    search: Search, found: Found, left_out: tuple[LeftOut, ...], other_half: OtherHalf
) -> tuple[Found, tuple[LeftOut, ...], tuple[str, ...]]:
    """Return the resolution, perhaps with other versions of widgets, and what is to be said of it.

    Other versions are taken where they cost nothing else: the same platforms, and nothing that
    the user asked for in another version, those widgets themselves left aside.
    """
    apart = unmatched(found.needs, search.before, other_half)
    if not apart:
        return found, left_out, ()
    platforms = (*found.platforms, *(each.platform for each in left_out))
    former = search.pinned
    search.pinned = (*former, *(each.constraint for each in apart))
    try:
        other, without = search.for_all(platforms)
    except ResolutionError:
        other, without = found, left_out
    finally:
        search.pinned = former
    held = {each.name for each in apart}
    asked = {own.name for own in search.user} - held
    same = set(other.platforms) == set(found.platforms) and _versions(other, asked) == _versions(
        found, asked
    )
    if other is found or not same:
        notes = (
            f"{each.name} {each.version} does not go with the {each.here} that is installed beside"
            " JupyterLab here, and no version that does fits: its widgets may not show"
            for each in apart
        )
        return found, left_out, tuple(notes)
    changed = {need.package.name for need in other.needs}
    was = sorted(_versions(found, changed) - _versions(other, changed))
    now = sorted(_versions(other, {name for name, _ in was}) - _versions(found, changed))
    halves = _listed((each.name, each.here) for each in apart)
    return (
        other,
        without,
        (
            f"{_listed(now)} instead of {_listed(was)}, so that widgets show here: {halves} is"
            " installed beside JupyterLab",
        ),
    )


def _versions(found: Found, names: set[str]) -> set[tuple[str, str]]:
    return {
        (need.package.name, need.package.version)
        for need in found.needs
        if need.package.name in names
    }


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {version}" for name, version in pairs)
