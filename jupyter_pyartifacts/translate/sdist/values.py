"""Values of a setup.py that is read and not run: plain data, and what cannot be known.

Everything that is computed has a limit, so that no script makes the reader slow or large.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

__all__ = [
    "MAX_ITEMS",
    "MAX_TEXT",
    "Bound",
    "Called",
    "Module",
    "Opaque",
    "Unknown",
    "VersionInfo",
    "add",
    "compare",
    "format_percent",
    "method",
    "unknown_in",
]

MAX_TEXT = 1 << 20
MAX_ITEMS = 20_000


@dataclass(frozen=True)
class Unknown:
    """What cannot be known; `machine` tells that it depends on where it is asked.

    `alias` tells that it may be a list or dictionary that has another name too.
    """

    reason: str
    machine: bool = False
    line: int = 0
    alias: bool = False


@dataclass(frozen=True)
class Module:
    """An imported module, or something of one, by its dotted name."""

    name: str


@dataclass(frozen=True)
class Called:
    """A call of something imported that is data to us: `Extension("x", [...])`."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True)
class Bound:
    """A method of a value, not called yet."""

    value: Any
    name: str


@dataclass(frozen=True)
class Opaque:
    """A function or class of the script; `node` is its definition."""

    node: Any


class VersionInfo:
    """`sys.version_info` of any Python that may be meant: 3.6 and all that come after it."""

    FIRST = (3, 6)

    def compare(self, operator: str, other: Any) -> bool | Unknown:
        """Compare with a tuple, where that has one answer for all of them."""
        if isinstance(other, list):
            other = tuple(other)
        if not isinstance(other, tuple) or not all(isinstance(part, int) for part in other):
            return Unknown("the Python version", machine=True)
        # Everything from (3, 6) up to, but without, (4,) counts.
        above = other <= self.FIRST
        below = other >= (4,) if other[:1] != (3,) else other[1:2] >= (1000,)
        if operator in ("<", "<="):
            return False if above else True if below else Unknown("the Python version", True)
        if operator in (">", ">="):
            return True if above else False if below else Unknown("the Python version", True)
        if other[:1] != (3,) or other[1:2] < (6,):
            return operator == "!="
        return Unknown("the Python version", machine=True)

    def part(self, index: Any) -> Any:
        """Return `version_info[index]` or a slice of it."""
        if index == 0:
            return 3
        if isinstance(index, slice) and index.start in (None, 0):
            return (3,) if index.stop == 1 else self
        return MinorVersion() if index == 1 else Unknown("the Python version", machine=True)


class MinorVersion:
    """`sys.version_info[1]`."""

    def compare(self, operator: str, other: Any) -> bool | Unknown:
        """Compare with a number, where that has one answer from 6 on."""
        if isinstance(other, int):
            if (operator in ("<", "<=") and other <= 5) or (operator == "<" and other == 6):
                return False
            if (operator in (">", ">=") and other <= 5) or (operator == ">=" and other == 6):
                return True
            if operator in ("==", "!=") and other < 6:
                return operator == "!="
        return Unknown("the Python version", machine=True)


def unknown_in(value: Any) -> Unknown | None:
    """Return something unknown inside of a value, the machine's first; None if all is known."""
    found: Unknown | None = None
    left = MAX_ITEMS
    inside: list[Any] = [value]
    while inside:
        item = inside.pop()
        left -= 1
        if left < 0:
            return Unknown("too much data")
        if isinstance(item, Unknown):
            if item.machine:
                return item
            found = found or item
        elif isinstance(item, dict):
            inside.extend(item.keys())
            inside.extend(item.values())
        elif isinstance(item, (list, tuple)):
            inside.extend(item)
        elif item is not None and not isinstance(item, (str, bytes, int, float)):
            found = found or Unknown("it is no plain data")
        if len(inside) > MAX_ITEMS:
            return Unknown("too much data")
    return found


def add(left: Any, right: Any) -> Any:
    """Return `left + right` of plain data."""
    for side in (left, right):
        if isinstance(side, Unknown):
            return side
    if isinstance(left, str) and isinstance(right, str):
        return left + right if len(left) + len(right) <= MAX_TEXT else Unknown("a long text")
    if (isinstance(left, list) and isinstance(right, list)) or (
        isinstance(left, tuple) and isinstance(right, tuple)
    ):
        if len(left) + len(right) > MAX_ITEMS:
            return Unknown("a long list")
        return type(left)([*left, *right])
    if isinstance(left, int) and isinstance(right, int) and abs(left) + abs(right) < 1 << 60:
        return left + right
    return Unknown("a sum")


def format_percent(template: str, values: Any) -> Any:
    """Return `template % values` for `%s` and `%d` alone."""
    unknown = unknown_in(values)
    if unknown is not None:
        return unknown
    parts = re.split(r"(%\([^)]*\)[sdr]|%[sd]|%%)", template)
    if any("%" in part for part in parts[::2]):
        return Unknown("a formatted text")
    items = list(values) if isinstance(values, tuple) else [values]
    result = [parts[0]]
    for code, text in zip(parts[1::2], parts[2::2], strict=True):
        if code == "%%":
            result.append("%")
        elif code[1] == "(":
            if not isinstance(values, dict) or code[2:-2] not in values or code[-1] == "r":
                return Unknown("a formatted text")
            result.append(str(values[code[2:-2]]))
        elif not items or not isinstance(items[0], (str, int)):
            return Unknown("a formatted text")
        else:
            result.append(str(items.pop(0)))
        result.append(text)
    joined = "".join(result)
    return joined if len(joined) <= MAX_TEXT else Unknown("a long text")


