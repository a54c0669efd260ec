"""The translation of one archive: read it, decide, write the tree."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from ...errors import UnsafeArchive
from ...model import Digest
from ...plan import TRANSLATOR_VERSION
from ...treehash import TreeEntry, manifest
from ..names import check_names
from ..survey import survey_tree
from ..wheel import READ_ONLY, Tree
from .archive import SdistName, Source, open_members, parse_sdist_name, read_source
from .backends import plan_layout
from .layout import Layout
from .metadata import project_names, render_metadata

__all__ = ["TRANSLATOR_VERSION", "read_sdist_metadata", "translate_sdist"]

_CHUNK = 1 << 20
_MAX_CHANGED = 16 << 20
"""Bytes of a file that is rewritten (a script)."""


@dataclass(frozen=True, slots=True)
class _Target:
    path: str
    executable: bool
    change: Callable[[bytes], bytes] | None


def _ignore(_: int) -> None:
    """Watch nothing."""


def _decide(
    path: str | os.PathLike[str], filename: str, watch: Callable[[int], None] = _ignore
) -> tuple[Source, Layout]:
    name = parse_sdist_name(filename)
    source = read_source(os.fspath(path), name, watch)
    project_names(source)
    return source, plan_layout(source)


def read_sdist_metadata(path: str | os.PathLike[str], filename: str) -> bytes:
    """Return the core metadata that the archive's tree will have; write nothing.

    Raises SdistRefused with the reason, UnsafeArchive for a hostile archive, ArtifactError for
    one that cannot be read, OSError.
    """
    source, layout = _decide(path, filename)
    return render_metadata(source, layout)


def translate_sdist(
    path: str | os.PathLike[str],
    destination: str,
    filename: str,
    watch: Callable[[int], None] = _ignore,
) -> Tree:
    """Write the tree of the sdist at `path` to `destination`, which must not exist.

    `filename` is the archive's name on its index; `watch` is told the bytes of each of its files
    that was read, which happens twice. Raises as `read_sdist_metadata`; after an
    error `destination` may be half written.
    """
    source, layout = _decide(path, filename, watch)
    name, version = project_names(source)
    stem = f"{canonicalize_name(name).replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    texts = {
        f"{info}/METADATA": render_metadata(source, layout),
        f"{info}/WHEEL": (
            "Wheel-Version: 1.0\n"
            f"Generator: jupyter_pyartifacts ({TRANSLATOR_VERSION})\n"
            "Root-Is-Purelib: true\n"
            "Tag: py3-none-any\n"
        ).encode(),
        **{f"{info}/{path}": data for path, data in layout.texts.items()},
    }
    targets: dict[str, list[_Target]] = {}
    for target, take in [
        *layout.takes.items(),
        *((f"{stem}.data/{target}", take) for target, take in layout.data.items()),
    ]:
        targets.setdefault(source.real.get(take.source, take.source), []).append(
            _Target(target, take.executable, take.change)
        )
    for inside, own in layout.licenses.items():
        targets.setdefault(source.real.get(own, own), []).append(
            _Target(f"{info}/licenses/{inside}", source.files[own], None)
        )
    names = [*texts, *(each.path for own in targets.values() for each in own), f"{info}/RECORD"]
    _check_tops(source, names, info)
    directories = check_names(names, [], label=source.name.label, where=filename)
    os.mkdir(destination)
    for directory in directories:
        os.mkdir(f"{destination}/{directory}")
    entries = [_write(destination, target, False, data) for target, data in texts.items()]
    entries += _copy(path, source.name, targets, destination, watch)
    record = _record(entries, f"{info}/RECORD")
    entries.append(_write(destination, f"{info}/RECORD", False, record))
    entries.sort()
    lines = manifest(entries)
    facts = survey_tree(
        entries,
        destination,
        tree=Digest(hashlib.sha256(lines).hexdigest()),
        filename=filename,
        metadata=(name, version),
        dist_info=info,
        directories=directories,
        size=os.stat(path).st_size,
        notes=(*source.notes, *layout.notes),
    )
    for directory in reversed(directories):
        os.chmod(f"{destination}/{directory}", READ_ONLY)
    os.chmod(destination, READ_ONLY)
    return Tree(facts=facts, manifest=lines, sizes=tuple(entry.size for entry in entries))


def _check_tops(source: Source, names: list[str], info: str) -> None:
    """Refuse a project whose own files would look like another distribution's metadata."""
    for path in names:
        top = path.partition("/")[0]
        if top != info and re.search(r"\.(?:dist-info|egg-info|egg)\Z", top.lower()):
            source.refuse(f"its source installs metadata of its own (`{path}`)", path)


def _write(destination: str, path: str, executable: bool, data: bytes) -> TreeEntry:
    handle = _create(destination, path, executable)
    try:
        _put(handle, data)
    finally:
        os.close(handle)
    return TreeEntry(path, executable, hashlib.sha256(data).hexdigest(), len(data))


def _create(destination: str, path: str, executable: bool) -> int:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    return os.open(f"{destination}/{path}", flags, 0o555 if executable else 0o444)


def _put(handle: int, data: bytes) -> None:
    written = 0
    while written < len(data):
        written += os.write(handle, data[written:] if written else data)


def _copy(
    path: str | os.PathLike[str],
    name: SdistName,
    targets: dict[str, list[_Target]],
    destination: str,
    watch: Callable[[int], None],
) -> list[TreeEntry]:
    """Write the files that are taken, in one more pass over the archive."""
    entries: list[TreeEntry] = []
    left = dict(targets)
    for member in open_members(os.fspath(path), name, watch):
        if member.directory or member.target is not None or member.path not in left:
            continue
        own = left.pop(member.path)
        changed = [target for target in own if target.change is not None]
        if changed:
            if member.size > _MAX_CHANGED:
                raise UnsafeArchive(
                    f"{name.label}: a script of its archive has more than {_MAX_CHANGED} bytes",
                    where=f"{name.filename}: {member.path!r}",
                    hint="pin another version",
                )
            data = b"".join(iter(lambda m=member: m.read(_CHUNK), b""))  # type: ignore[misc]
            for target in own:
                content = target.change(data) if target.change is not None else data
                entries.append(_write(destination, target.path, target.executable, content))
            continue
        handles = []
        hashed = hashlib.sha256()
        try:
            handles = [_create(destination, each.path, each.executable) for each in own]
            while data := member.read(_CHUNK):
                hashed.update(data)
                for handle in handles:
                    _put(handle, data)
        finally:
            for handle in handles:
                os.close(handle)
        digest = hashed.hexdigest()
        entries += [TreeEntry(each.path, each.executable, digest, member.size) for each in own]
    if left:
        raise UnsafeArchive(
            f"{name.label}: its archive changed while it was read",
            where=f"{name.filename}: {min(left)!r}",
            hint="try again",
        )
    return entries


def _record(entries: list[TreeEntry], own: str) -> bytes:
    """Return RECORD (PEP 376), its rows sorted by path."""
    rows = []
    for path, _, digest, size, _ in sorted(entries):
        packed = base64.urlsafe_b64encode(bytes.fromhex(digest)).rstrip(b"=").decode()
        shown = '"' + path.replace('"', '""') + '"' if "," in path or '"' in path else path
        rows.append(f"{shown},sha256={packed},{size}\n")
    return ("".join(rows) + f"{own},,\n").encode()
