"""Resolve a request: uv behind the loopback index, and its answer read into a lock."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from packaging.requirements import InvalidRequirement as _Malformed
from packaging.requirements import Requirement

from ..config import Config
from ..errors import InvalidRequirement, PyArtifactsError, ResolutionError, UsageError
from ..index.client import FRESH, IndexClient
from ..index.credentials import split_credentials
from ..index.locations import location_for
from ..model import Artifact, Digest, Index, LeftOut, Lock
from ..plan import pins_for
from ..platforms import PLATFORMS
from ..report import Progress, Reporter
from ..requirements import parse_requirement
from .assemble import assemble_distributions, missing_wheels
from .catalog import Catalog, SyntheticWheels
from .direct import direct_pages, index_requirement
from .failure import explain
from .loopback import Loopback, open_slot
from .offer import decode_source
from .project import ROOT, Project, render_prior
from .request import Resolution, ResolveRequest
from .target import Target, parse_as_of
from .uvlock import UvWheel, parse_uv_lock
from .uvrun import run_uv_lock
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
    the lock, with the reason, as long as the host's can. Raises InvalidRequirement,
    ResolutionError (uv's explanation in `details`), NetworkError, HashMismatch.
    """
    run = _Run(request, config, client, store_cache, reporter, synthetic)
    return run.resolve()


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
        self.kernel = tuple(parse_requirement(text) for text in request.kernel)
        self.pinned = tuple(_exact(text) for text in request.pinned)
        self.as_of = parse_as_of(request.as_of) if request.as_of else None
        for index in request.indexes:
            client.allow_index(index)
        self.direct = direct_pages(
            (*self.user, *self.kernel), client=client, directory=request.directory
        )
        self.ties = _ties(request.indexes, client)
        self.catalog = Catalog(
            client,
            Target(
                python=_full(request.python.version),
                implementation=request.python.implementation,
                as_of=self.as_of,
            ),
            cache=store_cache,
            direct=self.direct,
            ties=self.ties,
            max_age=self._max_age(),
            synthetic=synthetic,
        )

    def _freed(self) -> Callable[[str], bool]:
        upgrade = self.request.upgrade
        if upgrade == "all":
            return lambda _: True
        names = {parse_requirement(text).name for text in upgrade}
        names |= {_name(text) for text in self.pinned}
        return names.__contains__

    def _max_age(self) -> Callable[[str], float]:
        """Say how fresh pages must be: an upgrade asks again, a kept pin never needs to."""
        freed = self._freed()
        prior = self.request.prior
        kept = {own.name for own in prior.distributions} if prior is not None else set()

        def max_age(name: str) -> float:
            if freed(name):
                return 0.0
            return float("inf") if name in kept else FRESH

        return max_age

    def resolve(self) -> Resolution:
        request = self.request
        self.reporter.progress(Progress(stage="resolve", done=0))
        asked = tuple(dict.fromkeys(p for p in request.platforms if p in PLATFORMS))
        if not asked:
            raise UsageError(
                "no platform to lock for is known",
                expected=", ".join(sorted(PLATFORMS)),
                found=", ".join(request.platforms) or "none",
                hint="name one of these: --platform linux-x86_64",
            )
        first = request.host_platform if request.host_platform in asked else asked[0]
        seen: list[str] = []

        def on_request(item: str) -> None:
            seen.append(item)
            self.reporter.progress(Progress(stage="resolve", done=len(seen), item=item))

        slot = open_slot(self.cache / "loopback.json")
        loopback = Loopback(self.catalog, slot, on_request=on_request)
        with loopback.serving():
            covered, needs, left_out = self._attempt_all(loopback, asked, first)
        lock = self._lock(covered, needs, left_out)
        self.reporter.progress(
            Progress(stage="resolve", done=len(lock.distributions), total=len(lock.distributions))
        )
        return Resolution(lock=lock, notes=self._notes(lock))

    def _attempt_all(
        self, loopback: Loopback, asked: tuple[str, ...], first: str
    ) -> tuple[tuple[str, ...], tuple[Need, ...], tuple[LeftOut, ...]]:
        """Resolve for all platforms; else for the first, then for each that can join it."""
        try:
            return asked, self._attempt(loopback, asked), ()
        except ResolutionError:
            if len(asked) == 1:
                raise
        loopback.failures.clear()
        needs = self._attempt(loopback, (first,))
        covered, left_out = (first,), []
        for platform in asked:
            if platform == first:
                continue
            loopback.failures.clear()
            try:
                self._attempt(loopback, (platform,))
                needs = self._attempt(loopback, (*covered, platform))
                covered = (*covered, platform)
            except ResolutionError as error:
                left_out.append(LeftOut(platform=platform, reason=_reason(error)))
        return covered, needs, tuple(sorted(left_out, key=lambda own: own.platform))

    def _attempt(self, loopback: Loopback, platforms: tuple[str, ...]) -> tuple[Need, ...]:
        python = self.request.python
        host = (sys.version_info[0], sys.version_info[1])
        wanted = tuple(int(part) for part in python.minor.split("."))
        project = Project(
            requirements=tuple(
                dict.fromkeys(index_requirement(own) for own in (*self.user, *self.kernel))
            ),
            platforms=platforms,
            minor=python.minor,
            implementation=python.implementation,
            lower=".".join(map(str, min(host, wanted))),
            index_url=loopback.base,
            constraints=self.pinned,
            prereleases=self.request.prereleases,
        )
        answer = run_uv_lock(
            project,
            self._prior(project),
            cache=self.cache / "uv",
            environ=self.config.environ,
        )
        if answer.lock is None:
            raise explain(
                answer.said,
                loopback.failures,
                requested=tuple(own.name for own in (*self.user, *self.kernel)),
                minor=python.minor,
                platforms=platforms,
            )
        root, packages = parse_uv_lock(answer.lock, ROOT)
        needs = walk(
            root,
            packages,
            platforms,
            python=_full(python.version),
            implementation=python.implementation,
        )
        for missing in missing_wheels(needs, python.minor):
            raise ResolutionError(
                f"{missing.name} {missing.version} has no wheel for Python {python.minor}"
                f" on {missing.platform}",
                hint="ask for a version that has wheels, or leave the platform out: --platform",
            )
        return needs

    def _prior(self, project: Project) -> str | None:
        prior = self.request.prior
        if prior is None or self.request.upgrade == "all":
            return None
        freed = self._freed()
        kept = tuple(own for own in prior.distributions if not freed(own.name))
        active: dict[tuple[str, str], tuple[str, ...]] = {}
        names = [own.name for own in kept]
        if len(names) != len(set(names)):
            for platform in prior.platforms:
                if platform in project.platforms:
                    for pin in pins_for(prior, platform):
                        key = (pin.distribution.name, pin.distribution.version)
                        active[key] = (*active.get(key, ()), platform)
        return render_prior(project, kept, active)

    # From uv's answer to the lock

    def _lock(
        self, covered: tuple[str, ...], needs: tuple[Need, ...], left_out: tuple[LeftOut, ...]
    ) -> Lock:
        request = self.request
        covered = tuple(sorted(covered))
        index_names = {name: index.name for index in request.indexes for name in _tied(index)}
        distributions = assemble_distributions(
            needs,
            covered,
            request.python.minor,
            artifact=self._artifact,
            index_of=lambda name: None if name in self.direct else index_names.get(name),
        )
        return Lock(
            requirements=request.requirements,
            python=request.python,
            platforms=covered,
            distributions=distributions,
            kernel=request.kernel,
            indexes=tuple(
                sorted((_bare(index) for index in request.indexes), key=lambda own: own.name)
            ),
            left_out=left_out,
            as_of=request.as_of,
        )

    def _artifact(self, need: Need, wheel: UvWheel) -> Artifact:
        name = need.package.name
        _, size, url = decode_source(wheel.url.rsplit("/", 2)[-2])
        digest, filename = wheel.sha256, wheel.filename
        size = wheel.size if wheel.size is not None else size
        if name in self.direct:
            location = self._direct_location(name, filename, url)
        else:
            index_url = self.catalog.index_url(name)
            if name not in self.ties:
                self.client.learn_root(index_url, url)
                location = location_for(url, index_url)
            else:
                location = url
        if digest is None:
            digest, size = self._measure(url, filename)
        if size is None:
            size = self.client.size_of(url, where=filename)
        if size is None:
            digest, size = self._measure(url, filename)
        return Artifact(filename=filename, digest=Digest(digest), size=size, location=location)

    def _direct_location(self, name: str, filename: str, url: str) -> str:
        for requirement in (*self.user, *self.kernel):
            if requirement.name == name and requirement.filename == filename:
                if requirement.kind == "url":
                    return url
                return "file:" + str(requirement.location).replace("\\", "/")
        return url

    def _measure(self, url: str, filename: str) -> tuple[str, int]:
        """Download a file that its index gives no hash or no size of."""
        with tempfile.TemporaryDirectory(prefix="pyartifacts-wheel-") as directory:
            part = Path(directory, "wheel")
            digest = self.client.download_url(url, part, where=filename)
            return digest, part.stat().st_size

    def _notes(self, lock: Lock) -> tuple[str, ...]:
        notes: list[str] = []
        locked = {(own.name, own.version) for own in lock.distributions}
        for name, texts in sorted(self.catalog.notes.items()):
            for text in sorted(texts):
                if any(own == name and text.startswith(f"{own} {v}:") for own, v in locked):
                    notes.append(text)
        notes.extend(
            f"{left.platform} is left out of the lock: {left.reason}" for left in lock.left_out
        )
        return tuple(notes)


