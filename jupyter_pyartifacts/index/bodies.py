"""Bodies of files over HTTP/1.1 with little work a byte: the standard library's client, pooled.

Wheels are most of what is ever fetched, and every layer that touches each piece of them costs
processor time that extraction could use; pages, which are few and compressed, go another way.
"""

from __future__ import annotations

import base64
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from .failures import Hopeless, Transient

__all__ = ["Bodies", "BodyResponse"]

_FIRST = 128 << 10
_SMALLEST, _LARGEST = 16 << 10, 1 << 20
_QUICK, _SLOW = 0.05, 0.5
"""Seconds for a piece: below the one the next may be larger, above the other it is smaller."""
_IDLE = 16


class _Route(NamedTuple):
    """How to reach an origin: directly, or through a proxy with this header for it."""

    scheme: str
    host: str
    port: int
    proxy: tuple[str, int] | None = None
    proxy_header: str | None = None


class BodyResponse:
    """One answer: status, headers, and the pieces of its body, each gone when the next is asked."""

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response
        self.status_code = response.status
        self.headers: Mapping[str, str] = response.headers  # type: ignore[assignment]

    def pieces(self) -> Iterator[memoryview]:
        """Yield the body in pieces; each is overwritten by the next. Raises Transient.

        They are as large as comes in a fraction of a second: every piece costs several turns at
        the GIL, while whoever watches wants to see movement.
        """
        declared = self._response.length
        buffer = memoryview(bytearray(min(declared or _FIRST, _LARGEST)))
        span = _FIRST
        while True:
            begin = time.monotonic()
            try:
                count = self._response.readinto(buffer[:span])
            except (OSError, HTTPException) as error:
                raise Transient(str(error) or type(error).__name__) from error
            if not count:
                return
            yield buffer[:count]
            took = time.monotonic() - begin
            if took < _QUICK:
                span = min(2 * span, _LARGEST)
            elif took > _SLOW:
                span = max(span // 2, _SMALLEST)


class Bodies:
    """Open bodies over connections that are kept; safe to use from several threads.

    `context` makes the TLS settings when they are needed first.
    """

    def __init__(
        self, *, context: Callable[[], ssl.SSLContext], timeout: float, user_agent: str
    ) -> None:
        self._make_context = context
        self._context: ssl.SSLContext | None = None
        self._timeout = timeout
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._idle: dict[_Route, list[HTTPConnection]] = {}
        self._proxies: dict[str, str] | None = None

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def can_reach(self, url: str) -> bool:
        """Tell whether this client knows the way: proxies that speak SOCKS or TLS it doesn't."""
        return self._route(url) is not None

    @contextmanager
    def open(
        self, url: str, headers: Mapping[str, str], auth: tuple[str, str] | None
    ) -> Iterator[BodyResponse]:
        """Send a GET and yield its answer; a connection whose answer was read whole is kept.

        Raises Transient, and Hopeless for a server that does not prove its name.
        """
        route = self._route(url)
        if route is None:
            raise ValueError(f"no way to {urlsplit(url).netloc}")
        target, sent = self._prepare(url, route, headers, auth)
        connection, response = self._send(route, target, sent)
        try:
            yield BodyResponse(response)
        finally:
            if response.isclosed() and not response.will_close:
                self._keep(route, connection)
            else:
                # Where the server closes, the answer alone still holds the socket.
                response.close()
                connection.close()

    def _send(
        self, route: _Route, target: str, headers: Mapping[str, str]
    ) -> tuple[HTTPConnection, HTTPResponse]:
        while True:
            connection = self._take(route)
            fresh = connection is None
            if connection is None:
                connection = self._connect(route)
            try:
                connection.request("GET", target, headers=dict(headers))
                return connection, connection.getresponse()
            except ssl.SSLCertVerificationError as error:
                connection.close()
                raise Hopeless(str(error)) from error
            except (OSError, HTTPException) as error:
                connection.close()
                if fresh:
                    raise Transient(str(error) or type(error).__name__) from error
                # The server closed a connection that it had kept: the next one may be new.

    def _prepare(
        self,
        url: str,
        route: _Route,
        headers: Mapping[str, str],
        auth: tuple[str, str] | None,
    ) -> tuple[str, dict[str, str]]:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = {"Host": host, "User-Agent": self._user_agent, "Accept": "*/*", **headers}
        if auth is not None:
            sent["Authorization"] = _basic(*auth)
        if route.proxy is not None and route.scheme == "http":
            target = f"http://{host}{target}"
            if route.proxy_header is not None:
                sent["Proxy-Authorization"] = route.proxy_header
        return target, sent

    def _route(self, url: str) -> _Route | None:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
        port = parts.port or (443 if scheme == "https" else 80)
        if self._proxies is None:
            self._proxies = getproxies()
        proxy = self._proxies.get(scheme) or self._proxies.get("all")
        if not proxy or proxy_bypass(f"{host}:{port}") or proxy_bypass(host):
            return _Route(scheme, host, port)
        own = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if own.scheme != "http" or not own.hostname:
            return None
        header = None
        if own.username is not None:
            header = _basic(unquote(own.username), unquote(own.password or ""))
        return _Route(scheme, host, port, (own.hostname, own.port or 80), header)

    def _connect(self, route: _Route) -> HTTPConnection:
        place = route.proxy or (route.host, route.port)
        if route.scheme == "http":
            return HTTPConnection(*place, timeout=self._timeout)
        with self._lock:
            if self._context is None:
                self._context = self._make_context()
        connection = HTTPSConnection(*place, timeout=self._timeout, context=self._context)
        if route.proxy is not None:
            header = {"Proxy-Authorization": route.proxy_header} if route.proxy_header else {}
            connection.set_tunnel(route.host, route.port, headers=header)
        return connection

    def _take(self, route: _Route) -> HTTPConnection | None:
        with self._lock:
            kept = self._idle.get(route)
            return kept.pop() if kept else None

    def _keep(self, route: _Route, connection: HTTPConnection) -> None:
        with self._lock:
            kept = self._idle.setdefault(route, [])
            if len(kept) < _IDLE:
                kept.append(connection)
                return
        connection.close()


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
