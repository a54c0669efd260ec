"""Strict reading of JSON that may be hostile: small readers, and faults that know their place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, TypeVar

__all__ = [
    "Fault",
    "ascending",
    "at",
    "lines_of",
    "read_integer",
    "read_lines",
    "read_mapping",
    "read_text",
    "required",
    "type_name",
]

_MAX_LINES = 50_000
_MAX_TEXT = 16_384
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_T = TypeVar("_T")


class Fault(Exception):
    """A fault at one place of the document; the place is put in front while it unwinds."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place


def at(place: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except Fault as fault:
        dot = "" if place.startswith("[") else "."
        raise Fault(fault.message, f"{dot}{place}{fault.place}") from None


def type_name(value: object) -> str:
    return {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}.get(
        type(value), "null" if value is None else type(value).__name__
    )


def required(table: Mapping[str, object], key: str) -> object:
    if key not in table:
        raise Fault("the field is missing")
    return table[key]


def read_mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise Fault(f"unexpected {type_name(value)} (expected object)")
    return value


def read_integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Fault(f"unexpected {type_name(value)} (expected integer)")
    return value


def read_text(value: object) -> str:
    if not isinstance(value, str):
        raise Fault(f"unexpected {type_name(value)} (expected string)")
    if len(value) > _MAX_TEXT:
        raise Fault(f"a string of {len(value)} characters (at most {_MAX_TEXT})")
    if _CONTROL.search(value):
        raise Fault("a string with a control character")
    try:
        if not value.isascii():
            value.encode()
    except UnicodeEncodeError:
        raise Fault("a string that is not Unicode (a lone surrogate)") from None
    return value


def read_lines(value: object, read: Callable[[str], _T]) -> tuple[_T, ...]:
    if not isinstance(value, list | tuple):
        raise Fault(f"unexpected {type_name(value)} (expected array)")
    if len(value) > _MAX_LINES:
        raise Fault(f"{len(value)} lines (at most {_MAX_LINES})")
    lines = []
    for number, line in enumerate(value):
        try:
            lines.append(read(read_text(line)))
        except Fault as fault:
            raise Fault(fault.message, f"[{number}]{fault.place}") from None
    return tuple(lines)


def lines_of(table: Mapping[str, object], key: str, read: Callable[[str], _T]) -> tuple[_T, ...]:
    return at(key, lambda: _read_sorted(table.get(key, []), read))


def _read_sorted(value: object, read: Callable[[str], _T]) -> tuple[_T, ...]:
    parsed = read_lines(value, read)
    lines = list(value)  # type: ignore[call-overload]
    for number, (one, other) in enumerate(pairwise(lines), 1):
        if one >= other:
            raise Fault("lines are not sorted, or one stands twice", f"[{number}]")
    return parsed


def ascending(values: tuple[_T, ...], key: Callable[[_T], Any]) -> tuple[_T, ...]:
    keys = [key(value) for value in values]
    if keys != sorted(set(keys)):
        raise Fault("lines are not sorted, or one stands twice")
    return values
