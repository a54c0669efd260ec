"""Sizes, counts and progress in words."""

from typing import Any

import pytest

from jupyter_pyartifacts.shim.grid import text_table, text_tree
from jupyter_pyartifacts.shim.words import Front, Pace, count, progress_line, progress_parts, size


class Clock:
    """A clock that stands still until it is told otherwise."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def event(**facts: Any) -> dict[str, Any]:
    return {"event": "progress", "stage": "download", "unit": "bytes", "done": 0, **facts}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (31_200_000, "31.2 MB"),
        (2_500_000_000_000, "2500 GB"),
    ],
)
def test_sizes(number: int, text: str) -> None:
    assert size(number) == text


def test_counts() -> None:
    assert count(1, "file") == "1 file"
    assert count(1200, "file") == "1,200 files"
    assert count(2, "dependency", "dependencies") == "2 dependencies"


def test_the_rate_is_of_the_last_seconds_of_one_stage() -> None:
    clock = Clock()
    pace = Pace(clock, window=3.0)
    assert pace.rate() is None
    for done in (0, 1_000_000, 2_000_000, 3_000_000, 9_000_000):
        pace.see(event(done=done))
        clock.now += 1.0
    assert pace.rate() == pytest.approx(8_000_000 / 3)
    pace.see(event(stage="extract", done=5))
    assert pace.rate() is None
    pace.see(event(unit="files", done=7))
    assert pace.rate() is None


def test_a_download_is_not_hidden_by_what_goes_on_beside_it() -> None:
    front = Front()
    beside = event(stage="metadata", unit="distributions", done=1, total=2)
    assert front.see(beside)
    assert front.see(event(done=1, total=9))
    assert not front.see(beside)
    assert front.see(event(stage="view"))
    assert front.see(event(done=9, total=9))
    assert front.see(beside)


def test_a_line_with_bytes_distributions_and_rate() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.see(event(done=0))
    clock.now += 2.0
    current = event(
        done=50_000_000,
        total=100_000_000,
        item="pandas",
        distributions_done=3,
        distributions_total=20,
    )
    pace.see(current)
    assert progress_line("add pandas", current, pace, bar=10) == (
        "add pandas: downloading [#####.....] 50.0 MB of 100 MB, 3 of 20 distributions, "
        "25.0 MB/s, pandas"
    )


def test_a_total_that_is_not_known_and_a_stage_that_is_new() -> None:
    assert progress_parts(event(stage="dream", unit="files", done=3), Pace()) == (
        "dream",
        None,
        ["3 files"],
    )
    assert progress_line("x", event(stage="resolve", unit="distributions"), Pace(), bar=9) == (
        "x: resolving"
    )
    assert progress_parts(event(done=7, total=3), Pace())[1] == 1.0


def test_a_table_is_aligned_and_cut() -> None:
    rows = [["a", "1", "x" * 20], ["long-name", "1000", ""]]
    assert text_table(["name", "size#", "who"], rows, width=24) == [
        "name       size  who",
        "---------  ----  ------\u2026",
        "a             1  xxxxxx\u2026",
        "long-name  1000",
    ]


def test_a_tree_is_drawn() -> None:
    nodes = [("a", [("b", [("c", [])]), ("d", [])]), ("e", [])]
    assert text_tree(nodes) == [
        "a",
        "\u251c\u2500 b",
        "\u2502  \u2514\u2500 c",
        "\u2514\u2500 d",
        "e",
    ]
