"""requirements.txt, as pip reads it and as pip-compile and uv write it; with hashes, a lock.

Read: requirements with hashes, markers and extras, included files (`-r`), exact constraints
(`-c`), `--pre`. The comments `# via ...` and `# from URL` that compilers write tell what was
asked for from what came with it, and where it is from. An index, a build option, a variable is
named in the notes and not used: a file does not decide where packages come from.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..errors import ForeignFileError, NeedsBuild
from ..requirements import parse_requirement
from .pinned_lines import KERNEL
from .wanted import (
    Pinned,
    Wanted,
    bare_url,
    check_length,
    check_requirement,
    hashes_of,
    masked,
    tie_indexes,
)

__all__ = ["Include", "read_requirements"]

Include = Callable[[str, str], tuple[str, str]]
"""From a file's name as written and the name of the file it stands in: its text and its name."""

_DEPTH = 10
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_WITH_VALUE = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "-f": "--find-links",
    "-C": "--config-settings",
}
_SILENT = {"--require-hashes", "--prefer-binary", "--only-binary", "--no-build", "--use-feature"}
_REASONS = {
    "--index-url": "this machine's default index is used; for another one name its projects: "
    "jupyter pyartifacts add NOTEBOOK PROJECT --index URL",
    "--pypi-url": "this machine's default index is used",
    "--extra-index-url": "an index is tied to the projects that come from it: "
    "jupyter pyartifacts add NOTEBOOK PROJECT --index URL",
    "--no-index": "this machine's default index is used",
    "--find-links": "give the path or URL of a wheel as a requirement instead",
    "--trusted-host": "certificates are always checked",
    "--no-binary": "nothing is built here",
}


@dataclass(slots=True)
class _Line:
    """One logical line, and the comments of compilers that belong to it."""

    number: int
    text: str
    comments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Entry:
    """One requirement that was read, and what its comments say."""

    text: str
    name: str
    pin: Pinned | None
    hashes: frozenset[str]
    via: tuple[str, ...]


@dataclass(slots=True)
class _Read:
    """What was read so far, over all included files."""

    include: Include | None
    entries: list[_Entry] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    prereleases: bool = False
    open: list[str] = field(default_factory=list)


def read_requirements(text: str, where: str, include: Include | None = None) -> Wanted:
    """Read a requirements.txt; raise ForeignFileError, InvalidRequirement with file and line.

    `include` reads the files that it names; without it such lines are refused.
    """
    read = _Read(include)
    _read_file(read, text, where, constraints=False)
    names = {entry.name for entry in read.entries}
    compiled = any(entry.via for entry in read.entries)
    hashed = any(entry.hashes for entry in read.entries)
    asked = [entry for entry in read.entries if not compiled or _is_asked_for(entry, names)]
    pins = tuple(entry.pin for entry in read.entries if entry.pin is not None)
    indexes, ties = tie_indexes([pin for pin in pins if hashed or compiled], where)
    return Wanted(
        requirements=tuple(dict.fromkeys(entry.text for entry in asked)),
        pins=pins,
        hashes={
            **hashes_of(pins),
            **{e.name: e.hashes for e in read.entries if e.pin is None and e.hashes},
        },
        constraints=tuple(read.constraints),
        complete=compiled or not hashed,
        prereleases=read.prereleases,
        indexes=indexes,
        notes=(*read.notes, *ties),
    )


def _is_asked_for(entry: _Entry, names: set[str]) -> bool:
    """Tell by its `# via` whether a line was asked for: by what is no project of this file."""
    return any(
        not origin.startswith("-c")
        and origin != KERNEL
        and canonicalize_name(origin.split(" ")[0]) not in names
        for origin in entry.via
    )


def _read_file(read: _Read, text: str, where: str, *, constraints: bool) -> None:
    check_length(text, where)
    if where in read.open or len(read.open) >= _DEPTH:
        raise ForeignFileError(
            "files include each other" if where in read.open else "files include too many others",
            where=where,
            found=" -> ".join([*read.open, where])[:300],
            hint="take one of the -r or -c lines out",
        )
    read.open.append(where)
    for line in _logical_lines(text):
        _read_line(read, line, where, constraints)
    read.open.pop()


def _logical_lines(text: str) -> Iterator[_Line]:
    """Join continued lines; comment lines go with the requirement before them."""
    current: _Line | None = None
    continued = False
    # A file may begin with a byte order mark, and its lines end as any system writes them.
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        raw = raw.rstrip("\r")
        stripped = raw.strip()
        if stripped.startswith("#"):
            continued = False
            if current is not None:
                current.comments.append(stripped[1:])
            continue
        comment = _COMMENT.search(raw)
        body = raw[: comment.start()] if comment else raw
        more = body.rstrip().endswith("\\") and comment is None
        body = body.rstrip().removesuffix("\\").strip() if more else body.strip()
        if continued and current is not None:
            current.text = f"{current.text} {body}".strip()
        else:
            if current is not None:
                yield current
            current = _Line(number, body) if body or more else None
        if comment and current is not None:
            current.comments.append(comment.group().strip()[1:])
        continued = more
    if current is not None:
        yield current


