"""The client: hand this very command to a running engine, and be its face to the world."""

from __future__ import annotations

import os
import signal
import socket
import sys

from .address import identity, is_switched_off, places
from .request import GO, PING, READY, Request

__all__ = ["VERBS", "ask_engines", "run_by_engine"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

VERBS = frozenset(
    (
        "add",
        "remove",
        "upgrade",
        "lock",
        "undo",
        "trust",
        "instantiate",
        "verify",
        "gc",
        "store",
        "versions",
        "show",
        "outdated",
        "history",
    )
)
"""What an engine runs: short, and with nothing to say of the process that runs it."""
_PATIENCE = 1.0
_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP")


class _Refused(Exception):
    """An engine that is of no use for this command."""


def run_by_engine(arguments: Sequence[str], package: str, version: str) -> int | None:
    """Let a running engine run a command line; return its exit code, None if none was of use.

    `package` is the directory of this package. Ends this process by a signal where that is how
    the command ended. Nothing is said of an engine that is not there, hangs or is not to be
    trusted: then None is returned, and nothing was done.
    """
    if not arguments or arguments[0] not in VERBS or is_switched_off(os.environ):
        return None
    found = places(os.environ, package)
    if not found:
        return None
    own = identity(package, version)
    for place in found:
        try:
            here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return None  # a directory that is gone, or closed to us
        try:
            with _prepare(place, _request(arguments, own)) as connection:
                return _follow(connection, here)
        except _Refused:
            continue
        finally:
            os.close(here)
    return None


def ask_engines(package: str, version: str) -> list[tuple[str, str]]:
    """Return the socket and the answer of each engine of this installation that is of use."""
    own = identity(package, version)
    answers = []
    for place in places(os.environ, package):
        try:
            with _prepare(place, _request((), own)) as connection:
                connection.settimeout(_PATIENCE)
                connection.sendall(PING)
                text = b""
                while piece := connection.recv(4096):
                    text += piece
        except (_Refused, OSError):
            continue
        answers.append((place, text.decode(errors="replace")))
    return answers


def _request(arguments: Sequence[str], own: str) -> bytes:
    streams = []
    for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        try:
            if stream is None or stream.fileno() != number:
                raise _Refused
        except (AttributeError, OSError, ValueError) as error:
            raise _Refused from error  # closed, or put in the place of the real one
        facts = (
            stream.encoding,
            stream.errors or "strict",
            int(stream.line_buffering),
            int(getattr(stream, "write_through", False)),
        )
        streams.append(" ".join(str(fact) for fact in facts))
    mask = os.umask(0o077)
    os.umask(mask)
    process = [os.getppid(), mask, int(sys.dont_write_bytecode)]
    ignored = [
        number
        for name in _FORWARDED
        if signal.getsignal(number := getattr(signal, name)) is signal.SIG_IGN
    ]
    return Request(
        identity=[os.fsencode(own)],
        arguments=[os.fsencode(text) for text in arguments],
        environ=[key + b"=" + value for key, value in os.environb.items()],
        streams=[text.encode() for text in streams],
        process=[b"%d" % number for number in process],
        ignored=[b"%d" % number for number in ignored],
    ).to_bytes()


def _prepare(place: str, request: bytes) -> socket.socket:
    """Connect, send the request, and return the connection once the engine says it is ready.

    Raises _Refused.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_PATIENCE)
        connection.connect(place)
        if peer_user(connection) != os.geteuid():
            raise _Refused
        connection.sendall(request)
        if connection.recv(1) != READY:
            raise _Refused
        connection.settimeout(None)
    except OSError as error:
        connection.close()
        raise _Refused from error
    except BaseException:
        connection.close()
        raise
    return connection


def peer_user(connection: socket.socket) -> int | None:
    """Return the user on the other side of a connection; None where the system does not say."""
    if hasattr(socket, "SO_PEERCRED"):
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int.from_bytes(data[4:8], sys.byteorder)
    # LOCAL_PEERCRED of macOS and the BSDs: struct xucred, version and user first (unix(4)).
    data = connection.getsockopt(0, 1, 76)
    return int.from_bytes(data[4:8], sys.byteorder) if len(data) >= 8 else None


def _follow(connection: socket.socket, here: int) -> int:
    """Let the engine begin, pass signals on, and return the exit code."""

    def forward(number: int, _: FrameType | None) -> None:
        try:
            connection.send(bytes([number]))
        except OSError:
            return
        if number == signal.SIGTSTP:
            os.kill(os.getpid(), signal.SIGSTOP)
            connection.send(bytes([signal.SIGCONT]))

    numbers = [getattr(signal, name) for name in _FORWARDED]
    # What comes now is told once there is a child to tell it.
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, forward)
    socket.send_fds(connection, [GO], [0, 1, 2, here])
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    answer = b""
    while len(answer) < 5:
        piece = connection.recv(5 - len(answer))
        if not piece:
            sys.stderr.write(
                "error: the engine that ran this command went away\n"
                "hint: run the same command again; what was downloaded is kept\n"
            )
            return 1
        answer += piece
    status = int.from_bytes(answer[1:], "big")
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return 128 + number
    return os.WEXITSTATUS(status)
