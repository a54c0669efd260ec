"""A source archive as data: its files by path, and the text of those that say how it is built.

Archives are read twice at most, each time as a stream: once to decide, once to write. The first
reading keeps only small files that a decision may need, so memory stays bounded whatever the
archive holds.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from ...errors import ArtifactError, SdistRefused, UnsafeArchive
from ...filenames import SDISTS, sdist_splits
from ..codec import BadData, choose_inflate, inflate_chunks
from ..directory import check_local_headers, data_start, find_directory, parse_directory
from ..mapping import map_file
from ..names import check_names
from ..tar import TarLimits, read_tar

__all__ = ["Opened", "SdistName", "Source", "open_members", "parse_sdist_name", "read_source"]

LIMITS = TarLimits()
KEEP_EACH = 1 << 20
KEEP_ALL = 24 << 20
_KEPT = re.compile(
    r"""(?x)
    [^/]+                                           # whatever lies at the root
    | (?:[^/]+/){0,3}[^/]+\.egg-info/[^/]+
    | (?:[^/]+/){1,4}[^/]+\.(?:txt|in|cfg|toml)
    | (?:[^/]+/){1,4}(?:__init__|_?_?version_?_?|__about__|about|release|_meta)\.py
    """
)
_HINT = "pin a version that has a wheel, or one that can be translated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SdistName:
    """Name (canonical) and version (as written) of an sdist's file name."""

    filename: str
    name: str
    version: str

    @property
    def label(self) -> str:
        """Return `name version`."""
        return f"{self.name} {self.version}"


