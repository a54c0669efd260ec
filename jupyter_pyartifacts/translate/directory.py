"""The central directory of a zip archive, read strictly (APPNOTE.TXT 6.3, zip64 included).

Zip readers disagree on odd archives, and that is how one archive comes to have two contents.
So whatever could be read in two ways is refused: bytes before, between or after the parts, local
headers that say something else, entries that overlap, sizes that the data cannot have.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, NamedTuple, NoReturn

from ..errors import UnsafeArchive

__all__ = [
    "MAX_BYTES",
    "MAX_MEMBERS",
    "TAIL",
    "Directory",
    "Member",
    "check_local_headers",
    "data_start",
    "find_directory",
    "parse_directory",
]

Buffer = bytes | memoryview

MAX_MEMBERS = 400_000
"""More entries than this are refused: the largest wheels known have about a tenth of it."""
MAX_BYTES = 64 << 30
"""More unpacked bytes than this are refused."""
MAX_DIRECTORY = 256 << 20
"""A central directory larger than this is refused."""
TAIL = 22 + 65535 + 20 + 56
"""So many bytes at an archive's end hold all end records."""

_CENTRAL = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL = struct.Struct("<4s5HL2L2H")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_EXTRA = struct.Struct("<HH")
# Deflate cannot do better than 1032 to 1 (zlib's own documentation).
_RATIO = 1032
_HINT = "do not use this file; ask its project for a clean one, and pin another version until then"


class Member(NamedTuple):
    """One entry: name, method (0 or 8), sizes in bytes, local header's offset, mode bits."""

    name: str
    method: int
    compressed: int
    size: int
    header: int
    mode: int

    @property
    def executable(self) -> bool:
        """Tell whether anyone may execute it (the Unix mode of the external attributes)."""
        return bool(self.mode & 0o111)


class Directory(NamedTuple):
    """Where the central directory is: offset and size in bytes, number of entries."""

    start: int
    size: int
    entries: int


def _refuse(label: str, where: str, problem: str, **facts: str) -> NoReturn:
    raise UnsafeArchive(f"{label}: its archive {problem}", where=where, hint=_HINT, **facts)


def find_directory(tail: Buffer, total: int, *, label: str, where: str) -> Directory:
    """Find the central directory of an archive of `total` bytes by its last bytes.

    `tail` is the whole archive or at least its last `TAIL` bytes. Raises UnsafeArchive if there
    are no end records, or if they do not fit the file to the byte.
    """
    data = bytes(tail[-TAIL:])
    base = total - len(data)
    at = data.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(data):
        _refuse(label, where, "is no zip archive: it has no end record")
    _, disk, first, here, count, size, start, comment = _END.unpack_from(data, at)
    if at + _END.size + comment != len(data):
        _refuse(label, where, "has bytes after its end")
    end = base + at
    locator = at - _LOCATOR64.size
    if locator >= 0 and data[locator : locator + 4] == b"PK\6\7":
        _, disk64, record, disks = _LOCATOR64.unpack_from(data, locator)
        place = record - base
        if not 0 <= place <= locator - _END64.size or disks != 1 or disk64:
            _refuse(label, where, "has a zip64 end record that is not where it says")
        signature, _, _, _, disk, first, here, count, size, start = _END64.unpack_from(data, place)
        if signature != b"PK\6\6":
            _refuse(label, where, "has a zip64 end record that is not where it says")
        end = record
    if disk or first or here != count:
        _refuse(label, where, "is one part of several")
    if count > MAX_MEMBERS:
        _refuse(label, where, "has too many files", expected=f"{MAX_MEMBERS}", found=f"{count}")
    if size > MAX_DIRECTORY:
        _refuse(label, where, "has a central directory that is too large", found=f"{size} bytes")
    if start + size != end:
        _refuse(
            label,
            where,
            "has its central directory elsewhere than its end record says",
            expected=f"end at byte {end}",
            found=f"end at byte {start + size}",
        )
    return Directory(start, size, count)


