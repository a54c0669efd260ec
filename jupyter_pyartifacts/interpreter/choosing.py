"""Which Python a lock is for: a version as asked, and the archives of it for each platform."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from ..errors import PyArtifactsError, UsageError
from ..index.pythons import PythonTable, archive_name
from ..model import Artifact, Digest, Interpreter, PythonPin
from ..store import Store
from .machine import exact_on_machine, host_minor, host_version, other_patch_on_machine

__all__ = ["choose_python", "is_archive", "learn_sizes", "with_known_sizes", "with_platforms"]

_VERSION = re.compile(r"3\.\d{1,3}(\.\d{1,3}((a|b|rc)\d{1,2})?)?\Z")
_SHOWN = 5


def choose_python(
    wanted: str | None,
    platforms: Sequence[str],
    *,
    table: Callable[[], PythonTable],
    environ: Mapping[str, str],
    directory: Path,
) -> PythonPin:
    """Return the pin for a version (`3.12`, `3.12.4`), for an archive's path, or for None.

    None is this process's own version if the table has it, else the newest of the same minor
    that it has, else this process's own without archives. A minor is its newest release in the
    table. What the table does not have must be on this machine. `directory` is the notebook's.
    Raises UsageError.
    """
    if wanted is None:
        own = host_version()
        known = table()
        chosen = own if own in known.archives else known.newest(host_minor()) or own
        return with_platforms(_pin(chosen, known), platforms)
    if is_archive(wanted):
        pin = _archive(Path(wanted).expanduser(), table(), directory)
    elif not _VERSION.match(wanted):
        raise UsageError(
            "a Python version is not understood",
            expected="a version of CPython such as 3.12 or 3.12.4, or the path of its archive",
            found=wanted[:80],
            hint="write it like --python 3.12",
        )
    else:
        pin = _pin(_release(wanted, table(), environ), table())
    return with_platforms(pin, platforms)


def is_archive(wanted: str) -> bool:
    """Tell a path of an archive from a version."""
    return "/" in wanted or os.sep in wanted or wanted.endswith((".tar.gz", ".tar.zst"))


def with_platforms(
    pin: PythonPin, platforms: Sequence[str], table: PythonTable | None = None
) -> PythonPin:
    """Return a pin with the archives for these platforms; what is missing comes from `table`."""
    kept = [each for each in pin.interpreters if each.platform in platforms]
    if table is not None and pin.interpreters:
        have = {each.platform for each in kept}
        kept += [
            each
            for each in table.archives.get(pin.version, ())
            if each.platform in platforms and each.platform not in have
        ]
    return replace(pin, interpreters=tuple(sorted(kept, key=lambda each: each.platform)))


def _pin(version: str, table: PythonTable) -> PythonPin:
    return PythonPin(version=version, interpreters=table.archives.get(version, ()))


def _release(wanted: str, table: PythonTable, environ: Mapping[str, str]) -> str:
    """Return the full version that is asked for: in the table, else on this machine."""
    if wanted in table.archives:
        return wanted
    minor = ".".join(wanted.split(".")[:2])
    full = wanted != minor
    newest = None if full else table.newest(minor)
    if newest is not None:
        return newest
    pin = PythonPin(version=wanted)
    found = (
        exact_on_machine(pin, environ) if full else other_patch_on_machine(pin, environ, "asked")
    )
    if found is not None:
        return found.version
    near = table.near(minor)
    raise UsageError(
        f"there is no Python {wanted} to lock for",
        expected="a release that the table of Pythons has, or one that is on this machine",
        found=wanted,
        hint=f"these are near it: {', '.join(near[:_SHOWN])}"
        if near
        else f"the table has {_minors(table)}; upgrade pbs-installer for newer ones, or install"
        f" Python {wanted}",
    )


def _minors(table: PythonTable) -> str:
    minors = {tuple(map(int, version.split(".")[:2])) for version in table.archives}
    return ", ".join(f"{major}.{minor}" for major, minor in sorted(minors)) or "none"


def _archive(path: Path, table: PythonTable, directory: Path) -> PythonPin:
    """Return the pin for an archive on disk, with the table's for the other platforms."""
    named = archive_name(path.name)
    if named is None:
        raise UsageError(
            "the name of an archive does not say which Python it holds",
            expected="cpython-VERSION+BUILD-MACHINE-SYSTEM-install_only.tar.gz or .tar.zst, as it"
            " was published",
            found=path.name[:120],
            hint="give the file its name back",
        )
    version, build, platform = named
    hashed, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                hashed.update(piece)
                size += len(piece)
    except OSError as error:
        raise UsageError(
            "the archive of a Python cannot be read",
            where=str(path),
            details=str(error),
            hint="check the path",
        ) from error
    digest = Digest(hashed.hexdigest())
    others = table.archives.get(version, ())
    location = next(
        (each.artifact.location for each in others if each.artifact.digest == digest),
        "file:" + quote(Path(os.path.relpath(path.resolve(), directory.resolve())).as_posix()),
    )
    own = Interpreter(
        platform=platform,
        version=version,
        build=build,
        artifact=Artifact(
            filename=path.name, digest=digest, size=size, location=location, interpreter=True
        ),
    )
    rest = tuple(each for each in others if each.platform != platform)
    return PythonPin(version=version, interpreters=(own, *rest))


def learn_sizes(pin: PythonPin, probe: Callable[[Artifact], int | None]) -> PythonPin:
    """Return a pin whose archives have their sizes, as far as their place can be reached.

    Nothing is said where it cannot: no user can do anything about it, and nothing depends on it.
    """
    unknown = [each for each in pin.interpreters if not each.artifact.size]
    if not unknown:
        return pin
    sizes: dict[Digest, int | None] = {}
    try:
        # One alone first: where it cannot be reached, the others need not be tried.
        sizes[unknown[0].artifact.digest] = probe(unknown[0].artifact)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(max(1, len(unknown) - 1)) as pool:
            rest = [each.artifact for each in unknown[1:]]
            sizes |= zip((each.digest for each in rest), pool.map(probe, rest), strict=True)
    except PyArtifactsError:
        pass
    return _with_sizes(pin, sizes)


def with_known_sizes(pin: PythonPin, store: Store) -> PythonPin:
    """Return a pin whose archives have their sizes if they are in the store."""
    found = [store.find_artifact(each.artifact.digest) for each in pin.interpreters]
    sizes = {
        each.artifact.digest: published.facts.size
        for each, published in zip(pin.interpreters, found, strict=True)
        if published is not None
    }
    return _with_sizes(pin, sizes)


def _with_sizes(pin: PythonPin, sizes: Mapping[Digest, int | None]) -> PythonPin:
    interpreters = []
    for each in pin.interpreters:
        size = each.artifact.size or sizes.get(each.artifact.digest) or 0
        interpreters.append(replace(each, artifact=replace(each.artifact, size=size)))
    return replace(pin, interpreters=tuple(interpreters))
