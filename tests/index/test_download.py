"""Resuming, by a source that drops the line wherever it likes."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_pyartifacts.index.download import ATTEMPTS, Body, download
from jupyter_pyartifacts.index.failures import Transient, pause

DATA = random.Random(1).randbytes(5000)


class Line:
    """A source that ends each answer after the next of `pieces` bytes."""

    def __init__(self, pieces: list[int], *, ranges: bool = True) -> None:
        self.pieces = pieces
        self.ranges = ranges
        self.opened: list[int] = []

    @contextlib.contextmanager
    def open_at(self, start: int) -> Iterator[Body]:
        self.opened.append(start)
        first = start if self.ranges else 0
        stop = first + self.pieces.pop(0) if self.pieces else len(DATA)
        yield Body(start=first, length=len(DATA) - first, pieces=iter([DATA[first:stop]]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    there=st.integers(0, len(DATA)),
    pieces=st.lists(st.integers(1, 2000), max_size=3),
    ranges=st.booleans(),
    known=st.booleans(),
)
def test_the_bytes_are_right_wherever_the_line_drops(
    tmp_path: Path, there: int, pieces: list[int], ranges: bool, known: bool
) -> None:
    part = tmp_path / "part"
    part.write_bytes(DATA[:there])
    told: list[int] = []
    if not known and there == len(DATA):
        return
    digest = download(
        Line(pieces, ranges=ranges).open_at,
        part,
        told.append,
        where="x",
        limit=len(DATA),
        size=len(DATA) if known else None,
        sleep=lambda _: None,
    )
    assert digest == hashlib.sha256(DATA).hexdigest()
    assert part.read_bytes() == DATA
    assert sum(told) == len(DATA) - there


def test_it_gives_up_after_as_many_attempts_without_a_byte(tmp_path: Path) -> None:
    line, waits = Line([0] * 20), []
    with pytest.raises(Transient):
        download(
            line.open_at,
            tmp_path / "part",
            lambda _: None,
            where="x",
            limit=len(DATA),
            size=len(DATA),
            sleep=waits.append,
        )
    assert len(line.opened) == ATTEMPTS
    assert len(waits) == ATTEMPTS - 1


def test_it_gives_up_on_a_source_that_never_gets_further(tmp_path: Path) -> None:
    line = Line([100] * 20, ranges=False)
    with pytest.raises(Transient):
        download(
            line.open_at,
            tmp_path / "part",
            lambda _: None,
            where="x",
            limit=len(DATA),
            size=len(DATA),
            sleep=lambda _: None,
        )
    assert len(line.opened) == ATTEMPTS


def test_pauses_grow_and_a_server_may_say_how_long() -> None:
    assert pause(1, Transient("x", after=3.0)) == 3.0
    assert pause(1, Transient("x", after=300.0)) == 20.0
    for attempt in range(1, 10):
        assert 0.1 * 2 ** min(attempt, 5) * 0.9 <= pause(attempt, Transient("x")) <= 12.0
