"""The engine: one loop that takes requests, forks, passes signals on and reports how it ended."""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import PyArtifactsError
from .address import directory, identity, is_private, prefix
from .child import become
from .client import peer_user
from .request import DESCRIPTORS, GO, HEAD, PING, READY, Request

__all__ = ["IDLE", "serve_engine"]

IDLE = 900.0
"""Seconds after which an engine without an owner ends if nobody asked for anything."""
_DEADLINE = 5.0
_LONGEST = 100
_PASSED = frozenset(
    (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGCONT)
)


@dataclass(eq=False)
class _Caller:
    """One connection: what came of its request so far, then the child that serves it."""

    connection: socket.socket
    deadline: float
    received: bytes = b""
    descriptors: list[int] = field(default_factory=list)
    request: Request | None = None
    child: int = 0

    def close(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []
        self.connection.close()


def serve_engine(
    package: str,
    version: str,
    run: Callable[[list[str], int], int],
    *,
    owner: int | None = None,
    idle: float = IDLE,
) -> None:
    """Be an engine until it is idle for `idle` seconds, or its owner or SIGTERM ends it.

    Everything that commands need is loaded already. `run` runs a command line in the child:
    arguments and the process that called it, to exit code. `owner` is a pipe whose other end the
    owner holds; such an engine is never idle. Ends as well once a module that it has loaded
    changed on disk. Raises PyArtifactsError if its socket cannot be made.
    """
    place, listener = _listen(package)
    try:
        _Engine(place, listener, identity(package, version), run, owner, idle).loop()
    finally:
        with contextlib.suppress(OSError):
            os.unlink(place)
        listener.close()


def _listen(package: str) -> tuple[str, socket.socket]:
    home = directory(os.environ)
    place = f"{home}/{prefix(package)}{os.getpid()}"
    if len(os.fsencode(place)) > _LONGEST:
        raise _unfit(place, f"a path of at most {_LONGEST} bytes, which is what sockets take")
    try:
        os.makedirs(home, mode=0o700, exist_ok=True)
        if not is_private(home, stat.S_IFDIR):
            raise _unfit(home, "a directory of your own that only you can enter (mode 0700)")
        _sweep(home, prefix(package))
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            # Under another name until it listens.
            hidden = f"{home}/.{os.getpid()}"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(hidden)
            listener.bind(hidden)
        finally:
            os.umask(mask)
        listener.listen(64)
        os.rename(hidden, place)
    except OSError as error:
        raise _unfit(home, "a directory that can be written", str(error)) from error
    listener.setblocking(False)
    return place, listener


def _unfit(place: str, expected: str, details: str | None = None) -> PyArtifactsError:
    return PyArtifactsError(
        "the engine's socket cannot be made",
        where=place,
        expected=expected,
        details=details,
        hint="name another directory by JUPYTER_RUNTIME_DIR, or go without: commands work the same",
    )


def _sweep(home: str, start: str) -> None:
    """Remove the sockets of engines that are gone."""
    for name in os.listdir(home):
        if not name.startswith(start):
            continue
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(f"{home}/{name}")
            except ConnectionRefusedError:
                os.unlink(f"{home}/{name}")


def _module_times() -> dict[str, tuple[int, int]]:
    """Return time and size of the file of every module that is loaded."""
    found = {}
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if isinstance(name, str):
            with contextlib.suppress(OSError):
                status = os.stat(name)
                found[name] = (status.st_mtime_ns, status.st_size)
    return found


class _Engine:
    def __init__(
        self,
        place: str,
        listener: socket.socket,
        own: str,
        run: Callable[[list[str], int], int],
        owner: int | None,
        idle: float,
    ) -> None:
        self._place = place
        self._listener = listener
        self._identity = os.fsencode(own)
        self._run = run
        self._owner = owner
        self._idle = idle
        self._began = time.time()
        self._used = time.monotonic()
        self._served = 0
        self._ending = False
        self._callers: dict[int, _Caller] = {}
        self._modules = _module_times()
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        for each in (self._wake, self._woken):
            each.setblocking(False)

    def loop(self) -> None:
        """Serve until it is time to end; children that are at work are waited for."""
        if threading.active_count() != 1:
            raise AssertionError("an engine that forks has no threads")
        # What is there stays: no child should copy it only to count references.
        gc.collect()
        gc.freeze()
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        signal.signal(signal.SIGINT, lambda *_: self._end())
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        if self._owner is not None:
            self._selector.register(self._owner, selectors.EVENT_READ)
        while not self._ending or self._callers:
            for key, _ in self._selector.select(self._timeout()):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._wake:
                    with contextlib.suppress(BlockingIOError):
                        self._wake.recv(4096)
                elif key.fileobj == self._owner:
                    self._selector.unregister(key.fileobj)
                    self._end()
                else:
                    caller = self._callers.get(key.fd)
                    if caller is not None:
                        self._hear(caller)
            self._reap()
            self._tidy()

    def _timeout(self) -> float | None:
        waiting = [own.deadline for own in self._callers.values() if not own.child]
        if waiting:
            return max(0.0, min(waiting) - time.monotonic())
        if self._callers or self._owner is not None:
            return None
        return max(0.0, self._used + self._idle - time.monotonic())

    def _tidy(self) -> None:
        now = time.monotonic()
        for caller in list(self._callers.values()):
            if not caller.child and caller.deadline <= now:
                self._drop(caller)
        if not self._callers and self._owner is None and now >= self._used + self._idle:
            self._end()

    def _end(self) -> None:
        """Take no more requests."""
        if not self._ending:
            self._ending = True
            with contextlib.suppress(OSError):
                os.unlink(self._place)
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(self._listener)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if peer_user(connection) != os.geteuid():
            connection.close()
            return
        connection.setblocking(False)
        caller = _Caller(connection, time.monotonic() + _DEADLINE)
        self._callers[connection.fileno()] = caller
        self._selector.register(connection, selectors.EVENT_READ)

    def _drop(self, caller: _Caller) -> None:
        number = caller.connection.fileno()
        self._selector.unregister(caller.connection)
        del self._callers[number]
        caller.close()

    def _hear(self, caller: _Caller) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(caller.connection, 1 << 20, DESCRIPTORS)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        caller.descriptors += descriptors
        if caller.child:
            # Its end, or signals: the child lives no longer than the command that wants it.
            self._pass_on(caller, data)
            if not data:
                self._signal(caller, signal.SIGKILL)
                self._selector.unregister(caller.connection)
            return
        try:
            if not data:
                raise ValueError("it went away")
            caller.received += data
            self._proceed(caller)
        except (ValueError, OSError):
            self._drop(caller)

    def _pass_on(self, caller: _Caller, numbers: bytes) -> None:
        for number in numbers:
            if number in _PASSED:
                self._signal(caller, number)

    def _signal(self, caller: _Caller, number: int) -> None:
        # Not reaped yet, so the number is still the child's.
        if number == signal.SIGTSTP:
            number = signal.SIGSTOP
        with contextlib.suppress(ProcessLookupError):
            os.kill(caller.child, number)

    def _proceed(self, caller: _Caller) -> None:
        if caller.request is None:
            if len(caller.received) < HEAD:
                return
            size = Request.body_size(caller.received[:HEAD])
            if len(caller.received) < HEAD + size:
                return
            caller.request = Request.from_bytes(caller.received[HEAD : HEAD + size])
            caller.received = caller.received[HEAD + size :]
            if caller.request["identity"] != [self._identity]:
                raise ValueError("another installation")
            if _module_times() != self._modules:
                # Upgraded, or edited: what is loaded is not what is installed any more.
                self._end()
                raise ValueError("out of date")
            caller.connection.send(READY)
        if caller.received[:1] == GO:
            if len(caller.descriptors) != DESCRIPTORS:
                raise ValueError("streams are missing")
            self._fork(caller, caller.request)
            self._pass_on(caller, caller.received[1:])
        elif caller.received:
            if caller.received == PING:
                text = (
                    f"{os.getpid()} {self._began:.0f} {self._served} {int(self._owner is not None)}"
                )
                caller.connection.send(text.encode())
            raise ValueError("nothing to do")

    def _fork(self, caller: _Caller, request: Request) -> None:
        self._used = time.monotonic()
        self._served += 1
        # A signal for the child must find the child's own handlers.
        signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED)
        try:
            child = os.fork()
        except BaseException:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED)
            raise
        if child == 0:
            self._be_child(caller, request)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED)
        caller.child = child
        for descriptor in caller.descriptors:
            os.close(descriptor)
        caller.descriptors = []

    def _be_child(self, caller: _Caller, request: Request) -> None:
        """Run the command and end; never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            descriptors, caller.descriptors = caller.descriptors, []
            for each in self._callers.values():
                each.close()
            self._selector.close()
            for end in (self._listener, self._wake, self._woken):
                end.close()
            if self._owner is not None:
                os.close(self._owner)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED)
            code = become(request, _above(descriptors), self._run)
        except KeyboardInterrupt:
            code = 130
        except SystemExit as end_of_it:
            code = end_of_it.code if isinstance(end_of_it.code, int) else 0
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
        except BaseException:  # noqa: BLE001 - the last line of defence: nobody else tells
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code & 0xFF)

    def _reap(self) -> None:
        for caller in list(self._callers.values()):
            if not caller.child:
                continue
            child, status = os.waitpid(caller.child, os.WNOHANG)
            if child:
                self._used = time.monotonic()
                with contextlib.suppress(OSError):
                    caller.connection.send(b"w" + status.to_bytes(4, "big"))
                with contextlib.suppress(KeyError):
                    self._selector.unregister(caller.connection)
                del self._callers[caller.connection.fileno()]
                caller.close()


def _above(descriptors: list[int]) -> list[int]:
    """Return descriptors none of which is one that will be replaced."""
    import fcntl

    moved = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 3) for each in descriptors]
    for each in descriptors:
        os.close(each)
    return moved
