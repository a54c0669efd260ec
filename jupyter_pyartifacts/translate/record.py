"""RECORD: the wheel's own list of its files, with hashes and sizes (PEP 376, PEP 427)."""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import re
from typing import NamedTuple

from ..errors import ArtifactError

__all__ = ["RecordRow", "is_byte_code", "new_hash", "parse_record", "record_mismatch"]

_HINT = "ask the project for a file that is whole, and pin another version until then"
# PEP 427: "the hash algorithm must be sha256 or better; specifically, md5, sha1 and sha224 are
# not permitted".
_ALGORITHMS = ("sha256", "sha384", "sha512")
_USUAL = re.compile(r"sha256=[A-Za-z0-9_-]{43}\Z")
_BYTE_CODE = re.compile(r"(?:.*/)?__pycache__/[^/]+\.py[co]\Z")


class RecordRow(NamedTuple):
    """What RECORD says of one file: algorithm, digest and size; None where it says nothing."""

    algorithm: str | None
    digest: bytes | None
    size: int | None


def is_byte_code(name: str) -> bool:
    """Tell whether a path is a byte code cache (PEP 3147), which is no part of any tree."""
    return name.endswith((".pyc", ".pyo")) and _BYTE_CODE.match(name) is not None


def parse_record(data: bytes, *, label: str, where: str) -> dict[str, RecordRow]:
    """Read RECORD: path to row; rows of directories are left out.

    A hash of an algorithm that PEP 427 does not permit counts as none. Raises ArtifactError for
    what cannot be read and for rows that contradict each other.
    """
    rows: dict[str, RecordRow] = {}
    try:
        lines = list(csv.reader(data.decode("utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ArtifactError(
            f"{label}: its RECORD cannot be read", where=where, details=str(error), hint=_HINT
        ) from error
    for number, line in enumerate(lines, 1):
        if not line or line[0].endswith("/"):
            continue
        row = _usual_row(line) or _parse_row(line, label=label, where=f"{where} line {number}")
        path = line[0].replace("\\", "/")
        if rows.setdefault(path, row) is not row and rows[path] != row:
            raise ArtifactError(
                f"{label}: its RECORD contradicts itself on {path}",
                where=f"{where} line {number}",
                hint=_HINT,
            )
    return rows


def _usual_row(line: list[str]) -> RecordRow | None:
    """Read what nearly every row is, quickly; None for what needs a closer look."""
    if len(line) != 3 or not _USUAL.match(line[1]) or not line[2].isdecimal():
        return None
    raw = binascii.a2b_base64(line[1][7:].replace("-", "+").replace("_", "/") + "=")
    return RecordRow("sha256", raw, int(line[2])) if len(raw) == 32 else None


def _parse_row(line: list[str], *, label: str, where: str) -> RecordRow:
    _, hashed, size, *more = [*line, "", ""]
    algorithm, _, digest = hashed.partition("=")
    try:
        if any(more[:-2]) or (size and not size.isdecimal()):
            raise ValueError("a row has a path, a hash and a size")
        if algorithm.lower() not in _ALGORITHMS:
            return RecordRow(None, None, int(size) if size else None)
        # PEP 376: the digest is "urlsafe-base64-nopad" encoded.
        raw = base64.b64decode(digest.rstrip("=") + "=" * (-len(digest.rstrip("=")) % 4), b"-_")
        if len(raw) != hashlib.new(algorithm.lower()).digest_size:
            raise ValueError("the digest has another length than its algorithm's")
    except (ValueError, binascii.Error) as error:
        raise ArtifactError(
            f"{label}: its RECORD has a row that cannot be read",
            where=where,
            expected="PATH,sha256=DIGEST,SIZE",
            found=",".join(line)[:200],
            details=str(error),
            hint=_HINT,
        ) from error
    return RecordRow(algorithm.lower(), raw, int(size) if size else None)


def new_hash(row: RecordRow | None) -> hashlib._Hash | None:
    """Return a fresh hash object where a row needs another algorithm than sha256, else None."""
    if row is None or row.algorithm in (None, "sha256"):
        return None
    return hashlib.new(row.algorithm or "")


def record_mismatch(
    name: str, row: RecordRow, digest: bytes, size: int, *, label: str, where: str
) -> ArtifactError:
    """Return the error for a file whose bytes are not what RECORD says."""
    if row.size is not None and row.size != size:
        return ArtifactError(
            f"{label}: the size of {name} is not what its RECORD says",
            where=where,
            expected=f"{row.size} bytes",
            found=f"{size} bytes",
            hint=_HINT,
        )
    return ArtifactError(
        f"{label}: the hash of {name} is not what its RECORD says",
        where=where,
        expected=f"{row.algorithm}:{(row.digest or b'').hex()}",
        found=f"{row.algorithm}:{digest.hex()}",
        hint=_HINT,
    )
