"""What of a lock has something newer: within its requirements, and at all."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from packaging.version import Version

from ..config import Config
from ..errors import OfflineError, ResolutionError
from ..index.client import FRESH, IndexClient, ProjectNotFound
from ..index.simple import ProjectPage
from ..model import Distribution, Lock
from ..outcome import Outdated, OutdatedRow
from ..plan import pins_for
from ..report import Progress, Reporter
from ..requirements import parse_requirement
from .request import ResolveRequest
from .resolver import resolve
from .synthetic import SyntheticWheels

__all__ = ["outdated_rows"]

_CONNECTIONS = 8


def outdated_rows(
    request: ResolveRequest,
    lock: Lock,
    *,
    config: Config,
    client: IndexClient,
    store_cache: Path,
    reporter: Reporter,
    synthetic: SyntheticWheels | None = None,
) -> Outdated:
    """Return the distributions that have something newer, and those that were yanked.

    `compatible` comes of one resolution of `request` with everything upgraded; `latest` is the
    newest release on the index, whatever it needs (pre-releases only where one is pinned). Wheels
    that the user gave have no page and no row. Raises NetworkError.
    """
    notes: list[str] = []
    upgraded: Mapping[str, str] = {}
    try:
        resolution = resolve(
            replace(request, upgrade="all", prior=None),
            config=config,
            client=client,
            store_cache=store_cache,
            reporter=reporter,
            synthetic=synthetic,
        )
        upgraded = _versions(resolution.lock, request.host_platform)
        notes.extend(resolution.notes)
    except (ResolutionError, OfflineError) as error:
        notes.append(f"what is compatible cannot be told: {error.what}")
    pages = _pages(lock, client, reporter)
    direct = {parse_requirement(text).name for text in lock.requirements}
    current = _versions(lock, request.host_platform)
    rows = [
        row
        for name in sorted(current)
        if name in pages
        and (row := _row(name, current[name], upgraded.get(name), pages[name], name in direct))
    ]
    if client.offline:
        notes.append("the network is switched off: newer releases may not be known here")
    return Outdated(rows=tuple(rows), notes=tuple(dict.fromkeys(notes)))


def _versions(lock: Lock, platform: str) -> dict[str, str]:
    """Return the version of each project: the host's where platforms differ."""
    versions = {own.name: own.version for own in lock.distributions}
    if platform in lock.platforms:
        for pin in pins_for(lock, platform):
            versions[pin.distribution.name] = pin.distribution.version
    return versions


def _pages(lock: Lock, client: IndexClient, reporter: Reporter) -> dict[str, ProjectPage]:
    wanted = {own.name: own for own in lock.distributions if not _given(own)}
    pages: dict[str, ProjectPage] = {}

    def read(own: Distribution) -> ProjectPage | None:
        try:
            return client.project(own.name, own.index, max_age=FRESH)
        except (ProjectNotFound, OfflineError):
            return None

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        for done, (name, page) in enumerate(
            zip(wanted, pool.map(read, wanted.values()), strict=True), 1
        ):
            reporter.progress(Progress(stage="metadata", done=done, total=len(wanted), item=name))
            if page is not None:
                pages[name] = page
    return pages


def _given(distribution: Distribution) -> bool:
    """Tell whether the user gave the wheels of a distribution, as files or by their URLs."""
    return distribution.index is None and any(
        artifact.location.startswith("file:") for artifact in distribution.artifacts
    )


def _row(
    name: str, current: str, compatible: str | None, page: ProjectPage, direct: bool
) -> OutdatedRow | None:
    """Return a project's row; None if there is nothing to say of it."""
    own = Version(current)
    versions = page.versions()
    candidates = [
        version
        for version, files in versions.items()
        if (own.is_prerelease or not version.is_prerelease)
        and any(file.yanked is None for file in files)
    ]
    latest = max(candidates, default=None)
    yanked = bool(versions.get(own)) and all(f.yanked is not None for f in versions[own])
    newer = latest is not None and latest > own
    better = compatible is not None and Version(compatible) > own
    if not (newer or better or yanked):
        return None
    released = None
    if latest is not None:
        times = [file.upload_time for file in versions[latest] if file.upload_time]
        released = min(times)[:10] if times else None
    return OutdatedRow(
        name=name,
        current=current,
        compatible=compatible,
        latest=str(latest) if latest is not None else None,
        released=released,
        yanked=yanked,
        direct=direct,
    )
