"""The nouns everything is made of: digest, artifact, distribution, lock, environment."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal

from .errors import LockError

__all__ = [
    "Artifact",
    "Delta",
    "Dependency",
    "Digest",
    "Distribution",
    "Environment",
    "Index",
    "Interpreter",
    "InterpreterInUse",
    "LeftOut",
    "Lock",
    "PythonPin",
    "PythonSource",
]

PythonSource = Literal["artifact", "exact", "other-patch"]
_HEX = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A sha256 digest: 64 lower-case hexadecimal digits, written `sha256:HEX`."""

    hex: str

    def __post_init__(self) -> None:
        if not _HEX.match(self.hex):
            raise LockError(
                "a digest is not 64 lower-case hexadecimal digits",
                expected="sha256:<64 hexadecimal digits>",
                found=self.hex[:80],
                hint="restore the lock from the notebook's history, or lock again",
            )

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read `sha256:HEX`; raise LockError for anything else."""
        algorithm, _, digits = text.partition(":")
        if algorithm != "sha256":
            raise LockError(
                "a digest uses an algorithm this version does not know",
                expected="sha256:<64 hexadecimal digits>",
                found=text[:80],
                hint="lock again with this version, or upgrade jupyter_pyartifacts",
            )
        return cls(digits)

    def __str__(self) -> str:
        return f"sha256:{self.hex}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One pinned file: a wheel, a pure-source sdist, or the archive of an interpreter.

    `location` is a hint, never an identity: a path relative to the index's file root
    (`aa/bb/<60 hex>`), one relative to the index's own URL (begins with `./` or `../`), a full
    URL, or `file:` with a path relative to the notebook's directory. An interpreter's is relative
    to the root of a mirror; one that ends in `/` is a directory, and the file's name follows.
    `size` counts bytes; 0 stands for an interpreter's that could not be learned when it was
    locked. An sdist has its translator's version and its tree hash.
    """

    filename: str
    digest: Digest
    size: int
    location: str
    tree: Digest | None = None
    translator: int | None = None
    interpreter: bool = False

    @property
    def kind(self) -> Literal["wheel", "sdist", "interpreter"]:
        """Tell a wheel from an sdist, by the file name (binary distribution format)."""
        if self.interpreter:
            return "interpreter"
        return "wheel" if self.filename.endswith(".whl") else "sdist"

    @property
    def key(self) -> Digest:
        """Return what names its tree in a store: its digest, if that says all.

        Another version of the translator may make another tree of the same sdist, and a store
        keeps both.
        """
        if self.translator is None:
            return self.digest
        return Digest(hashlib.sha256(f"{self.digest} {self.translator}".encode()).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """An edge to another distribution of the lock: canonical name, extras, marker (PEP 508)."""

    name: str
    extras: tuple[str, ...] = ()
    marker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One project at one version, with at most one artifact for each platform.

    `name` is canonical (PEP 503). `marker` (PEP 508) says on which of the lock's platforms it is
    needed, None for all. `index` names the lock's index that it comes from, None for the default.
    """

    name: str
    version: str
    artifacts: tuple[Artifact, ...]
    dependencies: tuple[Dependency, ...] = ()
    marker: str | None = None
    index: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A package index beside the default one; `projects` are the only names taken from it.

    `url` never carries credentials.
    """

    name: str
    url: str
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """The archive of one interpreter for one platform (python-build-standalone layout)."""

    platform: str
    version: str
    build: str
    artifact: Artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpreterInUse:
    """A real interpreter that runs a lock: unpacked in the store, or of this machine.

    `path` is the executable itself, of no virtual environment; `version` the full one (`3.11.7`);
    `identity` names it in a plan's digest: the tree hash of its archive, or its real path and
    full version. `cache_tag` and `magic` (hexadecimal) say which byte code it reads; they are
    empty where nobody asked it. `source` says where it comes from: the archive that the lock pins,
    this machine in exactly the lock's version, or this machine in another patch release; `why`
    says it to a reader. `artifact` is the digest of its archive, `library` the directory of its
    standard library below the store. `notes` say where it differs from what the lock names.
    """

    path: str
    version: str
    identity: str
    implementation: str = "cpython"
    cache_tag: str = ""
    magic: str = ""
    source: PythonSource = "exact"
    why: str = ""
    artifact: Digest | None = None
    library: str = ""
    notes: tuple[str, ...] = ()

    @property
    def minor(self) -> str:
        """Return `3.11` of `3.11.7`."""
        return ".".join(self.version.split(".")[:2])


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonPin:
    """Which Python a lock is for: full version (`3.11.7`), implementation, archives."""

    version: str
    implementation: str = "cpython"
    interpreters: tuple[Interpreter, ...] = ()

    def archive_for(self, platform: str) -> Interpreter | None:
        """Return the archive for a platform; None if the lock has none."""
        return next((each for each in self.interpreters if each.platform == platform), None)

    @property
    def minor(self) -> str:
        """Return `3.11` of `3.11.7`."""
        return ".".join(self.version.split(".")[:2])


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A platform that could not be locked, and why."""

    platform: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """How to get from this lock back to the one before: the reverse of one change.

    `when` is RFC 3339 in UTC to the second, `what` the change in the user's words (`add pandas`).
    `fields` holds the document's former scalar fields, `drop` the line keys to take out and
    `bring` the lines to put back, each by field. `first` marks the change that made the lock:
    undoing it leaves no lock.
    """

    when: str
    what: str
    first: bool = False
    fields: dict[str, object] = field(default_factory=dict)
    drop: dict[str, tuple[str, ...]] = field(default_factory=dict)
    bring: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Everything a notebook pins. All sequences are sorted but `requirements` and `history`.

    `requirements` are the user's words in the order typed; `kernel` is the group that makes a
    kernel of it; `trees` maps a platform to the digest over the sorted tree hashes of its
    artifacts; `history` has the newest change first.
    """

    requirements: tuple[str, ...]
    python: PythonPin
    platforms: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    kernel: tuple[str, ...] = ("ipykernel", "ipywidgets")
    trees: dict[str, Digest] = field(default_factory=dict)
    indexes: tuple[Index, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    as_of: str | None = None
    history: tuple[Delta, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An assembled view, ready to run: absolute paths as text.

    `path` is the venv-shaped directory, `python` its interpreter link, `site_packages` its
    package directory; `interpreter` is the real interpreter behind it and `version` that one's
    full version; `source` and `why` say where that comes from (see InterpreterInUse); `notes` are
    what the user should know (another patch release in use).
    """

    path: str
    python: str
    site_packages: str
    interpreter: str
    version: str
    digest: str
    source: PythonSource = "exact"
    why: str = ""
    notes: tuple[str, ...] = ()
