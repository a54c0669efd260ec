"""Which names an archive's entries may have: nothing that leaves its tree or means two files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ..errors import UnsafeArchive

__all__ = ["check_names", "name_problem"]

_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"]
)
_ORDINARY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@=-]{0,120}(?<![.])")
_HINT = "do not use this file; ask its project for a clean one, and pin another version until then"


def _is_ordinary(component: str) -> bool:
    """Tell quickly that a component is safe; for others `_component_problem` has the last word."""
    return (
        _ORDINARY.fullmatch(component) is not None
        and component.partition(".")[0].lower() not in _DEVICES
    )


def name_problem(name: str) -> str | None:
    """Say what makes the name of an entry unsafe; None if nothing does.

    `name` is as in the archive, without the final `/` of a directory.
    """
    if name.startswith("/"):
        return "is an absolute path"
    for component in name.split("/"):
        problem = _component_problem(component)
        if problem is not None:
            return problem
    return None


def _component_problem(component: str) -> str | None:
    if "\0" in component:
        return "has a NUL in its name"
    if "\\" in component:
        return "has a backslash in its name"
    if component == "..":
        return "leaves its tree by '..'"
    if component in ("", "."):
        return "has an empty component or '.' in its path"
    if ":" in component:
        return "has a colon in its name (a drive or an alternate stream)"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in component):
        return "has a control character in its name"
    if component[-1] in ". ":
        return "has a name that ends in a dot or a space, which Windows takes off"
    if component.partition(".")[0].rstrip().casefold() in _DEVICES:
        return "has the name of a device on Windows"
    if len(component.encode("utf-8", "surrogatepass")) > 255:
        return "has a name of more than 255 bytes"
    return None


def check_names(
    files: Iterable[str], folders: Iterable[str], *, label: str, where: str
) -> list[str]:
    """Check all names of an archive together; return the directories its files need, sorted.

    `files` and `folders` are the entries' names, folders without their final `/`. Raises
    UnsafeArchive for an unsafe name, for a name that occurs twice, for names that differ only
    by case or Unicode form, and for a file where a directory has to be.
    """
    safe: set[str] = set()
    seen: dict[str, str] = {}
    directories: set[str] = set()
    for name, is_folder in [(n, False) for n in files] + [(n, True) for n in folders]:
        for component in name.split("/"):
            if component not in safe:
                if not _is_ordinary(component):
                    problem = name_problem(name)
                    if problem is not None:
                        raise _refusal(label, where, name, problem)
                safe.add(component)
        if not is_folder:
            key = fold(name)
            if key in seen:
                raise _refusal(label, where, name, _clash(seen[key], name))
            seen[key] = name
            parent = name.rpartition("/")[0]
        else:
            parent = name
        while parent and parent not in directories:
            directories.add(parent)
            parent = parent.rpartition("/")[0]
    folded: dict[str, str] = {}
    for directory in sorted(directories):
        same = folded.setdefault(fold(directory), directory)
        if same != directory:
            raise _refusal(label, where, directory, _clash(same, directory))
    for key, name in folded.items():
        if key in seen:
            raise _refusal(label, where, name, "is a directory and a file at once")
    return sorted(directories)


def fold(name: str) -> str:
    """Return the form under which file systems that ignore case see a name."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _clash(first: str, second: str) -> str:
    if first == second:
        return "occurs twice"
    return f"differs from {first!r} only by case or Unicode form"


def _refusal(label: str, where: str, name: str, problem: str) -> UnsafeArchive:
    return UnsafeArchive(
        f"{label}: an entry of its archive {problem}", where=f"{where}: {name!r}", hint=_HINT
    )
