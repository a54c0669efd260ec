"""The egg-info of a source archive: what its publisher's build left, used as the backup."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from .archive import Source

__all__ = ["egg_info_of", "join_requirement", "parse_requires"]


def egg_info_of(source: Source) -> str | None:
    """Return the directory of the project's own egg-info, None if there is none."""
    found = sorted(
        (path.count("/"), path.rpartition("/")[0])
        for path in source.files
        if path.endswith(".egg-info/PKG-INFO")
    )
    own = [folder for _, folder in found if _name_of(folder) == source.name.name]
    return own[0] if own else None


def _name_of(folder: str) -> str:
    stem = folder.rpartition("/")[2][: -len(".egg-info")]
    return canonicalize_name(stem)


def parse_requires(text: str) -> tuple[list[str], list[str]]:
    """Read requires.txt: requirements as METADATA has them, and the names of the extras."""
    requires: list[str] = []
    extras: list[str] = []
    extra = marker = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        section = re.fullmatch(r"\[(.*)\]", line)
        if section:
            extra, _, marker = (part.strip() for part in section[1].partition(":"))
            if extra and extra not in extras:
                extras.append(extra)
            continue
        requires.append(join_requirement(line, extra, marker))
    return requires, extras


def join_requirement(line: str, extra: str, marker: str) -> str:
    """Return a requirement with the marker and extra of its section."""
    requirement, _, own = (part.strip() for part in line.partition(";"))
    markers = [part for part in (own, marker) if part]
    if len(markers) > 1 or extra:
        markers = [f"({part})" for part in markers]
    if extra:
        markers.append(f'extra == "{extra}"')
    return f"{requirement} ; {' and '.join(markers)}" if markers else requirement
