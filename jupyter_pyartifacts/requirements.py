"""What a user asks for: requirements (PEP 508), local files and direct URLs of distributions."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement as _Malformed
from packaging.requirements import Requirement as _Parsed
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from .errors import InvalidRequirement, NeedsBuild
from .filenames import ARCHIVES, SDISTS, parse_sdist_name, sdist_readings
from .model import Digest

__all__ = [
    "UserRequirement",
    "loosen_requirements",
    "merge_requirements",
    "parse_requirement",
    "rebase_requirement",
    "remove_requirements",
]

_VCS = re.compile(r"(?:\w[\w.\-\[\], ]*@\s*)?(?:git|hg|bzr|svn)\+", re.IGNORECASE)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://|file:", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_LIMIT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRequirement:
    """One requirement as the user typed it, read.

    `text` is what a lock keeps. `name` is canonical (PEP 503). `location` is a URL without
    fragment (`kind` is `url`) or a path as typed (`kind` is `path`), both of a wheel or an
    sdist; `digest` is what the URL's fragment demands, if it does.
    """

    text: str
    name: str
    kind: Literal["index", "url", "path"]
    extras: tuple[str, ...] = ()
    specifier: str = ""
    marker: str | None = None
    location: str | None = None
    digest: Digest | None = None

    @property
    def filename(self) -> str | None:
        """Return the file's name; None for a requirement met by an index."""
        if self.location is None:
            return None
        if self.kind == "url":
            return unquote(urlsplit(self.location).path).rsplit("/", 1)[-1]
        return re.split(r"[\\/]", self.location)[-1]


@lru_cache(maxsize=4096)
def parse_requirement(text: str) -> UserRequirement:
    """Read one requirement; raise InvalidRequirement with the reason and what to do instead.

    Takes PEP 508 (`pandas[excel]>=2; python_version >= '3.9'`), the path of a wheel or an sdist
    (`./local-1.0-py3-none-any.whl`), and the URL of one (`https://...whl#sha256=...`).
    """
    given = text.strip()
    _refuse_by_shape(given)
    if _DRIVE.match(given) or not _URL.match(given):
        if _is_path(given):
            return _parse_path(given)
    elif "@" not in given.split("://", 1)[0]:
        return _parse_url(given, given, name=None, extras=(), marker=None)
    return _parse_standard(given)


def _refuse_by_shape(text: str) -> None:
    shown = text if len(text) <= 120 else text[:117] + "..."
    if not text:
        raise InvalidRequirement(
            "a requirement is empty",
            expected="the name of a project, such as pandas, or pandas>=2",
            hint="name what to add: %pyartifacts add pandas",
        )
    if len(text) > _LIMIT or any(ord(character) < 32 for character in text):
        raise InvalidRequirement(
            "a requirement is longer than one line or holds control characters",
            found=repr(shown),
            hint="give each requirement as a text of its own, on one line",
        )
    if re.match(r"(-e|--editable)(\s|=|$)", text):
        raise NeedsBuild(
            "an editable install cannot be pinned: its files change",
            found=shown,
            hint="build a wheel of it (python -m build --wheel) and add the .whl file",
        )
    if text.startswith("-"):
        raise InvalidRequirement(
            "a requirement begins with '-', as an option does",
            expected="the name of a project, such as pandas, or pandas>=2",
            found=shown,
            hint="leave options out; put only requirements here",
        )
    if _VCS.match(text):
        raise NeedsBuild(
            "a version control URL cannot be pinned: it would have to be built here",
            found=shown,
            hint="build a wheel of it (python -m build --wheel) and add the .whl file,"
            " or add a released version by its name",
        )


def _is_path(text: str) -> bool:
    head = text.split(";", 1)[0].split("@", 1)[0].strip()
    return (
        head in (".", "..", "~")
        or text.startswith(("./", "../", "/", "~/", ".\\", "..\\", "\\"))
        or bool(_DRIVE.match(text))
        or head.lower().endswith((".whl", *ARCHIVES))
        or "/" in head.split("[", 1)[0]
        or "\\" in head
    )


def _parse_path(text: str) -> UserRequirement:
    name = re.split(r"[\\/]", text)[-1]
    if not name.lower().endswith((".whl", *ARCHIVES)):
        raise NeedsBuild(
            "a directory cannot be pinned: it would have to be built here",
            expected="the name of a project, or the path of a wheel (.whl)",
            found=text,
            hint="build a wheel of it (python -m build --wheel) and add the .whl file",
        )
    return UserRequirement(text=text, name=_file_name(name, text), kind="path", location=text)


