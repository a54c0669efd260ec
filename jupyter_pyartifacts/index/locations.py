"""Locations of artifacts: from a file's URL to the hint that a lock keeps, and back."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import quote, unquote, urljoin, urlsplit

__all__ = ["file_root", "is_root_hint", "location_for", "url_of_hint"]

_HINT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}\Z")
_STORED = re.compile(r"(?P<root>.*/)(?P<hint>[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60})/[^/]+\Z")


def is_root_hint(location: str) -> bool:
    """Tell a hint relative to the file root: two hex pairs and sixty more hex digits."""
    return bool(_HINT.match(location))


def file_root(url: str) -> str | None:
    """Return what stands before the hint in a file's URL; None if it has another layout."""
    match = _STORED.match(url)
    return match["root"] if match else None


def location_for(url: str, index_url: str) -> str:
    """Write the location hint for a file's URL that the default index listed.

    Relative to the file root where the layout allows it, else relative to the index's own URL
    where both are on one host, else the URL as it is.
    """
    match = _STORED.match(url)
    if match:
        return match["hint"]
    own, base = urlsplit(url), urlsplit(index_url)
    if (own.scheme, own.netloc) != (base.scheme, base.netloc) or own.query:
        return url
    relative = posixpath.relpath(unquote(own.path), unquote(base.path).rstrip("/") or "/")
    return relative if relative.startswith("../") else f"./{relative}"


def url_of_hint(location: str, filename: str, *, index_url: str, root: str | None) -> str | None:
    """Return the URL that a relative hint stands for; None if the root is needed and unknown."""
    if is_root_hint(location):
        return None if root is None else f"{root}{location}/{quote(filename)}"
    return urljoin(index_url.rstrip("/") + "/", quote(location, safe="/+@!~,:"))
