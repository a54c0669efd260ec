"""The use cases: add, remove, upgrade, undo, instantiate, verify and their like.

Every verb that changes a lock goes the same way: resolve, bring this platform's artifacts into
the store, hash the other platforms' trees, assemble the view, and only then write the lock and
approve it. Whatever fails on the way leaves the notebook as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NotApproved, PyArtifactsError, UsageError
from ..history import undo_change
from ..indexes import merge_indexes
from ..lock import lock_digest, parse_lock, render_lock
from ..model import Environment, InterpreterInUse, Lock
from ..notebook import Document
from ..plan import pins_for, python_pin
from ..requirements import (
    loosen_requirements,
    merge_requirements,
    parse_requirement,
    remove_requirements,
)
from ..trust import lock_sources
from ..whole import check_whole
from .options import LockOptions, lock_asked_for
from .relock import environment_or_why, make_request, names_of, outcome_of, relock
from .workplace import Workplace

if TYPE_CHECKING:
    from ..interop.wanted import Wanted
    from ..outcome import Approved, Changed, Exported, Freed, Listed, Outdated, Remembered, Verified

__all__ = ["Engine"]


class Engine(Workplace):
    """Run the use cases with one configuration; every method may raise PyArtifactsError."""

    # What a notebook has.

    def show(self, document: Document) -> Listed:
        """List what a notebook pins; reads only, also a lock nobody approved."""
        from ..outcome import Listed, ShownPin
        from ..widgets import drawn_series

        lock = self.lock_of(document)
        here = {pin.distribution.name: pin.artifact for pin in self.pins_here(lock)}
        stored = {
            name
            for name, artifact in here.items()
            if self.store.find_artifact(artifact.key) is not None
        }
        required: dict[str, set[str]] = {}
        for each in lock.distributions:
            for dependency in each.dependencies:
                required.setdefault(dependency.name, set()).add(each.name)
        direct, kernel = names_of(lock.requirements), names_of(lock.kernel)
        interpreter, problem = self.interpreter_of(lock)
        return Listed(
            lock=lock,
            interpreter=interpreter,
            problem=problem,
            trusted=self.trust_store.is_approved(lock),
            question=self.trust_question(lock, document),
            platform=self.platform,
            widgets=drawn_series(),
            distributions=tuple(
                ShownPin(
                    name=each.name,
                    version=each.version,
                    size=here[each.name].size if each.name in here else None,
                    direct=each.name in direct,
                    kernel=each.name in kernel,
                    required_by=tuple(sorted(required.get(each.name, ()))),
                    dependencies=tuple(sorted({other.name for other in each.dependencies})),
                    marker=each.marker,
                    instantiated=each.name in stored,
                )
                for each in lock.distributions
            ),
        )

    def interpreter_of(self, lock: Lock) -> tuple[InterpreterInUse | None, str | None]:
        """Return the interpreter that a kernel would get now, else why there is none.

        Of an archive that is still to be fetched the path is empty; nothing is fetched.
        """
        try:
            return self.provider.expected_interpreter(lock), None
        except PyArtifactsError as error:
            return None, str(error)

    def trust_question(self, lock: Lock, document: Document) -> str | None:
        """Return what the user has to be asked before this lock may be used, None if nothing."""
        try:
            self.trust_store.check(
                lock, self.config.trust, self.config.allowed_indexes, where=str(document.path)
            )
        except NotApproved as error:
            return f"{error.what}.\n{error.details or ''}".strip()
        return None

    def history(self, document: Document) -> Remembered:
        """List the changes that can be undone, the newest first."""
        from ..outcome import PastChange, Remembered

        lock = self.lock_of(document)
        return Remembered(
            history=tuple(PastChange(when=each.when, what=each.what) for each in lock.history)
        )

    def outdated(self, document: Document) -> Outdated:
        """List what has something newer; asks the index, changes nothing."""
        from ..resolve.outdated import outdated_rows

        lock = self.lock_of(document)
        with self.client(lock, document.directory) as client:
            return outdated_rows(
                make_request(self, lock, document, LockOptions(), upgrade="all"),
                lock,
                config=self.config,
                client=client,
                store_cache=self.store.layout.cache,
                reporter=self.reporter,
                synthetic=self.synthetic(client),
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
        before = self.own_lock(document)
        wanted = lock_asked_for(self, document, before, options)
        merged = merge_requirements(wanted.requirements, requirements)
        wanted = replace(
            wanted,
            requirements=merged,
            indexes=merge_indexes(wanted.indexes, options.indexes, names_of(tuple(requirements))),
        )
        what = f"add {' '.join(requirements)}"
        return relock(self, "add", document, before, wanted, what=what, options=options)

    def remove(self, document: Document, names: Sequence[str], *, options: LockOptions) -> Changed:
        """Remove requirements by name, and what nobody else needs."""
        before = self.lock_of(document, own=True)
        wanted = replace(before, requirements=remove_requirements(before.requirements, names))
        what = f"remove {' '.join(names)}"
        return relock(self, "remove", document, before, wanted, what=what, options=options)

    def upgrade(
        self, document: Document, names: Sequence[str] = (), *, options: LockOptions
    ) -> Changed:
        """Upgrade the named distributions (`NAME` or `NAME==V`), or all of them.

        A requirement that excludes the version asked for is replaced by that version.
        """
        before = self.lock_of(document, own=True)
        exact = tuple(name for name in names if "==" in name)
        _check_pinned(before, names)
        wanted = lock_asked_for(self, document, before, options)
        wanted = replace(
            wanted,
            requirements=loosen_requirements(before.requirements, exact),
            indexes=merge_indexes(before.indexes, options.indexes, names_of(names)),
        )
        what = f"upgrade {' '.join(names)}".rstrip()
        return relock(
            self,
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
        before = self.own_lock(document)
        wanted = lock_asked_for(self, document, before, options)
        if options.as_of:
            wanted = replace(wanted, as_of=options.as_of)
        what = f"python {wanted.python.version}" if before and options.python else "lock"
        return relock(self, "lock", document, before, wanted, what=what, options=options)

    def merge(self, path: Path, *, options: LockOptions) -> Changed:
        """Lock again from what both sides of a merge asked for; the file may have conflicts."""
        from .merging import merge_lock

        return merge_lock(self, path, options=options)

    def recover(self, document: Document, *, options: LockOptions) -> Changed:
        """Write a lock that was lost into the notebook: from the store, or from its outputs."""
        from .recovering import recover_lock

        return recover_lock(self, document, options=options)

    def undo(self, document: Document, *, options: LockOptions) -> Changed:
        """Take the newest change back: the lock before it, byte for byte.

        That lock needs an approval of its own, unless this user made it.
        """
        before = self.lock_of(document, own=True)
        after = undo_change(before)
        if after is not None:
            self.check_trust(after, document)
        environment: Environment | None = None
        notes: tuple[str, ...] = ()
        if after is not None and not options.dry_run:
            environment, notes = environment_or_why(self, document, after)
        if not options.dry_run:
            document.write_lock(None if after is None else render_lock(after))
        return outcome_of(self, "undo", before, after, environment, options=options, notes=notes)

    # What other tools read and write.

    def export(self, document: Document, *, kind: str, target: Path | None) -> Exported:
        """Return the lock in another tool's format, for a file or for stdout (None)."""
        from .exporting import export_lock

        return export_lock(self, document, kind=kind, target=target)

    def import_file(
        self,
        document: Document,
        found: Wanted | Lock,
        *,
        source: str,
        base: Path,
        fresh: bool,
        options: LockOptions,
    ) -> Changed:
        """Take over what a file asks for, or the lock of another notebook.

        `source` names the file, `base` is the directory its paths are relative to; `fresh` has
        it replace the notebook's own requirements instead of joining them.
        """
        from .importing import import_lock, import_wanted

        if isinstance(found, Lock):
            return import_lock(
                self, document, found, source=source, base=base, fresh=fresh, options=options
            )
        return import_wanted(
            self, document, found, source=source, base=base, fresh=fresh, options=options
        )

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
        lock = self.lock_of(document, own=True)
        if dry_run:
            missing = self.provider.missing(lock)
            size = sum(pin.artifact.size for pin in missing)
            note = f"to fetch: {len(missing)} artifacts, {size} bytes"
            if not all(pin.artifact.size for pin in missing):
                note += f", and Python {lock.python.version}, whose size is not known"
            python = self.provider.expected_interpreter(lock)
            return outcome_of(
                self,
                "instantiate",
                lock,
                lock,
                None,
                options=LockOptions(dry_run=True),
                notes=(note, f"Python {python.version}: {python.why}"),
            )
        environment = self.provider.environment_for(
            document, lock, starting=starting, whole=compile_all, again=not starting
        )
        return outcome_of(self, "instantiate", lock, lock, environment, options=LockOptions())

    def prepare(
        self,
        lock_document: object,
        *,
        directory: Path | str,
        notebook: str | None = None,
        code: str = "",
    ) -> Environment:
        """Return the environment of a lock for a kernel that is about to start.

        `code` is what the notebook's cells say: what it imports first is compiled first.
        """
        lock = parse_lock(lock_document)
        self.admit(lock, notebook)
        return self.provider.environment(lock, Path(directory), notebook, starting=True, code=code)

    def tend(self, lock_document: object) -> None:
        """Look over the environment of a kernel that is starting."""
        self.provider.tend(parse_lock(lock_document))

    def trust(self, document: Document, *, dry_run: bool = False) -> Approved:
        """Approve the lock of a notebook; `dry_run` only says what would be approved."""
        from ..outcome import Approved

        lock = self.lock_of(document)
        check_whole(lock, str(document.path))
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
        from ..environment import forget_byte_code
        from ..outcome import Verified
        from ..repair import find_damage, verify_archive, verify_environment

        lock = self.lock_of(document, own=True)
        pins = pins_for(lock, self.platform)
        archive = python_pin(lock.python, self.platform)
        if dry_run:
            own = [archive] if archive and self.store.find_artifact(archive.artifact.digest) else []
            return find_damage((*own, *pins), store=self.store, reporter=self.reporter)
        with self.client(lock, document.directory) as client:
            # First of all: an interpreter that is damaged may not start.
            python = (
                verify_archive(archive, store=self.store, fetcher=client, reporter=self.reporter)
                if archive
                else Verified(files=0, damaged=(), repaired=())
            )
            environment = self.provider.environment_for(document, lock, client, again=True)
            interpreter = self.provider.expected_interpreter(lock)
            verified = verify_environment(
                pins, interpreter, store=self.store, fetcher=client, reporter=self.reporter
            )
            verified = python + verified
            if deep:
                forget_byte_code(environment, interpreter, pins, store=self.store)
                self.provider.environment_for(document, lock, client, whole=True)
        return verified

    # What the store keeps.

    def gc(self, *, dry_run: bool) -> Freed:
        """Remove what no notebook and no running kernel uses from the store."""
        from ..outcome import Freed
        from ..store.gc import sweep_store

        sweep = sweep_store(
            self.store, now=datetime.now(timezone.utc), reporter=self.reporter, dry_run=dry_run
        )
        return Freed(
            removed=tuple(f"{item.kind} {item.path.name}" for item in sweep.remove),
            size=sweep.size,
            kept=sweep.artifacts_kept,
            dry_run=dry_run,
        )

    def keep_for_kernel(self, kernel: str, pid: int, environment: Environment) -> None:
        """Keep an environment, beside those before it, for as long as a kernel's process lives."""
        self.provider.keep_for_kernel(kernel, pid, environment)

    def forget_kernel(self, kernel: str) -> None:
        """Forget a kernel that ended."""
        self.provider.forget_kernel(kernel)


def _check_pinned(lock: Lock, names: Sequence[str]) -> None:
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