def _file_name(filename: str, text: str, wanted: str | None = None) -> str:
    """Return the canonical name of the project that a wheel or sdist is of.

    `wanted` is the name that the user says: one of the readings of an old sdist's file name.
    """
    if filename.lower().endswith(".whl"):
        return _wheel_name(filename, text)
    where = None if text == filename else text
    if not filename.lower().endswith(SDISTS):
        raise InvalidRequirement(
            "a source distribution in an archive of this kind is not read here",
            expected=f"a file whose name ends in {', '.join(SDISTS[:-1])} or {SDISTS[-1]}",
            found=filename,
            where=where,
            hint="pack it as .tar.gz, or build a wheel of it (python -m build --wheel) and add the"
            " .whl file",
        )
    readings = {name for name, _ in sdist_readings(filename)}
    first = parse_sdist_name(filename)
    if first is None:
        raise InvalidRequirement(
            "the file name is not that of a source distribution",
            expected="NAME-VERSION.tar.gz or NAME-VERSION.zip",
            found=filename,
            where=where,
            hint="give the file its original name again, with the version",
        )
    return wanted if wanted in readings else first[0]


def _wheel_name(filename: str, text: str) -> str:
    try:
        return str(parse_wheel_filename(filename)[0])
    except InvalidWheelFilename as error:
        raise InvalidRequirement(
            "the file name is not that of a wheel",
            expected="NAME-VERSION-PYTHON-ABI-PLATFORM.whl",
            found=filename,
            where=None if text == filename else text,
            hint="give the wheel its original file name again",
        ) from error


def _parse_url(
    url: str, text: str, *, name: str | None, extras: tuple[str, ...], marker: str | None
) -> UserRequirement:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidRequirement(
            "a URL cannot be read",
            expected="the URL of a wheel (its path ends in .whl)",
            found=re.sub(r"//[^/@]*@", "//***@", url)[:200],
            details=str(error),
            hint="copy it again",
        ) from error
    if parts.scheme.lower() not in ("https", "http", "file"):
        raise InvalidRequirement(
            "a URL of this kind cannot be downloaded",
            expected="https://, http:// or file:",
            found=f"{parts.scheme}:",
            hint="download the wheel and add the .whl file",
        )
    if parts.username or parts.password:
        raise InvalidRequirement(
            "a URL holds credentials, and a notebook is no place for them",
            found=f"{parts.scheme}://***@{parts.hostname}{parts.path}",
            hint="put them into your netrc file and leave them out of the URL",
        )
    filename = unquote(parts.path).rsplit("/", 1)[-1]
    if not filename.lower().endswith((".whl", *ARCHIVES)):
        raise InvalidRequirement(
            "a URL does not lead to a wheel or an sdist, as far as its name tells",
            expected="the URL of a distribution (its path ends in .whl, .tar.gz or .zip)",
            found=url,
            hint="add the project by its name, or give the URL of a wheel",
        )
    own = _file_name(filename, text, None if name is None else canonicalize_name(name))
    if name is not None and canonicalize_name(name) != own:
        raise InvalidRequirement(
            "the file behind a URL is of another project than the requirement names",
            expected=canonicalize_name(name),
            found=f"{own} ({filename})",
            hint=f"add it as {own} @ URL, or leave the name out",
        )
    digest = _fragment_digest(parts.fragment)
    if parts.scheme.lower() == "file":
        location = unquote(parts.path)
        if re.match(r"/[A-Za-z]:/", location):
            location = location[1:]
        kind: Literal["url", "path"] = "path"
    else:
        location, kind = parts._replace(fragment="").geturl(), "url"
    return UserRequirement(
        text=text,
        name=own,
        kind=kind,
        extras=extras,
        marker=marker,
        location=location,
        digest=digest,
    )


def _fragment_digest(fragment: str) -> Digest | None:
    for part in fragment.split("&"):
        key, _, value = part.partition("=")
        if key == "sha256":
            if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
                raise InvalidRequirement(
                    "the hash in a URL is not a sha256",
                    expected="#sha256=<64 hexadecimal digits>",
                    found=f"#{fragment}"[:100],
                    hint="copy the hash again, or leave it out: the wheel is pinned by what"
                    " is downloaded now",
                )
            return Digest(value.lower())
        if key in ("md5", "sha1", "sha224", "sha384", "sha512"):
            raise InvalidRequirement(
                "the hash in a URL is of a kind that is not checked here",
                expected="#sha256=<64 hexadecimal digits>",
                found=f"#{fragment}"[:100],
                hint="give the sha256, or leave the hash out",
            )
    return None


