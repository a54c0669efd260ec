"""A compressed file as a stream of its bytes: gzip, Zstandard or none, within limits.

The kind is told by the first bytes, never by the name. The stream must be whole: both formats
have checksums and end marks of their own, and a file that ends before them is truncated.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

__all__ = ["BadStream", "Inflated"]

_INPUT = 1 << 16
_OUTPUT = 1 << 20
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x1f\x9d": "compress", b"PK\3\4": "zip"}


class BadStream(Exception):
    """The stream is damaged, is not whole, or holds more bytes than it may."""


def _zstd() -> Any:
    if sys.version_info >= (3, 14):  # pragma: no cover - depends on the interpreter
        from compression import zstd
    else:
        from backports import zstd
    return zstd


class Inflated:
    """Read the bytes behind a compressed file in order; only some of them are in memory at once.

    `total` counts the bytes that came out, `packed` those that went in. BadStream is raised when
    `total` exceeds `max_bytes`, or `max_ratio` times `packed` (beyond the first `free` bytes).
    """

    def __init__(self, stream: BinaryIO, *, max_bytes: int, max_ratio: int, free: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._free = free
        self.total = 0
        self.packed = 0
        self._pending = b""
        self._at = 0
        head = stream.read(6)
        stream.seek(0)
        for magic, name in _OTHERS.items():
            if head.startswith(magic):
                raise BadStream(f"it is a {name} file")
        if head.startswith(_GZIP):
            self._pieces = self._gzip()
        elif head.startswith(_ZSTD):
            self._pieces = self._zstandard()
        else:
            self._pieces = self._plain()

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes; fewer only at the end. Raises BadStream."""
        if self._at + size <= len(self._pending):
            self._at += size
            return self._pending[self._at - size : self._at]
        parts = [self._pending[self._at :]]
        have = len(parts[0])
        self._pending, self._at = b"", 0
        while have < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            parts.append(piece)
            have += len(piece)
        if have > size:
            last = parts.pop()
            self._at = len(last) - (have - size)
            parts.append(last[: self._at])
            self._pending = last
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Pass over `size` bytes; return how many there were. Raises BadStream."""
        skipped = 0
        while skipped < size:
            piece = self.read(min(_OUTPUT, size - skipped))
            if not piece:
                break
            skipped += len(piece)
        return skipped

    def _input(self) -> bytes:
        data = self._stream.read(_INPUT)
        self.packed += len(data)
        return data

    def _counted(self, piece: bytes) -> bytes:
        self.total += len(piece)
        if self.total > self._max_bytes:
            raise BadStream(f"it unpacks to more than {self._max_bytes} bytes")
        if self.total > self._free and self.total > self._max_ratio * self.packed:
            raise BadStream(f"it unpacks to more than {self._max_ratio} times its size")
        return piece

    def _plain(self) -> Iterator[bytes]:
        while data := self._input():
            yield self._counted(data)

    def _gzip(self) -> Iterator[bytes]:
        """RFC 1952: one member after another; zeros may pad the end."""
        data = self._input()
        while data:
            codec = zlib.decompressobj(31)
            while not codec.eof:
                try:
                    piece = codec.decompress(data, _OUTPUT)
                except zlib.error as error:
                    raise BadStream(f"its gzip stream is damaged: {error}") from error
                if piece:
                    yield self._counted(piece)
                data = codec.unconsumed_tail
                if not data and not codec.eof and len(piece) < _OUTPUT:
                    data = self._input()
                    if not data:
                        raise BadStream("its gzip stream ends too soon")
            data = codec.unused_data or self._input()
            if data[:1] == b"\0":
                self._only_zeros(data)
                return

    def _zstandard(self) -> Iterator[bytes]:
        """RFC 8878: one frame after another."""
        zstd = _zstd()
        data = self._input()
        while data:
            codec = zstd.ZstdDecompressor()
            while not codec.eof:
                try:
                    piece = codec.decompress(data, _OUTPUT)
                except zstd.ZstdError as error:
                    raise BadStream(f"its Zstandard stream is damaged: {error}") from error
                if piece:
                    yield self._counted(piece)
                data = b""
                if codec.needs_input and not codec.eof:
                    data = self._input()
                    if not data:
                        raise BadStream("its Zstandard stream ends too soon")
            data = codec.unused_data or self._input()

    def _only_zeros(self, data: bytes) -> None:
        while data:
            if data.strip(b"\0"):
                raise BadStream("it has bytes after its end")
            data = self._input()
