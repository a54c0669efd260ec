"""What uv is shown of a project: the wheels that fit, and what explains why others don't."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from urllib.parse import quote

from packaging.version import Version

from ..index.simple import ProjectFile, ProjectPage, parse_version, version_text
from .target import Target, python_accepts, tag_ranks

__all__ = ["FORMAT", "encode_source", "decode_source", "render_offer", "visible"]

FORMAT = 1
"""Version of what is offered; part of every URL, so that uv's cache never mixes two of them."""


def encode_source(file: ProjectFile) -> str:
    """Write where a file comes from as one path segment."""
    flag = "1" if file.metadata else "0"
    text = f"{flag} {file.size if file.size is not None else ''} {file.url}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_source(segment: str) -> tuple[bool, int | None, str]:
    """Read what `encode_source` wrote: metadata served, size, URL. Raises ValueError."""
    text = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).decode()
    flag, size, url = text.split(" ", 2)
    return flag == "1", int(size) if size else None, url


def visible(file: ProjectFile, as_of: str | None) -> bool:
    """Tell whether a file was there at a moment; one without an upload time always was."""
    return as_of is None or file.upload_time is None or file.upload_time[:19] < as_of[:19]


def render_offer(
    page: ProjectPage,
    target: Target,
    *,
    address: Callable[[ProjectFile], str],
    synthetic: Callable[[ProjectFile], ProjectFile | None] = lambda _: None,
) -> bytes:
    """Return the page (PEP 691 JSON) that uv gets of a project.

    For a version with wheels that fit the target these are offered, the best one for each
    platform, and nothing else; a version without any is shown as it is, so that uv can say what
    is missing, or with what `synthetic` makes of its sdist. `requires-python` stays only where it
    refuses the target: what it says of other versions is none of uv's business here.
    """
    chosen: list[ProjectFile] = []
    for _version, files in _by_version(page, target).items():
        best: dict[str, tuple[tuple[int, ...], str, ProjectFile]] = {}
        for file in files:
            if not file.is_wheel:
                continue
            tags = "-".join(file.filename[:-4].split("-")[-3:])
            for platform, rank in tag_ranks(tags, target.minor):
                own = (rank, file.filename, file)
                if platform not in best or own[:2] < best[platform][:2]:
                    best[platform] = own
        if best:
            chosen.extend(dict.fromkeys(own[2] for own in best.values()))
            continue
        made = [new for file in files if file.is_sdist and (new := synthetic(file)) is not None]
        chosen.extend(made[:1] or files)
    return _render(page.name, chosen, target, address)


def _by_version(page: ProjectPage, target: Target) -> dict[Version, list[ProjectFile]]:
    found: dict[Version, list[ProjectFile]] = {}
    for file in page.files:
        if not visible(file, target.as_of):
            continue
        version = parse_version(version_text(file.filename, page.name) or "")
        if version is not None:
            found.setdefault(version, []).append(file)
    return found


def _render(
    name: str,
    files: Iterable[ProjectFile],
    target: Target,
    address: Callable[[ProjectFile], str],
) -> bytes:
    entries = []
    for file in files:
        entry: dict[str, object] = {
            "filename": file.filename,
            "url": address(file),
            "hashes": {"sha256": file.sha256} if file.sha256 else {},
            "core-metadata": file.is_wheel,
        }
        if file.size is not None:
            entry["size"] = file.size
        if file.upload_time is not None:
            entry["upload-time"] = file.upload_time
        if file.yanked is not None:
            entry["yanked"] = file.yanked or True
        if file.requires_python and not python_accepts(file.requires_python, target.python):
            entry["requires-python"] = file.requires_python
        entries.append(entry)
    document = {"meta": {"api-version": "1.1"}, "name": name, "files": entries}
    return json.dumps(document, separators=(",", ":")).encode()


def source_path(file: ProjectFile) -> str:
    """Return the path below the loopback index's base that stands for a file."""
    return f"files/{file.sha256 or '-'}/{encode_source(file)}/{quote(file.filename)}"