def parse_sdist_name(filename: str) -> SdistName:
    """Read `NAME-VERSION.tar.gz` or `.zip`, old free forms included; raise SdistRefused.

    In old names the name may have hyphens, and so may the version: the version begins at the
    last hyphen behind which everything is a version.
    """
    if not filename.endswith(SDISTS):
        raise SdistRefused(
            f"{filename}: a source archive of this kind is not read",
            where=filename,
            expected="NAME-VERSION.tar.gz or NAME-VERSION.zip",
            hint=_HINT,
        )
    found = next(sdist_splits(filename), None)
    if found is not None:
        return SdistName(filename=filename, name=found[0], version=found[1])
    raise SdistRefused(
        f"{filename}: its version cannot be read",
        where=filename,
        expected="NAME-VERSION.tar.gz, VERSION as PEP 440 has it",
        found=filename,
        hint=_HINT,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file of an archive while it is being read; `path` is without the top directory."""

    path: str
    executable: bool
    size: int
    target: str | None
    directory: bool
    read: Callable[[int], bytes]


def open_members(
    path: str, name: SdistName, watch: Callable[[int], None] = lambda _: None
) -> Iterator[Opened]:
    """Yield what an archive holds, in its order, below its one top directory.

    `watch` is told the bytes of each member that was passed. Links have their target's path,
    relative to the top directory too. Raises UnsafeArchive for a hostile archive, SdistRefused
    for one without a single top directory.
    """
    if name.filename.endswith(".zip"):
        members = _zip_members(path, name)
    else:
        members = _tar_members(path, name)
    top = None
    for member in members:
        first, _, rest = member.path.partition("/")
        if not rest and member.directory:
            rest = ""
        elif not rest:
            _refuse(name, "has a file beside its directory", member.path)
        if top is None:
            top = first
        elif first != top:
            _refuse(name, "has more than one directory at its root", member.path)
        target = member.target
        if target is not None:
            target = target.partition("/")[2]
        if rest:
            yield Opened(
                path=rest,
                executable=member.executable,
                size=member.size,
                target=target,
                directory=member.directory,
                read=member.read,
            )
        watch(member.size)


def _refuse(name: SdistName, problem: str, path: str) -> NoReturn:
    raise SdistRefused(
        f"{name.label}: its source archive {problem} (`{path}`), so where it begins is not known",
        where=name.filename,
        hint=_HINT,
    )


def _tar_members(path: str, name: SdistName) -> Iterator[Opened]:
    for member in read_tar(path, LIMITS, label=name.label, where=name.filename):
        target = member.target
        if member.kind == "symlink" and target is not None:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(member.path), target))
        yield Opened(
            path=member.path,
            executable=member.executable,
            size=member.size,
            target=target,
            directory=member.kind == "directory",
            read=member.read,
        )


def _zip_members(path: str, name: SdistName) -> Iterator[Opened]:
    data = map_file(path)
    label, where = name.label, name.filename
    place = find_directory(data, len(data), label=label, where=where)
    entries = parse_directory(
        data[place.start : place.start + place.size], place.entries, label=label, where=where
    )
    files = [entry for entry in entries if not entry.name.endswith("/")]
    folders = [entry.name[:-1] for entry in entries if entry.name.endswith("/")]
    check_names([entry.name for entry in files], folders, label=label, where=where)
    check_local_headers(data, entries, place.start, label=label, where=where)
    total = sum(entry.size for entry in files)
    if len(entries) > LIMITS.entries or total > LIMITS.bytes:
        raise UnsafeArchive(
            f"{label}: its archive has more than {LIMITS.entries} entries or {LIMITS.bytes} bytes",
            where=where,
            hint=_HINT,
        )
    for folder in folders:
        yield Opened(
            path=folder,
            executable=False,
            size=0,
            target=None,
            directory=True,
            read=lambda _: b"",
        )
    inflate = choose_inflate()
    for entry in files:
        start = data_start(data, entry.header)
        raw = data[start : start + entry.compressed]
        if entry.method == 0:
            pieces = (bytes(raw[at : at + (1 << 20)]) for at in range(0, len(raw), 1 << 20))
        elif entry.size <= 1 << 20:
            pieces = (inflate(raw, entry.size) for _ in range(1))
        else:
            pieces = inflate_chunks(raw, entry.size, 1 << 20)  # type: ignore[assignment]
        yield Opened(
            path=entry.name,
            executable=entry.executable,
            size=entry.size,
            target=None,
            directory=False,
            read=_Pieces(pieces, name, entry.name).read,
        )


class _Pieces:
    """Read from an iterator of pieces as from a file."""

    def __init__(self, pieces: Iterator[bytes], name: SdistName, path: str) -> None:
        self._pieces = pieces
        self._left = b""
        self._name = name
        self._path = path

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; none at the end."""
        try:
            while not self._left:
                piece = next(self._pieces, None)
                if piece is None:
                    return b""
                self._left = piece
        except BadData as error:
            raise UnsafeArchive(
                f"{self._name.label}: an entry of its archive does not hold what it declares",
                where=f"{self._name.filename}: {self._path!r}",
                found=str(error),
                hint=_HINT,
            ) from error
        data, self._left = self._left[:size], self._left[size:]
        return data


class Source:
    """What is known of an archive after its first reading.

    `files` maps each file's path to whether it is executable, links to files included; `real`
    maps a path to the one whose bytes it has; `directories` are all directories.
    """

    def __init__(self, name: SdistName) -> None:
        self.name = name
        self.files: dict[str, bool] = {}
        self.sizes: dict[str, int] = {}
        self.real: dict[str, str] = {}
        self.directories: set[str] = set()
        self.notes: list[str] = []
        self._kept: dict[str, bytes] = {}

    def keep(self, path: str, data: bytes) -> None:
        """Keep the bytes of a file."""
        self._kept[path] = data

    def copy(self, path: str, target: str) -> None:
        """Have a file at `target` too: a copy that is made before anything is built."""
        self.real[target] = self.real.get(path, path)
        self.files[target] = self.files[path]
        self.sizes[target] = self.sizes[path]

    def data(self, path: str) -> bytes | None:
        """Return the bytes of a file; None if it is not there, or was not kept."""
        return self._kept.get(self.real.get(path, path))

    def text(self, path: str) -> str | None:
        """Return the text of a file; None if it is not there, was not kept, or is no UTF-8."""
        data = self.data(path)
        if data is None:
            return None
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            return None

    def is_file(self, path: str) -> bool:
        """Tell whether a file is there."""
        return path in self.files

    def below(self, folder: str) -> list[str]:
        """Return the paths of all files below a directory ("" for all), sorted."""
        prefix = f"{folder}/" if folder else ""
        return [path for path in sorted(self.files) if path.startswith(prefix)]

    def refuse(self, reason: str, where: str, *, line: int | None = None) -> NoReturn:
        """Raise SdistRefused: `reason` continues "NAME VERSION: ", `where` is the file."""
        place = f"{where}:{line}" if line else where
        raise SdistRefused(
            f"{self.name.label}: {reason}",
            where=f"{self.name.filename}: {place}",
            hint=_HINT,
        )


def read_source(
    path: str, name: SdistName, watch: Callable[[int], None] = lambda _: None
) -> Source:
    """Read a whole archive once, and keep what a decision needs. Raises as `open_members`."""
    source = Source(name)
    links: dict[str, str] = {}
    kept = 0
    for member in open_members(path, name, watch):
        parent = member.path if member.directory else posixpath.dirname(member.path)
        while parent and parent not in source.directories:
            source.directories.add(parent)
            parent = posixpath.dirname(parent)
        if member.directory:
            continue
        if member.target is not None:
            links[member.path] = member.target
            continue
        source.files[member.path] = member.executable
        source.sizes[member.path] = member.size
        if (
            member.size <= KEEP_EACH
            and kept + member.size <= KEEP_ALL
            and _KEPT.fullmatch(member.path)
        ):
            kept += member.size
            source.keep(member.path, b"".join(iter(lambda m=member: m.read(1 << 20), b"")))  # type: ignore[misc]
    for link, target in sorted(links.items()):
        seen = {link}
        while target in links and target not in seen:
            seen.add(target)
            target = links[target]
        if target in source.directories:
            source.refuse(f"its source has a link to a directory (`{link}`)", link)
        if target in source.files:
            source.real[link] = target
    for link, target in source.real.items():
        source.files[link] = source.files[target]
        source.sizes[link] = source.sizes[target]
    if not source.files:
        raise ArtifactError(
            f"{name.label}: its source archive holds no file", where=name.filename, hint=_HINT
        )
    return source
