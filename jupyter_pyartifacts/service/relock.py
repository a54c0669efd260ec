"""The way of every change of a lock: resolve, bring, hash, assemble, and only then write."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import NoInterpreter
from ..history import diff_locks, record_change
from ..indexes import index_url
from ..interpreter import is_archive, learn_sizes, with_known_sizes, with_platforms
from ..lock import lock_digest, render_lock
from ..model import Digest, Environment, Lock, PythonPin
from ..notebook import Document
from ..plan import pins_for
from ..requirements import parse_requirement
from ..treehash import combined_digest
from .ahead import Ahead
from .options import LockOptions
from .workplace import Workplace

if TYPE_CHECKING:
    from ..index.client import IndexClient
    from ..outcome import Changed
    from ..resolve import ResolveRequest

__all__ = ["make_request", "names_of", "outcome_of", "relock"]


def relock(
    place: Workplace,
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
    """Resolve what is wanted and make it the notebook's lock; a dry run only says the change.

    `what` is the change in the user's words, `upgrade` names what is freed of its pins, `pinned`
    are exact wishes. The trees of other platforms are hashed while this one's are brought.
    """
    from ..resolve import resolve

    # A store that cannot be written says so now, not after a resolution.
    place.store.prepare()
    fresh = before is None or before.python != wanted.python
    with place.client(wanted, document.directory) as client, ExitStack() as stack:
        for text in options.indexes:
            client.learn_credentials(index_url(text))
        if options.python and is_archive(options.python):
            client.policy.allow_file(Path(options.python).expanduser().resolve().as_uri())
        learned = [wanted.python]
        if fresh:
            learning = threading.Thread(target=_learn, args=(place, client, learned), daemon=True)
            learning.start()
            stack.callback(learning.join)
        ahead = Ahead(place, before, client)
        stack.callback(ahead.settle)
        resolution = resolve(
            make_request(
                place, wanted, document, options, upgrade=upgrade, pinned=pinned, prior=before
            ),
            config=place.config,
            client=client,
            store_cache=place.store.layout.cache,
            reporter=place.reporter,
            synthetic=place.synthetic(client),
            meanwhile=ahead.look_up,
            likely=(lambda _: None) if options.dry_run else ahead.fetch,
        )
        after = resolution.lock
        ahead.settle(after)
        stack.close()
        after = replace(after, python=with_platforms(learned[-1], after.platforms))
        notes = resolution.notes
        if options.dry_run:
            return outcome_of(place, verb, before, after, None, options=options, notes=notes)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as background:
            elsewhere = background.submit(_hash_elsewhere, place, after, client)
            environment = None
            if place.platform in after.platforms:
                environment, more = environment_or_why(place, document, after, client, again=fresh)
                notes = (*notes, *more)
            trees = elsewhere.result()
        if environment is None and place.platform in after.platforms:
            trees |= _hash_elsewhere(place, after, client, everywhere=True)
    after = replace(after, python=with_known_sizes(after.python, place.store))
    for pin in place.pins_here(after):
        tree = place.store.known_tree(pin.artifact.key)
        if tree is not None:
            trees[pin.artifact.key] = tree
    after = replace(after, trees=_platform_trees(after, trees))
    if before is not None and lock_digest(after) == lock_digest(before):
        # Resolved anew by this user, to the very same: theirs from now on.
        place.trust_store.approve(before)
        return outcome_of(place, verb, before, before, environment, options=options, notes=notes)
    from ..provide import now

    after = record_change(before, after, what=what, when=now())
    place.trust_store.approve(after)
    document.write_lock(render_lock(after))
    if environment is not None:
        place.provider.remember(document, after, environment)
    return outcome_of(place, verb, before, after, environment, options=options, notes=notes)


def environment_or_why(
    place: Workplace,
    document: Document,
    lock: Lock,
    client: IndexClient | None = None,
    *,
    again: bool = True,
) -> tuple[Environment | None, tuple[str, ...]]:
    """Return the environment of a new lock; where its Python cannot be had, a note that says so.

    A lock may be for a Python that this machine does not have.
    """
    try:
        return place.provider.environment_for(document, lock, client, again=again), ()
    except NoInterpreter as error:
        return None, (f"the lock is made, its environment is not: {error}",)


def _learn(place: Workplace, client: IndexClient, learned: list[PythonPin]) -> None:
    """Add the Python to lock for with the sizes of its archives, as far as they can be learned."""
    learned.append(learn_sizes(learned[-1], client.probe))


def make_request(
    place: Workplace,
    wanted: Lock,
    document: Document,
    options: LockOptions,
    *,
    upgrade: tuple[str, ...] | Literal["all"] = (),
    pinned: tuple[str, ...] = (),
    prior: Lock | None = None,
) -> ResolveRequest:
    """Return what the resolver is asked for so that it answers with the lock that is wanted."""
    from ..resolve import ResolveRequest
    from ..widgets import HalvesBesideLab

    return ResolveRequest(
        requirements=wanted.requirements,
        kernel=wanted.kernel,
        python=wanted.python,
        platforms=wanted.platforms,
        host_platform=place.platform,
        prior=prior,
        upgrade=upgrade,
        pinned=pinned,
        prefer=options.prefer,
        constraints=options.constraints,
        hashes=options.hashes,
        indexes=wanted.indexes,
        as_of=options.as_of or wanted.as_of,
        prereleases=options.prereleases,
        directory=document.directory,
        other_half=HalvesBesideLab(),
    )


def _hash_elsewhere(
    place: Workplace, lock: Lock, client: IndexClient, *, everywhere: bool = False
) -> dict[Digest, Digest]:
    """Hash the trees of the artifacts that only other platforms use, or of all."""
    from ..elsewhere import hash_elsewhere

    here = set() if everywhere else {pin.artifact.key for pin in place.pins_here(lock)}
    return hash_elsewhere(
        (
            artifact
            for each in lock.distributions
            for artifact in each.artifacts
            if artifact.key not in here
        ),
        store=place.store,
        fetcher=client,
        reporter=place.reporter,
    )


def _platform_trees(lock: Lock, trees: Mapping[Digest, Digest]) -> dict[str, Digest]:
    """Return the digest over each platform's trees; a platform not hashed whole has none."""
    digests = {}
    for platform in lock.platforms:
        wanted = [pin.artifact.key for pin in pins_for(lock, platform)]
        if all(digest in trees for digest in wanted):
            digests[platform] = combined_digest(trees[digest] for digest in wanted)
    return digests


