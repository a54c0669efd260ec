"""Files that the user gave, by path or URL: hashed once, then seen as projects of their own."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from ..errors import HashMismatch, InvalidRequirement
from ..filenames import sdist_readings
from ..index.client import IndexClient
from ..index.simple import ProjectFile, ProjectPage
from ..requirements import UserRequirement

__all__ = ["direct_pages", "index_requirement"]


def index_requirement(requirement: UserRequirement) -> str:
    """Return a requirement as an index meets it: a given file becomes its exact version."""
    if requirement.kind == "index":
        return requirement.text
    version = _version(requirement)
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return str(Requirement(f"{requirement.name}{extras}=={version}{marker}"))


def _version(requirement: UserRequirement) -> str:
    filename = str(requirement.filename)
    if filename.endswith(".whl"):
        return str(parse_wheel_filename(filename)[1])
    return next(version for name, version in sdist_readings(filename) if name == requirement.name)


def direct_pages(
    requirements: Iterable[UserRequirement],
    *,
    client: IndexClient,
    directory: Path,
) -> dict[str, ProjectPage]:
    """Return a page for every project that files were given of; nothing else is seen of it.

    Hashes every file: a local one is read, a URL downloaded. Raises InvalidRequirement for
    one that is not there, HashMismatch if a URL's fragment demands another, NetworkError.
    """
    files: dict[str, list[ProjectFile]] = {}
    for requirement in requirements:
        if requirement.kind == "path":
            file = _read_file(requirement, directory)
        elif requirement.kind == "url":
            file = _download(requirement, client)
        else:
            continue
        if requirement.digest is not None and file.sha256 != requirement.digest.hex:
            raise HashMismatch(
                f"{file.filename} is not the file that its URL demands",
                where=requirement.location,
                expected=str(requirement.digest),
                found=f"sha256:{file.sha256}",
                hint="do not use this file; find out which of the two is right",
            )
        client.policy.allow_file(file.url)
        files.setdefault(requirement.name, []).append(file)
    return {name: ProjectPage(name, "", tuple(dict.fromkeys(own))) for name, own in files.items()}


def _read_file(requirement: UserRequirement, directory: Path) -> ProjectFile:
    path = Path(directory, Path(str(requirement.location)).expanduser())
    try:
        with path.open("rb") as stream:
            hasher = hashlib.sha256()
            while piece := stream.read(1 << 20):
                hasher.update(piece)
            size = stream.tell()
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        raise InvalidRequirement(
            "there is no such file" if missing else "a file cannot be read",
            where=str(path),
            found=requirement.text,
            details=None if missing else str(error),
            hint="give the path of a wheel or an sdist, relative to the notebook",
        ) from error
    return ProjectFile(str(requirement.filename), path.resolve().as_uri(), hasher.hexdigest(), size)


def _download(requirement: UserRequirement, client: IndexClient) -> ProjectFile:
    url = str(requirement.location)
    client.policy.allow_file(url)
    with tempfile.TemporaryDirectory(prefix="pyartifacts-wheel-") as name:
        part = Path(name, "wheel")
        digest = client.download_url(url, part, where=str(requirement.filename))
        size = part.stat().st_size
    return ProjectFile(str(requirement.filename), url, digest, size)
