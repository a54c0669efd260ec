"""A download that resumes: bytes already there are hashed, the rest is asked for by range."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from ..errors import HashMismatch
from .failures import RangesNotServed, Transient, pause

__all__ = ["ATTEMPTS", "Body", "download"]

ATTEMPTS = 5
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """An open answer: from which byte on it is, how many bytes it declares, and its pieces."""

    start: int
    length: int | None
    pieces: Iterator[bytes | memoryview]


def download(
    open_at: Callable[[int], AbstractContextManager[Body]],
    part: Path,
    on_bytes: Callable[[int], None],
    *,
    where: str,
    limit: int,
    size: int | None,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Download into `part` and return the sha256 hex of all of it.

    `open_at(n)` opens the file from byte `n` on; it may answer from byte 0 where ranges are not
    served, and raises Transient for what is worth another try. `size` is the whole length where
    it is known; no more than `limit` bytes are taken. A file that ends early but as declared
    comes back short: its hash tells. Attempts are counted anew whenever bytes came. `on_bytes`
    is told the size of each piece that comes; should the download have to begin again, it is
    told the negative of all that is thrown away.

    Raises Transient once the attempts are used up, HashMismatch beyond `limit`.
    """
    hasher, done = _rehash(part, limit)
    attempt, furthest = 0, done
    while size is None or done < size:
        before = done
        try:
            with open_at(done) as body:
                if body.start != done:
                    on_bytes(-done)
                    hasher, done = hashlib.sha256(), 0
                    part.unlink(missing_ok=True)
                before = done
                with part.open("ab", buffering=0) as sink:
                    for piece in body.pieces:
                        done += len(piece)
                        if done > limit:
                            raise _too_long(where, limit)
                        _write(sink, piece)
                        hasher.update(piece)
                        on_bytes(len(piece))
                if body.length is None or done - before >= body.length:
                    break
                raise Transient(f"the connection ended after {done} bytes")
        except RangesNotServed:
            if not done:
                raise
            on_bytes(-done)
            hasher, done = hashlib.sha256(), 0
            part.unlink(missing_ok=True)
        except Transient as failure:
            # Where ranges are not served, what came may come and be lost for ever.
            attempt = 1 if done > furthest else attempt + 1
            furthest = max(furthest, done)
            if attempt >= ATTEMPTS:
                raise
            sleep(pause(attempt, failure))
    return hasher.hexdigest()


def _write(sink: FileIO, piece: bytes | memoryview) -> None:
    """Write all of a piece: an unbuffered file may take less, as when the disk fills up."""
    written = sink.write(piece)
    while written < len(piece):
        written += sink.write(piece[written:])


def _rehash(part: Path, limit: int) -> tuple[hashlib._Hash, int]:
    """Hash what an earlier download left; what is longer than it may be is thrown away."""
    hasher, done = hashlib.sha256(), 0
    try:
        if part.stat().st_size > limit:
            part.unlink()
            return hasher, 0
        with part.open("rb", buffering=0) as stream:
            while piece := stream.read(_CHUNK):
                hasher.update(piece)
                done += len(piece)
    except FileNotFoundError:
        pass
    return hasher, done


def _too_long(where: str, limit: int) -> HashMismatch:
    return HashMismatch(
        f"{where} is longer than its lock says",
        where=where,
        expected=f"{limit} bytes",
        found=f"more than {limit} bytes",
        hint="do not trust this index; lock again if the lock is wrong",
    )
