"""Which locations may be fetched: the indexes that are allowed, and nothing private by accident."""

from __future__ import annotations

import ipaddress
import posixpath
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from ..errors import NotApproved

__all__ = ["LocationPolicy", "is_private"]


def is_private(url: str) -> bool:
    """Tell URLs that lead into this machine or its network: `file:`, private addresses, names
    without a dot."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return True
    host = (parts.hostname or "").rstrip(".").lower()
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))


class LocationPolicy:
    """Allow URLs by their prefix: scheme, host, port, and for files the directory.

    What is allowed comes from the configuration, from the indexes of an approved lock, and from
    what those indexes list.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._origins: set[tuple[str, str]] = set()
        self._directories: set[str] = set()
        self._exact: set[str] = set()
        for url in allowed:
            self.allow(url)

    def allow(self, url: str) -> None:
        """Allow everything beside a URL: its whole host, or for `file:` its directory."""
        parts = urlsplit(url)
        if parts.scheme == "file":
            self._directories.add(_directory(parts.path))
        else:
            self._origins.add(_origin(url))

    def allow_file(self, url: str) -> None:
        """Allow one URL and nothing beside it."""
        self._exact.add(url)

    def allows(self, url: str) -> bool:
        """Tell whether a URL may be fetched."""
        if url in self._exact:
            return True
        parts = urlsplit(url)
        if parts.scheme == "file":
            path = posixpath.normpath(unquote(parts.path))
            return not parts.netloc and any(
                path == directory or path.startswith(directory.rstrip("/") + "/")
                for directory in self._directories
            )
        return parts.scheme in ("http", "https") and _origin(url) in self._origins

    def allows_from(self, index_url: str, url: str) -> bool:
        """Tell whether a URL may be fetched that an allowed index listed or redirected to.

        An index vouches for what it lists, but a public one does not reach into this network.
        """
        if self.allows(url):
            return True
        if urlsplit(url).scheme == "file":
            return urlsplit(index_url).scheme == "file"
        return not is_private(url) or is_private(index_url)

    def check(self, url: str, *, where: str | None = None, listed_by: str | None = None) -> None:
        """Raise NotApproved for a URL that may not be fetched."""
        if self.allows(url) or (listed_by is not None and self.allows_from(listed_by, url)):
            return
        parts = urlsplit(url)
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if parts.scheme == "file":
            place = "file://" + posixpath.dirname(parts.path)
        raise NotApproved(
            "a location lies outside the indexes that are allowed, so nothing was fetched",
            where=where,
            expected=", ".join(self.describe()) or "no index is allowed",
            found=shown,
            hint=f"if you trust it, set PYARTIFACTS_ALLOWED_INDEXES={place}",
        )

    def describe(self) -> tuple[str, ...]:
        """List what is allowed, sorted, without credentials."""
        origins = (f"{scheme}://{host}" for scheme, host in self._origins)
        return tuple(sorted([*origins, *(f"file://{path}" for path in self._directories)]))


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return parts.scheme, f"{host}{port}"


def _directory(path: str) -> str:
    return posixpath.normpath(unquote(path)) or "/"
