"""From a walked resolution to the lock's distributions: one wheel a platform, sorted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..model import Artifact, Dependency, Distribution
from ..platforms import marker_for
from .uvlock import UvWheel
from .walk import Need

__all__ = ["Missing", "assemble_distributions", "missing_wheels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A package without a wheel for a platform on which it is needed."""

    platform: str
    name: str
    version: str


def missing_wheels(needs: Iterable[Need]) -> tuple[Missing, ...]:
    """List the packages that have no wheel for a platform on which they are needed."""
    return tuple(
        Missing(platform=platform, name=need.package.name, version=need.package.version)
        for need in needs
        for platform in need.platforms
        if platform not in need.wheels
    )


def assemble_distributions(
    needs: Iterable[Need],
    covered: tuple[str, ...],
    *,
    artifact: Callable[[Need, UvWheel], Artifact],
    index_of: Callable[[str], str | None],
) -> tuple[Distribution, ...]:
    """Return the distributions of a lock over the `covered` platforms.

    Every package must have a wheel for each platform it is needed on (see `missing_wheels`).
    """
    distributions = []
    for need in needs:
        artifacts = [artifact(need, wheel) for wheel in set(need.wheels.values())]
        distributions.append(
            Distribution(
                name=need.package.name,
                version=need.package.version,
                artifacts=tuple(sorted(artifacts, key=lambda own: own.filename)),
                dependencies=_dependencies(need),
                marker=marker_for(need.platforms, covered),
                index=index_of(need.package.name),
            )
        )
    return tuple(sorted(distributions, key=lambda own: (own.name, own.version)))


def _dependencies(need: Need) -> tuple[Dependency, ...]:
    extras: dict[str, set[str]] = {}
    platforms: dict[str, set[str]] = {}
    for (name, wanted), where in need.edges.items():
        extras.setdefault(name, set()).update(wanted)
        platforms.setdefault(name, set()).update(where)
    return tuple(
        Dependency(
            name=name,
            extras=tuple(sorted(extras[name])),
            marker=marker_for(platforms[name], need.platforms),
        )
        for name in sorted(platforms)
    )
