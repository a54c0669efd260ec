"""Requests under the rules: policy at every redirect, credentials, retries, nothing offline."""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

from ..errors import NetworkError, OfflineError
from .credentials import Credentials, split_credentials
from .failures import Hopeless, Transient, check_status, pause, unreachable
from .policy import LocationPolicy

if TYPE_CHECKING:
    from .bodies import Bodies

__all__ = ["Network", "Reply", "Send", "inflate_page"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 10
_ATTEMPTS = 4
"""How often something small is asked for: without a network nobody should wait for long."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer whose body is still to be read; `url` is where it came from, bare."""

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes | memoryview]
    url: str = ""

    @property
    def length(self) -> int | None:
        """Return how many bytes the body is declared to have."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdigit() else None

    def check(self, allowed: Iterable[int], where: str) -> None:
        """Raise what a status that is not `allowed` means; see `check_status`."""
        after = self.headers.get("retry-after", "")
        check_status(self.status, allowed, url=self.url, where=where, retry_after=after)

    def read(self, limit: int, where: str) -> bytes:
        """Return the whole body; raise NetworkError once it has more than `limit` bytes."""
        body = bytearray()
        for piece in self.pieces:
            body += piece
            if len(body) > limit:
                raise _too_much(limit, where)
        return bytes(body)


Send = Callable[
    [str, str, Mapping[str, str], "tuple[str, str] | None"], AbstractContextManager[Reply]
]
"""Sends method, URL, headers and credentials; raises Transient and Hopeless."""


class Network:
    """Send requests and read replies; safe to use from several threads.

    `send` knows every way there is, `bodies` opens the cheap one for files.
    """

    def __init__(
        self,
        *,
        policy: LocationPolicy,
        credentials: Credentials,
        offline: bool,
        send: Send,
        bodies: Callable[[], Bodies],
        attempts: int = _ATTEMPTS,
    ) -> None:
        self._policy = policy
        self._credentials = credentials
        self._offline = offline
        self._send = send
        self._bodies = bodies
        self._attempts = attempts

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        where: str,
        read: Callable[[Reply], T],
        *,
        plain: bool = False,
    ) -> T:
        """Send a request and return what `read` makes of the reply, trying again what may pass.

        Raises OfflineError, NotApproved, Gone and NetworkError.
        """
        attempt = 0
        while True:
            try:
                with self.open(method, url, headers, where, plain=plain) as reply:
                    return read(reply)
            except Transient as failure:
                attempt += 1
                if attempt >= self._attempts:
                    raise unreachable(url, where, failure) from failure
                time.sleep(pause(attempt, failure))

    @contextlib.contextmanager
    def open(
        self, method: str, url: str, headers: Mapping[str, str], where: str, *, plain: bool
    ) -> Iterator[Reply]:
        """Yield one reply, redirects followed; `plain` asks for the body as it is, uncompressed.

        Raises Transient besides what `ask` raises.
        """
        if self._offline:
            raise OfflineError(
                f"{where} was never fetched, and the network is switched off",
                hint="leave --offline out (or unset PYARTIFACTS_OFFLINE) once, with a network",
            )
        origin = url
        try:
            for _ in range(_HOPS):
                with self._hop(method, url, headers, plain=plain) as reply:
                    target = reply.headers.get("location")
                    if reply.status not in _REDIRECTS or not target:
                        yield replace(reply, url=url)
                        return
                    url = split_credentials(urljoin(url, target).partition("#")[0])[0]
                self._policy.check(url, where=where, listed_by=origin)
        except Hopeless as error:
            raise unreachable(url, where, error) from error
        raise NetworkError(
            f"{urlsplit(origin).hostname} redirects without end",
            where=where,
            hint="check the URL of the index",
        )

    @contextlib.contextmanager
    def _hop(
        self, method: str, url: str, headers: Mapping[str, str], *, plain: bool
    ) -> Iterator[Reply]:
        auth = self._credentials.find(url)
        if plain and method == "GET" and self._bodies().can_reach(url):
            with self._bodies().open(url, headers, auth) as body:
                yield Reply(status=body.status_code, headers=body.headers, pieces=body.pieces())
        else:
            with self._send(method, url, headers, auth) as reply:
                yield reply


def inflate_page(body: bytes, limit: int, where: str) -> bytes:
    """Return a body as it was before gzip (RFC 9110, section 8.4.1.3), where that was applied.

    Neither JSON nor HTML begins as gzip does. Raises Transient for a damaged one, NetworkError
    for one that holds more than `limit` bytes.
    """
    if body[:2] != b"\x1f\x8b":
        return body
    stream = zlib.decompressobj(wbits=31)
    try:
        found = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise Transient(f"the answer is damaged: {error}") from error
    if len(found) > limit:
        raise _too_much(limit, where)
    if not stream.eof:
        raise Transient("the answer ended early")
    return found


def _too_much(limit: int, where: str) -> NetworkError:
    return NetworkError(
        "an index sends more than it should",
        where=where,
        expected=f"at most {limit} bytes",
        found="more",
        hint="check that the configured index is one",
    )
