"""Survey of a fresh tree: the facts that a view needs, gathered once for all views."""

from __future__ import annotations

from collections.abc import Iterable

from ..model import Digest
from ..store.facts import Facts
from ..treehash import TreeEntry
from .elf import Library, escaping_folders, read_library
from .mapping import map_file
from .metadata import parse_entry_points

__all__ = ["survey_tree"]

_MAX_PTH = 1 << 20


def survey_tree(
    entries: list[TreeEntry],
    destination: str,
    *,
    tree: Digest,
    filename: str,
    metadata: tuple[str, str],
    dist_info: str,
    directories: Iterable[str],
    size: int,
    notes: tuple[str, ...],
) -> Facts:
    """Return the facts of a tree that lies at `destination`; `entries` are sorted.

    Reads entry points, top-level `.pth` files and the dynamic sections of libraries.
    """
    data_folder = dist_info[: -len(".dist-info")] + ".data"
    tops: set[str] = set()
    schemes: dict[str, set[str]] = {}
    inside: set[str] = set()
    libraries: dict[str, Library] = {}
    pth: list[tuple[str, tuple[str, ...]]] = []
    for path, _, _, length, _ in entries:
        top, slash, rest = path.partition("/")
        site = path
        if top == dist_info:
            inside.add(_entry(rest))
        elif top == data_folder and slash:
            scheme, _, rest = rest.partition("/")
            if rest:
                schemes.setdefault(scheme, set()).add(_entry(rest))
            site = rest if scheme in ("purelib", "platlib") else ""
        else:
            tops.add(top + slash)
        if site.endswith(".pth") and "/" not in site and length <= _MAX_PTH:
            pth.append((site, tuple(_lines(f"{destination}/{path}"))))
        elif ".so" in site and (site.endswith(".so") or ".so." in site.rpartition("/")[2]):
            library = _library(f"{destination}/{path}")
            if library is not None:
                libraries[site] = library
    points = f"{destination}/{dist_info}/entry_points.txt"
    scripts: dict[str, tuple[tuple[str, str], ...]] = {}
    if "entry_points.txt" in inside:
        with open(points, "rb") as stream:
            scripts = parse_entry_points(stream.read())
    prefixes = (f"{data_folder}/purelib/", f"{data_folder}/platlib/")
    folders = frozenset(
        next((name[len(p) :] for p in prefixes if name.startswith(p)), name) for name in directories
    )
    return Facts(
        filename=filename,
        name=metadata[0],
        version=metadata[1],
        tree=tree,
        size=size,
        files=len(entries),
        unpacked=sum(entry.size for entry in entries),
        tops=tuple(sorted(tops)),
        dist_info=dist_info,
        dist_info_entries=tuple(sorted(inside)),
        data=tuple((scheme, tuple(sorted(names))) for scheme, names in sorted(schemes.items())),
        entry_points=tuple(sorted(scripts.items())),
        pth=tuple(sorted(pth)),
        real=escaping_folders(libraries, folders) if libraries else (),
        notes=notes,
    )


def _entry(rest: str) -> str:
    name, slash, _ = rest.partition("/")
    return name + slash


def _lines(path: str) -> list[str]:
    with open(path, "rb") as stream:
        return stream.read().decode("utf-8-sig", "replace").splitlines()


def _library(path: str) -> Library | None:
    data = map_file(path)
    return read_library(data)
