"""Whether the parts of a lock belong together; those of a merged one do not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.requirements import Requirement

from .errors import LockError
from .model import Lock
from .plan import pins_for
from .requirements import parse_requirement

__all__ = ["check_whole", "reached"]

_HINT = "lock again from what both sides asked for: jupyter pyartifacts lock NOTEBOOK --merge"


def check_whole(lock: Lock, where: str | None = None) -> None:
    """Raise LockError if a lock's parts do not belong together, as after a merge."""
    found = _fault(lock)
    if found is not None:
        raise LockError(
            "the lock is not of one piece: two locks were merged, or it was edited",
            where=where,
            found=found,
            hint=_HINT,
        )


def _fault(lock: Lock) -> str | None:
    versions: dict[str, list[str]] = {}
    edges: dict[str, set[str]] = {}
    for own in lock.distributions:
        versions.setdefault(own.name, []).append(own.version)
        edges.setdefault(own.name, set()).update(each.name for each in own.dependencies)
    asked = [parse_requirement(text) for text in (*lock.requirements, *lock.kernel)]
    for each in asked:
        if each.name not in versions and each.marker is None and lock.distributions:
            return f"{each.name} is asked for, and not pinned"
        if each.kind == "index" and each.marker is None:
            wanted = Requirement(each.text).specifier
            for version in versions.get(each.name, ()):
                if not wanted.contains(version, prereleases=True):
                    return f"{each.name} {version} is pinned, and {each.text} is asked for"
    if stray := sorted(set(versions) - reached([each.name for each in asked], edges)):
        return f"{stray[0]} {versions[stray[0]][0]} is pinned, and nothing needs it"
    for platform in lock.platforms:
        try:
            pins_for(lock, platform)
        except LockError as error:
            return f"{error.what}{f' ({error.found})' if error.found else ''}"
    return None


def reached(origins: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Return all names that can be reached along edges, the origins included."""
    found: set[str] = set()
    todo = list(origins)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += edges.get(name, ())
    return found
