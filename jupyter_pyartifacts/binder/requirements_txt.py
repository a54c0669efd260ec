"""One more requirement for a requirements.txt, everything else as it was."""

from __future__ import annotations

import re

__all__ = ["has_hashes", "names_package", "with_requirement"]

PACKAGE = "jupyter_pyartifacts"
_NAMED = re.compile(r"(?i)(?:^|[=/\s])jupyter[-_.]+pyartifacts(?:$|[^a-z0-9._-])")


def has_hashes(text: str) -> bool:
    """Tell whether pip would take nothing from this file that has no hash."""
    return any(option in text for option in ("--hash", "--require-hashes"))


def names_package(lines: list[str], requirement: str) -> bool:
    """Tell whether one of these requirements is this package, or the requirement itself."""
    bare = [re.sub(r"(^|\s)#.*", "", line).strip() for line in lines]
    return any(line == requirement or _NAMED.search(line) for line in bare)


def with_requirement(text: str, requirement: str) -> str:
    """Return a requirements.txt that has this requirement; one that names the package has it."""
    lines = text.splitlines()
    if names_package(lines, requirement):
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += end
    # After a line that goes on there has to be another before ours.
    gap = end if lines and lines[-1].rstrip().endswith("\\") else ""
    return f"{text}{gap}{requirement}{end}"
