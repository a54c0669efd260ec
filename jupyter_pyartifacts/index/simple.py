"""Pages of the Simple repository API (PEP 503, PEP 691, PEP 700): bytes in, files out."""

from __future__ import annotations

import json
import re
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from packaging.version import Version

from ..errors import NetworkError
from ..filenames import ARCHIVES, parse_version, sdist_version

__all__ = ["ACCEPT", "ProjectFile", "ProjectPage", "parse_page", "parse_version", "version_text"]

ACCEPT = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2,"
    " text/html;q=0.01"
)
_HEX = re.compile(r"[0-9a-f]{64}\Z")


class ProjectFile(NamedTuple):
    """One file of a project. `url` is absolute, without credentials and fragment.

    `size` counts bytes, `upload_time` is RFC 3339, `yanked` is the reason ("" if none is given)
    or None, `metadata` tells that `url + ".metadata"` is served (PEP 658). What an index does
    not say is None. A named tuple, not a dataclass: pages have thousands of them.
    """

    filename: str
    url: str
    sha256: str | None = None
    size: int | None = None
    requires_python: str | None = None
    yanked: str | None = None
    upload_time: str | None = None
    metadata: bool = False

    @property
    def is_wheel(self) -> bool:
        """Tell a wheel by its name."""
        return self.filename.endswith(".whl")

    @property
    def is_sdist(self) -> bool:
        """Tell a source distribution by its name."""
        return self.filename.endswith(ARCHIVES)


class ProjectPage(NamedTuple):
    """All files that one index has of one project, in the index's order."""

    name: str
    url: str
    files: tuple[ProjectFile, ...]

    def versions(self) -> dict[Version, list[ProjectFile]]:
        """Group wheels and sdists by version; names that hold no version are left out."""
        found: dict[Version, list[ProjectFile]] = {}
        for file in self.files:
            version = parse_version(version_text(file.filename, self.name) or "")
            if version is not None:
                found.setdefault(version, []).append(file)
        return found


def version_text(filename: str, name: str) -> str | None:
    """Return the version part of a file name of project `name` (canonical), as written.

    Old sdists have dashes in their names and versions, so the name is matched in its canonical
    form. None if there is none.
    """
    if filename.endswith(".whl"):
        parts = filename.split("-")
        return parts[1] if len(parts) in (5, 6) else None
    return sdist_version(filename, name)


def parse_page(body: bytes, content_type: str, *, name: str, url: str) -> ProjectPage:
    """Read one project's page, JSON or HTML, served at `url`; raise NetworkError if malformed."""
    kind = content_type.split(";", 1)[0].strip().lower()
    try:
        if kind.endswith("+json") or kind == "application/json":
            files = _read_json(body, url)
        else:
            files = _read_html(body, url)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NetworkError(
            f"the index answered something else than a page of {name}",
            where=url,
            expected="a page of the Simple API (PEP 503, PEP 691)",
            found=f"{kind or 'no content type'}: {type(error).__name__}: {error}"[:200],
            hint="check that the configured index is one, and that no login page is in between",
        ) from error
    return ProjectPage(name, url, files)


def _read_json(body: bytes, url: str) -> tuple[ProjectFile, ...]:
    document = json.loads(body)
    major = str(document.get("meta", {}).get("api-version", "1.0")).split(".", 1)[0]
    if major != "1":
        raise ValueError(f"Simple API version {major}")
    files: list[ProjectFile] = []
    for entry in document["files"]:
        address = entry["url"]
        if not address.startswith(("https://", "http://")):
            address = urljoin(url, address)
        if "#" in address or "@" in address:
            address = _bare(address)
        sha256 = entry.get("hashes", {}).get("sha256")
        size = entry.get("size")
        yanked = entry.get("yanked", False)
        metadata = entry.get("core-metadata", entry.get("data-dist-info-metadata", False))
        files.append(
            ProjectFile(
                str(entry["filename"]),
                address,
                sha256 if isinstance(sha256, str) and _HEX.match(sha256) else None,
                size if isinstance(size, int) else None,
                _text(entry.get("requires-python")),
                None if yanked is False else yanked if isinstance(yanked, str) else "",
                _text(entry.get("upload-time")),
                bool(metadata),
            )
        )
    return tuple(files)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _bare(address: str) -> str:
    """Take the fragment and the credentials out of a URL."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, fragment="").geturl()


def _read_html(body: bytes, url: str) -> tuple[ProjectFile, ...]:
    text = body.decode("utf-8")
    if "<" not in text:
        raise ValueError("no HTML")
    from .anchors import Anchors  # few indexes send HTML, and its parser takes time to load

    parser = Anchors()
    parser.feed(text)
    parser.close()
    base = urljoin(url, parser.base) if parser.base else url
    files: list[ProjectFile] = []
    for anchor in parser.anchors:
        href = anchor.get("href")
        if not href:
            continue
        address = urljoin(base, href.strip())
        parts = urlsplit(address)
        filename = unquote(parts.path.rsplit("/", 1)[-1])
        if not filename.endswith((".whl", *ARCHIVES)):
            continue
        algorithm, _, value = parts.fragment.partition("=")
        sha256 = value.split("&")[0].lower() if algorithm == "sha256" else None
        metadata = anchor.get("data-core-metadata", anchor.get("data-dist-info-metadata"))
        files.append(
            ProjectFile(
                filename,
                _bare(address),
                sha256 if sha256 and _HEX.match(sha256) else None,
                None,
                anchor.get("data-requires-python") or None,
                (anchor.get("data-yanked") or "") if "data-yanked" in anchor else None,
                None,
                bool(metadata) and metadata != "false",
            )
        )
    return tuple(files)
