"""A notebook whose lock was merged: what both sides asked for. Pure.

A merge of text knows lines, not what they mean. It may leave conflict markers in the notebook, or
put lines of two locks into one document that is valid JSON and no lock. Nothing of such a document
is installed; what both sides asked for and which versions they pinned is read out of it, to lock
again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from packaging.utils import canonicalize_name

from .errors import InvalidRequirement, LockError, NotebookError
from .filenames import parse_version
from .indexes import parse_index
from .model import Index
from .notebook import KEY, parse_document, render_document
from .platforms import PLATFORMS
from .requirements import parse_requirement
from .whole import reached

__all__ = ["Side", "Sides", "join_sides", "read_sides"]

_NBDIME = "nbdime-conflicts"
_LINE = re.compile(r"([a-z0-9][a-z0-9-]*) ([0-9A-Za-z][0-9A-Za-z.!+_-]*)(?: @ \S+)?(?: [;|].*)?\Z")
_PYTHON = re.compile(r"cpython (3\.\d{1,3}(?:\.\d{1,3})?)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What can be read out of one side's lock, whatever state it is in."""

    requirements: tuple[str, ...] = ()
    kernel: tuple[str, ...] = ()
    versions: Mapping[str, str]
    edges: Mapping[str, frozenset[str]] = field(default_factory=dict)
    python: str | None = None
    platforms: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    as_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """A merged notebook: its bytes without the conflict, the sides, and their common base.

    `locks` are the documents of both sides' locks, where they are known as they were.
    """

    data: bytes
    sides: tuple[Side, ...]
    base: Side | None = None
    locks: tuple[object, ...] = ()


def read_sides(data: bytes, where: str, stages: Mapping[int, bytes] | None = None) -> Sides:
    """Read a notebook that was merged, with conflict markers or without.

    `stages` are what git keeps of an unresolved merge: base (1), ours (2) and theirs (3); without
    them the sides are what the markers tell. Raises NotebookError if there are conflicts outside
    the lock, and for what is no notebook.
    """
    text = data.decode("utf-8-sig", errors="strict") if _is_text(data) else ""
    texts = _split(text, where)
    if texts is None:
        content, kind = parse_document(data, where)
        return _without_markers(content, kind, where)
    ours, theirs, base = texts
    contents = []
    for each in (ours, theirs):
        try:
            contents.append(parse_document(each.encode(), where)[0])
        except NotebookError as error:
            raise NotebookError(
                "the merge conflict cannot be taken apart",
                where=where,
                found=error.found or error.what,
                hint="resolve it by hand, or take one side: git checkout --ours, or --theirs",
            ) from error
    outside = _difference(_bare(contents[0]), _bare(contents[1]))
    if outside is not None:
        raise NotebookError(
            "the notebook has merge conflicts outside its lock",
            where=f"{where}, {outside}",
            hint="resolve these first (nbdime mergetool, or an editor), and keep the lock's",
        )
    data = render_document(contents[0], "notebook")
    whole = _whole_sides(stages or {}, where)
    if whole is not None:
        return replace(whole, data=data)
    try:
        origin = None if base is None else _side(parse_document(base.encode(), where)[0])
    except NotebookError:
        origin = None
    return Sides(data=data, sides=(_side(contents[0]), _side(contents[1])), base=origin)


def _whole_sides(stages: Mapping[int, bytes], where: str) -> Sides | None:
    """Return the sides as git keeps them; None if it does not."""
    contents = []
    for number in (2, 3, 1):
        try:
            contents.append(parse_document(stages[number], where)[0])
        except (KeyError, NotebookError):
            break
    if len(contents) < 2:
        return None
    return Sides(
        data=b"",
        sides=(_side(contents[0]), _side(contents[1])),
        base=_side(contents[2]) if len(contents) == 3 else None,
        locks=tuple(each["metadata"].get(KEY) for each in contents[:2]),
    )


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return True


