"""The lock of a notebook: its document, strictly read, canonically written, and its digest.

The document is JSON under `notebook.metadata.pyartifacts`, one sorted string a line:

`distributions`  `NAME VERSION[ @ INDEX][ ; MARKER][ | DEPENDENCY[ ; MARKER]]...`
`artifacts`      `FILENAME sha256:HEX SIZE LOCATION`, of an sdist ` tree=sha256:HEX translator=N`
`interpreters`   `PLATFORM VERSION BUILD FILENAME sha256:HEX SIZE LOCATION`, `?` for no known size
`trees`          `PLATFORM sha256:HEX`
`indexes`        `NAME URL[ PROJECT]...`
`left_out`       `PLATFORM REASON`

It is read as hostile input: every fault names its place in the document. `lock.schema.json`
beside this module is the same as a JSON schema.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

from .errors import LockError
from .filenames import parse_version, sdist_readings
from .model import (
    Artifact,
    Delta,
    Dependency,
    Digest,
    Distribution,
    Index,
    Interpreter,
    LeftOut,
    Lock,
    PythonPin,
)
from .platforms import PLATFORMS, wheel_parts

__all__ = [
    "LOCK_VERSION",
    "METADATA_KEY",
    "canonical_bytes",
    "lock_digest",
    "parse_lock",
    "render_lock",
]

LOCK_VERSION = 1
METADATA_KEY = "pyartifacts"
_RESTORE = (
    "restore the notebook from a backup or its version control; if two locks were merged, lock"
    " again: jupyter pyartifacts lock NOTEBOOK --merge"
)
_MAX_LINES = 50_000
_MAX_TEXT = 16_384
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
_WORD = re.compile(r"[!-~]+\Z")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.!+_-]*\Z")
_PLAIN_VERSION = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*\Z")
_PYTHON = re.compile(r"(cpython|pypy) (3\.\d{1,3}(?:\.\d{1,3}(?:(?:a|b|rc)\d{1,2})?)?)\Z")
LINE_FIELDS = ("distributions", "artifacts")
FIELDS = {
    "lock_version",
    "requirements",
    "kernel",
    "python",
    "interpreters",
    "platforms",
    "left_out",
    "indexes",
    "as_of",
    "distributions",
    "artifacts",
    "trees",
    "history",
}
_T = TypeVar("_T")


class _Fault(Exception):
    """A fault at one place of the document; the place is put in front while it unwinds."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place


def parse_lock(document: object) -> Lock:
    """Read a lock document; raise LockError with the place inside it for any fault."""
    if isinstance(document, Mapping):
        version = document.get("lock_version")
        if isinstance(version, int) and not isinstance(version, bool) and version > LOCK_VERSION:
            raise LockError(
                "the lock was written by a newer version of jupyter_pyartifacts",
                where=f"{METADATA_KEY}.lock_version",
                expected=f"{LOCK_VERSION} or older",
                found=str(version),
                hint="upgrade it: pip install --upgrade jupyter_pyartifacts",
            )
    try:
        return _parse(document)
    except _Fault as fault:
        raise LockError(
            f"the lock is malformed: {fault.message}",
            where=METADATA_KEY + fault.place,
            hint=_RESTORE,
        ) from None


