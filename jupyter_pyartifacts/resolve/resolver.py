"""Resolve a request: uv behind the loopback index, and its answer read into a lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ..config import Config
from ..errors import NoWheel, ResolutionError, UsageError
from ..index.client import IndexClient
from ..model import LeftOut, Lock
from ..plan import Pin
from ..platforms import PLATFORMS
from ..report import Progress, Reporter
from ..store.storage import storage_errors
from .assemble import assemble_distributions
from .failure import named_as_refused, named_without_wheels
from .halves import match_halves
from .hashes import check_hashes, explain_by_hashes
from .notes import describe_choices, missing_extras
from .request import Resolution, ResolveRequest
from .search import Found, Search
from .synthetic import SyntheticWheels
from .ties import bare_indexes

__all__ = ["resolve"]


def resolve(
    request: ResolveRequest,
    *,
    config: Config,
    client: IndexClient,
    store_cache: Path,
    reporter: Reporter,
    synthetic: SyntheticWheels | None = None,
    meanwhile: Callable[[], None] = lambda: None,
    likely: Callable[[Pin], None] = lambda _: None,
) -> Resolution:
    """Return the lock that meets a request, without trees and history, and notes for the user.

    `store_cache` is the store's cache directory; `meanwhile` is called while uv works,
    `likely` in any thread with what the host's platform needs if uv chooses as is to be expected.
    Platforms that cannot be locked are left out of the lock, with the reason, as long as the
    host's can.

    Raises InvalidRequirement, UsageError, UnknownProject, NoWheel, ResolutionError (uv's
    explanation in `details`), OfflineError, NetworkError, HashMismatch, StoreError.
    """
    platforms = tuple(dict.fromkeys(request.platforms))
    unknown = [name for name in platforms if name not in PLATFORMS]
    if unknown or not platforms:
        raise UsageError(
            "a platform to lock for is not known" if unknown else "no platform is named",
            expected=", ".join(sorted(PLATFORMS)),
            found=", ".join(unknown) or "none",
            hint="name one of these: --platform linux-x86_64",
        )
    asked = 0

    def on_request(item: str) -> None:
        nonlocal asked
        asked += 1
        reporter.progress(Progress(stage="resolve", done=asked, item=item))

    reporter.progress(Progress(stage="resolve", done=0))
    with storage_errors(store_cache):
        (store_cache / "uv").mkdir(parents=True, exist_ok=True)
        with Search(
            request,
            config,
            client,
            store_cache,
            on_request=on_request,
            synthetic=synthetic,
            meanwhile=meanwhile,
            likely=likely,
            # uv may think, or wait, for long: whoever cancels is heard meanwhile.
            beat=lambda: reporter.progress(Progress(stage="resolve", done=asked)),
        ) as search:
            try:
                found, left_out = search.for_all(platforms)
            except ResolutionError as error:
                explain_by_hashes(request, search, client, error)
                raise
            found, left_out, of_widgets = match_halves(search, found, left_out, request.other_half)
            notes = (*_notes(search, found), *of_widgets)
        lock = _lock(request, search, found, left_out)
        check_hashes(lock, request.hashes)
    count = len(lock.distributions)
    reporter.progress(Progress(stage="resolve", done=count, total=count))
    return Resolution(lock=lock, notes=notes)


def _lock(
    request: ResolveRequest,
    search: Search,
    found: Found,
    left_out: tuple[LeftOut, ...],
) -> Lock:
    covered = tuple(sorted(found.platforms))
    return Lock(
        requirements=request.requirements,
        python=request.python,
        platforms=covered,
        distributions=assemble_distributions(
            found.needs,
            covered,
            artifact=lambda need, wheel: search.writer.write(need.package.name, wheel.file),
            index_of=lambda name: None if name in search.given else search.ties.get(name),
        ),
        kernel=request.kernel,
        indexes=bare_indexes(request.indexes),
        left_out=_left_out(request, left_out),
        as_of=request.as_of,
    )


def _left_out(request: ResolveRequest, left_out: tuple[LeftOut, ...]) -> tuple[LeftOut, ...]:
    """Keep what the prior lock said of platforms that nobody asked for this time."""
    before = request.prior.left_out if request.prior is not None else ()
    kept = (own for own in before if own.platform not in request.platforms)
    return tuple(sorted((*left_out, *kept), key=lambda own: own.platform))


def _notes(search: Search, found: Found) -> tuple[str, ...]:
    chosen = {(need.package.name, need.package.version) for need in found.needs}
    changed = chosen - search.before
    notes = describe_choices(
        found.needs,
        changed,
        search.catalog,
        search.asked,
        tuple(sorted(found.platforms)),
        freed=search.freed,
    )
    held_back = _held_back(search, found, changed)
    for name, version, extra in missing_extras(found.said):
        if name in held_back:
            newest, why = held_back[name]
            raise NoWheel(
                f"{name}[{extra}] cannot be met: {name} {newest} needs {why}",
                expected=f"a version of {name} with the extra {extra}",
                found=f"{name} {version}, which has no such extra",
                hint=f"leave the extra out, and add what you need of it: {name}",
            )
        notes = (*notes, f"{name} {version} has no extra named {extra}")
    return (
        *notes,
        *(
            f"{name} {newest} was passed over: it needs {why}"
            for name, (newest, why) in held_back.items()
        ),
    )


def _held_back(
    search: Search, found: Found, changed: set[tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """Map what the user asked for to a newer version, and to what of its needs cannot be met.

    A newer version may have wheels of its own and need something that has none: uv then
    falls back silently, sometimes by years. One more run, with the newer version demanded,
    tells.
    """
    told: dict[str, tuple[str, str]] = {}
    for own in search.user:
        versions = [n.package.version for n in found.needs if n.package.name == own.name]
        newest = search.catalog.newest(own.name)
        if newest is None or not versions or own.name in search.given:
            continue
        best = max(versions, key=Version)
        if Version(newest) <= Version(best) or (own.name, best) not in changed:
            continue
        if not SpecifierSet(own.specifier).contains(newest) or own.name in search.pinned_names:
            continue
        project = search.project(found.platforms)
        demanded = (*project.constraints, f"{own.name}=={newest}")
        answer = search.ask(replace(project, constraints=demanded), offline=False)
        lacking = tuple(n for n in named_without_wheels(answer.said) if n != own.name)
        if answer.lock is not None:
            continue
        if lacking:
            told[own.name] = (newest, f"{', '.join(lacking)}, which has no wheel that fits")
            continue
        for name in sorted(named_as_refused(answer.said) - {own.name}):
            refused = search.allowed.refused(name)
            if refused:
                told[own.name] = (newest, f"{name} {refused[0][0]}, and {refused[0][1].text}")
                break
    return told
