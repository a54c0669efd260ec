"""What uv is shown of a project: the wheels that fit, and what explains why others don't."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from packaging.version import Version

from ..index.simple import ProjectFile, ProjectPage, parse_version, version_text
from .target import Target, python_accepts, tag_ranks

__all__ = [
    "FORMAT",
    "Facts",
    "Offer",
    "decode_source",
    "encode_source",
    "make_offer",
    "render_offer",
    "source_path",
]

FORMAT = 1
"""Version of what is offered; part of every URL, so that uv's cache never mixes two of them."""
_REMEMBERED = 12
_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a page says that a resolution may have to be explained with.

    `newest` is the newest version with a wheel that fits, pre-releases and yanked ones aside;
    `sourced` are newer or older versions without one but with an sdist, newest first, each with
    the sdist's name; `yanked` maps the yanked ones among the offered to the reason given;
    `undated` tells that the index does not say when files were uploaded.
    """

    newest: str | None = None
    sourced: tuple[tuple[str, str], ...] = ()
    yanked: tuple[tuple[str, str], ...] = ()
    undated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The files that uv is shown of a project, and the facts that are left of the others."""

    name: str
    files: tuple[ProjectFile, ...]
    facts: Facts


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


def source_path(file: ProjectFile) -> str:
    """Return the path below the loopback index's origin that stands for a file."""
    return f"files/{file.sha256 or '-'}/{encode_source(file)}/{quote(file.filename)}"


def make_offer(
    page: ProjectPage,
    target: Target,
    *,
    synthetic: Callable[[ProjectFile], ProjectFile | None] = lambda _: None,
) -> Offer:
    """Choose what uv is shown of a page.

    For a version with wheels that fit the target these are offered, the best one for each
    platform, and nothing else; of a version without any, what `synthetic` makes of its sdist, or
    up to a dozen of its files as they are, so that uv can say what is missing.
    """
    offered: list[ProjectFile] = []
    fitting: list[Version] = []
    sourced: list[tuple[Version, str]] = []
    yanked: list[tuple[str, str]] = []
    undated = False
    for version, files in _by_version(page, target).items():
        undated = undated or any(file.upload_time is None for file in files)
        chosen = _best_wheels(files, target.minor)
        if not chosen:
            made = [new for file in files if file.is_sdist and (new := synthetic(file))]
            chosen = made[:1]
        offered.extend(chosen or files[:_SHOWN])
        withdrawn = [file.yanked for file in files if file.yanked is not None]
        if withdrawn and chosen:
            yanked.append((str(version), withdrawn[0]))
        elif version.is_prerelease or withdrawn:
            continue
        elif chosen and all(_accepts(file, target) for file in chosen):
            fitting.append(version)
        elif not chosen:
            names = [f.filename for f in files if f.is_sdist and _accepts(f, target)]
            sourced.extend((version, name) for name in names[:1])
    sourced.sort(reverse=True)
    facts = Facts(
        newest=str(max(fitting)) if fitting else None,
        sourced=tuple((str(version), name) for version, name in sourced[:_REMEMBERED]),
        yanked=tuple(yanked),
        undated=undated and target.as_of is not None,
    )
    return Offer(name=page.name, files=tuple(offered), facts=facts)


def _by_version(page: ProjectPage, target: Target) -> dict[Version, list[ProjectFile]]:
    found: dict[Version, list[ProjectFile]] = {}
    until = target.as_of
    for file in page.files:
        # One without an upload time may have been there: it is taken, and the user is told.
        if until is not None and (file.upload_time or "") >= until[:19]:
            continue
        version = parse_version(version_text(file.filename, page.name) or "")
        if version is not None:
            found.setdefault(version, []).append(file)
    return found


def _best_wheels(files: Iterable[ProjectFile], minor: str) -> list[ProjectFile]:
    best: dict[str, tuple[tuple[int, ...], str, ProjectFile]] = {}
    for file in files:
        if not file.is_wheel:
            continue
        tags = "-".join(file.filename[:-4].split("-")[-3:])
        for platform, rank in tag_ranks(tags, minor):
            own = (rank, file.filename, file)
            if platform not in best or own[:2] < best[platform][:2]:
                best[platform] = own
    return list(dict.fromkeys(own[2] for own in best.values()))


def _accepts(file: ProjectFile, target: Target) -> bool:
    return not file.requires_python or python_accepts(file.requires_python, target.python)


def render_offer(offer: Offer, target: Target, address: Callable[[ProjectFile], str]) -> bytes:
    """Return the page (PEP 691 JSON) that uv gets of a project.

    `requires-python` stays only where it refuses the target: what it says of other versions is
    none of uv's business here, since the lock is for this one.
    """
    entries = []
    for file in offer.files:
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
        if not _accepts(file, target):
            entry["requires-python"] = file.requires_python
        entries.append(entry)
    document = {"meta": {"api-version": "1.1"}, "name": offer.name, "files": entries}
    return json.dumps(document, separators=(",", ":")).encode()
