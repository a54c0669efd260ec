"""Wheels to trees: plan the work on an archive, write it in batches, finish with its facts.

The tree of a wheel is its members at their own paths, `.data/` left as it is, less directories
and byte code caches (`__pycache__/*.pyc`): spreading, scripts and INSTALLER belong to the view.
Every file is hashed once, while it is written; that hash goes to RECORD's check and to the tree
hash alike.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..errors import ArtifactError, UnsafeArchive
from ..model import Digest
from ..store.facts import Facts
from ..treehash import TreeEntry, manifest
from .codec import BadData, Inflate, choose_inflate, inflate_chunks
from .directory import (
    Member,
    check_local_headers,
    data_start,
    find_directory,
    parse_directory,
)
from .mapping import map_file
from .metadata import (
    WheelName,
    check_metadata,
    check_wheel_version,
    find_dist_info,
    parse_wheel_name,
)
from .names import check_names
from .record import RecordRow, is_byte_code, new_hash, parse_record, record_mismatch
from .survey import survey_tree

__all__ = [
    "NEW_FILE",
    "Tree",
    "WheelPlan",
    "batches",
    "extract_wheel",
    "finish_wheel",
    "make_directories",
    "plan_wheel",
    "write_members",
]

BATCH = 4 << 20
"""Bytes of one batch, about; opening a file counts as `FILE_COST` bytes."""
FILE_COST = 20_000
STREAM_ABOVE = 32 << 20
"""Larger members are inflated in pieces, so that memory stays bounded."""
CHUNK = 256 << 10
"""Bytes of one piece: small enough to stay in a core's cache until they are written."""
READ_ONLY = 0o555
MAX_TEXT = 64 << 20
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
NEW_FILE = (
    os.O_CREAT
    | os.O_EXCL
    | os.O_WRONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
)
"""How a file of a tree is opened: made anew, never through a link."""
_HINT = "ask the project for a file that is whole, and pin another version until then"


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelPlan:
    """A wheel that was read and found safe, ready to be written.

    `members` are the files of the tree, `directories` what has to be made for them, parents
    first; `record` maps paths to RECORD's rows.
    """

    wheel: WheelName
    data: memoryview
    inflate: Inflate
    members: tuple[Member, ...]
    directories: tuple[str, ...]
    dist_info: str
    record: Mapping[str, RecordRow]
    metadata: tuple[str, str]
    notes: tuple[str, ...]
    stream_above: int = STREAM_ABOVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What came of a wheel: its facts, its manifest, and the size of each file in its order."""

    facts: Facts
    manifest: bytes
    sizes: tuple[int, ...] = field(repr=False)


def plan_wheel(
    data: memoryview, filename: str, inflate: Inflate, *, stream_above: int = STREAM_ABOVE
) -> WheelPlan:
    """Read a whole wheel's directory, METADATA, WHEEL and RECORD; write nothing.

    Raises UnsafeArchive for an archive that could write elsewhere or be read in two ways,
    ArtifactError if its metadata is missing, is another distribution's or cannot be read.
    """
    wheel = parse_wheel_name(filename)
    label = wheel.label
    place = find_directory(data, len(data), label=label, where=filename)
    entries = parse_directory(
        data[place.start : place.start + place.size], place.entries, label=label, where=filename
    )
    files = [member for member in entries if not member.name.endswith("/")]
    directories = check_names(
        [member.name for member in files],
        [member.name[:-1] for member in entries if member.name.endswith("/")],
        label=label,
        where=filename,
    )
    check_local_headers(data, entries, place.start, label=label, where=filename)
    dist_info = find_dist_info([name for name in directories if "/" not in name], wheel)
    by_name = {member.name: member for member in files}
    texts = {}
    for name in ("METADATA", "WHEEL", "RECORD"):
        member = by_name.get(f"{dist_info}/{name}")
        if member is None or member.size > MAX_TEXT:
            raise ArtifactError(
                f"{label}: its wheel has no {name} of a sensible size",
                where=filename,
                expected=f"{dist_info}/{name}",
                found="none" if member is None else f"{member.size} bytes",
                hint=_HINT,
            )
        texts[name] = _read_member(data, member, inflate, label, filename)
    metadata = check_metadata(texts["METADATA"], wheel, f"{filename}: {dist_info}/METADATA")
    check_wheel_version(texts["WHEEL"], wheel, f"{filename}: {dist_info}/WHEEL")
    where = f"{filename}: {dist_info}/RECORD"
    record = parse_record(texts["RECORD"], label=label, where=where)
    members = tuple(member for member in files if not is_byte_code(member.name))
    kept = _folders(members)
    return WheelPlan(
        wheel=wheel,
        data=data,
        inflate=inflate,
        members=members,
        directories=tuple(name for name in directories if name in kept),
        dist_info=dist_info,
        record=record,
        metadata=metadata,
        notes=tuple(_compare_lists(by_name, record, dist_info, label=label, where=where)),
        stream_above=stream_above,
    )


def _folders(members: Iterable[Member]) -> set[str]:
    """Return all directories above some members."""
    found: set[str] = set()
    for member in members:
        parent = member.name.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


def _compare_lists(
    files: Mapping[str, Member],
    record: Mapping[str, RecordRow],
    dist_info: str,
    *,
    label: str,
    where: str,
) -> Iterator[str]:
    """Refuse rows of files that are not there; note files that have no hash."""
    own = {f"{dist_info}/{name}" for name in ("RECORD", *_SIGNATURES)}
    missing = sorted(name for name in record.keys() - files.keys() - own if not is_byte_code(name))
    if missing:
        raise ArtifactError(
            f"{label}: its RECORD lists files that the wheel does not have",
            where=where,
            expected=missing[0],
            found="no such file" + (f", nor {len(missing) - 1} others" if missing[1:] else ""),
            hint=_HINT,
        )
    unlisted = sorted(name for name in files.keys() - own if _without_hash(record.get(name)))
    if unlisted:
        more = f" and {len(unlisted) - 1} more" if unlisted[1:] else ""
        yield f"{label}: its RECORD has no hash of {unlisted[0]}{more}"


def _without_hash(row: RecordRow | None) -> bool:
    return row is None or row.digest is None


def batches(plan: WheelPlan) -> list[tuple[int, list[Member]]]:
    """Cut the members into batches of about `BATCH` bytes; return pairs (cost, members)."""
    result: list[tuple[int, list[Member]]] = []
    current: list[Member] = []
    cost = 0
    for member in plan.members:
        current.append(member)
        cost += member.size + FILE_COST
        if cost >= BATCH:
            result.append((cost, current))
            current, cost = [], 0
    if current:
        result.append((cost, current))
    return result


def make_directories(plan: WheelPlan, destination: str) -> None:
    """Make the tree's directories below `destination`, which must not exist."""
    os.mkdir(destination)
    for name in plan.directories:
        os.mkdir(f"{destination}/{name}")


