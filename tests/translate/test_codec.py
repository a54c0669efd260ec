"""Inflating: exact sizes, with either codec, and never more than was asked for."""

from __future__ import annotations

import os
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.translate.codec import BadData, choose_inflate, inflate_chunks

CODECS = ["deflate", "zlib"]
STREAMS = ["isal", "zlib"]


def packed(data: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("data", [b"", b"a", b"hello " * 1000, os.urandom(100_000)])
def test_data_comes_back(codec: str, data: bytes) -> None:
    assert choose_inflate(prefer=codec)(memoryview(packed(data)), len(data)) == data


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("declared", [0, 1, 999, 1001, 5000])
def test_another_size_than_declared_is_refused(codec: str, declared: int) -> None:
    with pytest.raises(BadData):
        choose_inflate(prefer=codec)(memoryview(packed(b"a" * 1000)), declared)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("raw", [b"", b"\xff" * 20, packed(b"hello" * 100)[:-3]])
def test_damaged_data_is_refused(codec: str, raw: bytes) -> None:
    with pytest.raises(BadData):
        choose_inflate(prefer=codec)(memoryview(raw), 500)


@pytest.mark.parametrize("codec", STREAMS)
@given(st.binary(max_size=5000), st.integers(1, 700))
def test_pieces_make_the_whole(codec: str, data: bytes, chunk: int) -> None:
    pieces = list(inflate_chunks(memoryview(packed(data)), len(data), chunk, prefer=codec))
    assert b"".join(pieces) == data
    assert all(len(piece) <= chunk for piece in pieces)


@pytest.mark.parametrize("codec", STREAMS)
@given(st.integers(1, 200_000), st.integers(1, 5000))
def test_pieces_of_data_that_packs_well_make_the_whole(codec: str, size: int, chunk: int) -> None:
    raw = memoryview(packed(b"a" * size))
    assert sum(len(piece) for piece in inflate_chunks(raw, size, chunk, prefer=codec)) == size


@pytest.mark.parametrize("codec", STREAMS)
@pytest.mark.parametrize("declared", [999, 1001])
def test_pieces_of_another_size_are_refused(codec: str, declared: int) -> None:
    with pytest.raises(BadData):
        list(inflate_chunks(memoryview(packed(b"a" * 1000)), declared, 64, prefer=codec))


@pytest.mark.parametrize("codec", STREAMS)
def test_pieces_of_damaged_data_are_refused(codec: str) -> None:
    with pytest.raises(BadData):
        list(inflate_chunks(memoryview(b"\xff" * 20), 10, 64, prefer=codec))
    with pytest.raises(BadData):
        list(inflate_chunks(memoryview(packed(os.urandom(1000))[:-5]), 1000, 64, prefer=codec))
