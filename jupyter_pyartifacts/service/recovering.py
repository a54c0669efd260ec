"""Recovering: a lock that a notebook lost, from the store or from the notebook's own outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import LockError, NotApproved
from ..lock import lock_digest, parse_lock, render_lock
from ..model import Environment, Lock
from ..notebook import Document
from .options import LockOptions
from .relock import outcome_of
from .workplace import Workplace

if TYPE_CHECKING:
    from ..outcome import Changed

__all__ = ["MIME_TYPE", "recover_lock"]

MIME_TYPE = "application/vnd.pyartifacts.lock+json"
"""Type of the display message in which a kernel hands a lock over; Jupyter keeps it as output."""


def recover_lock(place: Workplace, document: Document, *, options: LockOptions) -> Changed:
    """Write a lost lock back, as it was; nothing is resolved, and nothing is approved.

    What the notebook used last on this machine comes first, then its outputs, the latest cell
    first. Where the notebook has a lock, one in its outputs that was made later counts: editors
    such as VS Code keep no metadata. Raises LockError if there is none.
    """
    before = _readable(document.lock_document)
    candidates = _candidates(place, document) if before is None else _later(document, before)
    lock, origin = next(
        ((lock, origin) for found, origin in candidates if (lock := _readable(found)) is not None),
        (None, ""),
    )
    if before is not None and lock is None:
        raise LockError(
            "the notebook has its lock, so there is nothing to recover",
            where=str(document.path),
            found=str(lock_digest(before)),
            hint="to take its last change back: jupyter pyartifacts undo NOTEBOOK",
        )
    if lock is None:
        raise LockError(
            "no lock of this notebook was found",
            where=str(document.path),
            expected="one that this machine's store knows, or one in an output of the notebook",
            found="neither",
            hint="look in the notebook's version control, or lock it again: jupyter pyartifacts "
            "import NOTEBOOK, or add",
        )
    notes = [f"found {origin}"]
    environment: Environment | None = None
    if not options.dry_run:
        try:
            place.admit(lock, str(document.path))
            if place.platform in lock.platforms:
                environment = place.provider.environment_for(document, lock)
        except NotApproved:
            notes.append("it is not approved: jupyter pyartifacts trust NOTEBOOK")
        document.write_lock(render_lock(lock))
    changed = outcome_of(place, "lock", before, lock, environment, options=options)
    return replace(changed, notes=(*changed.notes, *notes))


def _readable(document: object) -> Lock | None:
    if document is None:
        return None
    try:
        return parse_lock(document)
    except LockError:
        return None


def _candidates(place: Workplace, document: Document) -> Iterator[tuple[object, str]]:
    from ..store.roots import read_use

    use = read_use(place.store, document.path)
    if use is not None and use.document is not None:
        yield use.document, f"in the store: the notebook used it at {use.when}"
    yield from _shown(document)


def _later(document: Document, lock: Lock) -> Iterator[tuple[object, str]]:
    """Yield the locks in the notebook's outputs that were made later than the one it has."""
    for found, origin in _shown(document):
        shown = _readable(found)
        if shown is not None and _made(shown) > _made(lock):
            yield found, origin


def _made(lock: Lock) -> str:
    """Return when a lock was made (RFC 3339, UTC), empty where it does not say so."""
    return lock.history[0].when if lock.history else ""


def _shown(document: Document) -> Iterator[tuple[object, str]]:
    cells = document.content.get("cells", ())
    # The count of a cell's run tells which was last; of one count, the later cell.
    order = sorted(
        range(len(cells)), key=lambda number: (_count(cells[number]), number), reverse=True
    )
    for number in order:
        for bundle in reversed(list(_bundles(cells[number]))):
            yield bundle, f"in the output of cells[{number}]"


def _count(cell: dict[str, Any]) -> int:
    count = cell.get("execution_count")
    return count if isinstance(count, int) else -1


def _bundles(cell: dict[str, Any]) -> Iterator[object]:
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        data = output.get("data") if isinstance(output, dict) else None
        bundle = data.get(MIME_TYPE) if isinstance(data, dict) else None
        if isinstance(bundle, dict) and bundle.get("lock") is not None:
            yield bundle["lock"]
