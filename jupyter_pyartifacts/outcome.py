"""What the use cases return: frozen results that know their JSON event."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .history import Change
from .lock import lock_digest, render_lock
from .model import Environment, InterpreterInUse, LeftOut, Lock

__all__ = [
    "Approved",
    "Changed",
    "Damage",
    "Freed",
    "Listed",
    "Outdated",
    "OutdatedRow",
    "PastChange",
    "Release",
    "Released",
    "Remembered",
    "ShownPin",
    "Stored",
    "Verified",
    "in_use",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The outcome of a verb that makes a lock or an environment.

    `lock` is None where the notebook has none any more; `size` counts the bytes of the artifacts
    that this platform uses; `direct` names the distributions that the user asked for; `former`
    is the Python of the lock before, None if there was none. `size_missing` counts the bytes that
    a dry run's change would fetch, None where that was not asked.
    """

    verb: str
    lock: Lock | None
    former: str | None = None
    changes: tuple[Change, ...] = ()
    direct: frozenset[str] = frozenset()
    environment: Environment | None = None
    notes: tuple[str, ...] = ()
    size: int = 0
    size_missing: int | None = None
    dry_run: bool = False

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream."""
        lock = self.lock
        return {
            "event": "result",
            "verb": self.verb,
            "dry_run": self.dry_run,
            "digest": None if lock is None else str(lock_digest(lock)),
            "lock": None if lock is None else render_lock(lock),
            "changes": [
                {**asdict(change), "direct": change.name in self.direct} for change in self.changes
            ],
            "python": {
                "before": self.former,
                "after": None if lock is None else lock.python.version,
            },
            "environment": None if self.environment is None else asdict(self.environment),
            "notes": list(self.notes),
            "platforms": [] if lock is None else list(lock.platforms),
            "left_out": [] if lock is None else _left_out(lock.left_out),
            "size": self.size,
            "size_missing": self.size_missing,
        }


def in_use(interpreter: InterpreterInUse | None) -> dict[str, str | None] | None:
    """Return which interpreter is in use and why; its path is None while it is to be fetched."""
    if interpreter is None:
        return None
    return {
        "path": interpreter.path or None,
        "version": interpreter.version,
        "source": interpreter.source,
        "why": interpreter.why,
    }


def _left_out(left_out: tuple[LeftOut, ...]) -> list[dict[str, str]]:
    return [asdict(left) for left in left_out]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPin:
    """One distribution as `show` lists it; `size` in bytes, None where not for this platform.

    `instantiated` tells whether it is in the store.
    """

    name: str
    version: str
    size: int | None
    direct: bool
    kernel: bool
    required_by: tuple[str, ...]
    dependencies: tuple[str, ...]
    marker: str | None
    instantiated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a notebook pins, and the interpreter that runs it, or `problem`: why none can be had.

    `question` is what the user has to be asked before the lock may be used, None if nothing;
    `platform` is this machine's; `widgets` the major version of ipywidgets that the JupyterLab
    of this environment draws, None if it draws none.
    """

    lock: Lock
    trusted: bool
    distributions: tuple[ShownPin, ...]
    interpreter: InterpreterInUse | None = None
    problem: str | None = None
    question: str | None = None
    platform: str = ""
    widgets: int | None = None
    notes: tuple[str, ...] = ()

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream."""
        return {
            "event": "result",
            "verb": "show",
            "requirements": list(self.lock.requirements),
            "kernel": list(self.lock.kernel),
            "python": f"{self.lock.python.implementation} {self.lock.python.version}",
            "interpreter": in_use(self.interpreter),
            "interpreter_problem": self.problem,
            "platform": self.platform,
            "platforms": list(self.lock.platforms),
            "left_out": _left_out(self.lock.left_out),
            "indexes": [f"{index.name} {index.url}" for index in self.lock.indexes],
            "as_of": self.lock.as_of,
            "digest": str(lock_digest(self.lock)),
            "trusted": self.trusted,
            "question": self.question,
            "widgets": self.widgets,
            "notes": list(self.notes),
            "distributions": [asdict(each) for each in self.distributions],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdatedRow:
    """One distribution that has something newer; `released` is the newest version's date."""

    name: str
    current: str
    compatible: str | None
    latest: str | None
    released: str | None
    yanked: bool
    direct: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """What has something newer, and what was yanked."""

    rows: tuple[OutdatedRow, ...]
    notes: tuple[str, ...] = ()

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream."""
        return {
            "event": "result",
            "verb": "outdated",
            "outdated": [asdict(row) for row in self.rows],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of a project; `released` is its day, None where the index does not say."""

    version: str
    released: str | None
    yanked: bool
    prerelease: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The versions of a project, the newest first."""

    name: str
    versions: tuple[Release, ...]

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream."""
        return {
            "event": "result",
            "verb": "versions",
            "name": self.name,
            "versions": [asdict(each) for each in self.versions],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store that is written takes; sizes in bytes, `layers` are directories below it.

    `quota` is None where there is none, `free` where nobody can tell.
    """

    path: str
    size: int
    quota: int | None
    artifacts: int
    views: int
    free: int | None
    layers: tuple[str, ...]

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream."""
        return {"event": "result", "verb": "store", **asdict(self), "layers": list(self.layers)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PastChange:
    """One change that can be undone."""

    when: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The changes that a lock remembers, the newest first."""

    history: tuple[PastChange, ...]

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream."""
        return {
            "event": "result",
            "verb": "history",
            "history": [asdict(change) for change in self.history],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One file of the store or the view that is not what its artifact says."""

    path: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The outcome of a check: how many files were read, which were wrong, which are right again."""

    files: int
    damaged: tuple[Damage, ...]
    repaired: tuple[str, ...]

    def __add__(self, other: Verified) -> Verified:
        """Return both checks as one."""
        return Verified(
            files=self.files + other.files,
            damaged=self.damaged + other.damaged,
            repaired=self.repaired + other.repaired,
        )

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream."""
        return {
            "event": "result",
            "verb": "verify",
            "files": self.files,
            "damaged": [asdict(each) for each in self.damaged],
            "repaired": list(self.repaired),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A lock that this user now trusts."""

    digest: str
    distributions: int
    indexes: tuple[str, ...]
    dry_run: bool = False

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream."""
        return {
            "event": "result",
            "verb": "trust",
            "digest": self.digest,
            "distributions": self.distributions,
            "indexes": list(self.indexes),
            "dry_run": self.dry_run,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A lock in another tool's format; `output` is the file that it goes to, None for stdout."""

    format: str
    text: str
    output: str | None
    digest: str
    distributions: int
    notes: tuple[str, ...] = ()

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream; what went to a file is not repeated."""
        return {
            "event": "result",
            "verb": "export",
            "format": self.format,
            "output": self.output,
            "text": self.text if self.output is None else None,
            "digest": self.digest,
            "distributions": self.distributions,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """What a sweep of the store took away, or would take; `size` in bytes."""

    removed: tuple[str, ...]
    size: int
    kept: int
    dry_run: bool

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream."""
        return {
            "event": "result",
            "verb": "gc",
            "removed": list(self.removed),
            "size": self.size,
            "kept": self.kept,
            "dry_run": self.dry_run,
        }
