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
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .errors import LockError
from .locklines import (
    artifact_line,
    distribution_line,
    normal_version,
    owner_of,
    parse_artifact,
    parse_distribution,
    parse_index,
    parse_interpreter,
    parse_left_out,
    parse_platform,
    parse_python,
    parse_tree,
    parse_wish,
)
from .model import Artifact, Delta, Digest, Interpreter, Lock, PythonPin
from .strict import (
    Fault,
    ascending,
    at,
    lines_of,
    read_integer,
    read_lines,
    read_mapping,
    read_text,
    required,
    type_name,
)

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
    except Fault as fault:
        raise LockError(
            f"the lock is malformed: {fault.message}",
            where=METADATA_KEY + fault.place,
            hint=_RESTORE,
        ) from None


def _parse(document: object) -> Lock:
    table = read_mapping(document)
    if unknown := sorted(set(table) - FIELDS):
        raise Fault(f"unknown field {unknown[0][:80]!r}")
    version = at("lock_version", lambda: read_integer(required(table, "lock_version")))
    if version != LOCK_VERSION:
        raise Fault(f"version {version} does not exist", ".lock_version")
    platforms = at(
        "platforms",
        lambda: ascending(read_lines(required(table, "platforms"), parse_platform), str),
    )
    python = at("python", lambda: parse_python(required(table, "python")))
    interpreters = lines_of(table, "interpreters", parse_interpreter)
    _check_interpreters(interpreters, python)
    bare_distributions = lines_of(table, "distributions", parse_distribution)
    pinned = {(own.name, normal_version(own.version)) for own in bare_distributions}
    artifacts: dict[tuple[str, str], list[Artifact]] = {}
    seen: set[str] = set()
    for number, artifact in enumerate(lines_of(table, "artifacts", parse_artifact)):
        if artifact.filename in seen:
            raise Fault(f"{artifact.filename} stands twice", f".artifacts[{number}]")
        seen.add(artifact.filename)
        key = at(f"artifacts[{number}]", lambda a=artifact: owner_of(a, pinned))  # type: ignore[misc]
        artifacts.setdefault(key, []).append(artifact)
    indexes = lines_of(table, "indexes", parse_index)
    names = {index.name for index in indexes}
    distributions = []
    for number, bare in enumerate(bare_distributions):
        own = artifacts.pop((bare.name, normal_version(bare.version)), [])
        if not own:
            raise Fault(f"{bare.name} {bare.version} has no artifact", f".distributions[{number}]")
        if bare.index is not None and bare.index not in names:
            raise Fault(f"unknown index {bare.index!r}", f".distributions[{number}]")
        distributions.append(replace(bare, artifacts=tuple(own)))
    if artifacts:
        stray = min(artifact.filename for own in artifacts.values() for artifact in own)
        raise Fault(f"{stray} belongs to no distribution", ".artifacts")
    tree_lines = lines_of(table, "trees", parse_tree)
    trees = dict(tree_lines)
    if len(trees) < len(tree_lines):
        raise Fault("a platform stands twice", ".trees")
    if set(trees) - set(platforms):
        raise Fault(f"{min(set(trees) - set(platforms))} is not a covered platform", ".trees")
    return Lock(
        requirements=at(
            "requirements", lambda: read_lines(required(table, "requirements"), parse_wish)
        ),
        kernel=at("kernel", lambda: read_lines(required(table, "kernel"), parse_wish)),
        python=replace(python, interpreters=interpreters),
        platforms=platforms,
        distributions=tuple(distributions),
        trees=trees,
        indexes=indexes,
        left_out=lines_of(table, "left_out", parse_left_out),
        as_of=at("as_of", lambda: None if "as_of" not in table else read_text(table["as_of"])),
        history=at("history", lambda: _history(table.get("history", []))),
    )


def _check_interpreters(interpreters: tuple[Interpreter, ...], python: PythonPin) -> None:
    """Check that each platform has at most one archive, and that it is of the lock's Python."""
    seen: set[str] = set()
    for number, each in enumerate(interpreters):
        if each.version != python.version:
            raise Fault(
                f"an archive of Python {each.version} in a lock for {python.version}",
                f".interpreters[{number}]",
            )
        if each.platform in seen:
            raise Fault(f"two archives for {each.platform}", f".interpreters[{number}]")
        seen.add(each.platform)


def _history(value: object) -> tuple[Delta, ...]:
    if not isinstance(value, list | tuple):
        raise Fault(f"unexpected {type_name(value)} (expected array)")
    return tuple(
        at(f"[{number}]", lambda entry=entry: _delta(entry))  # type: ignore[misc]
        for number, entry in enumerate(value)
    )


def _delta(value: object) -> Delta:
    table = read_mapping(value)
    if unknown := sorted(set(table) - {"when", "what", "first", "fields", "drop", "bring"}):
        raise Fault(f"unknown field {unknown[0][:80]!r}")
    first = table.get("first", False)
    if not isinstance(first, bool):
        raise Fault(f"unexpected {type_name(first)} (expected boolean)", ".first")
    fields = dict(at("fields", lambda: read_mapping(table.get("fields", {}))))
    if wrong := sorted(set(fields) - (FIELDS - {"lock_version", "history", *LINE_FIELDS})):
        raise Fault(f"unknown field {wrong[0][:80]!r}", ".fields")
    changes: dict[str, dict[str, tuple[str, ...]]] = {}
    for key in ("drop", "bring"):
        lines = at(key, lambda key=key: read_mapping(table.get(key, {})))  # type: ignore[misc]
        if wrong := sorted(set(lines) - set(LINE_FIELDS)):
            raise Fault(f"unknown field {wrong[0][:80]!r}", f".{key}")
        changes[key] = {
            name: at(f"{key}.{name}", lambda value=value: read_lines(value, str))  # type: ignore[misc]
            for name, value in lines.items()
        }
    return Delta(
        when=at("when", lambda: read_text(required(table, "when"))),
        what=at("what", lambda: read_text(required(table, "what"))),
        first=first,
        fields=fields,
        drop=changes["drop"],
        bring=changes["bring"],
    )


def render_lock(lock: Lock) -> dict[str, Any]:
    """Write a lock as the document that `parse_lock` reads; fields that are empty are left out."""
    document: dict[str, Any] = {
        "lock_version": LOCK_VERSION,
        "requirements": list(lock.requirements),
        "kernel": list(lock.kernel),
        "python": f"{lock.python.implementation} {lock.python.version}",
        "platforms": sorted(lock.platforms),
        "distributions": sorted(distribution_line(each) for each in lock.distributions),
        "artifacts": sorted(
            artifact_line(artifact)
            for distribution in lock.distributions
            for artifact in distribution.artifacts
        ),
    }
    optional: dict[str, Any] = {
        "interpreters": sorted(
            f"{each.platform} {each.version} {each.build} {artifact_line(each.artifact)}"
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
