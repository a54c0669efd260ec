"""Credentials for indexes: taken out of URLs and netrc, never shown, never written."""

from __future__ import annotations

import netrc
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["Credentials", "split_credentials"]


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return a URL without its credentials, and them (user, password) decoded."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    user, _, password = userinfo.partition(":")
    return parts._replace(netloc=host).geturl(), (unquote(user), unquote(password))


class Credentials:
    """Answer which user and password a URL wants: the longest known prefix, else netrc."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._known: dict[str, tuple[str, str]] = {}
        self._environ = environ
        self._netrc: netrc.netrc | bool | None = False

    def __repr__(self) -> str:
        return f"Credentials(<{len(self._known)} known>)"

    def learn(self, url: str) -> str:
        """Keep the credentials of a URL; return it without them."""
        bare, found = split_credentials(url)
        if found is not None:
            self._known[_prefix(bare)] = found
        return bare

    def find(self, url: str) -> tuple[str, str] | None:
        """Return user and password for a URL; None if nothing is known."""
        if self._known:
            matching = [prefix for prefix in self._known if url == prefix or url.startswith(prefix)]
            if matching:
                return self._known[max(matching, key=len)]
            origin = _origin(url)
            for prefix, found in self._known.items():
                # Files commonly lie beside the index, on the same host (as pip assumes, too).
                if _origin(prefix) == origin:
                    return found
        return self._from_netrc(urlsplit(url).hostname)

    def _from_netrc(self, host: str | None) -> tuple[str, str] | None:
        if self._netrc is False:
            self._netrc = self._read_netrc()
        if not isinstance(self._netrc, netrc.netrc) or not host:
            return None
        entry = self._netrc.hosts.get(host)
        return (entry[0] or "", entry[2] or "") if entry else None

    def _read_netrc(self) -> netrc.netrc | None:
        home = self._environ.get("HOME") or self._environ.get("USERPROFILE")
        places = [self._environ.get("NETRC", "")]
        if home:
            places += [str(Path(home, ".netrc")), str(Path(home, "_netrc"))]
        for place in places:
            if place and Path(place).is_file():
                try:
                    return netrc.netrc(place)
                except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
                    return None
        return None


def _prefix(url: str) -> str:
    return url if url.endswith("/") else url + "/"


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
