"""pylock.toml (PEP 751), through `packaging.pylock`: a whole lock out, a whole lock in.

Our own table `[tool.pyartifacts]` holds what PEP 751 has no word for: what the user asked for,
the kernel group, the Python, the platforms and the indexes. Without it the file is as good as
any other's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import tomli_w
from packaging.markers import Marker
from packaging.pylock import (
    Package,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockUnsupportedVersionError,
    PylockValidationError,
)
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename
from packaging.version import InvalidVersion, Version

from ..errors import ForeignFileError
from ..filenames import parse_version
from ..model import Artifact, Distribution, Index, Lock
from ..platforms import PLATFORMS, uv_environment
from .toml import Table, parse_toml
from .wanted import Pinned, Wanted, bare_url, check_requirement, hashes_of, project_of, tie_indexes

__all__ = ["read_pylock", "write_pylock"]

TOOL = "pyartifacts"
_VERSION = Version("1.0")
# What it warns of is said in a note, and without a handler it would go to stderr.
logging.getLogger(Pylock.__module__).addHandler(logging.NullHandler())
_MEND = "mend the file, or write it anew with the tool that made it"


def write_pylock(
    lock: Lock, *, place_of: Callable[[Artifact], str], requirements: tuple[str, ...]
) -> str:
    """Return a lock as the text of a pylock.toml.

    `place_of` tells where an artifact is: a URL, or a path relative to the file that is written.
    `requirements` are the lock's, their paths relative to that file.
    """
    urls = {index.name: index.url for index in lock.indexes}
    tool: dict[str, Any] = {
        "requirements": list(requirements),
        "kernel": list(lock.kernel),
        "python": f"{lock.python.implementation} {lock.python.version}",
        "platforms": list(lock.platforms),
    }
    if lock.indexes:
        tool["indexes"] = [
            {"name": index.name, "url": index.url, "projects": list(index.projects)}
            for index in lock.indexes
        ]
    if lock.as_of:
        tool["as-of"] = lock.as_of
    pylock = Pylock(
        lock_version=_VERSION,
        created_by="jupyter_pyartifacts",
        requires_python=SpecifierSet(f"=={lock.python.minor}.*"),
        environments=[
            Marker(uv_environment(platform, lock.python.minor, lock.python.implementation))
            for platform in lock.platforms
        ],
        packages=[
            _package(own, place_of, None if own.index is None else urls[own.index], lock)
            for own in lock.distributions
        ],
        tool={TOOL: tool},
    )
    pylock.validate()
    return tomli_w.dumps(dict(pylock.to_dict()))


def _package(
    own: Distribution, place_of: Callable[[Artifact], str], index: str | None, lock: Lock
) -> Package:
    versions = {each.name: each.version for each in lock.distributions}
    several = {
        each.name
        for each in lock.distributions
        if versions[each.name] != each.version  # the last of several versions won above
    }
    wheels, sdist = [], None
    for artifact in own.artifacts:
        place = place_of(artifact)
        source = {"url": place} if "://" in place else {"path": place}
        facts: dict[str, Any] = {
            "name": _file_name(own, artifact),
            "size": artifact.size,
            "hashes": {"sha256": artifact.digest.hex},
            **source,
        }
        if artifact.kind == "wheel":
            wheels.append(PackageWheel(**facts))
        else:
            sdist = PackageSdist(**facts)
    dependencies = [{"name": name} for name in sorted({each.name for each in own.dependencies})]
    # PEP 751: a dependency names what tells it from others; of several versions ours does not.
    dependencies = [each for each in dependencies if each["name"] not in several]
    return Package(
        name=canonicalize_name(own.name),
        version=parse_version(own.version),
        marker=Marker(own.marker) if own.marker else None,
        dependencies=dependencies or None,
        index=index,
        sdist=sdist,
        wheels=wheels or None,
    )


def _file_name(own: Distribution, artifact: Artifact) -> str:
    """Return a file's name as the format takes it; old sdists have names that it does not."""
    if artifact.kind == "wheel":
        return artifact.filename
    try:
        if parse_sdist_filename(artifact.filename)[0] == own.name:
            return artifact.filename
    except (InvalidSdistFilename, InvalidVersion):
        pass
    suffix = ".zip" if artifact.filename.endswith(".zip") else ".tar.gz"
    return f"{own.name.replace('-', '_')}-{own.version}{suffix}"


def read_pylock(text: str, where: str) -> Wanted:
    """Read a pylock.toml; raise ForeignFileError, InvalidRequirement with the place."""
    table = parse_toml(text, where)
    pylock = _validated(table, where)
    pins: list[Pinned] = []
    direct: list[str] = []
    notes: list[str] = []
    if pylock.lock_version > _VERSION:
        notes.append(f"{where} is of version {pylock.lock_version}, and was read as 1.0")
    for number, package in enumerate(pylock.packages):
        place = f"{where}, packages[{number}]"
        if package.is_direct:
            direct.append(_direct(package, place))
            continue
        wheels = list(package.wheels or ())
        files: list[PackageWheel | PackageSdist] = [*wheels]
        if package.sdist is not None:
            files.append(package.sdist)
        version = package.version or _version_of(package, place)
        pins.append(
            Pinned(
                name=package.name,
                version=str(version),
                hashes=frozenset(_sha256(each.hashes, place) for each in files),
                marker=_marker(package.marker, place, notes),
                index=None if package.index is None else bare_url(package.index),
            )
        )
        if files and all(each.path and not each.url for each in wheels) and wheels:
            direct.extend(check_requirement(_relative(str(each.path)), place) for each in wheels)
    wanted = Wanted(
        requirements=tuple(direct),
        pins=tuple(pins),
        hashes=hashes_of(pins),
        requires_python=str(pylock.requires_python) if pylock.requires_python else None,
        notes=tuple(notes),
    )
    own = table.table("tool").table(TOOL)
    if own.values:
        return _with_own(wanted, own)
    indexes, ties = tie_indexes(pins, where)
    requirements, complete = _requirements(pylock, direct)
    return replace(
        wanted,
        requirements=requirements,
        complete=complete,
        indexes=indexes,
        notes=(*notes, *ties),
        platforms=_platforms(pylock),
    )


