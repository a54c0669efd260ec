"""The use cases: add, remove, upgrade, undo, instantiate, verify and their like.

Every verb that changes a lock goes the same way: resolve, bring this platform's artifacts into
the store, hash the other platforms' trees, assemble the view, and only then write the lock and
approve it. Whatever fails on the way leaves the notebook as it was.
"""

from __future__ import annotations

import platform as _platform
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .config import Config
from .errors import LockError, UsageError
from .history import diff_locks, record_change, undo_change
from .indexes import index_url, merge_indexes
from .interpreter import find_interpreter, host_version
from .lock import lock_digest, parse_lock, render_lock
from .model import Digest, Environment, Lock, PythonPin
from .notebook import Document
from .plan import Pin, pins_for
from .platforms import DEFAULT_PLATFORMS, PLATFORMS, identify_platform
from .report import Reporter
from .requirements import (
    loosen_requirements,
    merge_requirements,
    parse_requirement,
    remove_requirements,
)
from .store import Store
from .treehash import combined_digest
from .trust import Trust, lock_sources

if TYPE_CHECKING:
    from .index.client import IndexClient
    from .outcome import Approved, Changed, Freed, Listed, Outdated, Remembered, Verified
    from .provide import Provider
    from .resolve import ResolveRequest

__all__ = ["Engine", "LockOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """What a changing verb may be told beside its requirements.

    `python` is a version (`3.12`, `3.12.4`); `indexes` are `[NAME=]URL`; `as_of` a date or time
    (RFC 3339) after which no file counts; None or empty keeps what the lock says. `prefer` are
    versions (`NAME==V`) that a new lock takes where they fit.
    """

    python: str | None = None
    platforms: tuple[str, ...] | None = None
    indexes: tuple[str, ...] = ()
    as_of: str | None = None
    prereleases: bool = False
    prefer: tuple[str, ...] = ()
    dry_run: bool = False


class Engine:
    """Run the use cases with one configuration; every method may raise PyArtifactsError."""

    def __init__(self, config: Config, reporter: Reporter) -> None:
        self.config = config
        self._reporter = reporter

    @cached_property
    def store(self) -> Store:
        """Return the store of this configuration."""
        return Store.from_config(self.config)

    @cached_property
    def platform(self) -> str:
        """Return the name of the platform that this process runs on."""
        return identify_platform(sys.platform, _platform.machine())

    @cached_property
    def _provider(self) -> Provider:
        from .provide import Provider

        return Provider(self.config, self.store, self.platform, self._reporter)

    @cached_property
    def trust_store(self) -> Trust:
        """Return the user's approvals."""
        return Trust(self.config.approvals(sys.platform, str(Path.home())))

    # What a notebook has.

    def show(self, document: Document) -> Listed:
        """List what a notebook pins; reads only, also a lock nobody approved."""
        from .outcome import Listed, ShownPin

        lock = self._lock_of(document)
        here = self._pins_here(lock)
        sizes = {pin.distribution.name: pin.artifact.size for pin in here}
        required: dict[str, set[str]] = {}
        for each in lock.distributions:
            for dependency in each.dependencies:
                required.setdefault(dependency.name, set()).add(each.name)
        direct, kernel = _names(lock.requirements), _names(lock.kernel)
        return Listed(
            lock=lock,
            trusted=self.trust_store.is_approved(lock),
            distributions=tuple(
                ShownPin(
                    name=each.name,
                    version=each.version,
                    size=sizes.get(each.name),
                    direct=each.name in direct,
                    kernel=each.name in kernel,
                    required_by=tuple(sorted(required.get(each.name, ()))),
                    dependencies=tuple(sorted({other.name for other in each.dependencies})),
                    marker=each.marker,
                )
                for each in lock.distributions
            ),
        )

    def history(self, document: Document) -> Remembered:
        """List the changes that can be undone, the newest first."""
        from .outcome import PastChange, Remembered

        lock = self._lock_of(document)
        return Remembered(
            history=tuple(PastChange(when=each.when, what=each.what) for each in lock.history)
        )

    def outdated(self, document: Document) -> Outdated:
        """List what has something newer; asks the index, changes nothing."""
        from .resolve.outdated import outdated_rows

        lock = self._lock_of(document)
        with self._provider.client(lock, document.directory) as client:
            return outdated_rows(
                self._request(lock, document, LockOptions(), upgrade="all"),
                lock,
                config=self.config,
                client=client,
                store_cache=self.store.layout.cache,
                reporter=self._reporter,
            )

    # What changes a lock.

    def add(
        self, document: Document, requirements: Sequence[str], *, options: LockOptions
    ) -> Changed:
        """Add requirements, or replace those of the same projects; keeps all other pins."""
        if not requirements:
            raise UsageError(
                "nothing to add",
                expected="at least one requirement",
                hint="name a package: jupyter pyartifacts add NOTEBOOK pandas",
            )
        before = self._own_lock(document)
        wanted = self._asked_for(before, options)
        merged = merge_requirements(wanted.requirements, requirements)
        wanted = replace(
            wanted,
            requirements=merged,
            indexes=merge_indexes(wanted.indexes, options.indexes, _names(tuple(requirements))),
        )
        what = f"add {' '.join(requirements)}"
        return self._relock("add", document, before, wanted, what=what, options=options)

    def remove(self, document: Document, names: Sequence[str], *, options: LockOptions) -> Changed:
        """Remove requirements by name, and what nobody else needs."""
        before = self._lock_of(document, own=True)
        wanted = replace(before, requirements=remove_requirements(before.requirements, names))
        what = f"remove {' '.join(names)}"
        return self._relock("remove", document, before, wanted, what=what, options=options)

    def upgrade(
        self, document: Document, names: Sequence[str] = (), *, options: LockOptions
    ) -> Changed:
        """Upgrade the named distributions (`NAME` or `NAME==V`), or all of them.

        A requirement that excludes the version asked for is replaced by that version.
        """
        before = self._lock_of(document, own=True)
        exact = tuple(name for name in names if "==" in name)
        self._check_pinned(before, names)
        wanted = self._asked_for(before, options)
        wanted = replace(
            wanted,
            requirements=loosen_requirements(before.requirements, exact),
            indexes=merge_indexes(before.indexes, options.indexes, _names(names)),
        )
        what = f"upgrade {' '.join(names)}".rstrip()
        return self._relock(
            "upgrade",
            document,
            before,
            wanted,
            what=what,
            options=options,
            upgrade=tuple(name for name in names if name not in exact) if names else "all",
            pinned=exact,
        )

    def lock(self, document: Document, *, options: LockOptions) -> Changed:
        """Lock the requirements again (for another Python or platforms), or make an empty lock."""
        before = self._own_lock(document)
        wanted = self._asked_for(before, options)
        if options.as_of:
            wanted = replace(wanted, as_of=options.as_of)
        return self._relock("lock", document, before, wanted, what="lock", options=options)

    def undo(self, document: Document, *, options: LockOptions) -> Changed:
        """Take the newest change back: the lock before it, byte for byte.

        That lock needs an approval of its own, unless this user made it.
        """
        before = self._lock_of(document, own=True)
        after = undo_change(before)
        if after is not None:
            self._check_trust(after, document)
        environment = None
        if after is not None and not options.dry_run:
            environment = self._provider.environment_for(document, after)
        if not options.dry_run:
            document.write_lock(None if after is None else render_lock(after))
        return self._changed("undo", before, after, environment, options=options)

    # What makes a lock real.

    def instantiate(
        self,
        document: Document,
        *,
        starting: bool = False,
        compile_all: bool = False,
        dry_run: bool = False,
    ) -> Changed:
        """Bring every artifact of this platform into the store and assemble the view.

        `starting` says that a kernel follows at once, `compile_all` has all byte code made;
        `dry_run` only says what would be fetched.
        """
        lock = self._lock_of(document, own=True)
        if dry_run:
            missing = self._provider.missing(lock)
            size = sum(pin.artifact.size for pin in missing)
            note = f"to fetch: {len(missing)} artifacts, {size} bytes"
            return self._changed(
                "instantiate", lock, lock, None, options=LockOptions(dry_run=True), notes=(note,)
            )
        environment = self._provider.environment_for(
            document, lock, starting=starting, whole=compile_all
        )
        return self._changed("instantiate", lock, lock, environment, options=LockOptions())

    def prepare(
        self, lock_document: object, *, directory: Path | str, notebook: str | None = None
    ) -> Environment:
        """Return the environment of a lock for a kernel that is about to start."""
        lock = parse_lock(lock_document)
        self.trust_store.check(lock, self.config.trust, self.config.allowed_indexes, where=notebook)
        return self._provider.environment(lock, Path(directory), notebook, starting=True)

    def tend(self, lock_document: object) -> None:
        """Look over the environment of a kernel that is starting."""
        self._provider.tend(parse_lock(lock_document))

    def trust(self, document: Document, *, dry_run: bool = False) -> Approved:
        """Approve the lock of a notebook; `dry_run` only says what would be approved."""
        from .outcome import Approved

        lock = self._lock_of(document)
        if not dry_run:
            self.trust_store.approve(lock)
        return Approved(
            digest=str(lock_digest(lock)),
            distributions=len(lock.distributions),
            indexes=lock_sources(lock),
            dry_run=dry_run,
        )

    def verify(self, document: Document, *, deep: bool, dry_run: bool = False) -> Verified:
        """Hash every file of the lock's environment, and repair what is wrong by fetching again.

        `deep` throws all byte code away and makes it anew; `dry_run` repairs nothing.
        """
        from .environment import forget_byte_code
        from .repair import find_damage, verify_environment

        lock = self._lock_of(document, own=True)
        pins = pins_for(lock, self.platform)
        if dry_run:
            return find_damage(pins, store=self.store, reporter=self._reporter)
        with self._provider.client(lock, document.directory) as client:
            environment = self._provider.environment_for(document, lock, client)
            verified = verify_environment(
                pins,
                find_interpreter(lock.python, self.config.environ),
                store=self.store,
                fetcher=client,
                reporter=self._reporter,
            )
            if deep:
                forget_byte_code(environment, pins, store=self.store)
                self._provider.environment_for(document, lock, client, whole=True)
        return verified

    # What the store keeps.

    def gc(self, *, dry_run: bool) -> Freed:
        """Remove what no notebook and no running kernel uses from the store."""
        from .outcome import Freed
        from .store.gc import sweep_store

        sweep = sweep_store(
            self.store, now=datetime.now(timezone.utc), reporter=self._reporter, dry_run=dry_run
        )
        return Freed(
            removed=tuple(f"{item.kind} {item.path.name}" for item in sweep.remove),
            size=sweep.size,
            kept=sweep.artifacts_kept,
            dry_run=dry_run,
        )

    def keep_for_kernel(self, kernel: str, pid: int, environment: Environment) -> None:
        """Keep an environment, beside those before it, for as long as a kernel's process lives."""
        self._provider.keep_for_kernel(kernel, pid, environment)

    def forget_kernel(self, kernel: str) -> None:
        """Forget a kernel that ended."""
        self._provider.forget_kernel(kernel)

    # The way of every change.

    def _relock(
        self,
        verb: str,
        document: Document,
        before: Lock | None,
        wanted: Lock,
        *,
        what: str,
        options: LockOptions,
        upgrade: tuple[str, ...] | Literal["all"] = (),
        pinned: tuple[str, ...] = (),
    ) -> Changed:
        from concurrent.futures import ThreadPoolExecutor

        from .provide import now
        from .resolve import resolve

        # A store that cannot be written says so now, not after a resolution.
        self.store.prepare()
        with self._provider.client(wanted, document.directory) as client:
            for text in options.indexes:
                client.learn_credentials(index_url(text))
            resolution = resolve(
                self._request(
                    wanted, document, options, upgrade=upgrade, pinned=pinned, prior=before
                ),
                config=self.config,
                client=client,
                store_cache=self.store.layout.cache,
                reporter=self._reporter,
                meanwhile=_load_what_follows,
            )
            after = resolution.lock
            if options.dry_run:
                return self._changed(
                    verb, before, after, None, options=options, notes=resolution.notes
                )
            with ThreadPoolExecutor(1) as background:
                elsewhere = background.submit(self._hash_elsewhere, after, client)
                environment = None
                if self.platform in after.platforms:
                    environment = self._provider.environment_for(document, after, client)
                trees = elsewhere.result()
        for pin in self._pins_here(after):
            tree = self.store.known_tree(pin.artifact.digest)
            if tree is not None:
                trees[pin.artifact.digest] = tree
        after = replace(after, trees=self._platform_trees(after, trees))
        if before is not None and lock_digest(after) == lock_digest(before):
            # Resolved anew by this user, to the very same: theirs from now on.
            self.trust_store.approve(before)
            return self._changed(
                verb, before, before, environment, options=options, notes=resolution.notes
            )
        after = record_change(before, after, what=what, when=now())
        self.trust_store.approve(after)
        document.write_lock(render_lock(after))
        return self._changed(
            verb, before, after, environment, options=options, notes=resolution.notes
        )

    def _request(
        self,
        wanted: Lock,
        document: Document,
        options: LockOptions,
        *,
        upgrade: tuple[str, ...] | Literal["all"] = (),
        pinned: tuple[str, ...] = (),
        prior: Lock | None = None,
    ) -> ResolveRequest:
        from .resolve import ResolveRequest

        return ResolveRequest(
            requirements=wanted.requirements,
            kernel=wanted.kernel,
            python=wanted.python,
            platforms=wanted.platforms,
            host_platform=self.platform,
            prior=prior,
            upgrade=upgrade,
            pinned=pinned,
            prefer=options.prefer,
            indexes=wanted.indexes,
            as_of=options.as_of or wanted.as_of,
            prereleases=options.prereleases,
            directory=document.directory,
        )

    def _hash_elsewhere(self, lock: Lock, client: IndexClient) -> dict[Digest, Digest]:
        """Hash the trees of the artifacts that only other platforms use."""
        from .elsewhere import hash_elsewhere

        here = {pin.artifact.digest for pin in self._pins_here(lock)}
        return hash_elsewhere(
            (
                artifact
                for each in lock.distributions
                for artifact in each.artifacts
                if artifact.digest not in here
            ),
            store=self.store,
            fetcher=client,
            reporter=self._reporter,
        )

    def _platform_trees(self, lock: Lock, trees: Mapping[Digest, Digest]) -> dict[str, Digest]:
        """Return the digest over each platform's trees; a platform not hashed whole has none."""
        digests = {}
        for platform in lock.platforms:
            wanted = [pin.artifact.digest for pin in pins_for(lock, platform)]
            if all(digest in trees for digest in wanted):
                digests[platform] = combined_digest(trees[digest] for digest in wanted)
        return digests

    # Small questions.

    def _check_pinned(self, lock: Lock, names: Sequence[str]) -> None:
        pinned = {each.name for each in lock.distributions}
        for text in names:
            name = parse_requirement(text).name
            if name not in pinned:
                import difflib

                close = difflib.get_close_matches(name, pinned, n=1)
                raise UsageError(
                    f"{name} is not pinned in this notebook",
                    found=text,
                    hint=f"did you mean {close[0]}?"
                    if close
                    else f"add it first: jupyter pyartifacts add NOTEBOOK {name}",
                )

    def _lock_of(self, document: Document, *, own: bool = False) -> Lock:
        """Read the lock of a notebook; `own` demands that this user made or approved it."""
        if document.lock_document is None:
            raise LockError(
                "the notebook has no lock",
                where=str(document.path),
                hint="pin its first package: jupyter pyartifacts add NOTEBOOK pandas",
            )
        lock = parse_lock(document.lock_document)
        if own:
            self._check_trust(lock, document)
        return lock

    def _own_lock(self, document: Document) -> Lock | None:
        return None if document.lock_document is None else self._lock_of(document, own=True)

    def _check_trust(self, lock: Lock, document: Document) -> None:
        self.trust_store.check(
            lock, self.config.trust, self.config.allowed_indexes, where=str(document.path)
        )

    def _asked_for(self, before: Lock | None, options: LockOptions) -> Lock:
        """Return the lock to start from, for the Python and the platforms that are asked for."""
        if before is None:
            return self._empty_lock(options)
        wanted = before
        if options.python:
            wanted = replace(wanted, python=PythonPin(version=self._python(options.python)))
        if options.platforms:
            wanted = replace(wanted, platforms=_platforms(options.platforms))
        return wanted

    def _empty_lock(self, options: LockOptions) -> Lock:
        return Lock(
            requirements=(),
            python=PythonPin(version=self._python(options.python)),
            platforms=_platforms(options.platforms or DEFAULT_PLATFORMS),
            as_of=options.as_of,
            distributions=(),
        )

    def _python(self, wanted: str | None) -> str:
        """Return the full version to lock for: as asked, else this process's own."""
        if wanted is None or host_version().startswith(f"{wanted}."):
            return host_version()
        if not re.fullmatch(r"3\.\d+(\.\d+)?", wanted):
            raise UsageError(
                "a Python version is not understood",
                expected="a version of CPython such as 3.12 or 3.12.4",
                found=wanted[:80],
                hint="write it like --python 3.12",
            )
        if wanted.count(".") == 2:
            return wanted
        return find_interpreter(PythonPin(version=wanted), self.config.environ).version

    def _pins_here(self, lock: Lock) -> tuple[Pin, ...]:
        return pins_for(lock, self.platform) if self.platform in lock.platforms else ()

    def _changed(
        self,
        verb: str,
        before: Lock | None,
        after: Lock | None,
        environment: Environment | None,
        *,
        options: LockOptions,
        notes: Sequence[str] = (),
    ) -> Changed:
        from .outcome import Changed

        own = environment.notes if environment else ()
        return Changed(
            verb=verb,
            lock=after,
            changes=diff_locks(before, after),
            direct=_names([text for lock in (before, after) if lock for text in lock.requirements]),
            environment=environment,
            notes=tuple(dict.fromkeys((*notes, *own))),
            size=sum(pin.artifact.size for pin in self._pins_here(after)) if after else 0,
            dry_run=options.dry_run,
        )


def _load_what_follows() -> None:
    """Import what comes after a resolution, while uv is at work and this process waits for it."""
    from concurrent import futures

    from . import elsewhere, instantiate, outcome, provide
    from .index import bodies

    del futures, elsewhere, instantiate, outcome, provide, bodies


def _names(requirements: Sequence[str]) -> frozenset[str]:
    return frozenset(parse_requirement(text).name for text in requirements)


def _platforms(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in PLATFORMS:
            raise UsageError(
                "a platform is not known",
                expected=", ".join(DEFAULT_PLATFORMS),
                found=name[:80],
                hint="name one of these",
            )
    return tuple(sorted(set(names)))
