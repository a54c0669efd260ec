"""Approvals: which locks this user has made or said yes to.

An approval is one small file named after the lock's digest. It holds an HMAC of the digest and of
the places the lock installs from, under a key that only this user can read, so an approval can
neither be carried over from another machine nor be made by somebody who can merely write files.
The notebook's own signature will not do: one ordinary save in Jupyter signs a hostile lock.

An environment may bring approvals for all its users, a list of digests: those that an image was
built with. Who can write it can put code into every process of that environment anyway.

There are no rules that derive one approval from another: every changed lock has another digest.
Whoever makes a lock here approves it by making it; the engine sees to that.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from .config import TrustPolicy
from .errors import NotApproved, StoreError
from .lock import lock_digest
from .model import Artifact, Digest, Lock

__all__ = ["Trust", "lock_sources", "outside_locations"]

_KEY_BYTES = 32
_MOST = 16 << 20
_PRIVATE = 0o600
_KEY_FILE = "key"
_RULE = b"jupyter_pyartifacts approval 1\n"


class Trust:
    """The approvals of one user, kept in `directory` (made at the first approval).

    `environment` is a file of digests that are approved for every user of an environment.
    """

    def __init__(
        self, directory: str | os.PathLike[str], *, environment: Path | None = None
    ) -> None:
        self.directory = Path(directory)
        self.environment = environment

    def is_approved(self, lock: Lock) -> bool:
        """Tell whether this user approved exactly this lock. Reads only, never raises.

        A missing, foreign, damaged or readable-by-others key or approval is no approval.
        """
        if str(lock_digest(lock)) in self._for_everybody():
            return True
        key = self._read_key()
        if key is None:
            return False
        try:
            with open(self._approval(lock), "rb") as file:
                found = file.read(200)
        except OSError:
            return False
        return hmac.compare_digest(found.strip(), _seal(key, lock))

    def approve(self, lock: Lock) -> Digest:
        """Approve this lock and return its digest.

        Raises StoreError if the approval cannot be written, or would not be private.
        """
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Two processes may both find a broken key and replace it: the approval is written
            # again under the one that stayed.
            for _ in range(5):
                _write(self._approval(lock), _seal(self._own_key(), lock) + b"\n")
                if self.is_approved(lock):
                    return lock_digest(lock)
        except OSError as error:
            raise StoreError(
                "the approval cannot be written",
                where=str(self.directory),
                found=error.strerror or str(error),
                hint="make the store's directory writable, or choose another with --store or "
                "PYARTIFACTS_STORE",
            ) from error
        raise StoreError(
            "the key of the approvals cannot be kept private",
            where=str(self.directory / _KEY_FILE),
            expected="a file of your own that only you can read (mode 0600)",
            hint="choose a store on a file system with permissions (--store or "
            "PYARTIFACTS_STORE), or approve every lock with PYARTIFACTS_TRUST=all",
        )

    def approve_for_everybody(self, lock: Lock) -> None:
        """Approve this lock for all users of the environment. Raises StoreError."""
        place = self.environment
        if place is None:
            raise ValueError("there is no environment to approve for")
        lines = sorted({*self._for_everybody(), str(lock_digest(lock))})
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, "".join(f"{line}\n" for line in lines).encode(), mode=0o644)
        except OSError as error:
            raise StoreError(
                "the approvals of the environment cannot be written",
                where=str(place),
                found=error.strerror or str(error),
                hint="run this as somebody who may change this environment",
            ) from error

    def _for_everybody(self) -> frozenset[str]:
        """Return the digests that are approved for all users of the environment."""
        if self.environment is None:
            return frozenset()
        try:
            with open(self.environment, "rb") as file:
                if os.name != "nt" and os.fstat(file.fileno()).st_mode & stat.S_IWOTH:
                    return frozenset()
                return frozenset(file.read(_MOST).decode("ascii").split())
        except (OSError, ValueError):
            return frozenset()

    def check(
        self,
        lock: Lock,
        policy: TrustPolicy = "ask",
        allowed: Iterable[str] = (),
        *,
        where: str | None = None,
    ) -> None:
        """Return if this lock may be used, raise NotApproved if the user has to be asked.

        `ask` wants an approval; `index` also takes a lock that installs from the default index
        and the URLs in `allowed` alone; `all` takes every lock. `where` names the notebook.
        """
        if policy == "all" or self.is_approved(lock):
            return
        if policy == "index" and not outside_locations(lock, allowed):
            return
        count = len(lock.distributions)
        raise NotApproved(
            "this lock was made by somebody else, and you have not approved it",
            where=where,
            details=f"It pins {count} distribution{'' if count == 1 else 's'} "
            f"from {_enumerate(lock_sources(lock))}, for Python {lock.python.version}.\n"
            "Approving it means trusting it to run code on this machine when the kernel starts.",
            hint="look at it with `jupyter pyartifacts show NOTEBOOK`; to approve it, run "
            "`jupyter pyartifacts trust NOTEBOOK`, or `%pyartifacts trust` in the notebook",
        )

    def _approval(self, lock: Lock) -> Path:
        return self.directory / lock_digest(lock).hex

    def _read_key(self) -> bytes | None:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        try:
            handle = os.open(self.directory / _KEY_FILE, flags)
        except OSError:
            return None
        try:
            if not _is_private(os.fstat(handle)):
                return None
            key = os.read(handle, _KEY_BYTES + 1)
        except OSError:
            return None
        finally:
            os.close(handle)
        return key if len(key) == _KEY_BYTES else None

    def _own_key(self) -> bytes:
        """Return the key; make one if there is none, put a new one where it is unusable."""
        key = self._read_key()
        if key is not None:
            return key
        place = self.directory / _KEY_FILE
        existed = os.path.lexists(place)
        key = secrets.token_bytes(_KEY_BYTES)
        # Written aside and linked into place: nobody ever sees half a key, and of two processes
        # that make the first one, the second takes the first's.
        _write(place, key, replace=existed)
        return self._read_key() or key


def lock_sources(lock: Lock) -> tuple[str, ...]:
    """Name the places a lock installs from, the default index first, then sorted URLs.

    Direct URLs are named by scheme and host, local files as `local files`.
    """
    sources = {index.url for index in lock.indexes}
    default = False
    for artifact in _artifacts(lock):
        location = artifact.location
        if location.startswith("file:"):
            sources.add("local files")
        elif "://" in location:
            parts = urlsplit(location)
            known = any(_is_below(location, index.url) for index in lock.indexes)
            if not known:
                sources.add(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
        else:
            default = True
    return (("the default index",) if default else ()) + tuple(sorted(sources))


def outside_locations(lock: Lock, allowed: Iterable[str]) -> tuple[str, ...]:
    """Return what of a lock is neither from the default index nor below an allowed URL, sorted.

    Relative locations are below the default index; `file:` locations are nowhere allowed.
    """
    allowed = tuple(allowed)
    places = {index.url for index in lock.indexes}
    places.update(
        artifact.location
        for artifact in _artifacts(lock)
        if "://" in artifact.location or artifact.location.startswith("file:")
    )
    return tuple(
        sorted(place for place in places if not any(_is_below(place, url) for url in allowed))
    )


def _artifacts(lock: Lock) -> list[Artifact]:
    artifacts = [artifact for each in lock.distributions for artifact in each.artifacts]
    return artifacts + [interpreter.artifact for interpreter in lock.python.interpreters]


def _is_below(location: str, url: str) -> bool:
    """Tell whether a URL is `url` or lies below it: same scheme, host, port, and path prefix.

    Never true where `..` or an escaped form of it could lead out again, or with credentials.
    """
    try:
        one, other = urlsplit(location), urlsplit(url)
        same = (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)
    except ValueError:
        return False
    if not same or one.scheme == "file" or not one.hostname or "@" in one.netloc:
        return False
    if "%2e" in one.path.lower() or "\\" in one.path or ".." in one.path.split("/"):
        return False
    base = other.path.rstrip("/")
    return one.path.rstrip("/") == base or one.path.startswith(base + "/")


def _seal(key: bytes, lock: Lock) -> bytes:
    lines = [str(lock_digest(lock)), *lock_sources(lock)]
    message = _RULE + "\n".join(lines).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest().encode()


def _is_private(status: os.stat_result) -> bool:
    if not stat.S_ISREG(status.st_mode):
        return False
    if os.name == "nt":
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _write(place: Path, data: bytes, *, replace: bool = True, mode: int = _PRIVATE) -> None:
    """Write a file at once; with `replace` false an existing one wins."""
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode != _PRIVATE:
            os.chmod(temporary, mode)
        if replace:
            os.replace(temporary, place)
            return
        try:
            os.link(temporary, place)
        except FileExistsError:
            return
        except OSError:
            os.rename(temporary, place)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _enumerate(names: tuple[str, ...]) -> str:
    if not names:
        return "no index"
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
