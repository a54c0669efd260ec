"""The search for a resolution: attempts with uv, from its cache or asking, platform by platform."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from packaging.requirements import InvalidRequirement as _Malformed
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..config import Config
from ..errors import (
    InvalidRequirement,
    NoWheel,
    PyArtifactsError,
    ResolutionError,
    UnknownProject,
)
from ..index.client import IndexClient
from ..model import Distribution, LeftOut
from ..plan import Pin, pins_for
from ..requirements import parse_requirement
from .allowed import Allowed
from .artifacts import ArtifactWriter
from .assemble import missing_wheels
from .catalog import Catalog
from .direct import direct_pages, index_requirement
from .failure import explain, refused_error
from .freshness import Freshness
from .loopback import Loopback, open_slot
from .offer import Offer
from .project import ROOT, Project, render_prior
from .request import ResolveRequest
from .synthetic import Refusal, SyntheticWheels
from .target import Target, parse_as_of
from .ties import tied_projects
from .uvlock import parse_uv_lock
from .uvrun import UvAnswer, run_uv_lock
from .walk import Need, walk

__all__ = ["Found", "Search"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A resolution: what is needed, and what uv said while it looked."""

    platforms: tuple[str, ...]
    needs: tuple[Need, ...]
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Projects whose chosen version needs an sdist that is refused: the version, and why."""

    refused: dict[str, tuple[str, Refusal]]


class Search:
    """One search: what does not change between the attempts, and the loopback index they ask.

    A context manager: once it is needed, the loopback index serves until it ends. `user` are the
    requirements that the user typed, `asked` these and the kernel's; `given` the projects they
    gave files of; `ties` maps projects to the name of the index they come from; `before` are the
    names and versions of the prior lock; `allowed` answers for what they leave of each project,
    `writer` makes artifacts of files.
    """

    def __init__(
        self,
        request: ResolveRequest,
        config: Config,
        client: IndexClient,
        cache: Path,
        *,
        on_request: Callable[[str], None],
        synthetic: SyntheticWheels | None,
        meanwhile: Callable[[], None] = lambda: None,
        likely: Callable[[Pin], None] = lambda _: None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.request = request
        self._meanwhile = meanwhile
        self._likely = likely
        self._beat = beat
        self.config = config
        self.cache = cache
        self.user = tuple(parse_requirement(text) for text in request.requirements)
        self.asked = (*self.user, *(parse_requirement(text) for text in request.kernel))
        self.pinned = tuple(_exact(text) for text in request.pinned)
        self.preferred = tuple(_preferred(text) for text in request.prefer)
        self.pinned += request.constraints
        self.pinned_names = {str(canonicalize_name(Requirement(own).name)) for own in self.pinned}
        self.freed = _freed(request, self.pinned_names)
        for index in request.indexes:
            client.allow_index(index)
        self.ties = tied_projects(request.indexes)
        self.given = direct_pages(self.asked, client=client, directory=request.directory)
        prior = request.prior.distributions if request.prior is not None else ()
        self.before = {(own.name, own.version) for own in prior}
        self.freshness = Freshness(freed=self.freed, kept={own.name for own in prior})
        version = request.python.version
        target = Target(
            python=version if version.count(".") >= 2 else f"{version}.0",
            implementation=request.python.implementation,
            as_of=parse_as_of(request.as_of) if request.as_of else None,
        )
        self._online = False
        self._withheld: set[tuple[str, str]] = set()
        self._serving = ExitStack()
        slot = open_slot(cache / "loopback.json")
        try:
            self.catalog = Catalog(
                client,
                target,
                cache=cache,
                direct=self.given,
                ties={name: client.index_url(index) for name, index in self.ties.items()},
                freshness=self.freshness,
                hashes=request.hashes,
                slot=slot.secret,
                synthetic=synthetic,
            )
        except BaseException:
            slot.socket.close()
            raise
        self.allowed = Allowed(self.asked, self.catalog)
        self.loopback = Loopback(
            self.catalog, slot, on_request=on_request, on_expected=self._suggest
        )
        self.writer = ArtifactWriter(
            client,
            ties={name: tie for name, tie in self.ties.items() if name not in self.given},
            given=self.asked,
            synthetic=synthetic,
        )

    def __enter__(self) -> Search:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._serving.close()
        self.loopback.close()

    def _serve(self) -> None:
        """Let uv ask from now on."""
        if not self._online:
            # Not loaded at the top: most resolutions are answered from what is known.
            from .serving import serve

            self._serving.enter_context(serve(self.loopback))
            self._online = True

    def for_all(self, platforms: tuple[str, ...]) -> tuple[Found, tuple[LeftOut, ...]]:
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

    def _find(self, platforms: tuple[str, ...]) -> Found:
        """Resolve for platforms; from uv's cache alone if that turns out to be fresh enough."""
        project = self.project(platforms)
        if not self._online and self._may_know():
            with_cache = self._read(self.ask(project, offline=True), platforms)
            if isinstance(with_cache, Found) and self._is_newest(with_cache):
                return with_cache
        while True:
            self.loopback.failures.clear()
            answer = self.ask(project, offline=False)
            found = self._read(answer, platforms)
            if isinstance(found, Withheld):
                self._withhold(found)
            elif isinstance(found, Found):
                stale = self._stale(found)
                if not (stale and self.freshness.release(stale)):
                    return found
            elif not (isinstance(found, ResolutionError) and self.freshness.release()):
                raise found

    def _unknown(self) -> tuple[str, ...]:
        """Return the projects that are asked for by name and that no page is known of."""
        known = {name for name, _ in self.before}
        names = dict.fromkeys(own.name for own in self.asked)
        return tuple(
            name
            for name in names
            if name not in known
            and name not in self.given
            and self.catalog.served.get(name) is None
        )

    def _may_know(self) -> bool:
        """Tell whether asking uv's cache alone may be of use: no page is known to be needed."""
        return all(
            name in self.given or self.catalog.is_current(name)
            for name in {own.name for own in self.asked} - {name for name, _ in self.before}
        ) and not (self.request.upgrade or self.pinned or self.request.prereleases)

    def _is_newest(self, found: Found) -> bool:
        """Tell whether all that was newly chosen, from a cache, is the newest of fresh pages.

        Without the network uv passes silently over a version whose metadata it has not got, so
        anything older may be wrong.
        """
        return not self._stale(found) and all(
            self._was_before(need)
            or need.package.name in self.given
            or self.catalog.newest(need.package.name) == need.package.version
            for need in found.needs
        )

    def _was_before(self, need: Need) -> bool:
        return (need.package.name, need.package.version) in self.before

    def _stale(self, found: Found) -> set[str]:
        """Return the projects at a new version whose page was too old to choose it from."""
        return {
            need.package.name
            for need in found.needs
            if not self._was_before(need) and not self.catalog.is_current(need.package.name)
        }

    def ask(self, project: Project, *, offline: bool) -> UvAnswer:
        """Run uv on a project: with its cache alone, or asking the loopback index."""
        if not offline:
            self._serve()
            refresh = self.catalog.to_refresh()
            self.catalog.served.begin()

        def meanwhile() -> None:
            if not offline:
                # uv takes longer to get ready than this to begin, so uv is started first.
                self.loopback.expect(self._unknown())
            self._meanwhile()

        answer = run_uv_lock(
            project,
            self._prior(project),
            cache=self.cache / "uv",
            environ=self.config.environ,
            offline=offline,
            refresh=() if offline else refresh,
            meanwhile=meanwhile,
            beat=self._beat,
        )
        if not offline:
            self.catalog.served.save()
        return answer

    def _suggest(self, offer: Offer) -> None:
        """Tell of the wheel that this platform gets if the newest version is what uv chooses."""
        host = self.request.host_platform
        wished = self.pinned_names | {own.name for own in self.preferred}
        if host not in self.request.platforms or self.request.prereleases or offer.name in wished:
            return
        file = self.allowed.likely(offer, host)
        if file is not None:
            artifact = self.writer.write(offer.name, file)
            chosen = Distribution(
                name=offer.name, version=str(offer.facts.newest), artifacts=(artifact,)
            )
            self._likely(Pin(distribution=chosen, artifact=artifact))

    def _read(
        self, answer: UvAnswer, platforms: tuple[str, ...]
    ) -> Found | Withheld | PyArtifactsError:
        python = self.request.python
        if answer.lock is None:
            return explain(
                answer.said,
                self.loopback.failures,
                requested=[own.name for own in self.asked],
                where=f"Python {python.minor} on {', '.join(platforms)}",
                has_wheel=lambda name: self.allowed.has_wheel(name, platforms),
                unmet=self.allowed.unmet,
                refused=self.allowed.refused,
                cache=self.cache,
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
        for missing in missing_wheels(needs):
            return NoWheel(
                f"{missing.name} {missing.version} has no wheel for Python {python.minor} on"
                f" {missing.platform}",
                hint="ask for a version that has wheels, or leave the platform out: --platform",
            )
        withheld = self._refused_needs(needs)
        return withheld or Found(platforms=platforms, needs=needs, said=answer.said)

    def _refused_needs(self, needs: tuple[Need, ...]) -> Withheld | None:
        """Translate the sdists that are needed and not known; name the projects of those refused.

        Where there are wheels for some platforms, uv got their metadata, and only now it shows
        that the sdist is needed for another.
        """
        refused: dict[str, tuple[str, Refusal]] = {}
        for need in needs:
            package = need.package
            for wheel in set(need.wheels.values()):
                if wheel.sdist is None:
                    continue
                made = self.catalog.translate(package.name, package.version, wheel.file)
                if isinstance(made, Refusal):
                    refused[package.name] = (package.version, made)
        return Withheld(refused=refused) if refused else None

    def _withhold(self, withheld: Withheld) -> None:
        """Let uv choose again, without what was refused; raise NoWheel if it chose that again."""
        for name, (version, refusal) in withheld.refused.items():
            if (name, version) in self._withheld:
                raise refused_error(refusal, details=None)
            self._withheld.add((name, version))
            self.catalog.withhold(name)

    def project(self, platforms: tuple[str, ...]) -> Project:
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


def _freed(request: ResolveRequest, pinned: set[str]) -> Callable[[str], bool]:
    if request.upgrade == "all":
        return lambda _: True
    return ({parse_requirement(text).name for text in request.upgrade} | pinned).__contains__


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