def _read_line(read: _Read, line: _Line, where: str, constraints: bool) -> None:
    place = f"{where}, line {line.number}"
    shown = masked(line.text)[:200]
    if not line.text:
        return
    if re.match(r"(<{7}|>{7}|={7}|\|{7})( |$)", line.text):
        raise ForeignFileError(
            "a file has an unresolved merge conflict",
            where=place,
            found=shown,
            hint="resolve the conflict, then try again",
        )
    if line.text.startswith("-"):
        _read_option(read, line, place, shown)
        return
    if _VARIABLE.search(line.text):
        read.notes.append(f"{place}: {shown} is left out: environment variables are not read")
        return
    # pip: options begin with the first word that has a dash in front.
    parts = re.split(r"\s+(?=-)", line.text, maxsplit=1)
    hashes = _hashes(_words(parts[1], place), read, place) if len(parts) > 1 else frozenset()
    if constraints:
        text = check_requirement(parts[0], place)
        if parse_requirement(text).kind == "index":
            read.constraints.append(text)
        else:
            read.notes.append(f"{place}: {shown} is not used: a constraint with a place")
        return
    try:
        text = check_requirement(parts[0], place)
    except NeedsBuild as error:
        read.notes.append(f"{place}: {shown} is left out: {error.what}")
        return
    own = parse_requirement(text)
    via, index = _annotations(line.comments)
    read.entries.append(
        _Entry(
            text=text,
            name=own.name,
            pin=_pin(text, own.name, hashes, index) if own.kind == "index" else None,
            hashes=hashes,
            via=via,
        )
    )


def _read_option(read: _Read, line: _Line, place: str, shown: str) -> None:
    words = _words(line.text, place)
    name, equals, value = words[0].partition("=")
    if not name.startswith("--"):
        # `-rother.txt` and `-r other.txt` are one thing.
        name, value = words[0][:2], words[0][2:].removeprefix("=")
        equals = value
    option = _WITH_VALUE.get(name, name)
    if not equals and len(words) > 1:
        value = words[1]
    if option in ("--requirement", "--constraint"):
        _include(read, value, place, shown, constraints=option == "--constraint")
    elif option == "--editable":
        what = "an editable install cannot be pinned: its files change"
        read.notes.append(f"{place}: {shown} is left out: {what}")
    elif option == "--pre":
        read.prereleases = True
    elif option in _REASONS:
        read.notes.append(f"{place}: {shown} is not used: {_REASONS[option]}")
    elif option not in _SILENT:
        raise ForeignFileError(
            "an option is not known",
            where=place,
            expected="a requirement, or an option of pip's requirements files",
            found=shown,
            hint="take the line out",
        )


def _include(read: _Read, name: str, place: str, shown: str, *, constraints: bool) -> None:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", name) or _VARIABLE.search(name):
        what = "variables are not read" if _VARIABLE.search(name) else "only files are read"
        read.notes.append(f"{place}: {shown} is not used: {what}")
        return
    if not name or read.include is None:
        raise ForeignFileError(
            "another file cannot be included here" if name else "an option lacks a file's name",
            where=place,
            found=shown,
            hint="put its lines in this line's place",
        )
    text, where = read.include(name, place)
    _read_file(read, text, where, constraints=constraints)


def _words(text: str, place: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ForeignFileError(
            "the options of a line cannot be read",
            where=place,
            found=f"{masked(text)[:120]}: {error}",
            hint="see whether each quotation mark has its other half",
        ) from error


def _hashes(words: list[str], read: _Read, place: str) -> frozenset[str]:
    found: set[str] = set()
    others: set[str] = set()
    words = list(words)
    while words:
        word = words.pop(0)
        option, equals, value = word.partition("=")
        if option != "--hash":
            read.notes.append(f"{place}: {option} is not used: nothing is built here")
            if not equals and words and not words[0].startswith("-"):
                words.pop(0)
            continue
        if not equals:
            value = words.pop(0) if words else ""
        algorithm, _, digits = value.partition(":")
        if algorithm == "sha256" and re.fullmatch(r"[0-9a-fA-F]{64}", digits):
            found.add(digits.lower())
        elif algorithm in ("sha384", "sha512") and re.fullmatch(r"[0-9a-fA-F]+", digits):
            others.add(algorithm)
        else:
            raise ForeignFileError(
                "a hash cannot be read",
                where=place,
                expected="--hash=sha256:<64 hexadecimal digits>",
                found=value[:100],
                hint="copy it again, or write the file anew with the tool that made it",
            )
    if others and not found:
        raise ForeignFileError(
            "the hashes of a requirement are of a kind that is not checked here",
            where=place,
            expected="--hash=sha256:<64 hexadecimal digits>",
            found=", ".join(sorted(others)),
            hint="write the file anew with sha256",
        )
    return frozenset(found)


def _pin(text: str, name: str, hashes: frozenset[str], index: str | None) -> Pinned | None:
    requirement = Requirement(text)
    exact = [each for each in requirement.specifier if each.operator in ("==", "===")]
    if len(exact) != 1 or exact[0].version.endswith(".*"):
        return None
    marker = str(requirement.marker) if requirement.marker else None
    return Pinned(name=name, version=exact[0].version, hashes=hashes, marker=marker, index=index)


def _annotations(comments: list[str]) -> tuple[tuple[str, ...], str | None]:
    """Read `via NAME`, `via` with a name a line, and `from URL`."""
    via: list[str] = []
    index = None
    inside = False
    for comment in comments:
        word = comment.strip()
        if word == "via" or word.startswith("via "):
            inside = True
            via += [each.strip() for each in word[3:].split(",") if each.strip()]
        elif match := re.fullmatch(r"from (https?://\S+|file:\S+)", word):
            index, inside = bare_url(match[1]), False
        elif inside and comment.startswith("   ") and word:
            via.append(word)
        else:
            inside = False
    return tuple(via), index
