"""What uv is shown of a project: the wheels that fit, and what explains why others don't."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from packaging.version import Version

from ..index.simple import ProjectFile, ProjectPage, parse_version, version_text
from ..platforms import PLATFORMS
from .synthetic import choose_sdist, synthetic_wheel
from .target import Target, python_accepts, tag_ranks

__all__ = [
    "FORMAT",
    "Facts",
    "Made",
    "Offer",
    "best_wheels",
    "by_version",
    "decode_source",
    "encode_source",
    "make_offer",
    "render_offer",
    "source_path",
]

FORMAT = 2
"""Version of what is offered; part of every URL, so that uv's cache never mixes two of them."""
_REMEMBERED = 12
_SHOWN = 12


class Made(NamedTuple):
    """The synthetic wheel of a version: its entry's name, URL and sha256 ("" if none is told).

    `beside` tells that there are wheels for some platforms too; one that is known to be refused
    is then not offered.
    """

    version: str
    filename: str
    url: str
    sha256: str
    beside: bool

    @property
    def file(self) -> ProjectFile:
        """Return the entry in the page, as far as it is known."""
        return ProjectFile(self.filename, self.url, self.sha256 or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a page says that a resolution may have to be explained with.

    `newest` is the newest version with a wheel that fits, pre-releases and yanked ones aside;
    `made` are the versions whose sdist a synthetic wheel stands for, newest first; `sourced` are
    versions without either but with an sdist, newest first, each with the sdist's name; `yanked`
    maps the yanked ones among the offered to the reason given; `undated` tells that the index
    does not say when files were uploaded.
    """

    newest: str | None = None
    made: tuple[Made, ...] = ()
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
    translates: Callable[[ProjectFile, bool], bool] | None = None,
) -> Offer:
    """Choose what uv is shown of a page.

    For a version with wheels that fit the target these are offered, the best one for each
    platform. Where they leave a platform out, a synthetic wheel stands for the version's sdist,
    if `translates` says so; it is told the sdist and whether there are wheels beside it (without
    it there are no synthetic wheels at all). Of a version without any, up to a dozen files are
    shown as they are, so that uv can say what is missing.
    """
    offered: list[ProjectFile] = []
    fitting: list[Version] = []
    made: list[tuple[Version, Made]] = []
    sourced: list[tuple[Version, str]] = []
    yanked: list[tuple[str, str]] = []
    undated = False
    for version, files in by_version(page, target).items():
        undated = undated or any(file.upload_time is None for file in files)
        chosen, lacking = best_wheels(files, target.minor)
        wheels = len(chosen)
        own = None
        if lacking and translates is not None:
            sdist = choose_sdist(file for file in files if file.is_sdist)
            if sdist is not None:
                own = synthetic_wheel(page.name, version, sdist)
                if translates(sdist, wheels > 0):
                    chosen.append(own)
        offered.extend(chosen or files[:_SHOWN])
        withdrawn = [file.yanked for file in files if file.yanked is not None]
        if withdrawn and chosen:
            yanked.append((str(version), withdrawn[0]))
        elif version.is_prerelease or withdrawn:
            continue
        elif chosen and all(_accepts(file, target) for file in chosen):
            if wheels:
                fitting.append(version)
            if own is not None:
                entry = Made(str(version), own.filename, own.url, own.sha256 or "", wheels > 0)
                made.append((version, entry))
        elif not chosen:
            names = [f.filename for f in files if f.is_sdist and _accepts(f, target)]
            sourced.extend((version, name) for name in names[:1])
    sourced.sort(reverse=True)
    made.sort(reverse=True)
    facts = Facts(
        newest=str(max(fitting)) if fitting else None,
        made=tuple(own for _, own in made[:_REMEMBERED]),
        sourced=tuple((str(version), name) for version, name in sourced[:_REMEMBERED]),
        yanked=tuple(yanked),
        undated=undated and target.as_of is not None,
    )
    return Offer(name=page.name, files=tuple(offered), facts=facts)


def by_version(page: ProjectPage, target: Target) -> dict[Version, list[ProjectFile]]:
    """Return the files of each version that there was on the target's day."""
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


def best_wheels(files: Iterable[ProjectFile], minor: str) -> tuple[list[ProjectFile], bool]:
    """Return the best wheel for each platform, and whether a platform is left without one."""
    best: dict[str, tuple[tuple[int, ...], str, ProjectFile]] = {}
    for file in files:
        if not file.is_wheel:
            continue
        tags = "-".join(file.filename[:-4].split("-")[-3:])
        for platform, rank in tag_ranks(tags, minor):
            own = (rank, file.filename, file)
            if platform not in best or own[:2] < best[platform][:2]:
                best[platform] = own
    return list(dict.fromkeys(own[2] for own in best.values())), len(best) < len(PLATFORMS)


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
