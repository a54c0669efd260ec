"""Headers of tar archives: ustar, pax and GNU's long names (POSIX.1-2017, `pax`), read strictly.

Where readers of tar are known to disagree, what could be read in two ways is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BLOCK", "BadHeader", "Header", "parse_header", "parse_pax", "text"]

BLOCK = 512


class BadHeader(Exception):
    """A header cannot be read, or can be read in two ways."""


@dataclass(frozen=True, slots=True)
class Header:
    """One header block: type flag, raw name and link name, size in bytes, mode bits."""

    flag: str
    name: bytes
    size: int
    mode: int
    link: bytes


def parse_header(block: bytes) -> Header:
    """Read one header block of 512 bytes. Raises BadHeader."""
    checksum = _number(block[148:156], "checksum")
    plain = block[:148] + b" " * 8 + block[156:]
    if checksum != sum(plain) and checksum != sum(byte - ((byte & 128) << 1) for byte in plain):
        raise BadHeader("has a damaged header: its checksum is wrong")
    flag = chr(block[156])
    name = _field(block[:100])
    # POSIX has `ustar` and NUL, then 00; GNU's own format has no prefix in that place.
    if block[257:263] == b"ustar\0" and (prefix := _field(block[345:500])):
        name = prefix + b"/" + name
    return Header(
        flag="0" if flag == "\0" else flag,
        name=name,
        size=_number(block[124:136], "size"),
        mode=_number(block[100:108], "mode"),
        link=_field(block[157:257]),
    )


def _field(raw: bytes) -> bytes:
    return raw.partition(b"\0")[0]


def _number(raw: bytes, what: str) -> int:
    if raw[0] == 0x80:
        # GNU: a number too large for octal digits, in base 256.
        return int.from_bytes(raw[1:], "big")
    digits = raw.strip(b" \0")
    if digits and not all(48 <= byte < 56 for byte in digits):
        raise BadHeader(f"has a damaged header: its {what} is no number")
    return int(digits or b"0", 8)


def parse_pax(data: bytes) -> dict[str, bytes]:
    """Read the records of a pax header: key to raw value. Raises BadHeader."""
    records: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        digits = data[at:space]
        if space < 0 or not digits.isdigit():
            raise BadHeader("has a damaged pax header")
        end = at + int(digits)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end > len(data) or end <= space + 1 or data[end - 1 : end] != b"\n" or not equals:
            raise BadHeader("has a damaged pax header")
        name = text(key, "a key of a pax header")
        if name in records:
            raise BadHeader(f"has a pax header with two values of {name!r}")
        if name.startswith("GNU.sparse."):
            raise BadHeader("is a sparse file")
        records[name] = value
        at = end
    return records


def text(raw: bytes, what: str) -> str:
    """Decode UTF-8. Raises BadHeader."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadHeader(f"has {what} that is not UTF-8") from None
