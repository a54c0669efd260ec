"""Where the use cases work: configuration, store, provider and approvals of one run."""

from __future__ import annotations

import platform as _platform
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import Config, environment_data
from ..errors import LockError
from ..lock import parse_lock
from ..model import Lock
from ..notebook import Document
from ..plan import Pin, pins_for
from ..platforms import identify_platform
from ..report import Reporter
from ..store import Store
from ..trust import Trust

if TYPE_CHECKING:
    from ..index.client import IndexClient
    from ..provide import Provider
    from ..resolve.synthetic import SyntheticWheels

__all__ = ["Workplace"]


class Workplace:
    """Everything that one configuration gives, made when it is first asked for."""

    def __init__(self, config: Config, reporter: Reporter) -> None:
        self.config = config
        self.reporter = reporter

    @cached_property
    def store(self) -> Store:
        """Return the store of this configuration."""
        return Store.from_config(self.config)

    @cached_property
    def platform(self) -> str:
        """Return the name of the platform that this process runs on."""
        return identify_platform(sys.platform, _platform.machine())

    @cached_property
    def provider(self) -> Provider:
        """Return what makes locks real on this platform."""
        from ..provide import Provider

        return Provider(self.config, self.store, self.platform, self.reporter)

    @cached_property
    def trust_store(self) -> Trust:
        """Return the user's approvals, and those that come with the environment."""
        own = self.config.approvals(sys.platform, str(Path.home()))
        return Trust(own, environment=Path(environment_data(sys.prefix), "approved"))

    def synthetic(self, client: IndexClient) -> SyntheticWheels:
        """Return what brings the sdists that a resolution meets into the store, translated."""
        from ..resolve.synthetic import SyntheticWheels

        # The provider is loaded for the first of them: there seldom is one.
        return SyntheticWheels(
            client,
            cache=self.store.layout.cache,
            bring=lambda pin: self.provider.bring(pin, client),
        )

    def client(self, lock: Lock | None, directory: Path) -> IndexClient:
        """Return a client that may fetch what the settings allow, and what a lock names."""
        from ..index.client import IndexClient

        cache = self.store.layout.cache
        if lock is None:
            return IndexClient(self.config, cache=cache, directory=directory)
        return IndexClient.for_lock(self.config, lock, cache=cache, directory=directory)

    def lock_of(self, document: Document, *, own: bool = False) -> Lock:
        """Read the lock of a notebook; `own` demands that this user made or approved it."""
        if document.lock_document is None:
            raise LockError(
                "the notebook has no lock",
                where=str(document.path),
                hint="pin its first package: jupyter pyartifacts add NOTEBOOK pandas",
            )
        lock = parse_lock(document.lock_document)
        if own:
            self.check_trust(lock, document)
        return lock

    def own_lock(self, document: Document) -> Lock | None:
        """Read the lock of a notebook, which must be this user's; None without one."""
        return None if document.lock_document is None else self.lock_of(document, own=True)

    def check_trust(self, lock: Lock, document: Document) -> None:
        """Raise NotApproved for a lock that this user neither made nor approved."""
        self.admit(lock, str(document.path))

    def admit(self, lock: Lock, where: str | None = None) -> None:
        """Raise LockError for a lock that was merged, NotApproved for one to be asked about.

        What this user made or approved is of one piece.
        """
        if not self.trust_store.is_approved(lock):
            from ..whole import check_whole

            check_whole(lock, where)
        self.trust_store.check(lock, self.config.trust, self.config.allowed_indexes, where=where)

    def pins_here(self, lock: Lock) -> tuple[Pin, ...]:
        """Return what this platform needs of a lock; nothing if the lock does not cover it."""
        return pins_for(lock, self.platform) if self.platform in lock.platforms else ()
