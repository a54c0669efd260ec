"""Walk a resolution's edges for each platform: which packages are needed where, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..platforms import best_wheel, marker_holds
from .uvlock import UvEdge, UvPackage, UvWheel

__all__ = ["Need", "walk"]

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A package that is needed: on which platforms, and its edges there.

    `edges` maps a dependency's name and extras to the platforms on which the edge is followed,
    `wheels` each platform to the wheel that suits it best; one that has none is not in it.
    """

    package: UvPackage
    platforms: tuple[str, ...]
    edges: Mapping[tuple[str, tuple[str, ...]], tuple[str, ...]]
    wheels: Mapping[str, UvWheel]


def walk(
    root: UvPackage,
    packages: Iterable[UvPackage],
    platforms: Iterable[str],
    *,
    python: str,
    implementation: str,
) -> tuple[Need, ...]:
    """Return what `root` needs on each platform, sorted by name and version.

    Follows edges whose markers hold (PEP 508), extras included; `python` is a full version.
    """
    by_key = {(package.name, package.version): package for package in packages}
    by_name: dict[str, list[UvPackage]] = {}
    for package in by_key.values():
        by_name.setdefault(package.name, []).append(package)
    on: dict[Key, list[str]] = {}
    edges: dict[Key, dict[tuple[str, tuple[str, ...]], list[str]]] = {}
    for platform in sorted(platforms):
        seen: set[tuple[Key, str | None]] = set()
        queue: list[tuple[UvPackage, str | None]] = [(root, None)]
        while queue:
            package, extra = queue.pop()
            key = (package.name, package.version)
            if (key, extra) in seen:
                continue
            seen.add((key, extra))
            if package is not root and extra is None:
                on.setdefault(key, []).append(platform)
            for edge in package.edges if extra is None else package.extras.get(extra, ()):
                if edge.marker and not marker_holds(edge.marker, platform, python, implementation):
                    continue
                target = _target(edge, by_name)
                if target is None:
                    continue
                queue.append((target, None))
                queue.extend((target, wanted) for wanted in edge.extras)
                if target.name != package.name:
                    own = edges.setdefault(key, {})
                    followed = own.setdefault((target.name, edge.extras), [])
                    if platform not in followed:
                        followed.append(platform)
    minor = ".".join(python.split(".")[:2])
    return tuple(
        Need(
            package=by_key[key],
            platforms=tuple(on[key]),
            edges={edge: tuple(where) for edge, where in edges.get(key, {}).items()},
            wheels={
                platform: wheel
                for platform in on[key]
                if (wheel := _best_wheel(by_key[key].wheels, platform, minor)) is not None
            },
        )
        for key in sorted(on)
    )


def _best_wheel(wheels: Iterable[UvWheel], platform: str, minor: str) -> UvWheel | None:
    """Choose the wheel that suits a platform best; a synthetic one only where no other fits."""
    by_name: dict[bool, dict[str, UvWheel]] = {False: {}, True: {}}
    for wheel in wheels:
        by_name[wheel.sdist is not None][wheel.filename] = wheel
    for own in by_name.values():
        name = best_wheel(own, platform, minor)
        if name is not None:
            return own[name]
    return None


def _target(edge: UvEdge, by_name: Mapping[str, list[UvPackage]]) -> UvPackage | None:
    candidates = by_name.get(edge.name, [])
    if edge.version is not None:
        return next((own for own in candidates if own.version == edge.version), None)
    return candidates[0] if candidates else None
