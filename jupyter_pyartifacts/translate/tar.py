"""Tar archives, read as a stream in one pass, and refused where they could do harm.

One reader for sdists and interpreters, which never trusts an archive and never extracts by
itself: it yields members whose names and links stay inside of the tree, in the archive's order.
What readers are known to disagree about (sparse files, two headers for one member, bytes where
none belong) is refused, so that one archive has one content on every machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, NoReturn

from ..errors import UnsafeArchive
from .inflated import BadStream, Inflated
from .names import fold, name_problem
from .tarheader import BLOCK, BadHeader, Header, parse_header, parse_pax, text

__all__ = ["Kind", "TarLimits", "TarMember", "read_tar"]

Kind = Literal["file", "directory", "symlink", "hardlink"]

_KINDS: dict[str, Kind] = {
    "0": "file",
    "7": "file",
    "1": "hardlink",
    "2": "symlink",
    "5": "directory",
}
_SPECIAL = {"3": "a device", "4": "a device", "6": "a pipe", "S": "a sparse file"}
_MAX_EXTENSION = 1 << 20
"""Bytes of one pax header or long name; paths are a few hundred."""
_MAX_EXTENSIONS = 8
"""So many headers that only extend the next one may stand before a member."""
_MAX_DEPTH = 64
_HINT = "do not use this file; ask its project for a clean one, and pin another version until then"


@dataclass(frozen=True, slots=True, kw_only=True)
class TarLimits:
    """What an archive may have at most: entries, unpacked bytes, growth by unpacking.

    `ratio` is the growth allowed beyond the first `ratio_free` bytes. `case_sensitive` lets
    names differ only by case or Unicode form, for trees that are used on one platform alone.
    """

    entries: int = 50_000
    bytes: int = 4 << 30
    ratio: int = 200
    ratio_free: int = 64 << 20
    case_sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TarMember:
    """One member: its path from the archive's root (no final `/`), kind and mode.

    `size` counts a file's bytes, 0 for others. `target` is, for a symbolic link, its text
    (relative to the link's directory), for a hard link the path of an earlier file. `read`
    returns the next bytes of a file, at most as many as asked; it must be used before the next
    member is taken.
    """

    path: str
    kind: Kind
    executable: bool
    size: int
    target: str | None
    read: Callable[[int], bytes]


def read_tar(
    path: str | os.PathLike[str],
    limits: TarLimits | None = None,
    *,
    label: str | None = None,
    where: str | None = None,
) -> Iterator[TarMember]:
    """Yield the members of the tar archive at `path` (plain, gzip or Zstandard).

    `label` names the artifact in messages, `where` the file; both default to the file's name.
    Raises UnsafeArchive for absolute names, `..`, names that Windows takes otherwise, names that
    are not UTF-8, links out of the tree, devices, pipes and sparse files, members below a link,
    names that occur twice or differ by case, more than the limits, streams that are damaged,
    truncated or go on after their end, and archives without any member; OSError if the file
    cannot be read.
    """
    where = where or os.path.basename(path)
    label = label or where
    with open(path, "rb") as stream:
        yield from _Reader(stream, limits or TarLimits(), label, where).members()


class _Reader:
    """One pass over one archive."""

    def __init__(self, stream: BinaryIO, limits: TarLimits, label: str, where: str) -> None:
        self._limits = limits
        self._label = label
        self._where = where
        self._kinds: dict[str, Kind] = {}
        self._folded: dict[str, str] = {}
        self._entries = 0
        self._stream: Inflated
        self._open(stream)

    def _open(self, stream: BinaryIO) -> None:
        try:
            self._stream = Inflated(
                stream,
                max_bytes=self._limits.bytes,
                max_ratio=self._limits.ratio,
                free=self._limits.ratio_free,
            )
        except BadStream as error:
            self._refuse(f"cannot be used: {error}")

    def _refuse(self, problem: str, name: str | None = None) -> NoReturn:
        raise UnsafeArchive(
            f"{self._label}: its archive {problem}"
            if name is None
            else f"{self._label}: an entry of its archive {problem}",
            where=self._where if name is None else f"{self._where}: {name!r}",
            hint=_HINT,
        )

    def members(self) -> Iterator[TarMember]:
        while (found := self._header()) is not None:
            header, pax, long_name, long_link = found
            raw = pax.get("path", header.name if long_name is None else long_name)
            shown = raw.decode("utf-8", "backslashreplace")
            try:
                name = text(raw, "a name")
                link = text(
                    pax.get("linkpath", header.link if long_link is None else long_link),
                    "a link's target",
                )
            except BadHeader as error:
                self._refuse(str(error), shown)
            kind = self._kind(header, name)
            size = self._size(header, pax, kind, name)
            path = _plain(name)
            if path == "" and kind == "directory":
                continue
            self._check_name(path, kind, name)
            target = self._target(path, kind, link)
            body = _Body(self, size, name)
            yield TarMember(
                path=path,
                kind=kind,
                executable=kind == "file" and bool(header.mode & 0o111),
                size=size,
                target=target,
                read=body.read,
            )
            body.close()
        if not self._kinds:
            self._refuse("holds nothing")

    # The stream

    def read(self, size: int, name: str) -> bytes:
        """Return exactly `size` bytes of the stream, or refuse it as truncated."""
        try:
            data = self._stream.read(size)
        except BadStream as error:
            self._refuse(f"cannot be read: {error}")
        if len(data) != size:
            self._refuse("ends too soon", name)
        return data

    def skip(self, size: int, name: str) -> None:
        """Pass over `size` bytes of the stream, or refuse it as truncated."""
        try:
            skipped = self._stream.skip(size)
        except BadStream as error:
            self._refuse(f"cannot be read: {error}")
        if skipped != size:
            self._refuse("ends too soon", name)

    def _block(self) -> bytes:
        try:
            block = self._stream.read(BLOCK)
        except BadStream as error:
            self._refuse(f"cannot be read: {error}")
        if not block and not self._entries:
            self._refuse("is empty")
        if len(block) != BLOCK:
            self._refuse("ends too soon: it has no end mark")
        return block

    def _header(self) -> tuple[Header, dict[str, bytes], bytes | None, bytes | None] | None:
        """Return the next member's header with all that extends it; None at the end."""
        pax: dict[str, bytes] = {}
        names: dict[str, bytes] = {}
        extensions: list[str] = []
        while True:
            block = self._block()
            if not any(block):
                if extensions:
                    self._refuse("ends after a header that extends the next one")
                self._end()
                return None
            shown = block[:100].partition(b"\0")[0].decode("utf-8", "backslashreplace")
            self._count()
            header = None
            try:
                header = parse_header(block)
                if header.flag not in "xgLK":
                    if ("path" in pax and "L" in names) or ("linkpath" in pax and "K" in names):
                        raise BadHeader("has two names")
                    return header, pax, names.get("L"), names.get("K")
                extensions.append(header.flag)
                if extensions.count(header.flag) > 1 or len(extensions) > _MAX_EXTENSIONS:
                    raise BadHeader("has two headers that extend it alike")
                if header.size > _MAX_EXTENSION:
                    raise BadHeader("has a name of more than a million bytes")
                data = self.read(header.size, shown)
                self.skip(-header.size % BLOCK, shown)
                if header.flag in "LK":
                    names[header.flag] = data.partition(b"\0")[0]
                    continue
                records = parse_pax(data)
                if header.flag == "x":
                    pax = records
                elif records.keys() & {"path", "linkpath", "size"}:
                    # Readers disagree on what a name or size for all members means.
                    raise BadHeader("is a pax header that gives all members one name or size")
            except BadHeader as error:
                if self._entries == 1 and header is None:
                    self._refuse("is no tar archive: it does not begin with a header")
                self._refuse(str(error), shown)

    def _count(self) -> None:
        self._entries += 1
        if self._entries > self._limits.entries:
            self._refuse(f"has more than {self._limits.entries} entries")

    def _end(self) -> None:
        """Check that nothing but zeros follows the end mark (two blocks of zeros)."""
        try:
            while piece := self._stream.read(1 << 16):
                if piece.strip(b"\0"):
                    self._refuse("has bytes after its end")
        except BadStream as error:
            self._refuse(f"cannot be read: {error}")

    # One member

    def _kind(self, header: Header, name: str) -> Kind:
        if header.flag in _SPECIAL:
            self._refuse(f"is {_SPECIAL[header.flag]}", name)
        kind = _KINDS.get(header.flag)
        if kind is None:
            self._refuse(f"is of a kind that is not read ({header.flag!r})", name)
        # Before POSIX, a directory was a file whose name ends in a slash.
        return "directory" if kind == "file" and name.endswith("/") else kind

    def _size(self, header: Header, pax: dict[str, bytes], kind: Kind, name: str) -> int:
        size = header.size
        if "size" in pax:
            if not pax["size"].isdigit() or len(pax["size"]) > 20:
                self._refuse("has a size that is no number", name)
            size = int(pax["size"])
        if kind != "file" and size:
            self._refuse("is no file and yet has a size", name)
        if size > self._limits.bytes:
            self._refuse(f"is larger than the {self._limits.bytes} bytes that are allowed", name)
        return size

    def _check_name(self, path: str, kind: Kind, name: str) -> None:
        problem = name_problem(path)
        if problem is None and path.count("/") >= _MAX_DEPTH:
            problem = f"is more than {_MAX_DEPTH} directories deep"
        if problem is not None:
            self._refuse(problem, name)
        parent = path.rpartition("/")[0]
        above = parent
        while above:
            known = self._kinds.get(above)
            if known == "directory":
                break
            if known is not None:
                self._refuse(f"lies below {above!r}, which is a {known}", name)
            above = above.rpartition("/")[0]
        while parent and parent not in self._kinds:
            self._add(parent, "directory", name)
            parent = parent.rpartition("/")[0]
        known = self._kinds.get(path)
        if known is not None:
            if known == kind == "directory":
                return
            self._refuse("occurs twice", name)
        self._add(path, kind, name)

    def _add(self, path: str, kind: Kind, name: str) -> None:
        if not self._limits.case_sensitive:
            same = self._folded.setdefault(fold(path), path)
            if same != path:
                self._refuse(f"differs from {same!r} only by case or Unicode form", name)
        self._kinds[path] = kind

    def _target(self, path: str, kind: Kind, link: str) -> str | None:
        if kind == "hardlink":
            target = _plain(link)
            if self._kinds.get(target) not in ("file", "hardlink") or target == path:
                self._refuse(f"is a link to {link!r}, which is no file before it", path)
            return target
        if kind == "symlink":
            problem = _link_problem(path, link)
            if problem is not None:
                self._refuse(problem, path)
            return link
        return None


class _Body:
    """The bytes of one member, which end where the next begins."""

    def __init__(self, reader: _Reader, size: int, name: str) -> None:
        self._reader = reader
        self._left = size
        self._padding = -size % BLOCK
        self._name = name

    def read(self, size: int) -> bytes:
        """Return at most `size` of the bytes that are left; none at the end."""
        size = min(size, self._left)
        self._left -= size
        return self._reader.read(size, self._name)

    def close(self) -> None:
        """Pass over what is left; nothing can be read any more."""
        left, self._left = self._left + self._padding, 0
        self._reader.skip(left, self._name)


def _plain(name: str) -> str:
    """Return a name as `tar` itself sees it: no `./` before it, no `/` after it."""
    while name.startswith("./"):
        name = name[2:]
    if name == ".":
        return ""
    return name[:-1] if name.endswith("/") and name != "/" else name


def _link_problem(path: str, link: str) -> str | None:
    """Say why a symbolic link may lead out of the tree; None if it cannot.

    All that its text may do is go up first and then down: the directories above a member are no
    links, so going up ends where the text says, and each link on the way down is checked itself.
    """
    parts = link.split("/")
    ups = 0
    while ups < len(parts) and parts[ups] in ("..", "."):
        ups += 1
    climbs = parts[:ups].count("..")
    rest = parts[ups:]
    problem = name_problem("/".join(rest).removesuffix("/")) if rest and rest != [""] else None
    if link.startswith("/") or not link:
        problem = "is an absolute path" if link else "is empty"
    # The tree is the archive's single top directory, for whoever takes that off.
    elif climbs > max(path.count("/") - 1, 0):
        problem = "leaves its tree by '..'"
    if problem is None:
        return None
    return f"is a link whose target {link!r} {problem}"