def _split(text: str, where: str) -> tuple[str, str, str | None] | None:
    """Return both sides of a text with git's conflict markers, and the base if they show it."""
    sides: dict[str, list[str]] = {"ours": [], "theirs": [], "base": []}
    part, conflicts, has_base = "all", 0, False
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        mark = re.match(r"(<{7}|\|{7}|>{7})(?: |\r?\n)|(={7})\r?\n", line)
        kind = (mark[1] or mark[2])[0] if mark else ""
        moves = {("all", "<"): "ours", ("ours", "|"): "base", ("ours", "="): "theirs"}
        moves |= {("base", "="): "theirs", ("theirs", ">"): "all"}
        if kind:
            if (part, kind) not in moves:
                raise NotebookError(
                    "a merge conflict has its markers out of order",
                    where=f"{where}, line {number}",
                    found=line.strip()[:80],
                    hint="resolve it by hand, or take one side: git checkout --ours, or --theirs",
                )
            part = moves[part, kind]
            conflicts += kind == "<"
            has_base = has_base or kind == "|"
            continue
        for name, lines in sides.items():
            if part in ("all", name):
                lines.append(line)
    if not conflicts:
        return None
    return (
        "".join(sides["ours"]),
        "".join(sides["theirs"]),
        "".join(sides["base"]) if has_base else None,
    )


def _bare(content: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in content["metadata"].items() if key != KEY}
    return {**content, "metadata": metadata}


def _difference(one: Any, other: Any, place: str = "") -> str | None:
    """Name the first place at which two documents differ, None if they are the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            below = f"{place}.{key}" if place else key
            if key not in one or key not in other:
                return below
            found = _difference(one[key], other[key], below)
            if found is not None:
                return found
        return None
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            found = _difference(left, right, f"{place}[{number}]")
            if found is not None:
                return found
        return None
    return None if one == other and type(one) is type(other) else place


def _without_markers(content: dict[str, Any], kind: Any, where: str) -> Sides:
    """Read one document that was merged into one; nbdime notes both sides' changes beside it."""
    metadata = content["metadata"] if kind == "notebook" else content
    if metadata.get(KEY) is None:
        raise LockError(
            "the notebook has no lock to merge",
            where=where,
            hint="if it was lost: jupyter pyartifacts lock NOTEBOOK --recover",
        )
    conflicts = metadata.get(_NBDIME)
    if not isinstance(conflicts, dict):
        return Sides(data=render_document(content, kind), sides=(_with_strays(_side(content)),))
    base = _side(content)
    sides = tuple(
        replace(base, requirements=_patched(metadata[KEY], conflicts.get(name)))
        for name in ("local_diff", "remote_diff")
    )
    rest = {
        name: [entry for entry in diff if not isinstance(entry, dict) or entry.get("key") != KEY]
        for name, diff in conflicts.items()
        if isinstance(diff, list)
    }
    metadata = {key: value for key, value in metadata.items() if key != _NBDIME}
    if any(rest.values()):
        metadata[_NBDIME] = rest
    return Sides(
        data=render_document({**content, "metadata": metadata}, kind), sides=sides, base=base
    )


def _with_strays(side: Side) -> Side:
    """Ask for what is pinned and nothing needs: the other side did, whose words were lost."""
    asked = [parse_requirement(text).name for text in (*side.requirements, *side.kernel)]
    strays = set(side.versions) - reached(asked, side.edges)
    needed = {name for stray in strays for name in side.edges.get(stray, ()) if name != stray}
    return replace(side, requirements=(*side.requirements, *sorted(strays - needed)))


def _patched(lock: Any, diff: Any) -> tuple[str, ...]:
    """Apply one side's changes of the requirements, as nbdime's diffs have them."""
    texts = [text for text in _list(lock, "requirements") if isinstance(text, str)]
    result, position = [], 0
    for entry in _below(_below(diff, KEY), "requirements"):
        key = entry.get("key")
        if not isinstance(key, int) or key < position:
            continue
        result += texts[position:key]
        position = key
        if entry.get("op") == "addrange":
            result += [text for text in _list(entry, "valuelist") if isinstance(text, str)]
        elif entry.get("op") == "removerange" and isinstance(entry.get("length"), int):
            position = key + entry["length"]
    return _requirements([*result, *texts[position:]])


def _below(diff: Any, key: str) -> list[dict[str, Any]]:
    for entry in diff if isinstance(diff, list) else ():
        if isinstance(entry, dict) and entry.get("key") == key:
            return [each for each in _list(entry, "diff") if isinstance(each, dict)]
    return []


def _list(table: Any, key: str) -> list[Any]:
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, list) else []


