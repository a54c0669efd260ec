"""What a user should know of a resolution: what was passed over, withdrawn, mended or split."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from ..requirements import UserRequirement
from .catalog import Catalog
from .metadata import mend_requirement
from .offer import Facts
from .walk import Need

__all__ = ["describe_choices", "missing_extras", "passed_over"]


def describe_choices(
    needs: Iterable[Need],
    changed: set[tuple[str, str]],
    catalog: Catalog,
    requirements: Iterable[UserRequirement],
    covered: tuple[str, ...],
    *,
    freed: Callable[[str], bool],
) -> tuple[str, ...]:
    """Return notes on the packages that were newly chosen (`changed`: names and versions).

    What kept a newer version out is also told of the packages that `freed` lets go of their pins.
    """
    needs = tuple(needs)
    asked = tuple(requirements)
    notes: list[str] = []
    for need in needs:
        package = need.package
        new = (package.name, package.version) in changed
        if new or freed(package.name):
            notes.extend(_refused(need, catalog, partial(_wishes, need, needs, asked, catalog)))
        if not new:
            continue
        facts = catalog.facts(package.name)
        reason = dict(facts.yanked).get(package.version)
        if reason is not None:
            notes.append(f"{package.name} {package.version} was yanked: {reason or 'no reason'}")
        newer = passed_over(package.version, facts, partial(_wishes, need, needs, asked, catalog))
        if newer is not None:
            notes.append(
                f"{package.name} {newer[0]} was passed over for {package.version}: it has no"
                f" wheel that fits, only {newer[1]}"
            )
        if facts.undated:
            notes.append(
                f"the index does not say when {package.name} was uploaded, so the date to"
                " resolve as of was not applied to it"
            )
        for wheel in package.wheels:
            for note in catalog.kept_notes(wheel.sha256 or ""):
                notes.append(f"{package.name} {package.version}: {note}")
    notes.extend(_splits(needs, changed, covered))
    return tuple(dict.fromkeys(notes))


def _refused(need: Need, catalog: Catalog, wishes: Callable[[], SpecifierSet]) -> list[str]:
    """Name every newer version whose sdist was refused, the newest with all that there is to say.

    Of versions that nothing demanded out: `wishes` is asked for all that is demanded.
    """
    name, chosen = need.package.name, need.package.version
    newer = [own for own in catalog.refused(name) if Version(own[0]) > Version(chosen)]
    if not newer:
        return []
    demanded = wishes()
    newer = [own for own in newer if demanded.contains(own[0])]
    notes = [
        f"{name} {version} was passed over for {chosen}: {refusal.text}"
        for version, refusal in newer[:1]
    ]
    if newer[1:]:
        others = ", ".join(version for version, _ in newer[1:])
        notes.append(f"{name} {others} {'was' if len(newer) == 2 else 'were'} refused as well")
    return notes


def passed_over(
    chosen: str, facts: Facts, wishes: Callable[[], SpecifierSet]
) -> tuple[str, str] | None:
    """Return the newest version, and its sdist, that only the lack of a wheel kept out.

    `wishes` is asked for all that is demanded of the project's version, if it matters.
    """
    newer = [own for own in facts.sourced if Version(own[0]) > Version(chosen)]
    if not newer:
        return None
    demanded = wishes()
    return next((own for own in newer if demanded.contains(own[0])), None)


def _wishes(
    need: Need,
    needs: tuple[Need, ...],
    asked: tuple[UserRequirement, ...],
    catalog: Catalog,
) -> SpecifierSet:
    """Return all that the user and the other packages demand of a package's version."""
    from email.parser import BytesHeaderParser

    name = need.package.name
    demanded = SpecifierSet()
    for requirement in asked:
        if requirement.name == name:
            demanded &= SpecifierSet(requirement.specifier)
    for other in needs:
        if not any(edge[0] == name for edge in other.edges):
            continue
        digests = (wheel.sha256 for wheel in other.package.wheels)
        raw = next((r for d in digests if d and (r := catalog.kept_metadata(d))), None)
        if raw is None:
            continue
        headers = BytesHeaderParser().parsebytes(raw)
        for text in headers.get_all("Requires-Dist", []):
            mended = mend_requirement(str(text))[0]
            if mended is None:
                continue
            try:
                wish = Requirement(mended)
            except InvalidRequirement:
                continue
            if canonicalize_name(wish.name) == name and not re.search(
                r"\bextra\b", str(wish.marker)
            ):
                demanded &= wish.specifier
    return demanded


def _splits(
    needs: tuple[Need, ...], changed: set[tuple[str, str]], covered: tuple[str, ...]
) -> list[str]:
    """Say of projects locked at several versions which platform has which."""
    by_name: dict[str, list[Need]] = {}
    for need in needs:
        by_name.setdefault(need.package.name, []).append(need)
    notes = []
    for name, several in sorted(by_name.items()):
        if len(several) < 2 or not any((name, n.package.version) in changed for n in several):
            continue
        ordered = sorted(several, key=lambda n: (-len(n.platforms), n.package.version))
        parts = [f"{need.package.version} on {', '.join(need.platforms)}" for need in ordered]
        notes.append(f"{name} is locked at {len(several)} versions: {'; '.join(parts)}")
    return notes


def missing_extras(said: str) -> tuple[tuple[str, str, str], ...]:
    """Return name, version and extra where uv found an extra asked for that is not provided."""
    pattern = r"The package `([^`=]+)==([^`]+)` does not have an extra named `([^`]+)`"
    return tuple(sorted(set(re.findall(pattern, said))))
