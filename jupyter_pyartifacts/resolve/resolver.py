"""Resolve a request: uv behind the loopback index, and its answer read into a lock."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement as _Malformed
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from ..config import Config
from ..errors import (
    InvalidRequirement,
    NoWheel,
    PyArtifactsError,
    ResolutionError,
    UnknownProject,
    UsageError,
)
from ..index.client import IndexClient
from ..index.simple import parse_version, version_text
from ..model import Distribution, LeftOut, Lock
from ..plan import pins_for
from ..platforms import PLATFORMS, marker_environment
from ..report import Progress, Reporter
from ..requirements import parse_requirement
from .artifacts import ArtifactWriter
from .assemble import assemble_distributions, missing_wheels
from .catalog import Catalog, SyntheticWheels
from .direct import direct_pages, index_requirement
from .failure import explain, named_without_wheels
from .freshness import Freshness
from .loopback import Loopback, open_slot
from .notes import describe_choices, missing_extras
from .project import ROOT, Project, render_prior
from .request import Resolution, ResolveRequest
from .target import Target, parse_as_of, python_accepts, tag_ranks
from .ties import bare_indexes, tied_projects
from .uvlock import parse_uv_lock
from .uvrun import UvAnswer, run_uv_lock
from .walk import Need, walk

__all__ = ["resolve"]


def resolve(
    request: ResolveRequest,
    *,
    config: Config,
    client: IndexClient,
    store_cache: Path,
    reporter: Reporter,
    synthetic: SyntheticWheels | None = None,
) -> Resolution:
    """Return the lock that meets a request, without trees and history, and notes for the user.

    `store_cache` is the store's cache directory. Platforms that cannot be locked are left out of
    the lock, with the reason, as long as the host's can. Raises InvalidRequirement, UsageError,
    UnknownProject, NoWheel, ResolutionError (uv's explanation in `details`), OfflineError,
    NetworkError, HashMismatch.
    """
    return _Run(request, config, client, store_cache, reporter, synthetic).resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A resolution: what is needed, and what uv said while it looked."""

    platforms: tuple[str, ...]
    needs: tuple[Need, ...]
    said: str


class _Run:
    """One resolution: what does not change between the attempts at it."""

    def __init__(
        self,
        request: ResolveRequest,
        config: Config,
        client: IndexClient,
        store_cache: Path,
        reporter: Reporter,
        synthetic: SyntheticWheels | None,
    ) -> None:
        self.request = request
        self.config = config
        self.client = client
        self.cache = store_cache
        self.reporter = reporter
        self.user = tuple(parse_requirement(text) for text in request.requirements)
        self.asked = (*self.user, *(parse_requirement(text) for text in request.kernel))
        self.pinned = tuple(_exact(text) for text in request.pinned)
        self.preferred = tuple(_preferred(text) for text in request.prefer)
        self.freed = _freed(request, self.pinned)
        for index in request.indexes:
            client.allow_index(index)
        self.ties = tied_projects(request.indexes)
        self.given = direct_pages(self.asked, client=client, directory=request.directory)
        prior = request.prior.distributions if request.prior is not None else ()
        self.before = {(own.name, own.version) for own in prior}
        self.freshness = Freshness(freed=self.freed, kept={own.name for own in prior})
        version = request.python.version
        self.catalog = Catalog(
            client,
            Target(
                python=version if version.count(".") >= 2 else f"{version}.0",
                implementation=request.python.implementation,
                as_of=parse_as_of(request.as_of) if request.as_of else None,
            ),
            cache=store_cache,
            direct=self.given,
            ties={name: client.index_url(index) for name, index in self.ties.items()},
            freshness=self.freshness,
            synthetic=synthetic,
        )
        self.online = False
        self.seen = 0

    def _progress(self, item: str) -> None:
        self.seen += 1
        self.reporter.progress(Progress(stage="resolve", done=self.seen, item=item))

    def resolve(self) -> Resolution:
        """Return the resolution; see the function of the same name."""
        self.reporter.progress(Progress(stage="resolve", done=0))
        platforms = tuple(dict.fromkeys(self.request.platforms))
        unknown = [name for name in platforms if name not in PLATFORMS]
        if unknown or not platforms:
            raise UsageError(
                "a platform to lock for is not known" if unknown else "no platform is named",
                expected=", ".join(sorted(PLATFORMS)),
                found=", ".join(unknown) or "none",
                hint="name one of these: --platform linux-x86_64",
            )
        self.loopback = Loopback(
            self.catalog, open_slot(self.cache / "loopback.json"), on_request=self._progress
        )
        with self.loopback.serving():
            found, left_out = self._for_all(platforms)
            notes = self._notes(found)
        lock = self._lock(found, left_out)
        count = len(lock.distributions)
        self.reporter.progress(Progress(stage="resolve", done=count, total=count))
        return Resolution(lock=lock, notes=notes)

    # Attempts

    def _for_all(self, platforms: tuple[str, ...]) -> tuple[_Found, tuple[LeftOut, ...]]:
        """Resolve for all platforms; else for the host's, then with each that can join it."""
        try:
            return self._find(platforms), ()
        except UnknownProject:
            raise
        except ResolutionError:
            if len(platforms) == 1:
                raise
        host = self.request.host_platform
        first = host if host in platforms else platforms[0]
        found, left_out = self._find((first,)), []
        for platform in platforms:
            if platform == first:
                continue
            try:
                self._find((platform,))
                found = self._find((*found.platforms, platform))
            except ResolutionError as error:
                left_out.append(LeftOut(platform=platform, reason=error.what))
        return found, tuple(sorted(left_out, key=lambda own: own.platform))

    def _find(self, platforms: tuple[str, ...]) -> _Found:
        """Resolve for platforms; from uv's cache alone if that turns out to be fresh enough."""
        project = self._project(platforms)
        if not self.online and self._may_know():
            with_cache = self._read(self._ask(project, offline=True), platforms)
            if isinstance(with_cache, _Found) and self._is_newest(with_cache):
                return with_cache
        self.online = True
        while True:
            self.loopback.failures.clear()
            answer = self._ask(project, offline=False)
            found = self._read(answer, platforms)
            if isinstance(found, _Found):
                stale = self._stale(found)
                if not (stale and self.freshness.release(stale)):
                    return found
            elif not (isinstance(found, ResolutionError) and self.freshness.release()):
                raise found

    def _may_know(self) -> bool:
        """Tell whether asking uv's cache alone may be of use: no page is known to be needed."""
        return all(
            name in self.given or self.catalog.is_current(name)
            for name in {own.name for own in self.asked} - {name for name, _ in self.before}
        ) and not (self.request.upgrade or self.pinned or self.request.prereleases)

    def _is_newest(self, found: _Found) -> bool:
        """Tell whether all that was newly chosen, from a cache, is the newest of fresh pages.

        Without the network uv passes silently over a version whose metadata it has not got, so
        anything older may be wrong.
        """
        return not self._stale(found) and all(
            self._was_before(need)
            or need.package.name in self.given
            or self.catalog.facts(need.package.name).newest == need.package.version
            for need in found.needs
        )

    def _was_before(self, need: Need) -> bool:
        return (need.package.name, need.package.version) in self.before

    def _stale(self, found: _Found) -> set[str]:
        """Return the projects at a new version whose page was too old to choose it from."""
        return {
            need.package.name
            for need in found.needs
            if not self._was_before(need) and not self.catalog.is_current(need.package.name)
        }

    def _ask(self, project: Project, *, offline: bool) -> UvAnswer:
        return run_uv_lock(
            project,
            self._prior(project),
            cache=self.cache / "uv",
            environ=self.config.environ,
            offline=offline,
        )

    def _read(self, answer: UvAnswer, platforms: tuple[str, ...]) -> _Found | PyArtifactsError:
        self.catalog.served.save()
        python = self.request.python
        if answer.lock is None:
            return explain(
                answer.said,
                self.loopback.failures,
                requested=[own.name for own in self.asked],
                where=f"Python {python.minor} on {', '.join(platforms)}",
                has_wheel=lambda name: self._has_wheel(name, platforms),
            )
        root, packages = parse_uv_lock(answer.lock, ROOT)
        target = self.catalog.target
        needs = walk(
            root,
            packages,
            platforms,
            python=target.python,
            implementation=target.implementation,
        )
        for missing in missing_wheels(needs, python.minor):
            return NoWheel(
                f"{missing.name} {missing.version} has no wheel for Python {python.minor} on"
                f" {missing.platform}",
                hint="ask for a version that has wheels, or leave the platform out: --platform",
            )
        return _Found(platforms=platforms, needs=needs, said=answer.said)

    def _has_wheel(self, name: str, platforms: Iterable[str]) -> bool:
        """Tell whether what the user allows of a project has wheels for each of the platforms."""
        wanted, target, lacking = SpecifierSet(), self.catalog.target, set(platforms)
        for own in self.asked:
            if own.name == name:
                wanted &= SpecifierSet(own.specifier)
                if own.marker:
                    marker = Marker(own.marker)
                    lacking = {
                        platform
                        for platform in lacking
                        if marker.evaluate(
                            marker_environment(platform, target.python, target.implementation)
                        )
                    }
        try:
            _, page = self.catalog.page(name)
        except PyArtifactsError:
            return True
        for file in page.files:
            version = parse_version(version_text(file.filename, name) or "")
            if not file.is_wheel or version is None or not wanted.contains(version, True):
                continue
            if file.requires_python and not python_accepts(file.requires_python, target.python):
                continue
            tags = "-".join(file.filename[:-4].split("-")[-3:])
            lacking -= {platform for platform, _ in tag_ranks(tags, target.minor)}
        return not lacking

    def _project(self, platforms: tuple[str, ...]) -> Project:
        python = self.request.python
        wanted = tuple(int(part) for part in python.minor.split("."))
        return Project(
            requirements=tuple(dict.fromkeys(index_requirement(own) for own in self.asked)),
            platforms=platforms,
            minor=python.minor,
            implementation=python.implementation,
            lower=".".join(str(part) for part in min(sys.version_info[:2], wanted)),
            index_url=self.loopback.base,
            constraints=self.pinned,
            prereleases=self.request.prereleases,
        )

    def _prior(self, project: Project) -> str | None:
        prior = self.request.prior
        if self.request.upgrade == "all" or (prior is None and not self.preferred):
            return None
        if prior is None:
            return render_prior(project, self.preferred, {})
        kept = tuple(own for own in prior.distributions if not self.freed(own.name))
        active: dict[tuple[str, str], tuple[str, ...]] = {}
        if len(kept) != len({own.name for own in kept}):
            for platform in set(prior.platforms) & set(project.platforms):
                for pin in pins_for(prior, platform):
                    key = (pin.distribution.name, pin.distribution.version)
                    active[key] = (*active.get(key, ()), platform)
        names = {own.name for own in prior.distributions}
        wished = (own for own in self.preferred if own.name not in names)
        return render_prior(project, (*kept, *wished), active)

    # The answer

    def _lock(self, found: _Found, left_out: tuple[LeftOut, ...]) -> Lock:
        request = self.request
        covered = tuple(sorted(found.platforms))
        writer = ArtifactWriter(
            self.client,
            ties={name: tie for name, tie in self.ties.items() if name not in self.given},
            given=self.asked,
        )
        return Lock(
            requirements=request.requirements,
            python=request.python,
            platforms=covered,
            distributions=assemble_distributions(
                found.needs,
                covered,
                request.python.minor,
                artifact=lambda need, wheel: writer.write(need.package.name, wheel),
                index_of=lambda name: None if name in self.given else self.ties.get(name),
            ),
            kernel=request.kernel,
            indexes=bare_indexes(request.indexes),
            left_out=left_out,
            as_of=request.as_of,
        )

    def _notes(self, found: _Found) -> tuple[str, ...]:
        chosen = {(need.package.name, need.package.version) for need in found.needs}
        changed = chosen - self.before
        notes = describe_choices(
            found.needs, changed, self.catalog, self.asked, tuple(sorted(found.platforms))
        )
        held_back = self._held_back(found, changed)
        for name, version, extra in missing_extras(found.said):
            if name in held_back:
                newest, lacking = held_back[name]
                raise NoWheel(
                    f"{name}[{extra}] cannot be met: {name} {newest} needs {', '.join(lacking)},"
                    " which has no wheel that fits",
                    expected=f"a version of {name} with the extra {extra}",
                    found=f"{name} {version}, which has no such extra",
                    hint=f"leave the extra out, and add what you need of it: {name}",
                )
            notes = (*notes, f"{name} {version} has no extra named {extra}")
        return (
            *notes,
            *(
                f"{name} {newest} was passed over: it needs {', '.join(lacking)}, which has no"
                " wheel that fits"
                for name, (newest, lacking) in held_back.items()
            ),
        )

    def _held_back(
        self, found: _Found, changed: set[tuple[str, str]]
    ) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Map what the user asked for to a newer version, and to what lacks wheels of its needs.

        A newer version may have wheels of its own and need something that has none: uv then
        falls back silently, sometimes by years. One more run, with the newer version demanded,
        tells.
        """
        told: dict[str, tuple[str, tuple[str, ...]]] = {}
        for own in self.user:
            versions = [n.package.version for n in found.needs if n.package.name == own.name]
            newest = self.catalog.facts(own.name).newest
            if newest is None or not versions or own.name in self.given:
                continue
            best = max(versions, key=Version)
            if Version(newest) <= Version(best) or (own.name, best) not in changed:
                continue
            if not SpecifierSet(own.specifier).contains(newest) or self._is_pinned(own.name):
                continue
            project = self._project(found.platforms)
            demanded = (*project.constraints, f"{own.name}=={newest}")
            answer = self._ask(replace(project, constraints=demanded), offline=False)
            lacking = tuple(n for n in named_without_wheels(answer.said) if n != own.name)
            if answer.lock is None and lacking:
                told[own.name] = (newest, lacking)
        return told

    def _is_pinned(self, name: str) -> bool:
        return any(parse_requirement(text).name == name for text in self.pinned)


def _freed(request: ResolveRequest, pinned: tuple[str, ...]) -> Callable[[str], bool]:
    if request.upgrade == "all":
        return lambda _: True
    names = {parse_requirement(text).name for text in (*request.upgrade, *pinned)}
    return names.__contains__


def _preferred(text: str) -> Distribution:
    name, _, version = _exact(text).partition("==")
    return Distribution(name=canonicalize_name(name), version=version, artifacts=())


def _exact(text: str) -> str:
    try:
        parsed = Requirement(text)
        if parsed.url or parsed.extras or not str(parsed.specifier).startswith("=="):
            raise ValueError("not NAME==VERSION")
    except (_Malformed, ValueError) as error:
        raise InvalidRequirement(
            "a version to upgrade to cannot be read",
            expected="NAME==VERSION, such as pandas==2.2.3",
            found=text[:120],
            hint="write it without spaces: %pyartifacts upgrade pandas==2.2.3",
        ) from error
    return str(parsed)