def parse_directory(data: Buffer, count: int, *, label: str, where: str) -> list[Member]:
    """Read the `count` entries of a central directory, in its order.

    Raises UnsafeArchive for links and special files, encryption, unknown methods, names that
    are not UTF-8 (PEP 427) and sizes that the compressed data cannot have.
    """
    raw = bytes(data)
    unpack, size_of = _CENTRAL.unpack_from, _CENTRAL.size
    members: list[Member] = []
    position = 0
    for _ in range(count):
        try:
            fields = unpack(raw, position)
        except struct.error:
            _refuse(label, where, "has a central directory that ends too soon")
        signature, _, _, _, _, flags, method, _, _, _, packed, size = fields[:12]
        name_length, extra_length, comment, disk, _, external, header = fields[12:]
        if signature != b"PK\1\2":
            _refuse(label, where, "has a damaged central directory")
        after = position + size_of + name_length
        encoded = raw[position + size_of : after]
        try:
            name = encoded.decode("utf-8")
        except UnicodeDecodeError:
            _refuse(label, f"{where}: {encoded!r}", "has a name that is not UTF-8")
        if extra_length:
            packed, size, header = _read_extra(
                raw[after : after + extra_length],
                packed,
                size,
                header,
                encoded,
                label,
                _at(where, name),
            )
        position = after + extra_length + comment
        if position > len(raw):
            _refuse(label, where, "has a central directory that ends too soon")
        if flags & 0x2041:
            _refuse(label, _at(where, name), "has an encrypted entry")
        if method not in (0, 8):
            _refuse(
                label,
                _at(where, name),
                "has an entry compressed by a method that wheels do not use",
                expected="0 (stored) or 8 (deflate)",
                found=str(method),
            )
        if disk or (method == 0 and packed != size) or size > packed * _RATIO:
            _refuse(
                label,
                _at(where, name),
                "has an entry that cannot have the size it declares",
                expected=f"at most {packed if method == 0 else packed * _RATIO} bytes",
                found=f"{size} bytes",
            )
        mode = external >> 16
        kind = mode & 0o170000
        if kind == 0o120000:
            _refuse(label, _at(where, name), "has an entry that is a link")
        if kind not in (0, 0o100000, 0o040000) or (kind == 0o040000) > name.endswith("/"):
            _refuse(label, _at(where, name), "has an entry that is no file", found=f"mode {mode:o}")
        if name.endswith("/") and size:
            _refuse(label, _at(where, name), "has a directory that holds bytes")
        members.append(Member(name, method, packed, size, header, mode))
    if position != len(raw):
        _refuse(label, where, "has more entries than its end record says")
    if sum(member.size for member in members) > MAX_BYTES:
        _refuse(label, where, "unpacks to too many bytes", expected=f"at most {MAX_BYTES}")
    return members


def _read_extra(
    extra: bytes, packed: int, size: int, header: int, name: bytes, label: str, place: str
) -> tuple[int, int, int]:
    position = 0
    while position + 4 <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, position)
        body = extra[position + 4 : position + 4 + length]
        position += 4 + length
        if len(body) != length:
            break
        if kind == 1:
            wanted = [size == 0xFFFFFFFF, packed == 0xFFFFFFFF, header == 0xFFFFFFFF]
            if length < 8 * sum(wanted):
                _refuse(label, place, "has a zip64 field that is too short")
            values = iter(struct.unpack_from(f"<{sum(wanted)}Q", body))
            size = next(values) if wanted[0] else size
            packed = next(values) if wanted[1] else packed
            header = next(values) if wanted[2] else header
        elif kind == 0x7075 and body[5:] != name:
            _refuse(label, place, "has an entry with two names")
    return packed, size, header


def check_local_headers(
    data: memoryview, members: Iterable[Member], end: int, *, label: str, where: str
) -> None:
    """Check that every local header agrees with the central one and that no entries overlap.

    `data` is the whole archive, `end` the offset of its central directory.
    """
    unpack, size_of = _LOCAL.unpack_from, _LOCAL.size
    free = 0
    for member in sorted(members, key=_by_header):
        header = member.header
        if header < free:
            _refuse(label, f"{where}: {member.name!r}", "has entries that overlap")
        if header + size_of > end:
            _refuse(label, f"{where}: {member.name!r}", "has an entry outside of its data")
        fields = unpack(data, header)
        name_end = header + size_of + fields[9]
        problem = _local_problem(fields, bytes(data[header + size_of : name_end]), member)
        if problem is not None:
            _refuse(label, f"{where}: {member.name!r}", problem)
        free = name_end + fields[10] + member.compressed
        if free > end:
            _refuse(label, f"{where}: {member.name!r}", "has an entry outside of its data")


def _local_problem(fields: tuple[Any, ...], name: bytes, member: Member) -> str | None:
    signature, _, flags, method, _, _, _, packed, size, _, _ = fields
    if signature != b"PK\3\4":
        return "has an entry without a local header"
    if name != member.name.encode():
        return f"has an entry with two names, the other is {name.decode('utf-8', 'replace')!r}"
    # Bit 3: the sizes follow the data; 0xffffffff: they are in a zip64 field.
    if method != member.method or flags & 0x2041:
        return "has an entry whose two headers differ"
    if not flags & 8 and (
        packed not in (member.compressed, 0xFFFFFFFF) or size not in (member.size, 0xFFFFFFFF)
    ):
        return "has an entry whose two headers differ"
    return None


def _at(where: str, name: str) -> str:
    return f"{where}: {name!r}"


def _by_header(member: Member) -> int:
    return member.header


def data_start(data: memoryview, header: int) -> int:
    """Return the offset of an entry's data; its local header was checked before."""
    name_length, extra_length = struct.unpack_from("<HH", data, header + 26)
    return header + _LOCAL.size + int(name_length) + int(extra_length)