def _parse(document: object) -> Lock:
    table = _mapping(document)
    if unknown := sorted(set(table) - FIELDS):
        raise _Fault(f"unknown field {unknown[0][:80]!r}")
    version = _at("lock_version", lambda: _integer(_required(table, "lock_version")))
    if version != LOCK_VERSION:
        raise _Fault(f"version {version} does not exist", ".lock_version")
    platforms = _at(
        "platforms", lambda: _sorted(_lines(_required(table, "platforms"), _platform), str)
    )
    python = _at("python", lambda: _python(_required(table, "python")))
    interpreters = _lines_of(table, "interpreters", _interpreter)
    _check_interpreters(interpreters, python)
    bare_distributions = _lines_of(table, "distributions", _distribution)
    pinned = {(own.name, _normal_version(own.version)) for own in bare_distributions}
    artifacts: dict[tuple[str, str], list[Artifact]] = {}
    seen: set[str] = set()
    for number, artifact in enumerate(_lines_of(table, "artifacts", _pinned_artifact)):
        if artifact.filename in seen:
            raise _Fault(f"{artifact.filename} stands twice", f".artifacts[{number}]")
        seen.add(artifact.filename)
        key = _at(f"artifacts[{number}]", lambda a=artifact: _owner(a, pinned))  # type: ignore[misc]
        artifacts.setdefault(key, []).append(artifact)
    indexes = _lines_of(table, "indexes", _index)
    names = {index.name for index in indexes}
    distributions = []
    for number, bare in enumerate(bare_distributions):
        own = artifacts.pop((bare.name, _normal_version(bare.version)), [])
        if not own:
            raise _Fault(f"{bare.name} {bare.version} has no artifact", f".distributions[{number}]")
        if bare.index is not None and bare.index not in names:
            raise _Fault(f"unknown index {bare.index!r}", f".distributions[{number}]")
        distributions.append(replace(bare, artifacts=tuple(own)))
    if artifacts:
        stray = min(artifact.filename for own in artifacts.values() for artifact in own)
        raise _Fault(f"{stray} belongs to no distribution", ".artifacts")
    tree_lines = _lines_of(table, "trees", _tree)
    trees = dict(tree_lines)
    if len(trees) < len(tree_lines):
        raise _Fault("a platform stands twice", ".trees")
    if set(trees) - set(platforms):
        raise _Fault(f"{min(set(trees) - set(platforms))} is not a covered platform", ".trees")
    return Lock(
        requirements=_at(
            "requirements", lambda: _lines(_required(table, "requirements"), _requirement)
        ),
        kernel=_at("kernel", lambda: _lines(_required(table, "kernel"), _requirement)),
        python=replace(python, interpreters=interpreters),
        platforms=platforms,
        distributions=tuple(distributions),
        trees=trees,
        indexes=indexes,
        left_out=_lines_of(table, "left_out", _left_out),
        as_of=_at("as_of", lambda: None if "as_of" not in table else _text(table["as_of"])),
        history=_at("history", lambda: _history(table.get("history", []))),
    )


# Reading: small readers that raise _Fault; `_at` adds the place while it unwinds.


