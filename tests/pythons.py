"""Relocatable archives of CPython for tests, made of the interpreters that are installed here.

`pack` writes one in the `install_only` layout: everything below `python/`, libraries found by
`$ORIGIN`. `Shelf` is a directory of such archives with a table of its own, as a mirror has it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import platform
import re
import tarfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

__all__ = ["BUILD", "Shelf", "entry_of", "filename_of", "installed", "pack"]

BUILD = "20260101"
_TRIPLE = f"{platform.machine()}-unknown-linux-gnu"
_ARCH = platform.machine()
# What no kernel needs, and what belongs to whoever installed that Python.
_LEFT_OUT = {
    "__pycache__",
    "site-packages",
    "test",
    "tests",
    "idlelib",
    "idle_test",
    "turtledemo",
    "tkinter",
    "lib2to3",
    "ensurepip",
    "pkgconfig",
    "include",
    "share",
}


@lru_cache
def installed() -> dict[str, Path]:
    """Return the CPythons that pyenv has, and this process's own: full version to prefix."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found: dict[str, Path] = {}
    for python in sorted(root.glob("versions/3.*/bin/python3")):
        if re.fullmatch(r"3\.\d+\.\d+", python.parent.parent.name):
            found[python.parent.parent.name] = python.parent.parent
    return found


def filename_of(version: str, suffix: str = "gz") -> str:
    """Return the name of an archive for this machine."""
    return f"cpython-{version}+{BUILD}-{_TRIPLE}-install_only_stripped.tar.{suffix}"


def pack(prefix: Path, target: Path) -> Path:
    """Write the archive of the CPython at `prefix`; gzip or Zstandard, by the target's name."""
    prefix = prefix.resolve()
    packed = target.open("wb")
    with packed:
        if target.suffix == ".zst":
            stream: io.BufferedIOBase = _zstd(packed)
        else:
            stream = gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=1, mtime=0)
        with stream, tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path in _files(prefix):
                _add(archive, path, prefix)
    return target


def _zstd(packed: io.BufferedWriter) -> io.BufferedIOBase:
    import sys

    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdFile
    else:
        from backports.zstd import ZstdFile
    return ZstdFile(packed, "w", level=1)


def _files(prefix: Path) -> Iterator[Path]:
    """Yield files and links of a prefix, sorted, without what is left out."""
    for folder, folders, names in os.walk(prefix):
        here = Path(folder)
        folders[:] = sorted(
            name for name in folders if name not in _LEFT_OUT and not name.startswith("config-")
        )
        if here.name == "bin":
            names = [name for name in names if re.fullmatch(r"python3?(\.\d+)?", name)]
        for name in sorted(names):
            if not re.search(r"\.(a|pyc|whl)\Z|_test\w*\.\w|\Axx", name) and "_tkinter" not in name:
                yield here / name


def _add(archive: tarfile.TarFile, path: Path, prefix: Path) -> None:
    member = tarfile.TarInfo(f"python/{path.relative_to(prefix).as_posix()}")
    if path.is_symlink():
        member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
        archive.addfile(member)
        return
    data = _relocated(path.read_bytes(), prefix)
    member.size = len(data)
    member.mode = 0o755 if os.access(path, os.X_OK) else 0o644
    archive.addfile(member, io.BytesIO(data))


def _relocated(data: bytes, prefix: Path) -> bytes:
    """Return a file whose run path, if it is ELF and has one, is relative to itself."""
    old = f"{prefix}/lib".encode() + b"\0"
    if not data.startswith(b"\x7fELF") or old not in data:
        return data
    new = b"$ORIGIN/../lib\0"
    assert len(new) <= len(old), prefix
    return data.replace(old, new.ljust(len(old), b"\0"), 1)


def entry_of(version: str, *files: dict[str, object], freethreaded: bool = False) -> dict[str, object]:
    """Return one version's entry of a table."""
    major, minor, micro = (int(part) for part in version.split("."))
    return {
        "python_version": {
            "implementation": "cpython",
            "major": major,
            "minor": minor,
            "micro": micro,
            "freethreaded": freethreaded,
        },
        "files": list(files),
    }


class Shelf:
    """A directory in the layout of a mirror: BUILD/ARCHIVE and a table of them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.table = directory / "versions.json"
        self._entries: dict[str, dict[str, object]] = {}
        (directory / BUILD).mkdir(parents=True)

    def put(self, version: str, prefix: Path | None = None, suffix: str = "gz") -> Path:
        """Add the archive of an installed Python, and return its path."""
        target = self.directory / BUILD / filename_of(version, suffix)
        return self.list(version, pack(prefix or installed()[version], target))

    def list(self, version: str, path: Path) -> Path:
        """Add an archive that is there to the table."""
        file = {
            "platform": "linux",
            "arch": _ARCH,
            "install_only": True,
            "filename": path.name,
            "url": f"{BUILD}/{path.name.replace('+', '%2B')}",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        self._entries[version] = entry_of(version, file)
        self.table.write_text(json.dumps(list(self._entries.values())))
        return path
