"""The table of Pythons: which archives there are of which version, and where. Pure.

The table is the one of the distribution `pbs-installer`, or a site's own of the same form: a JSON
array of objects

    {"python_version": {"implementation": "cpython", "major": 3, "minor": 12, "micro": 4,
                        "freethreaded": false},
     "files": [{"platform": "linux", "arch": "x86_64", "install_only": true,
                "filename": "cpython-3.12.4+20240726-...-install_only_stripped.tar.gz",
                "url": "...", "sha256": "..."}, ...]}

A `url` may be relative to the table's own place. It is read as hostile input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from packaging.version import Version

from ..errors import LockError, UsageError
from ..model import Artifact, Digest, Interpreter

__all__ = ["PythonTable", "archive_name", "parse_table"]

_PLATFORMS = {
    ("linux", "x86_64"): "linux-x86_64",
    ("linux", "aarch64"): "linux-aarch64",
    ("macos", "x86_64"): "macos-x86_64",
    ("macos", "aarch64"): "macos-arm64",
    ("windows", "x86_64"): "windows-amd64",
}
_TRIPLES = {
    "x86_64-unknown-linux-gnu": "linux-x86_64",
    "aarch64-unknown-linux-gnu": "linux-aarch64",
    "x86_64-apple-darwin": "macos-x86_64",
    "aarch64-apple-darwin": "macos-arm64",
    "x86_64-pc-windows-msvc": "windows-amd64",
}
_NAME = re.compile(
    r"cpython-(?P<version>3\.\d{1,3}\.\d{1,3}(?:(?:a|b|rc)\d{1,2})?)\+(?P<build>\w{1,40})-"
    r"(?P<triple>[a-z0-9_]+(?:-[a-z0-9_]+){2,3}?)(?:-shared)?-install_only(?:_stripped)?"
    r"\.tar\.(?:gz|zst)\Z"
)
_FILE = re.compile(r"[A-Za-z0-9][!-.0-~]*\Z")
_HINT = (
    "make PYARTIFACTS_PYTHON_TABLE name a table in the form of pbs-installer's versions.json, or"
    " unset it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonTable:
    """The archives of each version of CPython, and the URL that all their locations are below.

    `root` ends in `/`; it is empty where the table has no archive.
    """

    root: str
    archives: Mapping[str, tuple[Interpreter, ...]]

    def newest(self, minor: str) -> str | None:
        """Return the newest release of a minor version; None if there is none."""
        return max(self.near(minor), key=Version, default=None)

    def near(self, minor: str) -> tuple[str, ...]:
        """Return all releases of a minor version, the newest first."""
        found = [version for version in self.archives if version.startswith(f"{minor}.")]
        return tuple(sorted(found, key=Version, reverse=True))

    def url_of(self, digest: Digest) -> str | None:
        """Return the URL of the archive with a digest; None if the table has no such."""
        for archives in self.archives.values():
            for each in archives:
                if each.artifact.digest == digest:
                    return locate(self.root, each.artifact)
        return None


def locate(root: str, artifact: Artifact) -> str:
    """Return the URL of an archive below a root, in the layout that its lock names."""
    hint = artifact.location
    return root + (f"{hint}{quote(artifact.filename)}" if hint.endswith("/") or not hint else hint)


def archive_name(filename: str) -> tuple[str, str, str] | None:
    """Return version, build and platform that an archive's name says; None for other names."""
    match = _NAME.match(filename)
    if match is None or match["triple"] not in _TRIPLES:
        return None
    return match["version"], match["build"], _TRIPLES[match["triple"]]


def parse_table(data: bytes, *, where: str, base: str = "") -> PythonTable:
    """Read a table; `base` is the URL that relative ones are relative to.

    What is no `install_only` archive of CPython for a platform of ours, or has no hash, is passed
    over. Raises UsageError for a table that is of another form.
    """
    try:
        rows = list(_rows(json.loads(data), base))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, LockError) as error:
        raise UsageError(
            "the table of Pythons cannot be read",
            where=where,
            details=f"{type(error).__name__}: {error}"[:400],
            hint=_HINT,
        ) from error
    if not rows:
        return PythonTable(root="", archives={})
    root = _root([url for url, _ in rows])
    if len({urlsplit(url)[:2] for url, _ in rows}) > 1:
        raise UsageError(
            "the archives in the table of Pythons are on more than one host",
            where=where,
            hint="keep them below one URL: the locations in a lock are relative to it",
        )
    archives: dict[str, dict[str, Interpreter]] = {}
    for url, each in rows:
        own = archives.setdefault(each.version, {})
        known = own.get(each.platform)
        if known is None or _is_better(each.artifact.filename, known.artifact.filename):
            location = url[len(root) :]
            if unquote(location.rpartition("/")[2]) == each.artifact.filename and "/" in location:
                location = location.rpartition("/")[0] + "/"
            artifact = _placed(each.artifact, location)
            own[each.platform] = Interpreter(
                platform=each.platform, version=each.version, build=each.build, artifact=artifact
            )
    return PythonTable(
        root=root,
        archives={
            version: tuple(own[name] for name in sorted(own)) for version, own in archives.items()
        },
    )


def _rows(document: Any, base: str) -> Iterator[tuple[str, Interpreter]]:
    for entry in _list(document):
        named = entry["python_version"]
        if named["implementation"] != "cpython" or named["freethreaded"]:
            continue
        version = ".".join(str(int(named[part])) for part in ("major", "minor", "micro"))
        if named.get("prerelease"):
            version += str(named["prerelease"])
        Version(version)
        for file in _list(entry["files"]):
            platform = _PLATFORMS.get((file["platform"], file["arch"]))
            if platform is None or not file["install_only"] or not file["sha256"]:
                continue
            name, url = str(file["filename"]), urljoin(base, str(file["url"]))
            if any(word in name for word in ("freethreaded", "musl", "debug")):
                continue
            if not _FILE.match(name) or not re.fullmatch(r"[!-~]+", url) or not urlsplit(url)[0]:
                raise ValueError(f"{name[:120]!r} at {url[:200]!r}")
            yield (
                url,
                Interpreter(
                    platform=platform,
                    version=version,
                    build=_build(name, url),
                    artifact=Artifact(
                        filename=name,
                        digest=Digest(str(file["sha256"])),
                        size=int(file.get("size") or 0),
                        location="",
                        interpreter=True,
                    ),
                ),
            )


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a {type(value).__name__} where an array should be")
    return value


def _build(filename: str, url: str) -> str:
    """Return what tells builds of one version apart: the date in the name, else its directory."""
    match = re.search(r"\+(\w{1,40})-", filename)
    if match:
        return match[1]
    parent = unquote(urlsplit(url).path).split("/")[-2:-1]
    return parent[0] if parent and re.fullmatch(r"[!-~]{1,40}", parent[0]) else "0"


def _root(urls: list[str]) -> str:
    """Return the URL above all of these, and above the directory of a build."""
    first, last = min(urls), max(urls)
    length = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    common = first[:length] if length is not None else first
    root = common.rpartition("/")[0]
    above, _, name = root.rpartition("/")
    if re.fullmatch(r"20\d{6}", name):
        root = above
    return f"{root}/"


def _is_better(filename: str, known: str) -> bool:
    return "_stripped" in filename and "_stripped" not in known


def _placed(artifact: Artifact, location: str) -> Artifact:
    return Artifact(
        filename=artifact.filename,
        digest=artifact.digest,
        size=artifact.size,
        location=location,
        interpreter=True,
    )
