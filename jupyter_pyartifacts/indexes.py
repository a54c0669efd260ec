"""The indexes beside the default one, and the projects tied to each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from .errors import UsageError
from .model import Index

__all__ = ["index_url", "merge_indexes", "parse_index"]


def parse_index(text: str) -> Index:
    """Read `[NAME=]URL`; without a name it is called after its host and last path segment.

    The credentials of a URL are no part of what a lock keeps. Raises UsageError.
    """
    url = index_url(text)
    name = text[: -len(url)].rstrip("=") if url else text.rstrip("=")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    named = not name or re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name)
    whole = (parts.scheme in ("http", "https") and host) or (parts.scheme == "file" and parts.path)
    if not named or not whole or re.search(r"\s", url):
        raise UsageError(
            "an index is not understood",
            expected="URL or NAME=URL, with https://, http:// or file://",
            found=re.sub(r"//[^/@]*@", "//***@", text)[:200],
            hint="write it like pytorch=https://download.example/whl/cu124",
        )
    netloc = host if port is None else f"{host}:{port}"
    bare = urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), parts.query, ""))
    if not name:
        words = [host.split(".")[0] if "." in host else host, parts.path.rstrip("/").split("/")[-1]]
        name = re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-") or "index"
    return Index(name=name.lower(), url=bare)


def index_url(text: str) -> str:
    """Return the URL of `[NAME=]URL` as it was given, credentials included."""
    name, equals, url = text.partition("=")
    return url if equals and "/" not in name else text


def merge_indexes(
    existing: Sequence[Index], texts: Iterable[str], projects: Iterable[str]
) -> tuple[Index, ...]:
    """Add the given indexes and tie the projects to the last of them, and to no other."""
    merged = {index.name: index for index in existing}
    names = frozenset(projects)
    given = [parse_index(text) for text in texts]
    for index in given:
        merged[index.name] = replace(index, projects=_tied(merged.get(index.name)))
    if not given:
        return tuple(merged[name] for name in sorted(merged))
    last = given[-1].name
    for name, index in merged.items():
        own = set(index.projects) - names | (names if name == last else set())
        merged[name] = replace(index, projects=tuple(sorted(own)))
    return tuple(merged[name] for name in sorted(merged))


def _tied(index: Index | None) -> tuple[str, ...]:
    return index.projects if index else ()