def write_members(plan: WheelPlan, members: list[Member], destination: str) -> list[TreeEntry]:
    """Write some of the members, each checked against RECORD; return their tree entries.

    Files are created anew (an existing one is an OSError), read-only, executable as the archive
    says. Raises ArtifactError for a mismatch, UnsafeArchive for data that is not what its entry
    declares, OSError if the disk does not take it.
    """
    entries: list[TreeEntry] = []
    data, inflate, record = plan.data, plan.inflate, plan.record
    sha256, write = hashlib.sha256, os.write
    for member in members:
        name, method, packed, size, header, mode = member
        executable = bool(mode & 0o111)
        start = data_start(data, header)
        raw = data[start : start + packed]
        row = record.get(name)
        if size > plan.stream_above or (row is not None and row.algorithm not in _PLAIN):
            handle = os.open(f"{destination}/{name}", NEW_FILE, 0o555 if executable else 0o444)
            try:
                digest = _write_stream(plan, member, raw, row, handle)
            finally:
                os.close(handle)
            entries.append(TreeEntry(name, executable, digest, size))
            continue
        content: bytes | memoryview = raw
        if method:
            try:
                content = inflate(raw, size)
            except BadData as error:
                raise _bad_data(plan.wheel, name, size, error) from error
        hashed = sha256(content)
        if row is not None and (
            (row.size is not None and row.size != size)
            or (row.digest is not None and row.digest != hashed.digest())
        ):
            raise _mismatch(plan, name, row, hashed.digest(), size)
        handle = os.open(f"{destination}/{name}", NEW_FILE, 0o555 if executable else 0o444)
        try:
            written = write(handle, content) if size else 0
            while written < size:
                written += write(handle, memoryview(content)[written:])
        finally:
            os.close(handle)
        entries.append(TreeEntry(name, executable, hashed.hexdigest(), size))
    return entries


