"""The tree of errors a person can meet; each says what failed, where, and what to do next.

A class's first paragraph says what its code means, the second what to do about it: the reference
of error codes is made of them.
"""

from __future__ import annotations

__all__ = [
    "ArtifactError",
    "Cancelled",
    "CellFailed",
    "ForeignFileError",
    "HashMismatch",
    "InternalError",
    "Interrupted",
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
    """A command was called in a way it does not understand.

    Correct the command as the hint says; `--help` after a verb shows what it takes.
    """

    code = "usage"
    exit_code = 2


class InvalidRequirement(PyArtifactsError):
    """A requirement cannot be read, or names something that is never built here.

    Write it as pip takes it: `pandas`, `"pandas>=2"`, the path or URL of a wheel or sdist.
    """

    code = "invalid-requirement"


class NeedsBuild(InvalidRequirement):
    """A requirement leads to source code, and nothing is built here.

    Build a wheel of it yourself (`pip wheel`), and add that file.
    """


class LockError(PyArtifactsError):
    """A lock is missing, malformed, from a newer version, or lacks what is asked of it.

    Give a notebook without one a lock by `add`; put a merged one in order by `lock --merge`, get a
    lost one back by `lock --recover`, and upgrade this package for a lock that is newer than it.
    """

    code = "lock"


class NotebookError(PyArtifactsError):
    """A notebook file cannot be read or written.

    Check its path and permissions; a file that is no JSON comes back from version control.
    """

    code = "notebook"


class ForeignFileError(PyArtifactsError):
    """A file in another tool's format cannot be read, or asks for what is never done here.

    Mend the file at the place that the message names, or leave that part out. Nothing was changed.
    """

    code = "foreign-file"


class NotApproved(PyArtifactsError):
    """A lock was made by somebody else and nobody approved it here.

    Look at it with `show`, then approve it with `trust`, or in the sidebar.
    """

    code = "not-approved"


class ResolutionError(PyArtifactsError):
    """The resolver found no set of distributions; its explanation is in `details`.

    Loosen one of the requirements that it names, take one out, or lock for another Python.
    """

    code = "resolution"


class UnknownProject(ResolutionError):
    """No index that is asked has a project of that name.

    Check the spelling; a name to import is often not the name to install. A project of another
    index wants `--index NAME=URL`.
    """

    code = "unknown-project"


class NoWheel(ResolutionError):
    """A project has releases, but none that fits has a wheel for the platform and Python.

    Take another version, or lock for another Python (`--python`) or for fewer platforms
    (`--platform`).
    """

    code = "no-wheel"


class NetworkError(PyArtifactsError):
    """An index or a file could not be reached, or the network is switched off.

    Check network, proxy and certificates, then repeat the command; what was fetched is kept.
    """

    code = "network"


class OfflineError(NetworkError):
    """The network is switched off, and what is needed was never fetched.

    Repeat it with a network once: `jupyter pyartifacts instantiate NOTEBOOK`; or point the store or
    the index at a place that has the files.
    """

    code = "offline"


class PlatformError(PyArtifactsError):
    """Nothing in the lock fits this machine, or the interpreter that it names is not here.

    Lock again for this platform: `jupyter pyartifacts lock NOTEBOOK --platform NAME`.
    """

    code = "platform"


class NoInterpreter(PlatformError):
    """The Python that a lock is for cannot be had here.

    Let the machine reach the archive that the lock names, put it on a mirror, or install that
    version of Python.
    """

    code = "no-interpreter"


class ArtifactError(PyArtifactsError):
    """An artifact is not what its lock, its name or its own RECORD says.

    Pin another version of the package; tell its authors, if the file is theirs.
    """

    code = "artifact"


class HashMismatch(ArtifactError):
    """The bytes of an artifact have another digest or size than the lock pins.

    Nothing of the file was used. Try again; if it stays so, the file was replaced where it comes
    from, and you should find out why before you lock again.
    """

    code = "hash-mismatch"


class UnsafeArchive(ArtifactError):
    """An archive would write outside its tree or is malformed in a way attackers use.

    Do not use this file. Nothing of it was unpacked.
    """

    code = "unsafe-archive"


class SdistRefused(ArtifactError):
    """A source archive cannot be translated without running something of it; `where` shows why.

    Take a version that has a wheel, or build a wheel yourself and add that file.
    """

    code = "sdist-refused"


class StoreError(PyArtifactsError):
    """The store cannot be read or written (full, read-only, damaged).

    Make room (`gc`) or permissions, repair with `verify`, or name another directory in
    PYARTIFACTS_STORE.
    """

    code = "store"


class QuotaExceeded(StoreError):
    """The store would grow beyond its quota: `used` bytes are in it, `more` at least are to add.

    Take packages out of notebooks or delete those that are no longer needed, run `gc`, or ask
    whoever runs the server for more room.
    """

    code = "quota"
    used = 0
    more = 0


class Cancelled(PyArtifactsError):
    """The user asked for the work to stop; what was fetched so far is kept.

    Repeat the command to go on.
    """

    code = "cancelled"


class CellFailed(PyArtifactsError):
    """A cell of a notebook that `run` executes failed; its traceback is in `details`.

    Mend the cell. A missing import is named with the package to add.
    """

    code = "cell"


class Interrupted(PyArtifactsError):
    """The command was interrupted by Ctrl-C.

    Run the same command again to go on; what was downloaded is kept.
    """

    code = "interrupted"


class InternalError(PyArtifactsError):
    """Something happened that nobody foresaw: a bug of jupyter_pyartifacts.

    Please report it with the lines that it printed.
    """

    code = "internal"
