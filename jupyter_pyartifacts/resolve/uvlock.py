"""What uv's lock file says, read strictly: packages, edges, wheels (lock version 1)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ..errors import ResolutionError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["UvEdge", "UvPackage", "UvWheel", "parse_uv_lock"]


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
        return unquote(self.url.rsplit("/", 1)[-1])


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
        document = tomllib.loads(text)
        if document["version"] != 1:
            raise ValueError(f"lock version {document['version']}")
        packages = [_package(entry) for entry in document.get("package", [])]
        own = next(package for package in packages if package.name == root)
    except (tomllib.TOMLDecodeError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise ResolutionError(
            "uv wrote a lock that this version cannot read",
            expected="a uv.lock of version 1",
            found=f"{type(error).__name__}: {error}"[:200],
            hint="install another version of uv: pip install 'uv<0.14'",
        ) from error
    return own, tuple(package for package in packages if package is not own)


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
