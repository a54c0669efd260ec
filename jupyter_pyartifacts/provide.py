"""Providing: the environment of a lock, found where it is or brought and assembled."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .config import Config
from .environment import (
    artifacts_of,
    assemble_view,
    find_view,
    is_compiled,
    prepare_byte_code,
)
from .errors import ArtifactError, PlatformError, QuotaExceeded, StoreError
from .instantiate import instantiate_pins
from .interpreter import ask_interpreter, system_version
from .lock import lock_digest, render_lock
from .model import Digest, Environment, InterpreterInUse, Lock
from .notebook import Document
from .obtain import expect_interpreter, obtain_interpreter
from .plan import Pin, pins_for, plan_digest, python_pin
from .platforms import oldest_system
from .report import ProgressOnly, Reporter
from .requirements import parse_requirement
from .sizes import human_size
from .store import Store
from .treehash import combined_digest

if TYPE_CHECKING:
    from .index.client import IndexClient
    from .store import Published

__all__ = ["Provider", "now"]

_Brought = TypeVar("_Brought")
_ALL_IN_USE = "Everything in it is used by a notebook or a running kernel."


class Provider:
    """Make locks real on one platform, and keep what notebooks and kernels use."""

    def __init__(self, config: Config, store: Store, platform: str, reporter: Reporter) -> None:
        self.config = config
        self.store = store
        self.platform = platform
        self._reporter = reporter

    def environment_for(
        self,
        document: Document,
        lock: Lock,
        client: IndexClient | None = None,
        *,
        starting: bool = False,
        whole: bool = False,
        again: bool = False,
    ) -> Environment:
        """Return the environment of a lock and keep it for the notebook or its running kernel.

        A session file stands for the notebook that its kernel runs, be that one ours or a stock
        kernel. `whole` has all byte code made before it returns.
        """
        notebook = str(document.path) if document.kind == "notebook" else self.config.notebook
        environment = self.environment(
            lock,
            document.directory,
            notebook,
            client,
            starting=starting,
            owner=document.owner,
            whole=whole,
            again=again,
            code=document.code,
        )
        if document.kind == "session" and document.owner is not None:
            self.keep_for_kernel(document.path.stem, document.owner, environment)
        return environment

    def environment(
        self,
        lock: Lock,
        directory: Path,
        notebook: str | None,
        client: IndexClient | None = None,
        *,
        starting: bool = False,
        owner: int | None = None,
        whole: bool = False,
        again: bool = False,
        code: str = "",
    ) -> Environment:
        """Find the view of a lock, or bring its artifacts and assemble it.

        The way of a reopened notebook: everything that takes time to import or to ask stays
        behind the one look at the view. `starting` says that a kernel starts in it at once, so
        that its byte code is waited for; `owner` is the process for whose sake the rest is
        made meanwhile (this one, if a kernel starts and no other is named), `whole` has all of
        it made before this returns, `again` has an interpreter's archive tried anew that could not
        be reached minutes ago. What `code`, the notebook's own, imports is compiled first.
        """
        if owner is None and starting:
            owner = os.getpid()
        pins = pins_for(lock, self.platform)
        archive = python_pin(lock.python, self.platform)

        def bring() -> Environment:
            # Until the use is on record, `gc` could take what was just found or made.
            with self.store.using(), ExitStack() as stack:

                def fetcher() -> IndexClient:
                    return client or stack.enter_context(self._client(lock, directory))

                interpreter = obtain_interpreter(
                    lock.python,
                    self.platform,
                    store=self.store,
                    config=self.config,
                    client=fetcher,
                    reporter=self._reporter,
                    again=again,
                )
                digest = plan_digest(pins, interpreter.identity)
                environment = find_view(digest, interpreter, store=self.store)
                if environment is None:
                    _check_system(pins, self.platform)
                    if not interpreter.magic:
                        interpreter = ask_interpreter(interpreter, self.config.environ)
                    published = instantiate_pins(
                        pins, store=self.store, fetcher=fetcher(), reporter=self._reporter
                    )
                    self._check_tree(lock, [published[pin.artifact.key].tree for pin in pins])
                    environment = assemble_view(pins, published, interpreter, store=self.store)
                if (self.config.byte_code or whole) and not is_compiled(environment):
                    if not interpreter.magic:
                        interpreter = ask_interpreter(interpreter, self.config.environ)
                    prepare_byte_code(
                        environment,
                        interpreter,
                        pins,
                        kernel=[parse_requirement(text).name for text in lock.kernel],
                        requirements=[parse_requirement(text).name for text in lock.requirements],
                        store=self.store,
                        wait=starting,
                        owner=owner,
                        whole=whole,
                        code=code,
                    )
                if notebook is not None:
                    artifacts = [*_archives(interpreter), *(pin.artifact.key for pin in pins)]
                    self._keep_for_notebook(notebook, lock, digest, artifacts)
            return replace(environment, notes=(*environment.notes, *interpreter.notes))

        return self._with_room((*pins, *((archive,) if archive else ())), bring)

    def _with_room(self, pins: Sequence[Pin], bring: Callable[[], _Brought]) -> _Brought:
        """Bring pins; where the quota is in the way, free what nobody uses and try once more.

        What a failed attempt leaves in the store goes, unless something else uses it.
        """
        keep = frozenset(pin.artifact.key.hex for pin in pins)
        try:
            return bring()
        except QuotaExceeded as error:
            freed = self._free(error, keep)
            if not freed:
                self._free(error, frozenset())
                raise
        self._reporter.note(
            f"freed {human_size(freed)} that no notebook used, to stay below the store's quota"
        )
        try:
            return bring()
        except QuotaExceeded as error:
            error.details = f"{human_size(freed)} that no notebook used were freed for it."
            self._free(error, frozenset())
            raise

    def _free(self, error: QuotaExceeded, keep: Container[str]) -> int:
        """Remove what no notebook uses, but not `keep`; return its bytes, or tell why none."""
        from .store.gc import sweep_store

        try:
            freed = sweep_store(
                self.store, now=datetime.now(timezone.utc), reporter=self._reporter, keep=keep
            ).size
        except StoreError as problem:
            error.details = f"Nothing could be freed: {problem.what}."
            return 0
        if not freed and error.used and not error.details:
            error.details = _ALL_IN_USE
        return freed

    def tend(self, lock: Lock) -> None:
        """Look over the environment of a kernel that is starting.

        Every file is looked at for its presence and size, and a note names what is wrong.
        """
        from .store.verify import verify_artifacts

        archive = python_pin(lock.python, self.platform)
        pins = (*pins_for(lock, self.platform), *((archive,) if archive else ()))
        found = [self.store.find_artifact(pin.artifact.key) for pin in pins]
        published = [artifact for artifact in found if artifact is not None]
        damaged = verify_artifacts(published, quick=True)[1]
        for damage in damaged.values():
            self._reporter.note(
                f"{damage[0].path} is damaged: expected {damage[0].expected}, found"
                f" {damage[0].found}; repair it: jupyter pyartifacts verify NOTEBOOK"
            )

    def remember(self, document: Document, lock: Lock, environment: Environment) -> None:
        """Keep a lock as it was written, history and all, for the notebook that may lose it."""
        notebook = str(document.path) if document.kind == "notebook" else self.config.notebook
        if notebook is not None:
            artifacts = [Digest(hex) for hex in artifacts_of(Path(environment.path))]
            self._keep_for_notebook(notebook, lock, Digest.parse(environment.digest), artifacts)

    def _keep_for_notebook(
        self, notebook: str, lock: Lock, view: Digest, artifacts: Sequence[Digest]
    ) -> None:
        from .store.roots import record_use

        record_use(
            self.store,
            notebook,
            lock=lock_digest(lock),
            view=view,
            artifacts=artifacts,
            when=now(),
            document=render_lock(lock),
        )

    def _check_tree(self, lock: Lock, trees: Sequence[Digest]) -> None:
        expected = lock.trees.get(self.platform)
        found = combined_digest(trees)
        if expected is not None and found != expected:
            raise ArtifactError(
                f"the files of this lock for {self.platform} are not those that were locked",
                expected=str(expected),
                found=str(found),
                hint="the lock was edited, or made by a defective version; lock again: "
                "jupyter pyartifacts lock NOTEBOOK",
            )

    def keep_for_kernel(self, kernel: str, pid: int, environment: Environment) -> None:
        """Keep an environment, beside those before it, for as long as a kernel's process lives."""
        from .store.roots import record_kernel

        artifacts = artifacts_of(Path(environment.path))
        record_kernel(
            self.store,
            kernel,
            pid,
            view=Digest.parse(environment.digest),
            artifacts=[Digest(digest) for digest in artifacts],
        )

    def forget_kernel(self, kernel: str) -> None:
        """Forget a kernel that ended."""
        from .store.roots import forget_kernel

        forget_kernel(self.store, kernel)

    def missing(self, lock: Lock) -> tuple[Pin, ...]:
        """Return the pins of this platform whose artifacts are to be fetched, Python's first."""
        archive = python_pin(lock.python, self.platform)
        in_use = self.expected_interpreter(lock)
        wanted = [archive] if archive is not None and not in_use.path else []
        return tuple(
            pin
            for pin in (*wanted, *pins_for(lock, self.platform))
            if self.store.find_artifact(pin.artifact.key) is None
        )

    def expected_interpreter(self, lock: Lock) -> InterpreterInUse:
        """Return the interpreter that a kernel would get now. Raises NoInterpreter."""
        return expect_interpreter(lock.python, self.platform, store=self.store, config=self.config)

    def bring(self, pin: Pin, client: IndexClient) -> Published:
        """Bring an sdist that a resolution looks at into the store, translated."""
        # Its notes are told once it is chosen, not because it was looked at.
        reporter = ProgressOnly(self._reporter)
        found = self._with_room(
            [pin],
            lambda: instantiate_pins([pin], store=self.store, fetcher=client, reporter=reporter),
        )
        return found[pin.artifact.key]

    def _client(self, lock: Lock, directory: Path) -> IndexClient:
        """Return a client that may fetch what a lock names."""
        from .index.client import IndexClient

        return IndexClient.for_lock(
            self.config, lock, cache=self.store.layout.cache, directory=directory
        )


def _archives(interpreter: InterpreterInUse) -> tuple[Digest, ...]:
    return () if interpreter.artifact is None else (interpreter.artifact,)


def _check_system(pins: Sequence[Pin], platform: str) -> None:
    """Refuse a lock whose wheels need a newer system than this one, before a byte is fetched."""
    own = system_version()
    if own is None:
        return
    for pin in pins:
        oldest = oldest_system(pin.artifact.filename, platform)
        if oldest is None or oldest <= own:
            continue
        what = "macOS" if platform.startswith("macos") else "glibc"
        name = f"{pin.distribution.name} {pin.distribution.version}"
        raise PlatformError(
            f"{name} needs a newer system than this one",
            where=pin.artifact.filename,
            expected=f"{what} {oldest[0]}.{oldest[1]} or newer",
            found=f"{what} {own[0]}.{own[1]}" if own != (0, 0) else f"no {what}",
            hint="run the notebook on a newer system, or pin an older version: "
            f'jupyter pyartifacts add NOTEBOOK "{pin.distribution.name}<'
            f'{pin.distribution.version}"',
        )


def now() -> str:
    """Return the time, RFC 3339 in UTC to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