def _full(version: str) -> str:
    return version if version.count(".") >= 2 else f"{version}.0"


def _exact(text: str) -> str:
    try:
        parsed = Requirement(text)
        if parsed.url or parsed.extras or not str(parsed.specifier).startswith("=="):
            raise ValueError("not NAME==VERSION")
    except (_Malformed, ValueError) as error:
        raise InvalidRequirement(
            "an upgrade to a version cannot be read",
            expected="NAME==VERSION, such as pandas==2.2.3",
            found=text[:120],
            hint="write it without spaces: %pyartifacts upgrade pandas==2.2.3",
        ) from error
    return str(parsed)


def _name(text: str) -> str:
    return parse_requirement(text).name


def _tied(index: Index) -> tuple[str, ...]:
    return tuple(parse_requirement(name).name for name in index.projects)


def _ties(indexes: tuple[Index, ...], client: IndexClient) -> Mapping[str, str]:
    ties: dict[str, str] = {}
    owners: dict[str, str] = {}
    for index in indexes:
        for name in _tied(index):
            if name in ties:
                raise UsageError(
                    f"{name} is tied to two indexes",
                    expected="one index for each project",
                    found=f"{owners[name]} and {index.name}",
                    hint="name the project with one of them only",
                )
            ties[name] = client.index_url(index.name)
            owners[name] = index.name
    return ties


def _bare(index: Index) -> Index:
    return replace(index, url=split_credentials(index.url)[0].rstrip("/"))


def _reason(error: PyArtifactsError) -> str:
    return error.what
