"""Merging: a lock made again from what both sides of a merge asked for."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import LockError, NotApproved
from ..lock import parse_lock
from ..merged import join_sides, read_sides
from ..notebook import Document, read_bytes
from ..trust import lock_sources
from .options import LockOptions, lock_asked_for
from .relock import relock
from .workplace import Workplace

if TYPE_CHECKING:
    from pathlib import Path

    from ..outcome import Changed

__all__ = ["merge_lock"]

_PATIENCE = 30.0
"""How long git may take to answer, in seconds."""


def merge_lock(place: Workplace, path: Path, *, options: LockOptions) -> Changed:
    """Lock again from what both sides of a merge asked for, both sides' pins as preferences.

    Where git tells both sides and this user made or approved both, that is that. Else what is
    merged may be somebody else's, so writing it wants the policy `all` (`--trust`); a dry run
    shows it first. Raises NotebookError for conflicts outside the lock.
    """
    data = read_bytes(path)
    merged = read_sides(data, str(path), _git_stages(path))
    joined, notes = join_sides(merged)
    document = Document(path, merged.data, seen=hashlib.sha256(data).digest())
    options = replace(
        options,
        python=options.python or joined.python,
        platforms=options.platforms or joined.platforms or None,
        as_of=options.as_of or joined.as_of,
        prefer=tuple(f"{name}=={version}" for name, version in sorted(joined.versions.items())),
    )
    wanted = replace(
        lock_asked_for(place, document, None, options),
        requirements=joined.requirements,
        indexes=joined.indexes,
    )
    if joined.kernel:
        wanted = replace(wanted, kernel=joined.kernel)
    if not (options.dry_run or place.config.trust == "all" or _all_own(place, merged.locks)):
        dry = replace(options, dry_run=True)
        after = relock(place, "lock", document, None, wanted, what="merge", options=dry).lock
        raise NotApproved(
            "the merged lock may be another author's, and you have not approved it",
            where=str(path),
            details=None
            if after is None
            else f"It asks for {', '.join(joined.requirements) or 'nothing'}:"
            f" {len(after.distributions)} distributions from {', '.join(lock_sources(after))}.",
            hint="look at it with `jupyter pyartifacts lock NOTEBOOK --merge --dry-run`; to"
            " approve and write it, add --trust",
        )
    changed = relock(place, "lock", document, None, wanted, what="merge", options=options)
    return replace(changed, notes=(*notes, *changed.notes))


def _git_stages(path: Path) -> dict[int, bytes]:
    """Return what git keeps of an unresolved merge of a file; nothing where there is no git.

    `cat-file` runs no filter and no driver that a repository's configuration may name.
    """
    stages = {}
    for number in (1, 2, 3):
        try:
            done = subprocess.run(
                ["git", "cat-file", "blob", f":{number}:./{path.name}"],
                cwd=path.parent,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            break
        if done.returncode == 0:
            stages[number] = done.stdout
    return stages


def _all_own(place: Workplace, documents: tuple[object, ...]) -> bool:
    """Tell whether this user made or approved all of these locks, two at least."""
    try:
        locks = [parse_lock(document) for document in documents if document is not None]
    except LockError:
        return False
    return len(locks) > 1 and all(place.trust_store.is_approved(lock) for lock in locks)
