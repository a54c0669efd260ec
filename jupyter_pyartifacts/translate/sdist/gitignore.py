"""Patterns as gitignore(5) has them: hatchling selects files by them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .globs import segments

__all__ = ["Patterns"]


class Patterns:
    """A list of patterns; the last that matches a path decides."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules: list[tuple[bool, re.Pattern[str]]] = []
        for line in lines:
            rule = _rule(line)
            if rule is not None:
                self._rules.append(rule)

    def match(self, path: str) -> bool:
        """Tell whether a path is selected, itself or by a directory above it."""
        for wanted, pattern in reversed(self._rules):
            if pattern.match(path):
                return wanted
        return False


def _rule(line: str) -> tuple[bool, re.Pattern[str]] | None:
    line = line.rstrip("\n\r")
    line = re.sub(r"(?<!\\)[ \t]+\Z", "", line)
    if not line or line.startswith("#"):
        return None
    wanted = not line.startswith("!")
    text = line if wanted else line[1:]
    text = text[1:] if text.startswith("\\") else text
    folder = text.endswith("/")
    parts = [part for part in text.split("/") if part not in ("",)]
    if not parts:
        return None
    anchored = "/" in text.rstrip("/")
    if anchored and parts[0] == "**":
        anchored, parts = False, parts[1:] or ["*"]
    result = "" if anchored else "(?:[^/]+/)*"
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            result += ".+" if last else "(?:[^/]+/)*"
        else:
            result += segments(part) + ("" if last else "/")
    result += "/.*" if folder and parts[-1] != "**" else "(?:/.*)?"
    try:
        return wanted, re.compile(result + r"\Z", re.DOTALL)
    except re.error:
        return None