def outcome_of(
    place: Workplace,
    verb: str,
    before: Lock | None,
    after: Lock | None,
    environment: Environment | None,
    *,
    options: LockOptions,
    notes: Sequence[str] = (),
) -> Changed:
    """Return the outcome of a verb that went from one lock to another."""
    from ..outcome import Changed
    from ..widgets import widget_notes

    own: tuple[str, ...] = ()
    if environment is not None:
        own = (*environment.notes, *widget_notes(Path(environment.path)))
    return Changed(
        verb=verb,
        lock=after,
        former=None if before is None else before.python.version,
        changes=diff_locks(before, after),
        direct=names_of([text for lock in (before, after) if lock for text in lock.requirements]),
        environment=environment,
        notes=tuple(dict.fromkeys((*notes, *own))),
        size=sum(pin.artifact.size for pin in place.pins_here(after)) if after else 0,
        size_missing=_missing_bytes(place, after) if options.dry_run else None,
        dry_run=options.dry_run,
    )


def _missing_bytes(place: Workplace, lock: Lock | None) -> int:
    """Return the bytes that would have to be fetched for this platform."""
    if lock is None or place.platform not in lock.platforms:
        return 0
    return sum(pin.artifact.size for pin in place.provider.missing(lock))


def names_of(requirements: Sequence[str]) -> frozenset[str]:
    """Return the names of the projects that requirements are for."""
    return frozenset(parse_requirement(text).name for text in requirements)