_PLAIN = ("sha256", None)


def _write_stream(
    plan: WheelPlan, member: Member, raw: memoryview, row: RecordRow | None, handle: int
) -> str:
    hashed, other = hashlib.sha256(), new_hash(row)
    pieces: Iterator[bytes | memoryview]
    if member.method:
        pieces = inflate_chunks(raw, member.size, CHUNK)
    else:
        pieces = (raw[at : at + CHUNK] for at in range(0, len(raw), CHUNK))
    try:
        for piece in pieces:
            hashed.update(piece)
            if other is not None:
                other.update(piece)
            written = 0
            while written < len(piece):
                written += os.write(handle, memoryview(piece)[written:])
    except BadData as error:
        raise _bad_data(plan.wheel, member.name, member.size, error) from error
    digest = (other or hashed).digest()
    if row is not None and (
        row.size not in (None, member.size) or row.digest not in (None, digest)
    ):
        raise _mismatch(plan, member.name, row, digest, member.size)
    return hashed.hexdigest()


def _mismatch(
    plan: WheelPlan, name: str, row: RecordRow, digest: bytes, size: int
) -> ArtifactError:
    return record_mismatch(
        name, row, digest, size, label=plan.wheel.label, where=f"{plan.wheel.filename}: {name}"
    )


def _bad_data(wheel: WheelName, name: str, size: int, error: BadData) -> UnsafeArchive:
    return UnsafeArchive(
        f"{wheel.label}: an entry of its archive does not hold what it declares",
        where=f"{wheel.filename}: {name!r}",
        expected=f"{size} bytes",
        found=str(error),
        hint=_HINT,
    )


def _read_member(
    data: memoryview, member: Member, inflate: Inflate, label: str, filename: str
) -> bytes:
    start = data_start(data, member.header)
    raw = data[start : start + member.compressed]
    if not member.method:
        return bytes(raw)
    try:
        return inflate(raw, member.size)
    except BadData as error:
        raise _bad_data(parse_wheel_name(filename), member.name, member.size, error) from error


def finish_wheel(plan: WheelPlan, entries: list[TreeEntry], destination: str) -> Tree:
    """Make the tree's directories read-only and return its facts, manifest and sizes."""
    entries = sorted(entries)
    lines = manifest(entries)
    facts = survey_tree(
        entries,
        destination,
        tree=Digest(hashlib.sha256(lines).hexdigest()),
        filename=plan.wheel.filename,
        metadata=plan.metadata,
        dist_info=plan.dist_info,
        directories=plan.directories,
        size=len(plan.data),
        notes=plan.notes,
    )
    for name in reversed(plan.directories):
        os.chmod(f"{destination}/{name}", READ_ONLY)
    os.chmod(destination, READ_ONLY)
    return Tree(facts=facts, manifest=lines, sizes=tuple(entry.size for entry in entries))


def extract_wheel(path: str | os.PathLike[str], destination: str, filename: str) -> Tree:
    """Unpack one wheel in this thread into `destination`, which must not exist."""
    plan = plan_wheel(map_file(path), filename, choose_inflate())
    make_directories(plan, destination)
    return finish_wheel(plan, write_members(plan, list(plan.members), destination), destination)
