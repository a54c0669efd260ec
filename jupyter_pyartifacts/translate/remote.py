"""The tree hash of a wheel that is elsewhere: from its directory and its RECORD alone.

RECORD has the sha256 of every file, and the central directory says which are executable: together
they are the manifest. So a few kilobytes of an archive give the hash of its whole tree. What
RECORD claims is checked where the archive is unpacked, on the platform that uses it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from ..errors import UnsafeArchive
from ..model import Digest
from ..treehash import TreeEntry, tree_hash
from .codec import BadData, choose_inflate, inflate_chunks
from .directory import TAIL, Member, data_start, find_directory, parse_directory
from .metadata import find_dist_info, parse_wheel_name
from .names import check_names
from .record import RecordRow, is_byte_code, parse_record
from .wheel import CHUNK, WheelPlan

__all__ = ["local_tree_hash", "remote_tree_hash"]

_TAIL = max(TAIL, 96 << 10)
_LOCAL_HEADER = 30
_MAX_RECORD = 64 << 20
ReadRange = Callable[[int, int], bytes]


def remote_tree_hash(filename: str, size: int, read_range: ReadRange) -> Digest | None:
    """Return the tree hash of a wheel of `size` bytes over `read_range(start, stop)`.

    One request for most wheels, three at most. None if RECORD does not vouch for every file by
    sha256: then the whole archive is needed. Raises UnsafeArchive and ArtifactError.
    """
    wheel = parse_wheel_name(filename)
    window = _Window(read_range, size)
    place = find_directory(
        window.read(max(0, size - _TAIL), size), size, label=wheel.label, where=filename
    )
    directory = window.read(place.start, place.start + place.size)
    entries = parse_directory(directory, place.entries, label=wheel.label, where=filename)
    files = [member for member in entries if not member.name.endswith("/")]
    directories = check_names(
        [member.name for member in files],
        [member.name[:-1] for member in entries if member.name.endswith("/")],
        label=wheel.label,
        where=filename,
    )
    dist_info = find_dist_info([name for name in directories if "/" not in name], wheel)
    own = f"{dist_info}/RECORD"
    record_member = next((member for member in files if member.name == own), None)
    if record_member is None or record_member.size > _MAX_RECORD:
        return None
    content = _member_bytes(window, record_member, place.start)
    if content is None:
        return None
    record = parse_record(content, label=wheel.label, where=f"{filename}: {own}")
    known = {own: hashlib.sha256(content).hexdigest()}
    tree: list[TreeEntry] = []
    for member in files:
        if is_byte_code(member.name):
            continue
        digest = known.get(member.name) or _recorded(record.get(member.name), member)
        if digest is None:
            return None
        tree.append(TreeEntry(member.name, member.executable, digest, member.size))
    return tree_hash(tree)


def _recorded(row: RecordRow | None, member: Member) -> str | None:
    if row is None or row.algorithm != "sha256" or row.digest is None:
        return None
    if row.size not in (None, member.size):
        return None
    return row.digest.hex()


def _member_bytes(window: _Window, member: Member, end: int) -> bytes | None:
    """Inflate one member; its local header's extra field may be longer than the central one's."""
    slack = 1024
    start = member.header
    raw = window.read(
        start,
        min(end, start + _LOCAL_HEADER + len(member.name.encode()) + slack + member.compressed),
    )
    if raw[:4] != b"PK\3\4":
        return None
    begin = data_start(memoryview(raw), 0)
    packed = raw[begin : begin + member.compressed]
    if len(packed) != member.compressed:
        return None
    if not member.method:
        return packed
    try:
        return choose_inflate()(memoryview(packed), member.size)
    except BadData:
        return None


class _Window:
    """Ranges of an archive, kept so that what was read once is not asked for again."""

    def __init__(self, read_range: ReadRange, size: int) -> None:
        self._read_range = read_range
        self._start = size
        self._data = b""

    def read(self, start: int, stop: int) -> bytes:
        """Return these bytes; everything read so far is one piece up to the archive's end."""
        if start < self._start:
            if stop <= self._start - (4 << 20):
                return self._read_range(start, stop)
            self._data = self._read_range(start, self._start) + self._data
            self._start = start
        return self._data[start - self._start : stop - self._start]


def local_tree_hash(plan: WheelPlan) -> Digest:
    """Return the tree hash of a whole archive that is not to be unpacked here.

    Raises UnsafeArchive if a member's data is not what its entry declares.
    """
    tree = []
    for member in plan.members:
        start = data_start(plan.data, member.header)
        raw = plan.data[start : start + member.compressed]
        hashed = hashlib.sha256()
        try:
            if member.method:
                for piece in inflate_chunks(raw, member.size, CHUNK):
                    hashed.update(piece)
            else:
                hashed.update(raw)
        except BadData as error:
            raise UnsafeArchive(
                f"{plan.wheel.label}: an entry of its archive does not hold what it declares",
                where=f"{plan.wheel.filename}: {member.name!r}",
                expected=f"{member.size} bytes",
                found=str(error),
                hint="ask the project for a file that is whole, and pin another version until then",
            ) from error
        tree.append(TreeEntry(member.name, member.executable, hashed.hexdigest(), member.size))
    return tree_hash(tree)
