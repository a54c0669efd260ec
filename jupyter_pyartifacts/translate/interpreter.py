"""Archives of interpreters to trees: what lies below `python/`, links included, no byte code.

The layout is python-build-standalone's `install_only`: one top directory `python`, which is taken
off, with `bin/pythonX.Y` (`python.exe` on Windows). Nothing in the tree is edited. Byte code that
an archive carries is left out, as it is of wheels: the host makes its own, outside of the hash.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator

from ..errors import ArtifactError, UnsafeArchive
from ..model import Digest
from ..store.facts import Facts
from ..treehash import TreeEntry, manifest
from .record import is_byte_code
from .tar import TarLimits, TarMember, read_tar
from .wheel import NEW_FILE, READ_ONLY, Tree

__all__ = ["IMPLEMENTATION", "translate_interpreter"]

IMPLEMENTATION = "cpython"
_TOP = "python"
_CHUNK = 1 << 20
_HINT = "use an archive of the kind `install_only` or `install_only_stripped`, and lock again"
# One tree serves one platform: on Linux, names (terminal descriptions) may differ by case.
_LIMITS = TarLimits(case_sensitive=sys.platform == "linux")


def translate_interpreter(
    path: str | os.PathLike[str],
    destination: str,
    filename: str,
    version: str,
    watch: Callable[[int], None] = lambda _: None,
) -> Tree:
    """Unpack the archive of CPython `version` into `destination`, which must not exist.

    Files are read-only, executable as the archive says; symbolic links stay as they are, a hard
    link is a file of its own in the tree hash. `watch` is told each member's bytes before they are
    read, and may raise to give up. Raises UnsafeArchive, ArtifactError if it is no interpreter of
    that minor version, OSError if the disk does not take it.
    """
    unpacking = _Unpacking(destination, f"CPython {version}", filename)
    for member in read_tar(path, _LIMITS, label=unpacking.label, where=filename):
        watch(member.size)
        unpacking.take(member)
    entries = sorted(unpacking.entries.values())
    python = _executable(entries, version, filename)
    unpacking.close()
    lines = manifest(entries)
    facts = Facts(
        filename=filename,
        name=IMPLEMENTATION,
        version=version,
        tree=Digest(hashlib.sha256(lines).hexdigest()),
        size=os.stat(path).st_size,
        files=len(entries),
        unpacked=sum(entry.size for entry in entries),
        tops=(),
        dist_info="",
        dist_info_entries=(),
        python=python,
    )
    return Tree(facts=facts, manifest=lines, sizes=tuple(entry.size for entry in entries))


class _Unpacking:
    """One tree in the making: members are written as they come, each hashed on its way."""

    def __init__(self, destination: str, label: str, where: str) -> None:
        self.label = label
        self.entries: dict[str, TreeEntry] = {}
        self._where = where
        self._destination = destination
        self._folders = {""}
        os.mkdir(destination)

    def take(self, member: TarMember) -> None:
        top, _, path = member.path.partition("/")
        if top != _TOP or (not path and member.kind != "directory"):
            raise ArtifactError(
                f"{self.label}: its archive has something beside the directory {_TOP!r}",
                where=f"{self._where}: {member.path!r}",
                hint=_HINT,
            )
        if member.kind == "directory" or is_byte_code(path):
            return
        self._make_folder(path.rpartition("/")[0])
        if member.kind == "symlink":
            self.entries[path] = self._link(path, member.target or "")
        elif member.kind == "hardlink":
            self.entries[path] = self._copy(path, (member.target or "").partition("/")[2])
        else:
            self.entries[path] = self._write(path, member)

    def close(self) -> None:
        """Make the directories read-only."""
        for folder in sorted(self._folders, reverse=True):
            os.chmod(f"{self._destination}/{folder}", READ_ONLY)

    def _make_folder(self, folder: str) -> None:
        if folder not in self._folders:
            self._make_folder(folder.rpartition("/")[0])
            os.mkdir(f"{self._destination}/{folder}")
            self._folders.add(folder)

    def _link(self, path: str, target: str) -> TreeEntry:
        os.symlink(target, f"{self._destination}/{path}")
        text = target.encode()
        return TreeEntry(path, False, hashlib.sha256(text).hexdigest(), len(text), True)

    def _copy(self, path: str, target: str) -> TreeEntry:
        """Give an earlier file a second name; a file of its own where that cannot be."""
        first = self.entries.get(target)
        if first is None or first.link:
            raise UnsafeArchive(
                f"{self.label}: an entry of its archive is a link to what is no file of the tree",
                where=f"{self._where}: {path!r}",
                found=target,
                hint=_HINT,
            )
        source, copy = f"{self._destination}/{target}", f"{self._destination}/{path}"
        try:
            os.link(source, copy)
        except OSError:
            with open(source, "rb") as stream:
                self._store(copy, iter(lambda: stream.read(_CHUNK), b""), first.executable)
        return first._replace(path=path)

    def _write(self, path: str, member: TarMember) -> TreeEntry:
        pieces = iter(lambda: member.read(_CHUNK), b"")
        digest = self._store(f"{self._destination}/{path}", pieces, member.executable)
        return TreeEntry(path, member.executable, digest, member.size)

    def _store(self, place: str, pieces: Iterator[bytes], executable: bool) -> str:
        hashed = hashlib.sha256()
        handle = os.open(place, NEW_FILE, 0o555 if executable else 0o444)
        try:
            for piece in pieces:
                hashed.update(piece)
                written = os.write(handle, piece)
                while written < len(piece):
                    written += os.write(handle, memoryview(piece)[written:])
        finally:
            os.close(handle)
        return hashed.hexdigest()


def _executable(entries: list[TreeEntry], version: str, where: str) -> str:
    """Return the path of the interpreter itself, a file of the tree and no link."""
    minor = ".".join(version.split(".")[:2])
    wanted = (f"bin/python{minor}", "python.exe")
    for entry in entries:
        if entry.path in wanted and not entry.link and (entry.executable or entry.path[-1] == "e"):
            return entry.path
    raise ArtifactError(
        f"CPython {version}: its archive has no interpreter of that version",
        where=where,
        expected=f"python/{wanted[0]} or python/{wanted[1]}",
        found=next((e.path for e in entries if e.path.startswith("bin/python")), "neither"),
        hint=_HINT,
    )