def _parse_standard(text: str) -> UserRequirement:
    try:
        parsed = _Parsed(text)
    except _Malformed as error:
        raise InvalidRequirement(
            "a requirement cannot be read",
            expected="a name, then versions: pandas, pandas>=2, pandas[excel]==2.2.3",
            found=text,
            details=str(error),
            hint=_advice(text),
        ) from error
    extras = tuple(sorted(canonicalize_name(extra) for extra in parsed.extras))
    marker = str(parsed.marker) if parsed.marker else None
    if parsed.url is not None:
        return _parse_url(parsed.url, text, name=parsed.name, extras=extras, marker=marker)
    return UserRequirement(
        text=text,
        name=canonicalize_name(parsed.name),
        kind="index",
        extras=extras,
        specifier=str(parsed.specifier),
        marker=marker,
    )


def _advice(text: str) -> str:
    if re.search(r"(?<![=<>!~])=(?!=)", text.split(";", 1)[0]):
        return "a version is asked for with two signs: ==, >=, <=, ~= or !="
    if re.match(r"[A-Za-z0-9._\-]+\s+v?\d", text):
        return "put == between name and version: " + re.sub(r"\s+v?", "==", text, count=1)
    if re.match(r"[A-Za-z0-9._\-]+(\s+[A-Za-z0-9._\-]+)+$", text):
        return "give each project as a requirement of its own"
    return "write it as pip would take it: pandas, 'pandas>=2', 'pandas[excel]==2.2.3'"


def merge_requirements(existing: Iterable[str], added: Iterable[str]) -> tuple[str, ...]:
    """Put `added` into `existing`: a project that is there already is replaced in its place.

    Projects are compared by canonical name. Several wheels of one project (one a platform) may be
    added together. Raises InvalidRequirement.
    """
    fresh = [parse_requirement(text) for text in added]
    names = {requirement.name for requirement in fresh}
    merged: list[str] = []
    placed: set[str] = set()
    for text in existing:
        name = parse_requirement(text).name
        if name not in names:
            merged.append(text)
        elif name not in placed:
            placed.add(name)
            merged.extend(own.text for own in fresh if own.name == name)
    merged.extend(own.text for own in fresh if own.name not in placed)
    return tuple(dict.fromkeys(merged))


def loosen_requirements(texts: Iterable[str], exact: Iterable[str]) -> tuple[str, ...]:
    """Replace the version of every requirement that excludes what `exact` (`NAME==V`) asks for.

    Extras and marker stay. Raises InvalidRequirement.
    """
    wanted = {}
    for text in exact:
        asked = _Parsed(text)
        wanted[canonicalize_name(asked.name)] = asked
    result = []
    for text in texts:
        own = parse_requirement(text)
        asked_for = wanted.get(canonicalize_name(own.name))
        if own.kind != "index" or asked_for is None:
            result.append(text)
            continue
        version = str(asked_for.specifier).lstrip("=")
        if _Parsed(text).specifier.contains(version, prereleases=True):
            result.append(text)
            continue
        extras = f"[{','.join(sorted(own.extras))}]" if own.extras else ""
        marker = f"; {own.marker}" if own.marker else ""
        result.append(f"{_Parsed(text).name}{extras}=={version}{marker}")
    return tuple(result)


def remove_requirements(existing: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Take projects out by name; raise InvalidRequirement for one that is not there."""
    kept = {text: parse_requirement(text).name for text in existing}
    for given in names:
        wanted = parse_requirement(given).name
        if wanted not in kept.values():
            present = sorted(set(kept.values()))
            raise InvalidRequirement(
                f"{wanted} was not added to this notebook",
                expected=", ".join(present) if present else "nothing: there are no requirements",
                found=given.strip(),
                hint="%pyartifacts show tells what was added, and what came with it",
            )
    drop = {parse_requirement(given).name for given in names}
    return tuple(text for text, name in kept.items() if name not in drop)


def rebase_requirement(text: str, base: str, directory: str) -> str:
    """Rewrite the path of a local wheel typed in `base` to be relative to `directory`.

    Both are absolute paths with forward slashes. Anything else comes back as it is, and so does
    a path on another drive.
    """
    requirement = parse_requirement(text)
    if requirement.kind != "path" or requirement.location is None:
        return requirement.text
    location = requirement.location.replace("\\", "/")
    if location.startswith("~"):
        return requirement.text
    absolute = location if _DRIVE.match(location) else posixpath.join(base, location)
    absolute = posixpath.normpath(absolute)
    if _DRIVE.match(absolute) and absolute[:2].lower() != directory[:2].lower():
        return requirement.text
    relative = posixpath.relpath(absolute, directory)
    return relative if relative.startswith("../") else f"./{relative}"