def _side(content: Mapping[str, Any]) -> Side:
    """Read what can be read of a lock; a line that cannot is none."""
    lock = content.get("metadata", content).get(KEY)
    versions: dict[str, str] = {}
    edges: dict[str, frozenset[str]] = {}
    for line in _list(lock, "distributions"):
        match = _LINE.match(line) if isinstance(line, str) else None
        if match and parse_version(match[2]) is not None:
            name = match[1]
            versions[name] = _higher(versions.get(name), match[2])
            needed = {re.split(r"[\[ ]", edge)[0] for edge in line.split(" | ")[1:]}
            edges[name] = edges.get(name, frozenset()) | needed
    table = lock if isinstance(lock, dict) else {}
    python = table.get("python")
    match = _PYTHON.match(python) if isinstance(python, str) else None
    as_of = table.get("as_of")
    return Side(
        requirements=_requirements(_list(lock, "requirements")),
        kernel=_requirements(_list(lock, "kernel")),
        versions=versions,
        edges=edges,
        python=match[1] if match else None,
        platforms=tuple(name for name in PLATFORMS if name in _list(lock, "platforms")),
        indexes=_indexes(_list(lock, "indexes")),
        as_of=as_of if isinstance(as_of, str) else None,
    )


def _requirements(texts: Iterable[Any]) -> tuple[str, ...]:
    found = []
    for text in texts:
        try:
            found.append(parse_requirement(text).text if isinstance(text, str) else "")
        except InvalidRequirement:
            continue
    return tuple(dict.fromkeys(text for text in found if text))


def _indexes(lines: Iterable[Any]) -> tuple[Index, ...]:
    from .errors import UsageError

    found = []
    for line in lines:
        words = line.split(" ") if isinstance(line, str) else []
        if len(words) < 2:
            continue
        try:
            index = parse_index(f"{words[0]}={words[1]}")
        except UsageError:
            continue
        projects = tuple(sorted({canonicalize_name(word) for word in words[2:]}))
        found.append(replace(index, projects=projects))
    return tuple(found)


def _higher(one: str | None, other: str) -> str:
    if one is None:
        return other
    left, right = parse_version(one), parse_version(other)
    return one if left is not None and (right is None or left >= right) else other


# Joining both sides


def join_sides(merged: Sides) -> tuple[Side, tuple[str, ...]]:
    """Return what both sides want together, and notes on where they differ.

    A requirement that one side took out of the base is out; of one project asked for differently,
    the side that changed it counts, and where both did, both bounds hold. Of two versions pinned
    the higher is preferred.
    """
    sides, base = merged.sides, merged.base
    notes: list[str] = []
    versions: dict[str, str] = {}
    for side in sides:
        for name, version in side.versions.items():
            versions[name] = _higher(versions.get(name), version)
    pythons = list(dict.fromkeys(side.python for side in sides if side.python))
    if len(pythons) > 1:
        notes.append(f"one side is for Python {pythons[0]}, the other for {pythons[1]}: the first")
    dates = list(dict.fromkeys(side.as_of for side in sides if side.as_of))
    indexes: dict[str, Index] = {}
    for index in (index for side in sides for index in side.indexes):
        own = indexes.get(index.name)
        projects = {*index.projects, *(own.projects if own else ())}
        indexes[index.name] = replace(own or index, projects=tuple(sorted(projects)))
    return (
        Side(
            requirements=_joined([side.requirements for side in sides], base, notes),
            kernel=next((side.kernel for side in sides if side.kernel), ()),
            versions=versions,
            python=pythons[0] if pythons else None,
            platforms=tuple(sorted({name for side in sides for name in side.platforms})),
            indexes=tuple(indexes[name] for name in sorted(indexes)),
            as_of=max(dates, default=None),
        ),
        tuple(notes),
    )


def _joined(sides: list[tuple[str, ...]], base: Side | None, notes: list[str]) -> tuple[str, ...]:
    by_name: list[dict[str, list[str]]] = []
    for texts in (*sides, base.requirements if base else ()):
        named: dict[str, list[str]] = {}
        for text in texts:
            named.setdefault(parse_requirement(text).name, []).append(text)
        by_name.append(named)
    *named_sides, before = by_name
    result: list[str] = []
    for name in dict.fromkeys(name for named in named_sides for name in named):
        if name in before and any(name not in named for named in named_sides):
            continue
        changed = [named[name] for named in named_sides if name in named]
        others = [texts for texts in changed if texts != before.get(name)] or changed[:1]
        kept = list(dict.fromkeys(text for texts in others for text in texts))
        if len(others) > 1 and others[0] != others[1]:
            notes.append(f"both sides asked for {name}: {' and '.join(kept)}")
        result += kept
    return tuple(result)
