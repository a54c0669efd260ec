"""The lines of a lock: each kind of line to the model and back; `lock.py` has their grammar."""

from __future__ import annotations

import re

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

from .errors import LockError
from .filenames import parse_version, sdist_readings
from .model import (
    Artifact,
    Dependency,
    Digest,
    Distribution,
    Index,
    Interpreter,
    LeftOut,
    PythonPin,
)
from .platforms import PLATFORMS, wheel_parts
from .strict import Fault, read_text

__all__ = [
    "artifact_line",
    "distribution_line",
    "normal_version",
    "owner_of",
    "parse_artifact",
    "parse_distribution",
    "parse_index",
    "parse_interpreter",
    "parse_left_out",
    "parse_platform",
    "parse_python",
    "parse_tree",
    "parse_wish",
]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
_WORD = re.compile(r"[!-~]+\Z")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.!+_-]*\Z")
_PLAIN_VERSION = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*\Z")
_PYTHON = re.compile(r"(cpython|pypy) (3\.\d{1,3}(?:\.\d{1,3}(?:(?:a|b|rc)\d{1,2})?)?)\Z")


def _word(text: str) -> str:
    if not _WORD.match(text):
        raise Fault(f"{text[:80]!r} is not one word of printable ASCII")
    return text


def _name(text: str) -> str:
    if not _NAME.match(text) or canonicalize_name(text) != text:
        raise Fault(f"{text[:80]!r} is not a canonical project name")
    return text


def _version(text: str) -> str:
    if not _VERSION.match(text):
        raise Fault(f"{text[:80]!r} is not a version")
    return text


def parse_platform(text: str) -> str:
    if text not in PLATFORMS:
        raise Fault(f"unknown platform {text[:80]!r}")
    return text


def _marker(text: str) -> str:
    try:
        Marker(text)
    except InvalidMarker:
        raise Fault(f"invalid marker {text[:200]!r}") from None
    return text


def parse_wish(text: str) -> str:
    if not text.strip() or text.startswith("-"):
        raise Fault(f"{text[:80]!r} is not a requirement")
    return text


def parse_python(value: object) -> PythonPin:
    match = _PYTHON.match(read_text(value))
    if match is None:
        raise Fault(f"{str(value)[:80]!r} is not an implementation and a version")
    return PythonPin(implementation=match[1], version=match[2])


def _digest(text: str) -> Digest:
    try:
        return Digest.parse(text)
    except LockError as error:
        raise Fault(f"{error.what}: {text[:80]!r}") from None


def _artifact(line: str, *, interpreter: bool = False) -> Artifact:
    words = line.split(" ")
    if len(words) < 4:
        raise Fault("expected FILENAME sha256:HEX SIZE LOCATION")
    filename, digest, size, location, *rest = (_word(word) for word in words)
    if "/" in filename or "\\" in filename or filename.startswith((".", "-")):
        raise Fault(f"{filename[:80]!r} is not a file name")
    if interpreter and size == "?":
        size = "0"
    elif not re.fullmatch(r"[1-9]\d{0,14}" if interpreter else r"0|[1-9]\d{0,14}", size):
        raise Fault(f"{size[:80]!r} is not a size in bytes")
    tree, translator = None, None
    for extra in rest:
        key, _, value = extra.partition("=")
        if interpreter:
            raise Fault(f"unknown word {extra[:80]!r}")
        if key == "tree" and tree is None:
            tree = _digest(value)
        elif key == "translator" and translator is None and re.fullmatch(r"\d{1,4}", value):
            translator = int(value)
        else:
            raise Fault(f"unknown word {extra[:80]!r}")
    return Artifact(
        filename=filename,
        digest=_digest(digest),
        size=int(size),
        location=location,
        tree=tree,
        translator=translator,
        interpreter=interpreter,
    )


def parse_artifact(line: str) -> Artifact:
    """Read the line of a wheel, or of an sdist with what its translation gives."""
    artifact = _artifact(line)
    translated = artifact.tree is not None and artifact.translator is not None
    if artifact.kind == "sdist" and not translated:
        raise Fault("an sdist without tree= and translator=")
    if artifact.kind == "wheel" and artifact.translator is not None:
        raise Fault("a wheel with translator=")
    return artifact


def normal_version(text: str) -> str:
    if _PLAIN_VERSION.match(text):
        return text
    version = parse_version(text)
    return text if version is None else str(version)


def owner_of(artifact: Artifact, pinned: set[tuple[str, str]]) -> tuple[str, str]:
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


def _misnamed(artifact: Artifact) -> Fault:
    return Fault(f"{artifact.filename[:120]!r} is not the name of a wheel or sdist")


def parse_distribution(line: str) -> Distribution:
    head, *edges = line.split(" | ")
    head, _, marker = head.partition(" ; ")
    words = head.split(" ")
    index = None
    if len(words) == 4 and words[2] == "@":
        index = _word(words[3])
    elif len(words) != 2:
        raise Fault("expected NAME VERSION")
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
        raise Fault(f"{edge[:80]!r} is not a dependency")
    return Dependency(
        name=_name(name),
        extras=tuple(_name(extra) for extra in extras[:-1].split(",")) if bracket else (),
        marker=_marker(marker) if marker else None,
    )


def parse_interpreter(line: str) -> Interpreter:
    platform, _, rest = line.partition(" ")
    version, _, rest = rest.partition(" ")
    build, _, rest = rest.partition(" ")
    return Interpreter(
        platform=parse_platform(platform),
        version=_version(version),
        build=_word(build),
        artifact=_artifact(rest, interpreter=True),
    )


def parse_tree(line: str) -> tuple[str, Digest]:
    platform, _, digest = line.partition(" ")
    return parse_platform(platform), _digest(digest)


def parse_index(line: str) -> Index:
    name, url, *projects = [*(_word(word) for word in line.split(" ")), ""]
    if not url:
        raise Fault("expected NAME URL")
    return Index(name=name, url=url, projects=tuple(_name(p) for p in projects if p))


def parse_left_out(line: str) -> LeftOut:
    platform, _, reason = line.partition(" ")
    return LeftOut(platform=parse_platform(platform), reason=reason)


def distribution_line(distribution: Distribution) -> str:
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


def artifact_line(artifact: Artifact) -> str:
    size = "?" if artifact.interpreter and not artifact.size else artifact.size
    line = f"{artifact.filename} {artifact.digest} {size} {artifact.location}"
    if artifact.tree is not None:
        line += f" tree={artifact.tree}"
    if artifact.translator is not None:
        line += f" translator={artifact.translator}"
    return line
