"""Inflating: libdeflate and ISA-L where their wheels are installed, else zlib.

libdeflate is the quickest for data that comes out in one piece, and knows no other; ISA-L streams.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

__all__ = ["BadData", "Inflate", "choose_inflate", "inflate_chunks"]

Inflate = Callable[[memoryview, int], bytes]


class BadData(Exception):
    """Compressed data is damaged, or holds more or fewer bytes than its entry declares."""


def choose_inflate(*, prefer: str = "deflate") -> Inflate:
    """Return a function (raw deflate data, size) -> exactly `size` bytes; it raises BadData.

    The function never makes more than `size` + 1 bytes, whatever the data says.
    """
    if prefer == "deflate":
        try:
            codec = import_module("deflate")
        except ImportError:
            return _inflate_zlib
        decompress: Callable[[memoryview, int], bytes] = codec.deflate_decompress
        failure: type[Exception] = codec.DeflateError

        def inflate(data: memoryview, size: int) -> bytes:
            if not size:
                return _inflate_zlib(data, size)
            try:
                found = decompress(data, size)
            except failure as error:
                # libdeflate does not tell bad data from data that goes on; zlib does.
                raise BadData(str(error)) from error
            if len(found) != size:
                raise BadData(f"{len(found)} bytes instead of {size}")
            return found

        return inflate
    return _inflate_zlib


def _inflate_zlib(data: memoryview, size: int) -> bytes:
    stream = zlib.decompressobj(-15)
    try:
        found = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise BadData(str(error)) from error
    if len(found) != size or not stream.eof:
        more = len(found) > size or not stream.eof
        raise BadData(f"{'more than' if more else 'only'} {min(len(found), size)} bytes")
    return found


def _stream(prefer: str) -> tuple[Any, type[Exception]]:
    """Return a fresh stream of raw deflate data, and the class of its failures."""
    if prefer == "isal":
        try:
            isal_zlib = import_module("isal.isal_zlib")
        except ImportError:
            pass
        else:
            return isal_zlib.decompressobj(-15), isal_zlib.error
    return zlib.decompressobj(-15), zlib.error


def inflate_chunks(
    data: memoryview, size: int, chunk: int, *, prefer: str = "isal"
) -> Iterator[bytes]:
    """Yield the inflated bytes in pieces of at most `chunk`; raise BadData unless it is `size`."""
    stream, failure = _stream(prefer)
    total = 0
    pending: bytes | memoryview = b""
    position = 0
    try:
        while not stream.eof:
            if not pending:
                pending = data[position : position + chunk]
                position += len(pending)
            ended = not pending
            piece = stream.decompress(pending, chunk)
            pending = stream.unconsumed_tail
            if ended and not piece:
                break
            total += len(piece)
            if total > size:
                raise BadData(f"more than {size} bytes")
            if piece:
                yield piece
    except failure as error:
        raise BadData(str(error)) from error
    if total != size or not stream.eof:
        raise BadData(f"only {total} bytes instead of {size}")
