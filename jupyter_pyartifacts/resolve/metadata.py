"""Core metadata as uv can read it: legacy requirements mended, the rest left as it is."""

from __future__ import annotations

import re
from collections.abc import Callable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .target import python_accepts

__all__ = [
    "REFUSED",
    "head_of",
    "impossible_metadata",
    "is_reason",
    "mend_requirement",
    "render_metadata",
]

REFUSED = "pyartifacts-refused-"
"""So begins the name of a project that is none: the rest says why another cannot be used."""
_FROM_URL = "-is-wanted-from-a-url-which-is-not-followed"

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._\-]*)\s*(\[[^\]]*\])?\s*")
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>|=>|=<|=)?\s*([^\s,;<>=!~()]+)")
_RELEASE = re.compile(r"\d+(?:\.\d+)*")


def mend_requirement(text: str) -> tuple[str | None, str | None]:
    """Return a requirement of some metadata as PEP 508 has it, and what was changed about it.

    (`pytz>=2011`, "read pytz (>=2011k) as pytz>=2011"); a requirement in order comes back with
    no note. (None, note) where nothing can be made of it.
    """
    text = " ".join(text.split())
    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        pass
    else:
        if parsed.url is None:
            return str(parsed), None
        # Only what the user names may be fetched from a URL, and uv would fetch this one.
        refused = f"{REFUSED}{canonicalize_name(parsed.name)}{_FROM_URL}"
        marker = f"; {parsed.marker}" if parsed.marker else ""
        return f"{refused}{marker}", f"refused {text!r}: a URL inside metadata is not followed"
    body, _, marker = text.partition(";")
    match = _NAME.match(body)
    if match is None or "@" in body:
        return None, f"left out {text!r}: it cannot be read"
    rest = body[match.end() :].strip().strip("()").replace("'", "").replace('"', "")
    clauses = [_mend_clause(operator, version) for operator, version in _CLAUSE.findall(rest)]
    mended = match[1] + (match[2] or "") + ",".join(clause for clause in clauses if clause)
    quoted = re.sub(r"([<>=!~]=?)\s*(\d[\d.]*)(?=\s|\)|$)", r"\1 '\2'", marker)
    candidates = [f"{mended}; {marker}", f"{mended}; {quoted}"] if marker.strip() else []
    for candidate in (*candidates, mended):
        try:
            result = str(Requirement(candidate))
        except InvalidRequirement:
            continue
        return result, f"read {text!r} as {result!r}"
    return None, f"left out {text!r}: it cannot be read"


def _mend_clause(operator: str, version: str) -> str | None:
    operator = {"=>": ">=", "=<": "<=", "=": "==", "": "=="}.get(operator, operator)
    try:
        return str(Specifier(f"{operator}{version}"))
    except InvalidSpecifier:
        pass
    release = _RELEASE.match(version.lstrip("v"))
    if release is None:
        return None
    number = release[0]
    if version.rstrip("*").rstrip(".") == number:  # >=2.7.*, <3.*, ~=1.0.*
        return {"~=": f"=={number}.*"}.get(operator, f"{operator}{number}")
    # A letter after the digits (2011k) is no version of PEP 440: take the digits, so loosely
    # that what was allowed stays allowed.
    loose = {">=": ">=", ">": ">=", "<=": "<=", "<": "<=", "~=": ">=", "==": None, "===": None}
    own = loose.get(operator)
    return f"{own}{number}" if own else None


def is_reason(name: str) -> bool:
    """Tell a name that only says why something cannot be used; no index is asked for it."""
    return name.startswith(REFUSED)


def head_of(metadata: bytes) -> bytes:
    """Return core metadata without the description, which is most of it."""
    return re.split(rb"\r?\n\r?\n", metadata, maxsplit=1)[0] + b"\n\n"


def impossible_metadata(name: str, version: str, reason: str) -> bytes:
    """Return metadata that nothing can meet; `reason` is a name that shows in uv's explanation.

    A failure to answer would end uv's run; this makes it turn to another version.
    """
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return f"{head}Requires-Dist: {REFUSED}{reason}==0\n\n".encode()


def render_metadata(
    raw: bytes,
    *,
    name: str,
    version: str,
    python: str,
    note: Callable[[str], None],
) -> bytes:
    """Return core metadata that uv reads, of what a wheel named `name` `version` carries.

    Only what a resolver needs stays. `Requires-Python` stays where it refuses `python`. Metadata
    of another project or version is answered with a requirement that nothing meets and whose
    name says why, so that uv turns to another version.
    """
    # Loaded here: a resolution that is answered from what is known parses none.
    from email.parser import BytesHeaderParser

    headers = BytesHeaderParser().parsebytes(raw)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    named, numbered = str(headers.get("Name", "")), str(headers.get("Version", ""))
    if canonicalize_name(named.strip()) != name or not _same_version(numbered, version):
        note(f"its metadata says {named} {numbered}, so it is not used")
        return impossible_metadata(name, version, "metadata-of-another-distribution")
    requires_python = str(headers.get("Requires-Python", "") or "").strip()
    if requires_python and not python_accepts(requires_python, python):
        lines.append(f"Requires-Python: {_clean_specifier(requires_python)}")
    lines.extend(f"Provides-Extra: {extra}" for extra in headers.get_all("Provides-Extra", []))
    for text in headers.get_all("Requires-Dist", []):
        requirement, remark = mend_requirement(str(text))
        if remark is not None:
            note(remark)
        if requirement is not None:
            lines.append(f"Requires-Dist: {requirement}")
    return "\n".join([*lines, "", ""]).encode()


def _clean_specifier(text: str) -> str:
    clauses = [clause.strip() for clause in text.replace("'", "").replace('"', "").split(",")]
    kept = [
        clause[:-2] if clause.endswith(".*") and not clause.startswith(("==", "!=")) else clause
        for clause in clauses
    ]
    return str(SpecifierSet(",".join(kept)))


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one.strip()) == Version(other)
    except InvalidVersion:
        return False
