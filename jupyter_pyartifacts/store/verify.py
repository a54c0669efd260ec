"""Verifying artifacts: every file against the manifest that the tree hash is over."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import StoreError
from ..model import Digest
from ..report import NullReporter, Progress, Reporter
from ..treehash import parse_manifest
from .layout import CHECKSUMS, FACTS, MANIFEST, SIZES
from .publish import Published
from .storage import hash_file

__all__ = ["Damage", "verify_artifact", "verify_artifacts"]


_CHECKSUMS = re.compile(
    "".join(rf"([0-9a-f]{{64}})  {re.escape(name)}\n" for name in (MANIFEST, SIZES, FACTS))
)


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
        damage = _check_records(home, expected)
        if damage:
            return 0, damage
        entries = parse_manifest((home / MANIFEST).read_bytes())
        sizes = [int(line) for line in (home / SIZES).read_bytes().split()]
        present = _walk(str(artifact.path))
        return len(entries), tuple(_compare(str(artifact.path), entries, sizes, present, quick))
    except OSError as error:
        raise _unreadable(str(artifact.path), error) from error


def _check_records(home: Path, tree: Digest) -> tuple[Damage, ...]:
    """Compare what lies beside a tree with its checksums, and the manifest with the tree hash."""
    found = {name: _hash_record(home / name) for name in (MANIFEST, SIZES, FACTS)}
    try:
        lines = (home / CHECKSUMS).read_bytes().decode("ascii")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        lines = str(error)
    match = _CHECKSUMS.fullmatch(lines)
    if found[MANIFEST] != tree.hex:
        damage = _record_damage(home, MANIFEST, tree.hex, found[MANIFEST])
        if match is None or match[1] != found[MANIFEST]:
            return (damage,)
        # The facts name the tree, so it may be these that were changed.
        return (damage, _record_damage(home, FACTS, f"tree {match[1]}", f"tree {tree.hex}"))
    if match is None or match[1] != tree.hex:
        return (_record_damage(home, CHECKSUMS, f"{tree.hex}  {MANIFEST}", lines[:120]),)
    for name, expected in ((SIZES, match[2]), (FACTS, match[3])):
        if found[name] != expected:
            # Which of the two was changed cannot be known.
            return (
                _record_damage(home, name, expected, found[name]),
                _record_damage(home, CHECKSUMS, f"{found[name]}  {name}", f"{expected}  {name}"),
            )
    return ()


def _hash_record(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return "no such file"


def _record_damage(home: Path, name: str, expected: str, found: str) -> Damage:
    return Damage(path=str(home / name), name="", expected=expected, found=found)


def _unreadable(where: str, error: OSError) -> StoreError:
    return StoreError(
        "a file of the store cannot be read",
        where=where,
        details=str(error),
        hint="check the permissions of the store's directory",
    )


def _walk(tree: str) -> dict[str, os.stat_result]:
    """Return every file of a tree by its path, byte code left out, without following links."""
    found: dict[str, os.stat_result] = {}
    todo = [("", False)]
    while todo:
        prefix, cache = todo.pop()
        try:
            entries = os.scandir(f"{tree}/{prefix}")
        except FileNotFoundError:
            continue
        with entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    todo.append((f"{name}/", entry.name == "__pycache__"))
                elif not cache or not name.endswith((".pyc", ".pyo")):
                    found[name] = entry.stat(follow_symlinks=False)
    return found


def _compare(
    tree: str,
    entries: list[tuple[str, str, str]],
    sizes: list[int],
    present: dict[str, os.stat_result],
    quick: bool,
) -> Iterator[Damage]:
    modes = os.name == "posix"
    for (name, mode, digest), size in zip(entries, sizes, strict=True):
        state = present.pop(name, None)
        if mode == "l":
            expected = f"a link, its target sha256:{digest}"
            if (seen := _describe_link(f"{tree}/{name}", state)) != expected:
                yield Damage(path=f"{tree}/{name}", name=name, expected=expected, found=seen)
            continue
        executable = mode == "x"
        if (
            state is not None
            and state.st_size == size
            and stat.S_ISREG(state.st_mode)
            and (not modes or bool(state.st_mode & 0o111) == executable)
        ):
            if not quick and (seen := hash_file(f"{tree}/{name}")) != digest:
                expected, found = f"sha256:{digest}", f"sha256:{seen}"
                yield Damage(path=f"{tree}/{name}", name=name, expected=expected, found=found)
            continue
        expected, found = _describe(state, executable, digest, size)
        yield Damage(path=f"{tree}/{name}", name=name, expected=expected, found=found)
    for name in sorted(present):
        yield Damage(path=f"{tree}/{name}", name=name, expected="no such file", found="a file")


def _describe(
    state: os.stat_result | None, executable: bool, digest: str, size: int
) -> tuple[str, str]:
    """Return what a file should be and what it is, of one whose kind, size or mode is wrong."""
    if state is None:
        return f"sha256:{digest}", "no such file"
    if not stat.S_ISREG(state.st_mode):
        return f"sha256:{digest}", "no plain file"
    if state.st_size != size:
        return f"{size} bytes", f"{state.st_size} bytes"
    kinds = ("not executable", "executable")
    return kinds[executable], kinds[not executable]


def _describe_link(path: str, state: os.stat_result | None) -> str:
    """Say what a link is, by the digest of its target's text, or what is there instead."""
    if state is None:
        return "no such file"
    if not stat.S_ISLNK(state.st_mode):
        return "no link"
    target = os.fsencode(os.readlink(path))
    return f"a link, its target sha256:{hashlib.sha256(target).hexdigest()}"


def verify_artifacts(
    artifacts: Iterable[Published],
    *,
    quick: bool = False,
    threads: int = 1,
    reporter: Reporter | None = None,
) -> tuple[int, dict[Digest, tuple[Damage, ...]]]:
    """Verify several artifacts; return how many files they have and the damage by tree hash."""
    # It takes longer to import than most stores take to be looked over quickly.
    from concurrent.futures import ThreadPoolExecutor

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