def compare(left: Any, operator: str, right: Any) -> Any:
    """Return the truth of a comparison, or Unknown."""
    if isinstance(left, (VersionInfo, MinorVersion)):
        return left.compare(operator, right)
    if isinstance(right, (VersionInfo, MinorVersion)):
        mirrored = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
        return right.compare(mirrored.get(operator, operator), left)
    if operator in ("is", "is not") and (left is None or right is None):
        for side in (left, right):
            if isinstance(side, Unknown):
                return side
        return (left is right) == (operator == "is")
    for side in (left, right):
        unknown = unknown_in(side)
        if unknown is not None:
            return unknown
    try:
        if operator == "==" or operator == "is":
            return bool(left == right)
        if operator == "!=" or operator == "is not":
            return bool(left != right)
        if operator == "in":
            return left in right
        if operator == "not in":
            return left not in right
        if operator == "<":
            return bool(left < right)
        if operator == ">":
            return bool(left > right)
        if operator == "<=":
            return bool(left <= right)
        if operator == ">=":
            return bool(left >= right)
    except TypeError:
        pass
    return Unknown("a comparison")


_TEXT_METHODS = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "split",
        "rsplit",
        "splitlines",
        "startswith",
        "endswith",
        "lower",
        "upper",
        "replace",
        "join",
        "partition",
        "rpartition",
        "title",
    ]
)


def method(value: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call a method of plain data; lists and dictionaries change in place, as they do."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, str) and name in _TEXT_METHODS and not kwargs:
        unknown = unknown_in(args)
        if unknown is not None:
            return unknown
        if name == "replace" and len(value) * max(len(str(args[-1])), 1) > MAX_TEXT:
            return Unknown("a long text")
        if name == "join" and sum(len(str(item)) + len(value) for item in args[0]) > MAX_TEXT:
            return Unknown("a long text")
        try:
            return getattr(value, name)(*args)
        except (TypeError, ValueError, IndexError):
            return Unknown(f"a call of {name}")
    if isinstance(value, str) and name == "format":
        return _format(value, args, kwargs)
    if isinstance(value, str) and name in ("decode", "encode"):
        return value
    if isinstance(value, list):
        return _list_method(value, name, args)
    if isinstance(value, dict):
        return _dict_method(value, name, args, kwargs)
    return Unknown(f"a call of {name}")


def _format(value: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    unknown = unknown_in([args, kwargs])
    if unknown is not None:
        return unknown
    if not all(isinstance(each, (str, int)) for each in [*args, *kwargs.values()]):
        return Unknown("a formatted text")
    count = iter(range(len(args)))

    def field(match: re.Match[str]) -> str:
        key = match[1]
        if key in kwargs:
            return str(kwargs[key])
        return str(args[int(key) if key else next(count)])

    if re.search(r"\{[^}]*[^\w}][^}]*\}|\{\{|\}\}", value):
        return Unknown("a formatted text")
    try:
        result = re.sub(r"\{(\w*)\}", field, value)
    except (IndexError, ValueError, StopIteration, RuntimeError):
        return Unknown("a formatted text")
    return result if len(result) <= MAX_TEXT else Unknown("a long text")


def _list_method(value: list[Any], name: str, args: list[Any]) -> Any:
    if len(value) > MAX_ITEMS:
        return Unknown("a long list")
    if name == "append" and len(args) == 1:
        value.append(args[0])
        return None
    if name == "extend" and len(args) == 1:
        if isinstance(args[0], (list, tuple)):
            value.extend(args[0][:MAX_ITEMS])
        else:
            value.append(args[0] if isinstance(args[0], Unknown) else Unknown("an extension"))
        return None
    if name == "insert" and len(args) == 2 and isinstance(args[0], int):
        value.insert(args[0], args[1])
        return None
    if name in ("sort", "reverse") and not args and unknown_in(value) is None:
        try:
            getattr(value, name)()
        except TypeError:
            value.append(Unknown(name))
        return None
    if name == "copy":
        return list(value)
    if name == "remove" and args and unknown_in(value) is None and args[0] in value:
        value.remove(args[0])
        return None
    if name not in ("index", "count"):
        value.append(Unknown(f"a call of {name}"))
    return Unknown(f"a call of {name}")


def _dict_method(value: dict[Any, Any], name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if name == "update" and len(args) <= 1:
        if args and not isinstance(args[0], dict):
            value[Unknown("an update")] = Unknown("an update")
            return None
        for key, item in {**(args[0] if args else {}), **kwargs}.items():
            value[key] = item
        return None
    if name in ("get", "pop", "setdefault") and args and isinstance(args[0], (str, int)):
        hidden = next((key for key in value if isinstance(key, Unknown)), None)
        if args[0] not in value and hidden is not None:
            return hidden
        if name == "get":
            return value.get(args[0], args[1] if len(args) > 1 else None)
        if name == "pop":
            return value.pop(args[0], args[1] if len(args) > 1 else None)
        return value.setdefault(args[0], args[1] if len(args) > 1 else None)
    if name == "keys":
        return list(value)
    if name == "values":
        return list(value.values())
    if name == "items":
        return list(value.items())
    if name == "copy":
        return dict(value)
    value[Unknown(f"a call of {name}")] = Unknown(f"a call of {name}")
    return Unknown(f"a call of {name}")
