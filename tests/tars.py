"""Tar archives made in a test, block by block, so that every part of them may lie."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

__all__ = ["END", "entry", "header", "pax", "tar_bytes", "tar_gz"]

END = bytes(1024)


def header(
    name: bytes | str,
    size: int = 0,
    flag: bytes = b"0",
    *,
    link: bytes | str = b"",
    mode: int = 0o644,
    prefix: bytes = b"",
    magic: bytes = b"ustar\x0000",
    size_field: bytes | None = None,
    checksum: int | None = None,
) -> bytes:
    """Return one header block."""
    raw = name.encode() if isinstance(name, str) else name
    target = link.encode() if isinstance(link, str) else link
    block = raw.ljust(100, b"\0") + b"%07o\0" % mode + b"%07o\0" % 0 * 2
    block += size_field or b"%011o\0" % size
    block += b"%011o\0" % 0 + b" " * 8 + flag + target.ljust(100, b"\0") + magic
    block = (block.ljust(345, b"\0") + prefix.ljust(155, b"\0")).ljust(512, b"\0")
    total = sum(block) if checksum is None else checksum
    return block[:148] + b"%06o\0 " % total + block[156:]


def entry(
    name: bytes | str, data: bytes | str = b"", flag: bytes = b"0", **fields: object
) -> bytes:
    """Return a header and its data, padded."""
    raw = data.encode() if isinstance(data, str) else data
    return header(name, len(raw), flag, **fields) + raw + bytes(-len(raw) % 512)  # type: ignore[arg-type]


def pax(records: Mapping[str, bytes | str], flag: bytes = b"x") -> bytes:
    """Return a pax header of some records."""
    data = b""
    for key, value in records.items():
        body = b" " + key.encode() + b"=" + (value.encode() if isinstance(value, str) else value)
        # The length counts its own digits.
        total = next(
            n for n in range(len(body) + 2, 10_000_000) if n == len(f"{n}") + len(body) + 1
        )
        data += f"{total}".encode() + body + b"\n"
    return entry("PaxHeaders/x", data, flag)


def tar_bytes(*parts: bytes, end: bytes = END) -> bytes:
    """Return a whole plain archive."""
    return b"".join(parts) + end


def tar_gz(files: Mapping[str, bytes | str], modes: Mapping[str, int] | None = None) -> bytes:
    """Return an honest archive of some files."""
    parts = [entry(name, data, mode=(modes or {}).get(name, 0o644)) for name, data in files.items()]
    return gzip.compress(tar_bytes(*parts), mtime=0)
