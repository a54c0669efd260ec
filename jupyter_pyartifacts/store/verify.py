"""Verifying artifacts: every file against the manifest that the tree hash is over."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..errors import StoreError
from ..model import Digest
from ..report import NullReporter, Progress, Reporter
from ..treehash import parse_manifest
from .layout import MANIFEST, SIZES
from .publish import Published

__all__ = ["Damage", "verify_artifact", "verify_artifacts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One file of an artifact that is not what it was published as.

    `path` is absolute; `name` is the path in the tree, empty for what lies beside it.
    """

    path: str
    name: str
    expected: str
    found: str


def verify_artifact(
    artifact: Published, *, quick: bool = False, tree: Digest | None = None
) -> tuple[int, tuple[Damage, ...]]:
    """Compare an artifact's files with its manifest; return how many there are, and the damage.

    The manifest itself must have the digest `tree` (the artifact's own if None). `quick` looks at
    presence, kind, mode and size only. Byte code caches are not looked at. Raises StoreError if
    something cannot be read.
    """
    home = artifact.home
    expected = tree or artifact.tree
    try:
        lines = (home / MANIFEST).read_bytes()
        sizes = [int(line) for line in (home / SIZES).read_bytes().split()]
        found = Digest(hashlib.sha256(lines).hexdigest())
        entries = parse_manifest(lines) if found == expected else []
        whole = found == expected and len(sizes) == len(entries)
        seen = "the file does not fit its manifest" if found == expected else str(found)
    except FileNotFoundError as error:
        whole, seen, entries = False, f"no file {os.path.basename(error.filename)}", []
    except ValueError:
        whole, seen, entries = False, "a file that cannot be read", []
    except OSError as error:
        raise _unreadable(str(home), error) from error
    if not whole:
        path = str(home / MANIFEST)
        return 0, (Damage(path=path, name="", expected=str(expected), found=seen),)
    try:
        present = dict(_walk(str(artifact.path)))
        return len(entries), tuple(_compare(str(artifact.path), entries, sizes, present, quick))
    except OSError as error:
        raise _unreadable(str(artifact.path), error) from error


def _unreadable(where: str, error: OSError) -> StoreError:
    return StoreError(
        "a file of the store cannot be read",
        where=where,
        details=str(error),
        hint="check the permissions of the store's directory",
    )


def _walk(tree: str, prefix: str = "") -> Iterator[tuple[str, os.stat_result]]:
    try:
        entries = os.scandir(f"{tree}/{prefix}")
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _walk(tree, f"{prefix}{entry.name}/")
                else:
                    yield from _walk_cache(tree, f"{prefix}{entry.name}/")
            else:
                yield f"{prefix}{entry.name}", entry.stat(follow_symlinks=False)


def _walk_cache(tree: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    return (pair for pair in _walk(tree, prefix) if not pair[0].endswith((".pyc", ".pyo")))


def _compare(
    tree: str,
    entries: list[tuple[str, bool, str]],
    sizes: list[int],
    present: dict[str, os.stat_result],
    quick: bool,
) -> Iterator[Damage]:
    for (name, executable, digest), size in zip(entries, sizes, strict=True):
        path = f"{tree}/{name}"
        state = present.pop(name, None)
        if state is None:
            yield Damage(path=path, name=name, expected=f"sha256:{digest}", found="no such file")
        elif not stat.S_ISREG(state.st_mode):
            yield Damage(path=path, name=name, expected=f"sha256:{digest}", found="no plain file")
        elif state.st_size != size:
            found = f"{state.st_size} bytes"
            yield Damage(path=path, name=name, expected=f"{size} bytes", found=found)
        elif os.name == "posix" and bool(state.st_mode & 0o111) != executable:
            modes = ("not executable", "executable")
            wanted = modes[executable]
            yield Damage(path=path, name=name, expected=wanted, found=modes[not executable])
        elif not quick:
            seen = _hash(path)
            if seen != digest:
                expected = f"sha256:{digest}"
                yield Damage(path=path, name=name, expected=expected, found=f"sha256:{seen}")
    for name in sorted(present):
        yield Damage(path=f"{tree}/{name}", name=name, expected="no such file", found="a file")


def _hash(path: str) -> str:
    hashed = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:
        while data := stream.read(1 << 20):
            hashed.update(data)
    return hashed.hexdigest()


def verify_artifacts(
    artifacts: Iterable[Published],
    *,
    quick: bool = False,
    threads: int = 1,
    reporter: Reporter | None = None,
) -> tuple[int, dict[Digest, tuple[Damage, ...]]]:
    """Verify several artifacts; return how many files they have and the damage by tree hash."""
    told = reporter or NullReporter()
    wanted = sorted(artifacts, key=lambda artifact: -artifact.facts.unpacked)
    total = sum(artifact.facts.files for artifact in wanted)
    count = 0
    damaged: dict[Digest, tuple[Damage, ...]] = {}
    with ThreadPoolExecutor(max(1, threads)) as pool:
        checks = pool.map(lambda artifact: verify_artifact(artifact, quick=quick), wanted)
        for artifact, (files, damage) in zip(wanted, checks, strict=True):
            count += files
            if damage:
                damaged[artifact.tree] = damage
            told.progress(
                Progress(
                    stage="verify",
                    done=count,
                    total=total,
                    unit="files",
                    item=artifact.facts.name,
                )
            )
    return count, damaged
