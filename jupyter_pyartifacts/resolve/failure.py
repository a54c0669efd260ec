"""What went wrong when uv found no resolution: its text, sorted into our own errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from ..errors import (
    NetworkError,
    NoWheel,
    OfflineError,
    PyArtifactsError,
    ResolutionError,
    UnknownProject,
)
from ..store.storage import explain as explain_storage
from .metadata import REFUSED
from .project import ROOT
from .synthetic import Refusal

__all__ = [
    "clean",
    "explain",
    "named_as_refused",
    "named_without_wheels",
    "refused_error",
    "was_offline",
]

_NAME = r"[A-Za-z0-9][\w.\-]*"
_REASONS = {
    "a-wheel-that-cannot-be-read": "its metadata cannot be read out of the wheel",
    "metadata-of-another-distribution": "its metadata names another distribution or version",
}
"""What the loopback index says by the name of a requirement that nothing can meet."""
_REFUSAL = re.compile(rf"\b({_NAME}?)(?:==\S+)? depends? on {REFUSED}({'|'.join(_REASONS)})\b")
_REFUSED = re.compile(
    rf"\b({_NAME}?)(?:[=<>!~][^\s]*)? depends? on {REFUSED}(?!(?:{'|'.join(_REASONS)})\b)"
)


def clean(said: str) -> str:
    """Return uv's explanation in the user's terms: no colours, no made-up project name."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", said)
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\s*error:", line):
            lines = lines[number:]
            break
    text = "\n".join(line.rstrip() for line in lines)
    # Hints about settings of a project that the user has not got lead nowhere.
    text = re.sub(
        r"\n*hint: (?:While the active Python|The `requires-python` value|The resolution failed for"
        r" an environment)(?:.|\n)*?(?=\n\nhint: |\nhint: |\Z)",
        "",
        text,
    )
    text = re.sub(r"http://127\.0\.0\.1:\d+/[^/\s]+/[^/\s]+/(?:simple/)?", "", text)
    text = re.sub(r"(?i)\byour project(?:'s)? requirements\b", "the requirements", text)
    text = re.sub(r"(?i)\byour project\b", "the notebook", text)
    return text.replace(f"{ROOT}'s", "the notebook's").replace(ROOT, "the notebook").strip()


def was_offline(said: str) -> bool:
    """Tell whether uv failed only because its cache did not hold all that it needed."""
    return "network was disabled" in said or "not found in the cache" in said


def named_without_wheels(said: str) -> tuple[str, ...]:
    """Return the projects that uv says would need to be built, sorted."""
    return tuple(sorted(set(re.findall(r"Wheels are required for `([^`]+)`", said))))


def named_as_refused(said: str) -> set[str]:
    """Return the projects of which uv says that a version of theirs is refused."""
    text = re.sub(r"\s+", " ", clean(said))
    return {str(canonicalize_name(match[1])) for match in _REFUSED.finditer(text)}


def refused_error(refusal: Refusal, *, details: str | None) -> NoWheel:
    """Return a refusal as the reason why there is no resolution."""
    return NoWheel(refusal.what, where=refusal.where, hint=refusal.hint, details=details)


def _refused(
    name: str, versions: tuple[tuple[str, Refusal], ...], explanation: str, *, direct: bool
) -> NoWheel:
    if not direct:
        return refused_error(versions[0][1], details=explanation)
    others = [refusal.what for _, refusal in versions[1:]]
    return refused_error(versions[0][1], details="\n".join(others) or None)


def explain(
    said: str,
    failures: Mapping[str, PyArtifactsError],
    *,
    requested: Iterable[str],
    where: str,
    has_wheel: Callable[[str], bool],
    unmet: Callable[[str], tuple[str, str] | None],
    refused: Callable[[str], tuple[tuple[str, Refusal], ...]],
    cache: Path,
) -> PyArtifactsError:
    """Return the error that says why there is no resolution.

    `failures` are those that the loopback index saw itself: they say more than uv can.
    `where` names Python and platforms, `cache` is where uv keeps what it reads. `has_wheel`
    tells whether any version of a project that the user's own requirement allows has a wheel
    that fits, `unmet` what is asked of a project and what there is if no version of it is that;
    `refused` names the versions of a project whose sdist is not translated, newest
    first, and why.
    """
    details = clean(said)
    storage = re.search(r"[Ff]ailed to .*(?:.|\n)*\(os error (13|28|30|122)\)", details)
    if storage and not failures:
        error = OSError(int(storage[1]), details)
        return explain_storage(error, cache, "written")
    for name in sorted(failures):
        return _retold(name, failures[name])
    asked = tuple(requested)
    for name in sorted(named_as_refused(said), key=lambda own: (own not in asked, own)):
        versions = refused(name)
        if versions:
            return _refused(name, versions, details, direct=name in asked)
    unusable = _REFUSAL.search(details)
    if unusable:
        return ResolutionError(
            f"no file of {unusable[1]} can be used: {_REASONS[unusable[2]]}",
            details=details,
            hint="ask for another version of it, or tell its project",
        )
    missing = re.search(rf"\b({_NAME}) was not found in the package registry", details)
    if missing:
        name = missing[1]
        return UnknownProject(
            f"there is no project named {name} on the index",
            where=None if name in asked else f"{name} is wanted by another distribution",
            details=details,
            hint="check the spelling; the name to import often differs from the project's"
            if name in asked
            else "choose another version of what wants it, or name the index that has it",
        )
    unsolved = bool(re.search(r"No solution found|unsatisfiable", details))
    for name in dict.fromkeys(asked) if unsolved else ():
        contrast = unmet(name)
        if contrast:
            return ResolutionError(
                f"no version of {name} is what the requirements ask for",
                expected=contrast[0],
                found=contrast[1],
                details=details,
                hint="loosen the requirement",
            )
    lacking = [name for name in dict.fromkeys(asked) if unsolved and not has_wheel(name)]
    lacking = lacking or [name for name in named_without_wheels(said) if not has_wheel(name)]
    for name in lacking:
        if refused(name):
            return _refused(name, refused(name), details, direct=name in asked)
    if lacking:
        return NoWheel(
            f"{_join(lacking)} {'has' if len(lacking) == 1 else 'have'} no wheel for {where} that"
            " fits",
            details=details,
            hint="ask for a version that has wheels, leave it out, or choose another Python:"
            " --python",
        )
    if unsolved:
        return ResolutionError(
            "the requirements cannot be met together",
            details=details,
            hint="loosen or remove one of the requirements that are named above",
        )
    if re.search(r"[Ff]ailed to fetch|error sending request|tcp connect|timed out", details):
        return NetworkError(
            "uv cannot reach the index that runs inside this program",
            details=details,
            hint="allow connections to 127.0.0.1, then try again",
        )
    return ResolutionError(
        "uv cannot resolve the requirements",
        details=details or "it said nothing",
        hint="read what uv says above; if no requirement is at fault, report it",
    )


def _retold(name: str, failure: PyArtifactsError) -> PyArtifactsError:
    """Return a failure of the loopback index as a failure of the resolution."""
    told = OfflineError if isinstance(failure, OfflineError) else type(failure)
    return told(
        failure.what if name in failure.what else f"{name} cannot be looked up: {failure.what}",
        where=failure.where,
        expected=failure.expected,
        found=failure.found,
        details=failure.details,
        hint=failure.hint,
    )


def _join(names: Iterable[str]) -> str:
    listed = list(names)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
