"""Importing: what a file of another tool asks for becomes the notebook's lock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from ..errors import LockError, UsageError
from ..history import record_change
from ..index.policy import LocationPolicy, is_private
from ..interop.wanted import Pinned, Wanted, hashes_of
from ..lock import lock_digest, render_lock
from ..model import Artifact, Distribution, Index, Lock
from ..notebook import Document
from ..requirements import merge_requirements, rebase_requirement
from ..whole import reached
from .options import LockOptions, lock_asked_for
from .relock import names_of, outcome_of, relock
from .workplace import Workplace

if TYPE_CHECKING:
    from ..outcome import Changed

__all__ = ["import_lock", "import_wanted"]

_VERB = "import"


def import_wanted(
    place: Workplace,
    document: Document,
    wanted: Wanted,
    *,
    source: str,
    base: Path,
    fresh: bool,
    options: LockOptions,
) -> Changed:
    """Make what a file asks for part of the notebook's lock, or all of it if `fresh`.

    Requirements join the notebook's own as `add` joins them; the file's pins hold in this
    resolution, and its hashes are the only ones that are taken of their projects. `source` names
    the file, `base` is the directory that its paths are relative to.
    """
    if wanted.is_empty:
        raise UsageError(
            "there is nothing to import",
            where=source,
            expected="requirements, or pins",
            found="; ".join(wanted.notes) or "none",
            hint="name another file: --from FILE",
        )
    before = place.own_lock(document)
    options = _options(place, wanted, before, options, source)
    start = lock_asked_for(place, document, before, options)
    _check_python(wanted, start, source)
    # A bare name of the kernel group says nothing that is not so anyway.
    asked_for = [text for text in wanted.requirements if text not in start.kernel]
    requirements = _rebased(asked_for, base, document.directory)
    indexes, notes = _allowed_indexes(place, wanted.indexes)
    asked = replace(
        start,
        requirements=merge_requirements(() if fresh else start.requirements, requirements),
        indexes=_merge(() if fresh else start.indexes, indexes),
        as_of=options.as_of or start.as_of,
    )
    notes = (*wanted.notes, *notes)
    what = f"import {source}"
    if not wanted.complete:
        # Which of the pins came with others shows only in what they resolve to.
        dry = replace(options, dry_run=True)
        found = relock(place, _VERB, document, before, asked, what=what, options=dry).lock
        asked = replace(asked, requirements=_top(asked.requirements, requirements, found))
    if before is not None and not fresh and before.requirements:
        kept = len(asked.requirements) - len(requirements)
        if kept > 0:
            notes = (
                *notes,
                f"the notebook's own requirements stay ({kept}); --replace takes the file's alone",
            )
    changed = relock(place, _VERB, document, before, asked, what=what, options=options)
    return replace(changed, notes=(*changed.notes, *notes))


def import_lock(
    place: Workplace,
    document: Document,
    lock: Lock,
    *,
    source: str,
    base: Path,
    fresh: bool,
    options: LockOptions,
) -> Changed:
    """Take the lock of another notebook over: as it is, where there is none or it is replaced.

    Into an existing lock it is imported as a file with pins and hashes. The other notebook's lock
    must be this user's own or approved.
    """
    from ..provide import now

    place.admit(lock, source)
    before = place.own_lock(document)
    asked = options.python or options.platforms or options.as_of or options.indexes
    if (before is not None and not fresh) or asked:
        return import_wanted(
            place,
            document,
            _wanted_of(lock),
            source=source,
            base=base,
            fresh=fresh,
            options=options,
        )
    after = _moved(replace(lock, history=()), base, document.directory)
    environment = None
    if not options.dry_run:
        # Where paths moved with it, it is another lock, of one that was approved.
        place.trust_store.approve(after)
        if place.platform in after.platforms:
            environment = place.provider.environment_for(document, after)
        if before is None or lock_digest(before) != lock_digest(after):
            after = record_change(before, after, what=f"import {source}", when=now())
            document.write_lock(render_lock(after))
        else:
            after = before
    return outcome_of(place, _VERB, before, after, environment, options=options)


def _options(
    place: Workplace, wanted: Wanted, before: Lock | None, options: LockOptions, source: str
) -> LockOptions:
    """Fill in what the file says and nobody was asked for."""
    platforms = options.platforms
    if platforms is None and before is None and wanted.platforms is not None:
        platforms = wanted.platforms
        if place.platform not in platforms:
            raise LockError(
                f"{source} is not for this machine",
                expected=place.platform,
                found=", ".join(platforms),
                hint=f"lock it for this one: --platform {place.platform}",
            )
    return replace(
        options,
        python=options.python or (wanted.python if before is None else None),
        platforms=platforms,
        as_of=options.as_of or (wanted.as_of if before is None else None),
        prereleases=options.prereleases or wanted.prereleases,
        constraints=(*(pin.constraint for pin in wanted.pins), *wanted.constraints),
        hashes=wanted.hashes,
    )


def _check_python(wanted: Wanted, start: Lock, source: str) -> None:
    version = start.python.version
    full = version if version.count(".") == 2 else f"{version}.0"
    if wanted.requires_python and not SpecifierSet(wanted.requires_python).contains(full, True):
        raise UsageError(
            f"{source} is for another Python than the notebook",
            expected=wanted.requires_python,
            found=version,
            hint="name one that fits, and that is on this machine: --python 3.X",
        )


def _rebased(texts: Iterable[str], base: Path, home: Path) -> tuple[str, ...]:
    here, there = base.absolute().as_posix(), home.absolute().as_posix()
    return tuple(rebase_requirement(text, here, there) for text in texts)


def _allowed_indexes(
    place: Workplace, indexes: Iterable[Index]
) -> tuple[tuple[Index, ...], tuple[str, ...]]:
    """Leave out what leads into this network: that the user says, not a file."""
    policy = LocationPolicy(place.config.allowed_indexes)
    kept, notes = [], []
    for index in indexes:
        if is_private(index.url) and not policy.allows(index.url):
            notes.append(
                f"{index.url} is not used for {', '.join(index.projects)}: it is in this network or"
                f" on this machine; if you trust it, set PYARTIFACTS_ALLOWED_INDEXES={index.url}"
            )
        else:
            kept.append(index)
    return tuple(kept), tuple(notes)


def _merge(existing: Iterable[Index], added: Iterable[Index]) -> tuple[Index, ...]:
    """Join indexes by their URL; a project is tied to one, the file's."""
    added = tuple(added)
    taken = {name for index in added for name in index.projects}
    merged: dict[str, Index] = {}
    for index in existing:
        merged[index.url] = replace(
            index, projects=tuple(name for name in index.projects if name not in taken)
        )
    names = {index.name for index in merged.values()}
    for index in added:
        own = merged.get(index.url)
        if own is not None:
            projects = tuple(sorted({*own.projects, *index.projects}))
            merged[index.url] = replace(own, projects=projects)
            continue
        name = index.name
        while name in names:
            name += "-2"
        names.add(name)
        merged[index.url] = replace(index, name=name)
    return tuple(sorted(merged.values(), key=lambda index: index.name))


