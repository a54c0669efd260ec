"""Sizes in words, both ways."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.errors import UsageError
from jupyter_pyartifacts.sizes import human_size, parse_size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (12_999_999, "13.0 MB"),
        (5_000_000_000_000_000, "5000 TB"),
    ],
)
def test_sizes(size: int | None, text: str) -> None:
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (0, 0),
        (20_000, 20_000),
        ("123", 123),
        ("12B", 12),
        (" 20 GB ", 20_000_000_000),
        ("20g", 20_000_000_000),
        ("1.5 TB", 1_500_000_000_000),
        ("500MiB", 500 * 1024**2),
        ("2KiB", 2048),
        ("2kb", 2000),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_sizes_are_read(text: str | int, size: int) -> None:
    assert parse_size(text, "QUOTA") == size


@pytest.mark.parametrize(
    "text",
    ["", "GB", "-1", "1e9", "20 GB 5", "twenty", "1,5 GB", "５ GB", "1 PB", "i", "9" * 400, "nan"],
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size(text, "QUOTA")
    assert str(caught.value) == (
        "QUOTA is no size\n"
        "  expected: bytes, or a number with a unit, such as 20 GB or 500 MiB\n"
        f"  found:    {text[:80]}\n"
        "hint: unset QUOTA, or set it to a size"
    )
