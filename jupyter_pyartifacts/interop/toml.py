"""TOML of other tools, read strictly: a fault names its line and column, or its path of keys."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..errors import ForeignFileError
from .wanted import check_length, check_requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Table", "parse_toml"]

_PLACE = re.compile(r"\s*\((?:at )?(.*?)\)\Z")
_MEND = "mend the file, or write it anew with the tool that made it"


def parse_toml(text: str, where: str, *, first_line: int = 1) -> Table:
    """Read TOML; raise ForeignFileError with line and column.

    `first_line` is the line of the file that the text begins on.
    """
    check_length(text, where)
    try:
        return Table(tomllib.loads(text), where)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        what = str(error) or type(error).__name__
        place = _PLACE.search(what)
        at = place[1] if place else ""
        line = re.match(r"line (\d+), column (\d+)", at)
        if line:
            at = f"line {int(line[1]) + first_line - 1}, column {line[2]}"
        elif at == "end of document":
            at = f"line {len(text.splitlines()) + first_line - 1}, at its end"
        raise ForeignFileError(
            "a file is not TOML",
            where=f"{where}, {at}" if at else where,
            found=_PLACE.sub("", what),
            hint=_MEND,
        ) from error


class Table:
    """A table of a TOML file that knows its place; its readers raise ForeignFileError."""

    def __init__(self, values: Mapping[str, Any], where: str, path: str = "") -> None:
        self.values = values
        self.where = where
        self.path = path

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def place(self, key: str = "") -> str:
        """Return the place of a key as messages name it: `pyproject.toml, project.name`."""
        path = f"{self.path}.{key}" if self.path and key else self.path or key
        return f"{self.where}, {path}" if path else self.where

    def _wrong(self, key: str, value: object, expected: str) -> ForeignFileError:
        names = {dict: "a table", list: "an array", str: "a string", bool: "a boolean"}
        return ForeignFileError(
            "a value is of another kind than the format has there",
            where=self.place(key),
            expected=expected,
            found="nothing" if value is None else names.get(type(value), type(value).__name__),
            hint=_MEND,
        )

    def table(self, key: str) -> Table:
        """Return a table below; an empty one where there is none."""
        value = self.values.get(key, {})
        if not isinstance(value, Mapping):
            raise self._wrong(key, value, "a table")
        return Table(value, self.where, self.place(key)[len(self.where) + 2 :])

    def tables(self, key: str) -> list[Table]:
        """Return an array of tables; an empty one where there is none."""
        own = self.place(key)[len(self.where) + 2 :]
        found = []
        for number, value in enumerate(self._array(key)):
            if not isinstance(value, Mapping):
                raise self._wrong(f"{key}[{number}]", value, "a table")
            found.append(Table(value, self.where, f"{own}[{number}]"))
        return found

    def text(self, key: str) -> str | None:
        """Return a string; None where there is none."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self._wrong(key, value, "a string")
        return value

    def required(self, key: str) -> str:
        """Return a string that has to be there."""
        value = self.text(key)
        if value is None:
            raise self._wrong(key, value, "a string")
        return value

    def texts(self, key: str) -> list[str]:
        """Return an array of strings; an empty one where there is none."""
        for number, value in enumerate(self._array(key)):
            if not isinstance(value, str):
                raise self._wrong(f"{key}[{number}]", value, "a string")
        return list(self._array(key))

    def requirements(self, key: str) -> tuple[str, ...]:
        """Return an array of requirements, each checked; raise InvalidRequirement."""
        return tuple(
            check_requirement(text, self.place(f"{key}[{number}]"))
            for number, text in enumerate(self.texts(key))
        )

    def specifier(self, key: str) -> str | None:
        """Return a version specifier (PEP 440); None where there is none."""
        value = self.text(key)
        if value is None:
            return None
        try:
            return str(SpecifierSet(value))
        except InvalidSpecifier as error:
            raise ForeignFileError(
                "a version specifier cannot be read",
                where=self.place(key),
                expected="versions such as >=3.10",
                found=value[:120],
                hint=_MEND,
            ) from error

    def _array(self, key: str) -> Sequence[Any]:
        value = self.values.get(key, [])
        if not isinstance(value, list):
            raise self._wrong(key, value, "an array")
        return value
