"""The tree of errors a person can meet; each says what failed, where, and what to do next."""

from __future__ import annotations

__all__ = [
    "ArtifactError",
    "ForeignFileError",
    "Cancelled",
    "HashMismatch",
    "InvalidRequirement",
    "LockError",
    "NeedsBuild",
    "NetworkError",
    "NoInterpreter",
    "NoWheel",
    "NotApproved",
    "NotebookError",
    "OfflineError",
    "PlatformError",
    "PyArtifactsError",
    "QuotaExceeded",
    "ResolutionError",
    "SdistRefused",
    "StoreError",
    "UnknownProject",
    "UnsafeArchive",
    "UsageError",
]


class PyArtifactsError(Exception):
    """Carry the facts of one failure; `str()` renders them, `hint:` last.

    Parameters are facts, not prose: `what` is the one-line summary without a final full stop,
    `where` names the file, distribution or place inside a document, `expected` and `found` are
    shown under each other, `details` is kept whole (a resolver's explanation, a subprocess's
    stderr), `hint` says what to do next and never is empty.
    """

    code = "error"
    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        hint: str,
        where: str | None = None,
        expected: str | None = None,
        found: str | None = None,
        details: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.where = where
        self.expected = expected
        self.found = found
        self.details = details

    def __str__(self) -> str:
        """Render the message: summary, where, expected against found, details, hint."""
        lines = [self.what if self.where is None else f"{self.what} ({self.where})"]
        if self.expected is not None:
            lines.append(f"  expected: {self.expected}")
        if self.found is not None:
            lines.append(f"  found:    {self.found}")
        if self.details:
            lines.extend("  " + line for line in self.details.strip().splitlines())
        lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def to_event(self) -> dict[str, object]:
        """Return the error as one JSON event of the command line's stream."""
        return {
            "event": "error",
            "code": self.code,
            "message": self.what,
            "where": self.where,
            "expected": self.expected,
            "found": self.found,
            "details": self.details,
            "hint": self.hint,
        }


class UsageError(PyArtifactsError):
    """A command was called in a way it does not understand."""

    code = "usage"
    exit_code = 2


class InvalidRequirement(PyArtifactsError):
    """A requirement cannot be read, or names something that is never built here."""

    code = "invalid-requirement"


class NeedsBuild(InvalidRequirement):
    """A requirement leads to source code, and nothing is built here."""


class LockError(PyArtifactsError):
    """A lock is missing, malformed, from a newer version, or lacks what is asked of it."""

    code = "lock"


class NotebookError(PyArtifactsError):
    """A notebook file cannot be read or written."""

    code = "notebook"


class ForeignFileError(PyArtifactsError):
    """A file in another tool's format cannot be read, or asks for what is never done here."""

    code = "foreign-file"


class NotApproved(PyArtifactsError):
    """A lock was made by somebody else and nobody approved it here."""

    code = "not-approved"


class ResolutionError(PyArtifactsError):
    """The resolver found no set of distributions; its explanation is in `details`."""

    code = "resolution"


class UnknownProject(ResolutionError):
    """No index that is asked has a project of that name."""

    code = "unknown-project"


class NoWheel(ResolutionError):
    """A project has releases, but none that fits has a wheel for the platform and Python."""

    code = "no-wheel"


class NetworkError(PyArtifactsError):
    """An index or a file could not be reached, or the network is switched off."""

    code = "network"


class OfflineError(NetworkError):
    """The network is switched off, and what is needed was never fetched."""

    code = "offline"


class PlatformError(PyArtifactsError):
    """Nothing in the lock fits this machine, or the interpreter that it names is not here."""

    code = "platform"


class NoInterpreter(PlatformError):
    """The Python that a lock is for cannot be had here."""

    code = "no-interpreter"


class ArtifactError(PyArtifactsError):
    """An artifact is not what its lock, its name or its own RECORD says."""

    code = "artifact"


class HashMismatch(ArtifactError):
    """The bytes of an artifact have another digest or size than the lock pins."""

    code = "hash-mismatch"


class UnsafeArchive(ArtifactError):
    """An archive would write outside its tree or is malformed in a way attackers use."""

    code = "unsafe-archive"


class SdistRefused(ArtifactError):
    """A source archive cannot be translated without running something of it; `where` shows why."""

    code = "sdist-refused"


class StoreError(PyArtifactsError):
    """The store cannot be read or written (full, read-only, damaged)."""

    code = "store"


class QuotaExceeded(StoreError):
    """The store would grow beyond its quota: bytes in use, and bytes to add at least."""

    code = "quota"
    used = 0
    more = 0


class Cancelled(PyArtifactsError):
    """The user asked for the work to stop; what was fetched so far is kept."""

    code = "cancelled"
