"""What uv's lock file says, read strictly: packages, edges, wheels (lock version 1)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from ..errors import ResolutionError
from ..index.simple import ProjectFile
from .offer import decode_source
from .synthetic import underlying_sdist

__all__ = ["UvEdge", "UvPackage", "UvWheel", "parse_uv_lock", "read_plain_packages"]

# The lines that uv writes, a small part of TOML: strings without escapes, no nested tables.
_STRING = r'"[^"\\\x00-\x1f\x7f]*"'
_PAIR = re.compile(
    rf"([a-z][a-z-]*) = ({_STRING}|(?:0|[1-9][0-9]*)|\[{_STRING}(?:, {_STRING})*\])", re.ASCII
)
_PAIRS = rf"\{{ {_PAIR.pattern}(?:, {_PAIR.pattern})* \}}"
_ROW = re.compile(rf"    {_PAIRS},", re.ASCII)
_VALUE = re.compile(rf"([a-z][a-z-]*) = (?:{_STRING}|{_PAIRS})", re.ASCII)
_LIST = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*) = \[", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class UvEdge:
    """A dependency: on any version of a name, or on one where several are locked."""

    name: str
    version: str | None = None
    extras: tuple[str, ...] = ()
    marker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UvWheel:
    """A wheel: the URL that the loopback index gave it, and what the index said of it."""

    url: str
    sha256: str | None
    size: int | None

    @property
    def filename(self) -> str:
        """Return the last part of the URL."""
        return _last_part(self.url)

    @property
    def file(self) -> ProjectFile:
        """Return the entry of the loopback index that the URL stands for. Raises ValueError."""
        _, size, url = decode_source(self.url.rsplit("/", 2)[-2])
        return ProjectFile(self.filename, url, self.sha256, self.size if size is None else size)

    @property
    def sdist(self) -> str | None:
        """Return the file name of the sdist that a synthetic wheel stands for; None of others."""
        return _sdist_of(self.url)


# Every wheel is asked for the same of its URL once for each platform, and more than once.
@lru_cache(maxsize=8192)
def _last_part(url: str) -> str:
    return unquote(url.rsplit("/", 1)[-1])


@lru_cache(maxsize=8192)
def _sdist_of(url: str) -> str | None:
    try:
        found = underlying_sdist(decode_source(url.rsplit("/", 2)[-2])[2])
    except (ValueError, IndexError):
        return None
    return None if found is None else found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class UvPackage:
    """One package at one version; `extras` maps an extra to its additional edges."""

    name: str
    version: str
    edges: tuple[UvEdge, ...]
    extras: dict[str, tuple[UvEdge, ...]]
    wheels: tuple[UvWheel, ...]


def parse_uv_lock(text: str, root: str) -> tuple[UvPackage, tuple[UvPackage, ...]]:
    """Return the project `root` and all other packages; raise ResolutionError if unreadable."""
    try:
        entries = read_plain_packages(text)
        if entries is None:
            entries = _read_toml(text)
        packages = [_package(entry) for entry in entries]
        own = next(package for package in packages if package.name == root)
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise ResolutionError(
            "uv wrote a lock that this version cannot read",
            expected="a uv.lock of version 1",
            found=f"{type(error).__name__}: {error}"[:200],
            hint="install another version of uv: pip install 'uv<0.14'",
        ) from error
    return own, tuple(package for package in packages if package is not own)


def _read_toml(text: str) -> list[dict[str, Any]]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    document = tomllib.loads(text)
    if document["version"] != 1:
        raise ValueError(f"lock version {document['version']}")
    entries: list[dict[str, Any]] = document.get("package", [])
    return entries


def read_plain_packages(text: str) -> list[dict[str, Any]] | None:
    """Read the packages of a uv.lock as uv writes it; None for anything out of the ordinary.

    Line by line, in a tenth of the time that a reader of all of TOML takes. What is known of each
    package beside `package.metadata`, which only says again what the project asked for.
    """
    head, *blocks = text.split("\n\n[[package]]\n")
    if not head.startswith("version = 1\n") or "\n[" in head or "'" * 3 in text or '"' * 3 in text:
        return None
    packages: list[dict[str, Any]] = []
    for block in blocks:
        package: dict[str, Any] = {}
        main, *tables = block.split("\n\n[package.")
        if not _fill(package, main):
            return None
        for table in tables:
            title, _, body = table.partition("]\n")
            if title == "optional-dependencies":
                if title in package or not _fill(package.setdefault(title, {}), body):
                    return None
            elif title != "metadata" and not title.startswith("metadata."):
                return None
        packages.append(package)
    return packages


def _fill(table: dict[str, Any], body: str) -> bool:
    """Read the lines of one table; tell whether all of them are of the kinds that are known."""
    rows: list[dict[str, Any]] | None = None
    for line in body.rstrip("\n").split("\n"):
        if rows is not None:
            if line == "]":
                rows = None
            elif _ROW.fullmatch(line):
                rows.append(dict(_pairs(line)))
            else:
                return False
            continue
        opened = _LIST.fullmatch(line)
        value = None if opened else _VALUE.fullmatch(line)
        key = opened[1] if opened else value[1] if value else None
        if key is None or key in table:
            return False
        if opened:
            rows = table[key] = []
        elif line[-1] == '"':
            table[key] = line[len(key) + 4 : -1]
        else:
            table[key] = dict(_pairs(line[len(key) + 3 :]))
    return rows is None


def _pairs(line: str) -> Iterator[tuple[str, Any]]:
    for key, value in _PAIR.findall(line):
        if value[0] == '"':
            yield key, value[1:-1]
        elif value[0] == "[":
            yield key, value[2:-2].split('", "')
        else:
            yield key, int(value)


def _package(entry: dict[str, Any]) -> UvPackage:
    return UvPackage(
        name=str(entry["name"]),
        version=str(entry.get("version", "0")),
        edges=_edges(entry.get("dependencies", [])),
        extras={
            str(extra): _edges(edges)
            for extra, edges in entry.get("optional-dependencies", {}).items()
        },
        wheels=tuple(
            UvWheel(url=str(wheel["url"]), sha256=_sha256(wheel), size=wheel.get("size"))
            for wheel in entry.get("wheels", [])
        ),
    )


def _edges(entries: list[dict[str, Any]]) -> tuple[UvEdge, ...]:
    return tuple(
        UvEdge(
            name=str(entry["name"]),
            version=entry.get("version"),
            extras=tuple(entry.get("extra", ())),
            marker=entry.get("marker"),
        )
        for entry in entries
    )


def _sha256(wheel: dict[str, Any]) -> str | None:
    algorithm, _, value = str(wheel.get("hash", "")).partition(":")
    return value if algorithm == "sha256" else None
