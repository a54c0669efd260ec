"""What went wrong when uv found no resolution: its text, sorted into our own errors."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import NetworkError, PyArtifactsError, ResolutionError
from .project import ROOT

__all__ = ["clean", "explain"]

_NO_WHEELS = r"([\w.\-]+?)(?:[=<>!~]=?\S+)? has no (?:usable |`[^`]*`-compatible )?wheels"
_REFUSAL = re.compile(
    r"(?:all versions of )?([\w.\-]+?)(?:==\S+)? depends? on "
    r"(a-wheel-that-cannot-be-read|metadata-of-another-distribution)\b"
)
_REASONS = {
    "a-wheel-that-cannot-be-read": "its metadata cannot be read out of the wheel",
    "metadata-of-another-distribution": "its metadata names another distribution or version",
}


def clean(said: str) -> str:
    """Return uv's explanation in the user's terms: no colours, no made-up project name."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", said)
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\s*(error:|×|x\s)", line):
            lines = lines[number:]
            break
    kept = "\n".join(line.rstrip() for line in lines if not _is_noise(line))
    kept = re.sub(r"http://127\.0\.0\.1:\d+/\S*?/(?:simple|files)/", "", kept)
    kept = re.sub(r"(?i)your project\b", "what was asked for", kept)
    return kept.replace(ROOT, "what was asked for").strip()


def _is_noise(line: str) -> bool:
    return line.startswith(("Using CPython", "Resolved ", "Using Python")) or bool(
        re.match(
            r"\s*hint: (While the active Python|The `requires-python` value|The resolution failed"
            r" for an environment)",
            line,
        )
    )


def _refused(details: str) -> tuple[str, str] | None:
    """Return what cannot be used and why, where the loopback index said so by a name."""
    refused = _REFUSAL.search(details)
    return None if refused is None else (refused[1], _REASONS[refused[2]])


def explain(
    said: str,
    failures: Mapping[str, PyArtifactsError],
    *,
    requested: tuple[str, ...],
    minor: str,
    platforms: tuple[str, ...],
) -> PyArtifactsError:
    """Return the error that says why there is no resolution.

    `failures` are those that the loopback index saw itself; they say more than uv can.
    """
    details = clean(said)
    for name, failure in sorted(failures.items()):
        return type(failure)(
            f"{name} could not be looked up: {failure.what}"
            if name not in failure.what
            else failure.what,
            where=failure.where,
            expected=failure.expected,
            found=failure.found,
            details=failure.details,
            hint=failure.hint,
        )
    refused = _refused(details)
    if refused is not None:
        name, reason = refused
        return ResolutionError(
            f"no file of {name} can be used: {reason}",
            details=details,
            hint="ask for another version of it, or tell its project",
        )
    missing = re.search(r"[Bb]ecause ([\w.\-]+) was not found in the package registry", details)
    if missing:
        name = missing[1]
        asked = name in requested
        return ResolutionError(
            f"there is no project named {name} on the index",
            where=None if asked else f"{name} is needed by another distribution",
            details=details,
            hint="check the spelling; the name to import often differs from the project's"
            if asked
            else "choose another version of what needs it, or name the index that has it",
        )
    wheels = sorted(set(re.findall(r"Wheels are required for `([^`]+)`", details)))
    no_wheels = set(re.findall(_NO_WHEELS, details))
    named = sorted((set(wheels) | no_wheels) & set(requested)) or sorted(set(wheels) | no_wheels)
    if named:
        where = f"Python {minor} on {', '.join(platforms)}"
        return ResolutionError(
            f"no version of {', '.join(named)} that fits has a wheel for {where}",
            details=details,
            hint="ask for a version that has wheels, or choose another Python: --python",
        )
    if re.search(r"No solution found|unsatisfiable", details):
        return ResolutionError(
            "the requirements cannot be met together",
            details=details,
            hint="loosen or remove one of the requirements named above",
        )
    if re.search(r"[Ff]ailed to fetch|error sending request|tcp connect|timed out", details):
        return NetworkError(
            "uv could not reach the index that runs inside this program",
            details=details,
            hint="allow connections to 127.0.0.1, then try again",
        )
    return ResolutionError(
        "uv could not resolve the requirements",
        details=details or "it said nothing",
        hint="read what uv says above; if it is no fault of the requirements, report it",
    )