def _top(
    requirements: tuple[str, ...], given: tuple[str, ...], found: Lock | None
) -> tuple[str, ...]:
    """Take out of the file's requirements what came with others of them, as the lock tells."""
    if found is None:
        return requirements
    edges: dict[str, set[str]] = {}
    for each in found.distributions:
        edges.setdefault(each.name, set()).update(edge.name for edge in each.dependencies)
    needed = {name for origin, names in edges.items() for name in names - {origin}}
    kernel, own = names_of(found.kernel), names_of(given)
    top = {*(names_of(requirements) - own), *(own - needed - kernel)}
    # What needs each other in a circle would need nobody: the first of them stays.
    for name in sorted(own):
        if name not in reached(top | kernel, edges):
            top.add(name)
    return tuple(text for text in requirements if names_of((text,)) <= top)


def _wanted_of(lock: Lock) -> Wanted:
    pins = tuple(
        Pinned(
            name=each.name,
            version=each.version,
            hashes=frozenset(artifact.digest.hex for artifact in each.artifacts),
            marker=each.marker,
        )
        for each in lock.distributions
    )
    return Wanted(
        requirements=lock.requirements,
        pins=pins,
        hashes=hashes_of(pins),
        indexes=lock.indexes,
        as_of=lock.as_of,
    )


def _moved(lock: Lock, base: Path, home: Path) -> Lock:
    """Rewrite the paths of local wheels to be relative to another notebook's directory."""

    def artifact(own: Artifact) -> Artifact:
        if not own.location.startswith("file:") or own.location.startswith("file:///"):
            return own
        text = own.location[len("file:") :]
        return replace(own, location="file:" + _rebased((text,), base, home)[0])

    def distribution(own: Distribution) -> Distribution:
        return replace(own, artifacts=tuple(artifact(each) for each in own.artifacts))

    return replace(
        lock,
        requirements=_rebased(lock.requirements, base, home),
        distributions=tuple(distribution(each) for each in lock.distributions),
    )
