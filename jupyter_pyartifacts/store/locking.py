"""Lock files: one holder at a time, across threads, processes and crashes.

The lock belongs to the open file (flock, or LockFileEx by msvcrt), so it ends with its process
however that ends. A holder unlinks the file before it lets go; whoever got a lock on a file that
is no longer there tries again.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

__all__ = ["Lock", "acquire", "acquire_shared"]

_BUSY = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK}

if sys.platform == "win32":  # pragma: no cover - needs Windows
    import msvcrt

    def _try_lock(handle: int, shared: bool) -> bool:
        # msvcrt knows exclusive locks only; a shared holder takes one byte of many.
        os.lseek(handle, (os.getpid() % 1000) + 1 if shared else 0, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1 if shared else 1001)
        except OSError as error:
            if error.errno in _BUSY:
                return False
            raise
        return True

else:
    import fcntl

    def _try_lock(handle: int, shared: bool) -> bool:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _BUSY:
                return False
            raise
        return True


class Lock:
    """A lock that is held; a context manager that lets go at the end."""

    def __init__(self, path: Path, handle: int, *, keep: bool) -> None:
        self._path = path
        self._handle: int | None = handle
        self._keep = keep

    def release(self) -> None:
        """Let go; a second call does nothing."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        try:
            if not self._keep:
                os.unlink(self._path)
        except OSError:
            # An open file cannot be unlinked on Windows; an empty lock file does no harm.
            pass
        finally:
            os.close(handle)

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _attempt(path: Path, shared: bool, keep: bool) -> Lock | None:
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            if not _try_lock(handle, shared):
                os.close(handle)
                return None
            own = os.fstat(handle)
            try:
                there = os.stat(path)
            except FileNotFoundError:
                there = None
        except BaseException:
            os.close(handle)
            raise
        if there is not None and (there.st_ino, there.st_dev) == (own.st_ino, own.st_dev):
            return Lock(path, handle, keep=keep)
        os.close(handle)


def acquire(
    path: Path, *, wait: bool = True, check: Callable[[], None] = lambda: None
) -> Lock | None:
    """Take the lock at `path`; None if it is held elsewhere and `wait` is false.

    While waiting, `check` is called again and again; it may raise to give up. Raises OSError.
    """
    return _poll(path, False, False, wait, check)


def acquire_shared(path: Path, *, exclusive: bool = False, wait: bool = True) -> Lock | None:
    """Take a lock that several may hold at once, or the one that excludes all of those."""
    return _poll(path, not exclusive, True, wait, lambda: None)


def _poll(
    path: Path, shared: bool, keep: bool, wait: bool, check: Callable[[], None]
) -> Lock | None:
    pause = 0.002
    while True:
        lock = _attempt(path, shared, keep)
        if lock is not None or not wait:
            return lock
        check()
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
