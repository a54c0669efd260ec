"""Path patterns over the files of an archive: as `glob` finds them, as MANIFEST.in reads them."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from .archive import Source

__all__ = ["expand", "matches", "segments"]

_MAGIC = re.compile(r"[*?\[]")


@lru_cache(maxsize=2048)
def _translate(pattern: str) -> re.Pattern[str]:
    """Translate a pattern whose wildcards stop at `/`; `**` as a whole part is any depth."""
    result = ""
    chunks = pattern.split("/")
    for number, chunk in enumerate(chunks):
        last = number == len(chunks) - 1
        if chunk == "**":
            result += ".*" if last else "(?:[^/]+/)*"
            continue
        result += segments(chunk) + ("" if last else "/")
    return re.compile(result + r"\Z", re.DOTALL)


def segments(chunk: str) -> str:
    """Translate one part of a path to the text of a regular expression."""
    result, at = "", 0
    while at < len(chunk):
        letter = chunk[at]
        at += 1
        if letter == "*":
            result += "[^/]*"
        elif letter == "?":
            result += "[^/]"
        elif letter == "[":
            start = at + (chunk[at : at + 1] == "!")
            end = chunk.find("]", start + 1)
            if end < 0:
                result += r"\["
                continue
            inside = chunk[start:end]
            body = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside)
            result += f"[{'^' if start > at else ''}{body}]"
            at = end + 1
        else:
            result += re.escape(letter)
    return result


def matches(pattern: str, path: str) -> bool:
    """Tell whether a whole path matches a pattern of MANIFEST.in."""
    try:
        return _translate(pattern).match(path) is not None
    except re.error:
        return False


def expand(
    source: Source,
    pattern: str,
    *,
    recursive: bool,
    hidden: bool = True,
    folders: bool = False,
) -> list[str]:
    """Return the files that a glob pattern finds, sorted; with `folders` the directories instead.

    `hidden` lets wildcards match names that begin with a dot.
    """
    normal = posixpath.normpath(pattern) if pattern else ""
    if normal.startswith(("..", "/")) or not normal:
        return []
    candidates = source.directories if folders else source.files
    if not _MAGIC.search(normal):
        return [normal] if normal in candidates else []
    parts = normal.split("/")
    if not recursive:
        parts = ["*" if part == "**" else part for part in parts]
    text = "/".join(parts)
    fixed = text[: _MAGIC.search(text).start()].rpartition("/")[0]  # type: ignore[union-attr]
    prefix = f"{fixed}/" if fixed else ""
    found = []
    for path in candidates:
        if not path.startswith(prefix) or not matches(text, path):
            continue
        if not hidden and _hidden(text, path):
            continue
        found.append(path)
    return sorted(found)


def _hidden(pattern: str, path: str) -> bool:
    """Tell whether a wildcard would have to match a name that begins with a dot."""
    wanted = {part for part in pattern.split("/") if part.startswith(".")}
    return any(
        part.startswith(".") and part not in wanted and not any(w[0] == "." for w in wanted)
        for part in path.split("/")
    )
