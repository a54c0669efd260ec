"""METADATA of a translated archive: its PKG-INFO, with what is known better in its place."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .archive import Source
from .egginfo import egg_info_of
from .layout import Layout

__all__ = ["Headers", "is_trusted", "project_names", "read_headers", "render_metadata"]

Headers = list[tuple[str, str]]
_REPLACED = ("metadata-version", "name", "version", "dynamic", "license-file")
# Fields of PKG-INFO that once were, and of backends that are not the specification's.
_DROPPED = ("requires", "provides", "obsoletes")
_BODY = "\n"


def _pkg_info(source: Source) -> str | None:
    for path in ("PKG-INFO", f"{egg_info_of(source) or '-'}/PKG-INFO"):
        data = source.data(path)
        if data is not None:
            # Descriptions of old archives may be in any encoding, headers are not.
            return data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return None


def _parse(text: str) -> tuple[Headers, str]:
    """Return the headers of core metadata, continuation lines joined, and the body."""
    head, _, body = text.partition("\n\n")
    headers: Headers = []
    for line in head.split("\n"):
        if line[:1] in (" ", "\t") and headers:
            key, value = headers[-1]
            headers[-1] = (key, f"{value}\n{line}")
            continue
        key, colon, value = line.partition(":")
        if colon and re.fullmatch(r"[A-Za-z-]+", key):
            headers.append((key, value.strip()))
        elif headers and line:
            # A description whose lines are not indented: old tools wrote such.
            name, value = headers[-1]
            headers[-1] = (name, f"{value}\n        {line}")
    return headers, body


def read_headers(source: Source) -> Headers:
    """Return the headers of the archive's PKG-INFO; none where there is none."""
    text = _pkg_info(source)
    return _parse(text)[0] if text is not None else []


def _first(headers: Headers, name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name), None)


def is_trusted(headers: Headers, field: str) -> bool:
    """Tell whether PKG-INFO says what a field is in every wheel (PEP 643).

    "If a field is not marked as Dynamic, then the value of the field in any wheel built from the
    sdist MUST match the value in the sdist", from metadata 2.2 on.
    """
    number = re.match(r"(\d+)\.(\d+)", _first(headers, "metadata-version") or "")
    if number is None or (int(number[1]), int(number[2])) < (2, 2):
        return False
    dynamic = {value.strip().lower() for key, value in headers if key.lower() == "dynamic"}
    return field not in dynamic


def project_names(source: Source) -> tuple[str, str]:
    """Return the project's name as written and its version as PEP 440 normalizes it.

    Raises SdistRefused where PKG-INFO is missing or speaks of another release than the file name.
    """
    headers = read_headers(source)
    name, version = _first(headers, "name"), _first(headers, "version")
    if name is None or version is None:
        source.refuse("its source has no PKG-INFO, so what it is is not known", "PKG-INFO")
    try:
        normal = str(Version(version))
    except InvalidVersion:
        source.refuse(f"its version {version!r} cannot be read", "PKG-INFO")
    if canonicalize_name(name) != source.name.name or Version(version) != Version(
        source.name.version
    ):
        source.refuse(
            f"its PKG-INFO is of another release, {name} {version}, than its file name", "PKG-INFO"
        )
    return name, normal


def render_metadata(source: Source, layout: Layout) -> bytes:
    """Return METADATA: a form that depends on the archive alone."""
    text = _pkg_info(source) or ""
    headers, body = _parse(text)
    name, version = project_names(source)
    number = _first(headers, "metadata-version") or "1.0"
    dropped = {*_REPLACED, *_DROPPED}
    if layout.requires is not None:
        dropped |= {"requires-dist", "provides-extra"}
    if layout.requires_python is not None:
        dropped.add("requires-python")
    # 2.4 is the first that knows where license files are.
    modern = re.match(r"2\.[2-9]", number) is not None
    lines = [
        f"Metadata-Version: {'2.4' if layout.licenses else number if modern else '2.1'}",
        f"Name: {name}",
        f"Version: {version}",
    ]
    lines += [
        f"{key}: {value}"
        for key, value in headers
        if key.lower() not in dropped and (value != "UNKNOWN" or key.lower() == "summary")
    ]
    if layout.requires_python is not None:
        lines.append(f"Requires-Python: {layout.requires_python}")
    for requirement in layout.requires or ():
        lines.append(f"Requires-Dist: {' '.join(requirement.split())}")
    lines += [f"Provides-Extra: {extra}" for extra in layout.extras or ()]
    lines += [f"License-File: {path}" for path in sorted(layout.licenses)]
    return ("\n".join(lines) + "\n" + (f"\n{body}" if body.strip() else "")).encode(
        "utf-8", "replace"
    )
