"""What changed between locks, kept as reverse deltas so that a change can be undone anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .errors import LockError
from .lock import FIELDS, LINE_FIELDS, canonical_bytes, parse_lock, render_delta, render_lock
from .model import Delta, Distribution, Lock

__all__ = ["HISTORY_BYTES", "Change", "diff_locks", "record_change", "undo_change"]

HISTORY_BYTES = 4096
"""What the whole history may take as canonical JSON, in bytes."""


def record_change(before: Lock | None, after: Lock, *, what: str, when: str) -> Lock:
    """Return `after` with the reverse of the change in front of the history of `before`.

    The whole history stays under `HISTORY_BYTES` as canonical JSON; the oldest changes go first.
    """
    if before is None:
        delta = Delta(when=when, what=what, first=True)
    else:
        delta = _reverse(render_lock(before), render_lock(after), what=what, when=when)
    history: list[Delta] = []
    room = HISTORY_BYTES
    for each in (delta, *(before.history if before else ())):
        room -= len(canonical_bytes(render_delta(each))) + 1
        if room < 0:
            break
        history.append(each)
    return replace(after, history=tuple(history))


def _key(field: str, line: str) -> str:
    """Return what names a line in its field: a distribution's name and version, a file name."""
    words = line.split(" ", 2)
    return " ".join(words[:2]) if field == "distributions" else words[0]


def _reverse(before: dict[str, Any], after: dict[str, Any], *, what: str, when: str) -> Delta:
    fields: dict[str, object] = {}
    drop: dict[str, tuple[str, ...]] = {}
    bring: dict[str, tuple[str, ...]] = {}
    for field in sorted(FIELDS - {"lock_version", "history"}):
        old, new = before.get(field), after.get(field)
        if old == new:
            continue
        if field not in LINE_FIELDS:
            fields[field] = old
            continue
        if gone := sorted({_key(field, line) for line in set(new or ()) - set(old or ())}):
            drop[field] = tuple(gone)
        if back := sorted(set(old or ()) - set(new or ())):
            bring[field] = tuple(back)
    return Delta(when=when, what=what, fields=fields, drop=drop, bring=bring)


def undo_change(lock: Lock) -> Lock | None:
    """Return the lock before the newest change, with the older history; None: there was none.

    Raises LockError if the history is empty or does not fit the lock.
    """
    if not lock.history:
        raise LockError(
            "there is no change to undo",
            hint="the lock's history is empty; change the requirements with add, remove, upgrade",
        )
    delta, *older = lock.history
    if delta.first:
        return None
    document = render_lock(replace(lock, history=()))
    for field, value in delta.fields.items():
        if value is None:
            document.pop(field, None)
        else:
            document[field] = value
    for field in LINE_FIELDS:
        unwanted = set(delta.drop.get(field, ()))
        kept = [line for line in document[field] if _key(field, line) not in unwanted]
        document[field] = sorted({*kept, *delta.bring.get(field, ())})
    try:
        return replace(parse_lock(document), history=tuple(older))
    except LockError as error:
        raise LockError(
            f"the change {delta.what!r} cannot be undone: {error.what}",
            where=error.where,
            hint="the lock was edited by hand since; restore the notebook from its version control",
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One distribution's versions before and after; None where it is absent."""

    name: str
    before: str | None
    after: str | None


def diff_locks(before: Lock | None, after: Lock | None) -> tuple[Change, ...]:
    """List what differs between two locks, sorted by name; forked versions are joined."""
    old, new = _versions(before), _versions(after)
    return tuple(
        Change(name=name, before=old.get(name), after=new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def _versions(lock: Lock | None) -> dict[str, str]:
    versions: dict[str, list[str]] = {}
    for distribution in _each(lock):
        versions.setdefault(distribution.name, []).append(distribution.version)
    return {name: " and ".join(sorted(each)) for name, each in versions.items()}


def _each(lock: Lock | None) -> Iterable[Distribution]:
    return lock.distributions if lock else ()
