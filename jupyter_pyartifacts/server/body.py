"""Bodies of requests: JSON, read as hostile input, every field of the type that it must have."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import UsageError

__all__ = [
    "LARGEST",
    "Field",
    "boolean",
    "lock_document",
    "one_of",
    "options",
    "read_body",
    "text",
    "texts",
]

LARGEST = 4 << 20
"""The largest body, in bytes; the lock of 1000 distributions takes a tenth of it."""

_LONGEST = 4096
_MOST = 1000
_HINT = "see the reference of the REST interface in the documentation"
Reader = Callable[[object, str], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """How one field of a body is read, whether it may be left out, and what it says."""

    read: Reader
    required: bool = False
    about: str = ""


def read_body(data: bytes, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the fields that a body has; raise UsageError for whatever is not as it must be."""
    content = _parse(data)
    if not isinstance(content, dict):
        _refuse("the body of the request", "an object", content)
    return _read_table(content, fields, "")


def _parse(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "the body of the request is not JSON",
            expected="a JSON object in UTF-8",
            found="nothing" if not data else str(error) or type(error).__name__,
            hint=_HINT,
        ) from error


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number (RFC 8259)")


def _read_table(content: dict[Any, Any], fields: Mapping[str, Field], below: str) -> dict[str, Any]:
    unknown = sorted(set(content) - set(fields))
    if unknown:
        raise UsageError(
            "the request has a field that is not known",
            expected=", ".join(fields) or "no field at all",
            found=below + unknown[0][:80],
            hint=_HINT,
        )
    for name, field in fields.items():
        if field.required and name not in content:
            raise UsageError(
                "the request lacks a field",
                expected=below + name,
                found=", ".join(below + each for each in sorted(content)) or "no field at all",
                hint=_HINT,
            )
    return {name: fields[name].read(value, below + name) for name, value in content.items()}


def text(value: object, where: str) -> str:
    """Read a text of one line, not empty."""
    if not isinstance(value, str):
        _refuse(where, "a text", value)
    if not value.strip() or len(value) > _LONGEST or any(ord(each) < 32 for each in value):
        raise UsageError(
            f"{where} is not one line of text",
            expected=f"1 to {_LONGEST} characters, no control characters",
            found=f"{len(value)} characters: {value[:80]!r}",
            hint=_HINT,
        )
    return value


def texts(value: object, where: str) -> tuple[str, ...]:
    """Read a list of texts."""
    if not isinstance(value, list):
        _refuse(where, "a list", value)
    if len(value) > _MOST:
        raise UsageError(
            f"{where} has too many entries",
            expected=f"at most {_MOST}",
            found=str(len(value)),
            hint=_HINT,
        )
    return tuple(text(each, f"{where}[{number}]") for number, each in enumerate(value))


def boolean(value: object, where: str) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        _refuse(where, "true or false", value)
    return value


def lock_document(value: object, where: str) -> dict[str, Any] | None:
    """Read a lock document, or null for none; what is in it is `parse_lock`'s to judge."""
    if value is not None and not isinstance(value, dict):
        _refuse(where, "an object or null", value)
    return value


def one_of(*allowed: str) -> Reader:
    """Return the reader of a field that is one of these texts."""

    def read(value: object, where: str) -> str:
        word = text(value, where)
        if word not in allowed:
            raise UsageError(
                f"{where} has a value that is not known",
                expected=", ".join(allowed),
                found=word[:80],
                hint=_HINT,
            )
        return word

    return read


def options(fields: Mapping[str, Field]) -> Reader:
    """Return the reader of an object inside the body."""

    def read(value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            _refuse(where, "an object", value)
        return _read_table(value, fields, f"{where}.")

    return read


def _refuse(where: str, expected: str, value: object) -> NoReturn:
    names = {
        type(None): "null",
        bool: "a boolean",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    raise UsageError(
        f"{where} has the wrong type",
        expected=expected,
        found=names.get(type(value), "a number"),
        hint=_HINT,
    )