def _validated(table: Table, where: str) -> Pylock:
    try:
        return Pylock.from_dict(table.values)
    except PylockUnsupportedVersionError as error:
        raise ForeignFileError(
            "a pylock file is of a version that is not known here",
            where=f"{where}, lock-version",
            expected="1.0",
            found=str(table.values.get("lock-version"))[:40],
            hint="upgrade jupyter_pyartifacts, or write the file in version 1.0",
        ) from error
    except PylockValidationError as error:
        raise ForeignFileError(
            "a pylock file is not as PEP 751 has it",
            where=f"{where}, {error.context}" if error.context else where,
            found=error.message[:300],
            hint=_MEND,
        ) from error


def _direct(package: Package, place: str) -> str:
    if package.archive is not None:
        archive = package.archive
        target = archive.url or _relative(str(archive.path))
        if archive.url:
            target = f"{target}#sha256={_sha256(archive.hashes, place)}"
        return check_requirement(target, f"{place}.archive")
    kind = "a directory" if package.directory is not None else "a version control URL"
    raise ForeignFileError(
        f"{package.name} comes from {kind}, and that cannot be pinned: it would have to be built",
        where=place,
        hint="build a wheel of it (python -m build --wheel) and add the .whl file, or lock a"
        " released version",
    )


def _relative(path: str) -> str:
    path = path.replace("\\", "/")
    return path if path.startswith(("/", "./", "../")) or path[1:2] == ":" else f"./{path}"


def _version_of(package: Package, place: str) -> Version:
    for wheel in package.wheels or ():
        return Version(wheel.filename.split("-")[1])
    raise ForeignFileError(
        f"{package.name} has no version", where=place, expected="a version", hint=_MEND
    )


def _sha256(hashes: Mapping[str, str], place: str) -> str:
    value = str(hashes.get("sha256", "")).lower()
    if len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ForeignFileError(
            "a file has no sha256",
            where=place,
            expected="hashes.sha256 with 64 hexadecimal digits",
            found=", ".join(sorted(hashes))[:120],
            hint="write the file anew with a tool that puts sha256 in",
        )
    return value


def _marker(marker: Marker | None, place: str, notes: list[str]) -> str | None:
    """Return a marker for a constraint; what PEP 751 adds to PEP 508 is no part of it."""
    text = None if marker is None else str(marker)
    if text and ("extras" in text or "dependency_groups" in text):
        notes.append(f"{place}: the marker {text} is taken as fulfilled")
        return None
    return text


def _requirements(pylock: Pylock, direct: list[str]) -> tuple[tuple[str, ...], bool]:
    """Return what nothing else in the file needs, if the file has edges; else everything."""
    names = list(dict.fromkeys(package.name for package in pylock.packages))
    needed = {
        canonicalize_name(str(edge.get("name", "")))
        for package in pylock.packages
        for edge in package.dependencies or ()
    }
    given = {project_of(text) for text in direct}
    top = tuple(name for name in names if name not in needed and name not in given)
    return (*direct, *top), bool(needed)


def _platforms(pylock: Pylock) -> tuple[str, ...] | None:
    """Return the platforms that a file's `environments` take, if it names any of ours."""
    from ..platforms import marker_environment

    if not pylock.environments:
        return None
    minor = next(
        (
            f"3.{number}"
            for number in range(30, 6, -1)
            if pylock.requires_python is None or pylock.requires_python.contains(f"3.{number}.99")
        ),
        "3.12",
    )
    found = tuple(
        name
        for name in sorted(PLATFORMS)
        if any(
            marker.evaluate(dict(marker_environment(name, f"{minor}.99")))
            for marker in pylock.environments
        )
    )
    return found or None


def _with_own(wanted: Wanted, own: Table) -> Wanted:
    python = own.text("python")
    platforms = own.texts("platforms")
    for number, name in enumerate(platforms):
        if name not in PLATFORMS:
            raise ForeignFileError(
                "a platform is not known",
                where=own.place(f"platforms[{number}]"),
                expected=", ".join(sorted(PLATFORMS)),
                found=name[:80],
                hint=_MEND,
            )
    return replace(
        wanted,
        requirements=own.requirements("requirements"),
        python=None if python is None else python.rpartition(" ")[2],
        platforms=tuple(platforms) or None,
        as_of=own.text("as-of"),
        indexes=tuple(
            Index(
                name=each.required("name"),
                url=each.required("url"),
                projects=tuple(sorted(map(canonicalize_name, each.texts("projects")))),
            )
            for each in own.tables("indexes")
        ),
    )
