"""The tree hash of a wheel that is not here, from its central directory and RECORD alone.

Both lie at the archive's end, so one request or two are enough. What RECORD cannot vouch for
(no sha256, files that it does not list) needs the whole file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from ..errors import PyArtifactsError
from ..model import Artifact, Digest
from ..treehash import TreeEntry, tree_hash
from .codec import BadData, choose_inflate
from .directory import (
    LOCAL_SIZE,
    TAIL,
    Member,
    find_directory,
    local_extent,
    parse_directory,
)
from .metadata import find_dist_info, parse_wheel_name
from .names import check_names
from .record import is_byte_code, parse_record

__all__ = ["NeedsDownload", "ReadRange", "remote_tree_hash"]

ReadRange = Callable[[int, int], bytes]
"""Bytes `start` up to, not including, `stop` of the archive."""

FIRST = 96 << 10
"""So many bytes of the end come with the first request: enough for most wheels' directories."""
# How much room a local header's own extra fields get before a further request is needed.
_SLACK = 512


class NeedsDownload(Exception):
    """The tree hash does not follow from RECORD and the central directory; says why."""


def remote_tree_hash(artifact: Artifact, read_range: ReadRange) -> Digest:
    """Return the tree hash of a wheel by reading its end only.

    Raises NeedsDownload where that is not enough, UnsafeArchive and ArtifactError for a wheel
    that would be refused anyway, and whatever `read_range` raises.
    """
    wheel = parse_wheel_name(artifact.filename)
    label, where = wheel.label, artifact.filename
    total = artifact.size
    window = _Window(total, read_range)
    tail = window.read(max(0, total - FIRST), total)
    try:
        place = find_directory(tail, total, label=label, where=where)
    except PyArtifactsError:
        # A long comment or a zip64 record may need more of the end.
        if total <= len(tail) or len(tail) >= TAIL:
            raise
        place = find_directory(
            window.read(max(0, total - TAIL), total), total, label=label, where=where
        )
    members = parse_directory(
        window.read(place.start, place.start + place.size),
        place.entries,
        label=label,
        where=where,
    )
    files = [member for member in members if not member.name.endswith("/")]
    folders = check_names(
        [member.name for member in files],
        [member.name[:-1] for member in members if member.name.endswith("/")],
        label=label,
        where=where,
    )
    dist_info = find_dist_info([name for name in folders if "/" not in name], wheel)
    own = next((member for member in files if member.name == f"{dist_info}/RECORD"), None)
    if own is None:
        raise NeedsDownload(f"{label}: its wheel has no RECORD")
    text = _read_member(window, own, place.start, label, where)
    rows = parse_record(text, label=label, where=f"{where}: {own.name}")
    entries = []
    for member in files:
        if is_byte_code(member.name):
            continue
        if member is own:
            digest = hashlib.sha256(text).hexdigest()
        else:
            row = rows.get(member.name)
            if row is None or row.digest is None or row.algorithm != "sha256":
                raise NeedsDownload(f"{label}: its RECORD has no sha256 of {member.name}")
            digest = row.digest.hex()
        entries.append(TreeEntry(member.name, member.executable, digest, member.size))
    return tree_hash(entries)


def _read_member(window: _Window, member: Member, end: int, label: str, where: str) -> bytes:
    header = member.header
    guess = min(end, header + LOCAL_SIZE + len(member.name.encode()) + _SLACK + member.compressed)
    data = window.read(header, max(guess, min(end, header + LOCAL_SIZE)))
    start, stop = local_extent(data, member, end - header, label=label, where=where)
    if stop > len(data):
        data = window.read(header, header + stop)
    raw = memoryview(data)[start:stop]
    if not member.method:
        return bytes(raw)
    try:
        return choose_inflate()(raw, member.size)
    except BadData as error:
        raise NeedsDownload(f"{label}: its RECORD cannot be inflated: {error}") from error


class _Window:
    """Reads ranges; what the first request brought is not asked for again."""

    def __init__(self, total: int, read_range: ReadRange) -> None:
        self._total = total
        self._read = read_range
        self._start = total
        self._data = b""

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`, of what is known or by a request."""
        if start >= self._start:
            return self._data[start - self._start : stop - self._start]
        if stop >= self._start and self._data:
            # Lengthen what is known to the front.
            self._data = self._read(start, self._start) + self._data
            self._start = start
            return self._data[: stop - start]
        data = self._read(start, stop)
        if stop == self._total:
            self._start, self._data = start, data
        return data
