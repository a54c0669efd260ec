"""Sizes in words: numbers of bytes as people write and read them. Pure."""

from __future__ import annotations

import re

from .errors import UsageError

__all__ = ["human_size", "parse_size"]

_UNITS = ("B", "kB", "MB", "GB", "TB")
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,6})?)\s*(?:([kmgt])(i?))?b?", re.ASCII | re.IGNORECASE)


def parse_size(text: str | int, name: str) -> int:
    """Read bytes, or a number with a unit: powers of 1000 (`20 GB`, `20G`) or of 1024 (`20 GiB`).

    `name` is the setting's, for the error. Raises UsageError.
    """
    match = _SIZE.fullmatch(str(text).strip())
    if match is None:
        raise UsageError(
            f"{name} is no size",
            expected="bytes, or a number with a unit, such as 20 GB or 500 MiB",
            found=str(text)[:80],
            hint=f"unset {name}, or set it to a size",
        )
    number, unit, binary = match.groups()
    power = "kmgt".index(unit.lower()) + 1 if unit else 0
    factor: int = (1024 if binary else 1000) ** power
    return int(float(number) * factor) if "." in number else int(number) * factor


def human_size(count: int | None) -> str:
    """Write a number of bytes in three digits or so, in powers of 1000; empty for None."""
    if count is None:
        return ""
    size = float(count)
    for unit in _UNITS:
        if size < 999.5 or unit == _UNITS[-1]:
            break
        size /= 1000
    if unit == "B" or size >= 99.95:
        return f"{size:.0f} {unit}"
    return f"{size:.1f} {unit}"
