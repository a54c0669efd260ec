"""What a file in another tool's format asks for, whichever format it was."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ..errors import ForeignFileError, InvalidRequirement, UsageError
from ..indexes import parse_index
from ..model import Index
from ..requirements import merge_requirements, parse_requirement

__all__ = ["Pinned", "Wanted", "check_requirement", "join_wanted", "tie_indexes"]

_CREDENTIALS = re.compile(r"//[^/@\s]*@")
LARGEST = 32 << 20
"""How long a file may be, in characters: the largest real ones have a tenth of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One project at one version, as a file pins it.

    `name` is canonical. `hashes` are the sha256 (hexadecimal) of the files that may be used;
    empty where the file does not say. `marker` (PEP 508) says where the pin holds. `index` is
    the URL of the index that the file names for it, without credentials.
    """

    name: str
    version: str
    hashes: frozenset[str] = frozenset()
    marker: str | None = None
    index: str | None = None

    @property
    def constraint(self) -> str:
        """Return the pin as a requirement: `NAME==VERSION ; MARKER`."""
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a file asks for.

    `requirements` are what its author wants, `pins` what it fixes beside that, `constraints`
    further bounds (PEP 508). `complete` is false where the file does not tell requirements from
    what came with them: `requirements` then names everything. `hashes` maps projects to all
    sha256 that are allowed of them. `python` is a version (`3.11.7`), `requires_python` a
    specifier, `platforms` those of the file if it says so. `tied` are projects that come from
    another index. `notes` name what is not done.
    """

    requirements: tuple[str, ...] = ()
    pins: tuple[Pinned, ...] = ()
    constraints: tuple[str, ...] = ()
    hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    complete: bool = True
    python: str | None = None
    requires_python: str | None = None
    platforms: tuple[str, ...] | None = None
    as_of: str | None = None
    prereleases: bool = False
    indexes: tuple[Index, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether the file asks for nothing at all."""
        return not (self.requirements or self.pins)


def check_requirement(text: str, place: str) -> str:
    """Return a requirement as it is kept; raise InvalidRequirement with its place."""
    try:
        return parse_requirement(text).text
    except InvalidRequirement as error:
        where = place if error.where is None else f"{place}: {error.where}"
        raise type(error)(
            error.what,
            where=where,
            expected=error.expected,
            found=error.found,
            details=error.details,
            hint=error.hint,
        ) from error


def bare_url(url: str) -> str:
    """Return a URL without its credentials, however broken the rest of it is."""
    return _CREDENTIALS.sub("//", url)


def masked(text: str) -> str:
    """Return a text with the credentials of its URLs hidden, for messages."""
    return _CREDENTIALS.sub("//***@", text)


def check_length(text: str, where: str) -> None:
    """Refuse a text that is longer than any real one; raise ForeignFileError."""
    if len(text) > LARGEST:
        raise ForeignFileError(
            "a file is too large to be what it says",
            where=where,
            expected=f"at most {LARGEST} characters",
            found=f"{len(text)}",
            hint="see whether it is the right file",
        )


def check_version(text: str, place: str) -> str:
    """Return a version in its normal form (PEP 440); raise ForeignFileError with its place."""
    try:
        return str(Version(text))
    except InvalidVersion as error:
        raise ForeignFileError(
            "a version cannot be read",
            where=place,
            expected="a version such as 1.2.3 (PEP 440)",
            found=text[:80],
            hint="mend the file, or write it anew with the tool that made it",
        ) from error


def hashes_of(pins: Iterable[Pinned]) -> dict[str, frozenset[str]]:
    """Return all hashes that are allowed of each project; one pin without leaves a project free."""
    allowed: dict[str, frozenset[str]] = {}
    free = set()
    for pin in pins:
        if not pin.hashes:
            free.add(pin.name)
        allowed[pin.name] = allowed.get(pin.name, frozenset()) | pin.hashes
    return {name: found for name, found in sorted(allowed.items()) if name not in free}


def tie_indexes(pins: Iterable[Pinned], where: str) -> tuple[tuple[Index, ...], tuple[str, ...]]:
    """Return the indexes that pins name beside the default one, and a note for each.

    The index that most of a file's pins come from is its writer's default, and this machine has
    its own in its place; the others are what makes a pin special.
    """
    by_url: dict[str, set[str]] = {}
    for pin in pins:
        by_url.setdefault(pin.index or "", set()).add(pin.name)
    if not by_url:
        return (), ()
    common = max(sorted(by_url), key=lambda url: len(by_url[url]))
    if "" in by_url:
        common = ""
    indexes: list[Index] = []
    notes: list[str] = []
    for url in sorted(set(by_url) - {common}):
        names = sorted(by_url[url])
        try:
            index = parse_index(url)
        except UsageError as error:
            raise ForeignFileError(
                error.what, where=f"{where}, {names[0]}", found=error.found, hint=error.hint
            ) from error
        taken = {own.name for own in indexes}
        name = index.name
        while name in taken:
            name += "-2"
        indexes.append(replace(index, name=name, projects=tuple(names)))
        notes.append(f"{', '.join(names)} from {index.url}, as {where} says")
    return tuple(indexes), tuple(notes)


def join_wanted(parts: Iterable[Wanted]) -> Wanted:
    """Join what several places ask for; of one project the later requirement counts."""
    whole = Wanted()
    for part in parts:
        hashes = dict(whole.hashes)
        for name, found in part.hashes.items():
            hashes[name] = hashes.get(name, frozenset()) | found
        whole = Wanted(
            requirements=merge_requirements(whole.requirements, part.requirements),
            pins=(*whole.pins, *part.pins),
            constraints=(*whole.constraints, *part.constraints),
            hashes=hashes,
            complete=whole.complete and part.complete,
            python=part.python or whole.python,
            requires_python=_both(whole.requires_python, part.requires_python),
            platforms=part.platforms or whole.platforms,
            as_of=part.as_of or whole.as_of,
            prereleases=whole.prereleases or part.prereleases,
            indexes=(*whole.indexes, *part.indexes),
            notes=tuple(dict.fromkeys((*whole.notes, *part.notes))),
        )
    return whole


def _both(one: str | None, other: str | None) -> str | None:
    texts = [text for text in (one, other) if text]
    return ",".join(dict.fromkeys(texts)) or None


def project_of(text: str) -> str:
    """Return the canonical name of a requirement that was checked."""
    return canonicalize_name(parse_requirement(text).name)
