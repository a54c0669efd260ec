"""`%pip install ...` and `!pip install ...` in the cells of a notebook."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

from ..errors import InvalidRequirement
from .requirements_txt import Include, read_requirements
from .wanted import Wanted, join_wanted, masked

__all__ = ["read_pip_lines"]

_PIP = re.compile(
    r"""^\s*(?:
        %pip\s | %uv\s+pip\s
        | [!%]{1,2}\s*(?:sx\s+|system\s+)?(?:sudo\s+)?
          (?: uv\s+pip | (?:\{?sys\.executable\}?|"\{sys\.executable\}"|python[\d.]*|py)\s+-m\s+pip
            | [\w./~-]*pip[\d.]* )\s
    )\s*(?:-\S+\s+)*install\s+(?P<rest>.*)$""",
    re.VERBOSE,
)
_OTHER = re.compile(r"^\s*[!%]{1,2}\s*(conda|mamba|micromamba|poetry|easy_install)\s+.*install\s")
_SHELL = re.compile(r"\s(?:&&|\|\||;|\||>|>>|2>)\s?.*$|\s2>&1.*$|\s?;\s*$")
_ALONE = {
    "-q", "--quiet", "-qq", "-qqq", "-U", "--upgrade", "--user", "-v", "--verbose",
    "--no-cache-dir", "--force-reinstall", "-I", "--ignore-installed", "--no-input",
    "--disable-pip-version-check", "--break-system-packages", "--system", "-y", "--yes",
    "--no-warn-script-location", "--no-warn-conflicts", "--require-hashes", "--prefer-binary",
    "--use-pep517", "--no-build-isolation", "--isolated", "-qU", "-Uq",
}  # fmt: skip
"""Options that change nothing about what is wanted, so that nobody needs to hear of them."""
_NAMED_ALONE = {"--no-deps", "--no-index", "--dry-run"}
_LINES = {"-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-i", "--index-url",
          "--extra-index-url", "-f", "--find-links", "--trusted-host"}  # fmt: skip


def read_pip_lines(source: str, where: str, include: Include | None = None) -> Wanted:
    """Read the pip lines of one cell; `where` names the notebook and the cell.

    Raises ForeignFileError, InvalidRequirement with the line.
    """
    parts = []
    for number, line in _joined(source):
        place = f"{where}, line {number}"
        if other := _OTHER.match(line):
            note = f"{place}: {other[1]} installs nothing here: add what you need of that line"
            parts.append(Wanted(notes=(note,)))
        elif match := _PIP.match(line):
            parts.append(_read_line(match["rest"], place, include))
    return join_wanted(parts)


def _joined(source: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines with the number of their first: a backslash continues."""
    start, pending = 0, ""
    for number, line in enumerate(source.splitlines(), 1):
        if not pending:
            start = number
        if line.rstrip().endswith("\\"):
            pending += line.rstrip()[:-1] + " "
            continue
        yield start, pending + line
        pending = ""
    if pending:
        yield start, pending


def _read_line(rest: str, place: str, include: Include | None) -> Wanted:
    shell = _SHELL.search(f" {rest}")
    text = rest[: max(shell.start() - 1, 0)] if shell else rest
    notes: list[str] = []
    if shell and shell.group().strip(" ;"):
        notes.append(f"{place}: {shell.group().strip()[:80]} is not read")
    try:
        words = shlex.split(text, comments=True)
    except ValueError as error:
        notes.append(f"{place}: {masked(text)[:120]} is left out: {error}")
        return Wanted(notes=tuple(notes))
    found = []
    prereleases = False
    while words:
        word = words.pop(0)
        option, equals, _ = word.partition("=")
        if word == "--pre":
            prereleases = True
        elif word in _ALONE:
            continue
        elif word in _NAMED_ALONE:
            notes.append(f"{place}: {word} is not used")
        elif word.startswith("-") and option in _LINES:
            value = "" if equals else f" {words.pop(0)}" if words else ""
            found.append(_line(f"{word}{value}", place, include, notes))
        elif word.startswith("-"):
            notes.append(f"{place}: {option} is not used")
            if not equals and words and option in ("-t", "--target", "--prefix", "--root", "-C"):
                words.pop(0)
        elif re.search(r"[{}$`]", word):
            notes.append(f"{place}: {word[:80]} is left out: it is known only when the cell runs")
        else:
            found.append(_line(word, place, include, notes))
    joined = join_wanted(found)
    return replace(
        joined,
        prereleases=prereleases or joined.prereleases,
        notes=tuple(dict.fromkeys((*joined.notes, *notes))),
    )


def _line(text: str, place: str, include: Include | None, notes: list[str]) -> Wanted:
    """Read one word, or an option with its value, as a line of a requirements file."""
    try:
        wanted = read_requirements(text, place, include)
    except InvalidRequirement as error:
        # What a shell would make of it is not known here, so it is named and left out.
        notes.append(f"{place}: {masked(text)[:120]} is left out: {error.what}")
        return Wanted()
    shift = f"{place}, line 1: "
    return replace(
        wanted,
        notes=tuple(note.replace(shift, f"{place}: ", 1) for note in wanted.notes),
        # What was typed into a cell is what its author wants, hashes or not.
        pins=(),
    )
