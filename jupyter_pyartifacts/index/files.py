"""Files and indexes on this machine's disk, under `file:` URLs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from ..errors import NetworkError
from .failures import Gone, ProjectNotFound

__all__ = ["copy_file", "open_file", "path_of", "read_page_file"]

_CHUNK = 1 << 20
_PAGES = (
    ("index.json", "application/vnd.pypi.simple.v1+json"),
    ("index.html", "text/html"),
)


def path_of(url: str) -> Path:
    """Return the path that a `file:` URL stands for."""
    from urllib.request import url2pathname  # loads much, and is seldom needed

    return Path(url2pathname(urlsplit(url).path))


def open_file(url: str, where: str) -> BinaryIO:
    """Open a file for reading; raise Gone if that cannot be done."""
    path = path_of(url)
    try:
        return path.open("rb")
    except OSError as error:
        raise Gone(
            f"{where} cannot be read",
            where=str(path),
            details=str(error),
            hint="put the file back, or upgrade the distribution",
        ) from error


def copy_file(url: str, part: Path, on_bytes: Callable[[int], None], where: str) -> str:
    """Copy a file into `part`; return its sha256 hex."""
    hasher = hashlib.sha256()
    with open_file(url, where) as stream, part.open("wb", buffering=0) as sink:
        while piece := stream.read(_CHUNK):
            sink.write(piece)
            hasher.update(piece)
            on_bytes(len(piece))
    return hasher.hexdigest()


def read_page_file(index_url: str, name: str) -> tuple[str, str, bytes]:
    """Return the URL, content type and body of a project's page in a directory.

    Such an index has `NAME/index.html` (PEP 503) or `NAME/index.json` (PEP 691). Raises
    ProjectNotFound, and NetworkError if there is no such directory.
    """
    base = path_of(index_url)
    for filename, kind in _PAGES:
        try:
            body = (base / name / filename).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise NetworkError(
                f"the index's page of {name} cannot be read",
                where=str(base / name / filename),
                details=str(error),
                hint="make it readable, or set another index: PYARTIFACTS_INDEX_URL",
            ) from error
        return f"{index_url}/{quote(name)}/", kind, body
    if not base.is_dir():
        raise NetworkError(
            "the configured index is no directory",
            where=str(base),
            expected="a directory that holds NAME/index.html for each project",
            hint="correct PYARTIFACTS_INDEX_URL, or --index",
        )
    raise ProjectNotFound(
        f"the index has no project named {name}",
        where=index_url,
        hint="check the spelling; the name to import often differs from the project's",
    )