def _at(place: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except _Fault as fault:
        dot = "" if place.startswith("[") else "."
        raise _Fault(fault.message, f"{dot}{place}{fault.place}") from None


def _type(value: object) -> str:
    return {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}.get(
        type(value), "null" if value is None else type(value).__name__
    )


def _required(table: Mapping[str, object], key: str) -> object:
    if key not in table:
        raise _Fault("the field is missing")
    return table[key]


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _Fault(f"unexpected {_type(value)} (expected object)")
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Fault(f"unexpected {_type(value)} (expected integer)")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Fault(f"unexpected {_type(value)} (expected string)")
    if len(value) > _MAX_TEXT:
        raise _Fault(f"a string of {len(value)} characters (at most {_MAX_TEXT})")
    if _CONTROL.search(value):
        raise _Fault("a string with a control character")
    try:
        if not value.isascii():
            value.encode()
    except UnicodeEncodeError:
        raise _Fault("a string that is not Unicode (a lone surrogate)") from None
    return value


def _lines(value: object, read: Callable[[str], _T]) -> tuple[_T, ...]:
    if not isinstance(value, list | tuple):
        raise _Fault(f"unexpected {_type(value)} (expected array)")
    if len(value) > _MAX_LINES:
        raise _Fault(f"{len(value)} lines (at most {_MAX_LINES})")
    lines = []
    for number, line in enumerate(value):
        try:
            lines.append(read(_text(line)))
        except _Fault as fault:
            raise _Fault(fault.message, f"[{number}]{fault.place}") from None
    return tuple(lines)


def _lines_of(table: Mapping[str, object], key: str, read: Callable[[str], _T]) -> tuple[_T, ...]:
    return _at(key, lambda: _sorted_lines(table.get(key, []), read))


def _sorted_lines(value: object, read: Callable[[str], _T]) -> tuple[_T, ...]:
    parsed = _lines(value, read)
    lines = list(value)  # type: ignore[call-overload]
    for number, (one, other) in enumerate(pairwise(lines), 1):
        if one >= other:
            raise _Fault("lines are not sorted, or one stands twice", f"[{number}]")
    return parsed


def _sorted(values: tuple[_T, ...], key: Callable[[_T], Any]) -> tuple[_T, ...]:
    keys = [key(value) for value in values]
    if keys != sorted(set(keys)):
        raise _Fault("lines are not sorted, or one stands twice")
    return values


def _word(text: str) -> str:
    if not _WORD.match(text):
        raise _Fault(f"{text[:80]!r} is not one word of printable ASCII")
    return text


def _name(text: str) -> str:
    if not _NAME.match(text) or canonicalize_name(text) != text:
        raise _Fault(f"{text[:80]!r} is not a canonical project name")
    return text


def _version(text: str) -> str:
    if not _VERSION.match(text):
        raise _Fault(f"{text[:80]!r} is not a version")
    return text


def _platform(text: str) -> str:
    if text not in PLATFORMS:
        raise _Fault(f"unknown platform {text[:80]!r}")
    return text


def _marker(text: str) -> str:
    try:
        Marker(text)
    except InvalidMarker:
        raise _Fault(f"invalid marker {text[:200]!r}") from None
    return text


def _requirement(text: str) -> str:
    if not text.strip() or text.startswith("-"):
        raise _Fault(f"{text[:80]!r} is not a requirement")
    return text


def _python(value: object) -> PythonPin:
    match = _PYTHON.match(_text(value))
    if match is None:
        raise _Fault(f"{str(value)[:80]!r} is not an implementation and a version")
    return PythonPin(implementation=match[1], version=match[2])


def _digest(text: str) -> Digest:
    try:
        return Digest.parse(text)
    except LockError as error:
        raise _Fault(f"{error.what}: {text[:80]!r}") from None


def _artifact(line: str, *, interpreter: bool = False) -> Artifact:
    words = line.split(" ")
    if len(words) < 4:
        raise _Fault("expected FILENAME sha256:HEX SIZE LOCATION")
    filename, digest, size, location, *rest = (_word(word) for word in words)
    if "/" in filename or "\\" in filename or filename.startswith((".", "-")):
        raise _Fault(f"{filename[:80]!r} is not a file name")
    if interpreter and size == "?":
        size = "0"
    elif not re.fullmatch(r"[1-9]\d{0,14}" if interpreter else r"0|[1-9]\d{0,14}", size):
        raise _Fault(f"{size[:80]!r} is not a size in bytes")
    tree, translator = None, None
    for extra in rest:
        key, _, value = extra.partition("=")
        if interpreter:
            raise _Fault(f"unknown word {extra[:80]!r}")
        if key == "tree" and tree is None:
            tree = _digest(value)
        elif key == "translator" and translator is None and re.fullmatch(r"\d{1,4}", value):
            translator = int(value)
        else:
            raise _Fault(f"unknown word {extra[:80]!r}")
    return Artifact(
        filename=filename,
        digest=_digest(digest),
        size=int(size),
        location=location,
        tree=tree,
        translator=translator,
        interpreter=interpreter,
    )


def _pinned_artifact(line: str) -> Artifact:
    """Read the line of a wheel, or of an sdist with what its translation gives."""
    artifact = _artifact(line)
    translated = artifact.tree is not None and artifact.translator is not None
    if artifact.kind == "sdist" and not translated:
        raise _Fault("an sdist without tree= and translator=")
    if artifact.kind == "wheel" and artifact.translator is not None:
        raise _Fault("a wheel with translator=")
    return artifact


def _normal_version(text: str) -> str:
    if _PLAIN_VERSION.match(text):
        return text
    version = parse_version(text)
    return text if version is None else str(version)


def _owner(artifact: Artifact, pinned: set[tuple[str, str]]) -> tuple[str, str]:
    """Return name and version of the distribution that an artifact belongs to.

    The name of an old sdist can be read in several ways: the one that is pinned counts.
    """
    if artifact.kind == "wheel":
        parts = wheel_parts(artifact.filename)
        if parts is None:
            raise _misnamed(artifact)
        return parts[0], parts[1]
    readings = list(sdist_readings(artifact.filename))
    if not readings:
        raise _misnamed(artifact)
    return next((own for own in readings if own in pinned), readings[0])


def _misnamed(artifact: Artifact) -> _Fault:
    return _Fault(f"{artifact.filename[:120]!r} is not the name of a wheel or sdist")


def _distribution(line: str) -> Distribution:
    head, *edges = line.split(" | ")
    head, _, marker = head.partition(" ; ")
    words = head.split(" ")
    index = None
    if len(words) == 4 and words[2] == "@":
        index = _word(words[3])
    elif len(words) != 2:
        raise _Fault("expected NAME VERSION")
    return Distribution(
        name=_name(words[0]),
        version=_version(words[1]),
        index=index,
        marker=_marker(marker) if marker else None,
        dependencies=tuple(_dependency(edge) for edge in edges),
        artifacts=(),
    )


def _dependency(edge: str) -> Dependency:
    head, _, marker = edge.partition(" ; ")
    name, bracket, extras = head.partition("[")
    if bracket and not extras.endswith("]"):
        raise _Fault(f"{edge[:80]!r} is not a dependency")
    return Dependency(
        name=_name(name),
        extras=tuple(_name(extra) for extra in extras[:-1].split(",")) if bracket else (),
        marker=_marker(marker) if marker else None,
    )


def _interpreter(line: str) -> Interpreter:
    platform, _, rest = line.partition(" ")
    version, _, rest = rest.partition(" ")
    build, _, rest = rest.partition(" ")
    return Interpreter(
        platform=_platform(platform),
        version=_version(version),
        build=_word(build),
        artifact=_artifact(rest, interpreter=True),
    )


def _check_interpreters(interpreters: tuple[Interpreter, ...], python: PythonPin) -> None:
    """Check that each platform has at most one archive, and that it is of the lock's Python."""
    seen: set[str] = set()
    for number, each in enumerate(interpreters):
        if each.version != python.version:
            raise _Fault(
                f"an archive of Python {each.version} in a lock for {python.version}",
                f".interpreters[{number}]",
            )
        if each.platform in seen:
            raise _Fault(f"two archives for {each.platform}", f".interpreters[{number}]")
        seen.add(each.platform)


def _tree(line: str) -> tuple[str, Digest]:
    platform, _, digest = line.partition(" ")
    return _platform(platform), _digest(digest)


def _index(line: str) -> Index:
    name, url, *projects = [*(_word(word) for word in line.split(" ")), ""]
    if not url:
        raise _Fault("expected NAME URL")
    return Index(name=name, url=url, projects=tuple(_name(p) for p in projects if p))


def _left_out(line: str) -> LeftOut:
    platform, _, reason = line.partition(" ")
    return LeftOut(platform=_platform(platform), reason=reason)


def _history(value: object) -> tuple[Delta, ...]:
    if not isinstance(value, list | tuple):
        raise _Fault(f"unexpected {_type(value)} (expected array)")
    return tuple(
        _at(f"[{number}]", lambda entry=entry: _delta(entry))  # type: ignore[misc]
        for number, entry in enumerate(value)
    )


def _delta(value: object) -> Delta:
    table = _mapping(value)
    if unknown := sorted(set(table) - {"when", "what", "first", "fields", "drop", "bring"}):
        raise _Fault(f"unknown field {unknown[0][:80]!r}")
    first = table.get("first", False)
    if not isinstance(first, bool):
        raise _Fault(f"unexpected {_type(first)} (expected boolean)", ".first")
    fields = dict(_at("fields", lambda: _mapping(table.get("fields", {}))))
    if wrong := sorted(set(fields) - (FIELDS - {"lock_version", "history", *LINE_FIELDS})):
        raise _Fault(f"unknown field {wrong[0][:80]!r}", ".fields")
    changes: dict[str, dict[str, tuple[str, ...]]] = {}
    for key in ("drop", "bring"):
        lines = _at(key, lambda key=key: _mapping(table.get(key, {})))  # type: ignore[misc]
        if wrong := sorted(set(lines) - set(LINE_FIELDS)):
            raise _Fault(f"unknown field {wrong[0][:80]!r}", f".{key}")
        changes[key] = {
            name: _at(f"{key}.{name}", lambda value=value: _lines(value, str))  # type: ignore[misc]
            for name, value in lines.items()
        }
    return Delta(
        when=_at("when", lambda: _text(_required(table, "when"))),
        what=_at("what", lambda: _text(_required(table, "what"))),
        first=first,
        fields=fields,
        drop=changes["drop"],
        bring=changes["bring"],
    )


# Writing.


def render_lock(lock: Lock) -> dict[str, Any]:
    """Write a lock as the document that `parse_lock` reads; fields that are empty are left out."""
    document: dict[str, Any] = {
        "lock_version": LOCK_VERSION,
        "requirements": list(lock.requirements),
        "kernel": list(lock.kernel),
        "python": f"{lock.python.implementation} {lock.python.version}",
        "platforms": sorted(lock.platforms),
        "distributions": sorted(_distribution_line(each) for each in lock.distributions),
        "artifacts": sorted(
            _artifact_line(artifact)
            for distribution in lock.distributions
            for artifact in distribution.artifacts
        ),
    }
    optional: dict[str, Any] = {
        "interpreters": sorted(
            f"{each.platform} {each.version} {each.build} {_artifact_line(each.artifact)}"
            for each in lock.python.interpreters
        ),
        "left_out": sorted(f"{left.platform} {left.reason}" for left in lock.left_out),
        "indexes": sorted(
            " ".join((index.name, index.url, *sorted(index.projects))) for index in lock.indexes
        ),
        "as_of": lock.as_of,
        "trees": sorted(f"{platform} {digest}" for platform, digest in lock.trees.items()),
        "history": [render_delta(delta) for delta in lock.history],
    }
    document.update({key: value for key, value in optional.items() if value})
    return document


def _distribution_line(distribution: Distribution) -> str:
    line = f"{distribution.name} {distribution.version}"
    if distribution.index:
        line += f" @ {distribution.index}"
    if distribution.marker:
        line += f" ; {distribution.marker}"
    edges = sorted(
        dependency.name
        + (f"[{','.join(sorted(dependency.extras))}]" if dependency.extras else "")
        + (f" ; {dependency.marker}" if dependency.marker else "")
        for dependency in distribution.dependencies
    )
    return " | ".join((line, *edges))


def _artifact_line(artifact: Artifact) -> str:
    size = "?" if artifact.interpreter and not artifact.size else artifact.size
    line = f"{artifact.filename} {artifact.digest} {size} {artifact.location}"
    if artifact.tree is not None:
        line += f" tree={artifact.tree}"
    if artifact.translator is not None:
        line += f" translator={artifact.translator}"
    return line


def render_delta(delta: Delta) -> dict[str, Any]:
    """Write one change of the history."""
    document: dict[str, Any] = {"when": delta.when, "what": delta.what}
    if delta.first:
        document["first"] = True
    if delta.fields:
        document["fields"] = dict(delta.fields)
    for key, lines in (("drop", delta.drop), ("bring", delta.bring)):
        if lines:
            document[key] = {name: list(value) for name, value in lines.items()}
    return document


def canonical_bytes(document: object) -> bytes:
    """Write JSON in the one form that is hashed: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def lock_digest(lock: Lock) -> Digest:
    """Name a lock: sha256 of its canonical JSON (sorted keys, no spaces, UTF-8), no history."""
    for known, digest in tuple(_NAMED):
        if known is lock:
            return digest
    document = render_lock(replace(lock, history=()))
    digest = Digest(hashlib.sha256(canonical_bytes(document)).hexdigest())
    _NAMED.append((lock, digest))
    return digest


# A lock never changes, and one run asks for the digest of the same few again and again.
_NAMED: deque[tuple[Lock, Digest]] = deque(maxlen=4)
