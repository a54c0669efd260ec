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
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from typing_extensions import Self

from jupyter_pyartifacts.index.pythons import parse_table
from jupyter_pyartifacts.model import PythonPin

__all__ = [
    "BUILD",
    "FAKE",
    "LINKS",
    "PLATFORM",
    "Place",
    "Shelf",
    "archive",
    "entry_of",
    "filename_of",
    "installed",
    "pack",
]

BUILD = "20260101"
_TRIPLE = f"{platform.machine()}-unknown-linux-gnu"
_ARCH = platform.machine()
PLATFORM = f"linux-{_ARCH}"
FAKE = {
    "python/bin/python3.12": b"#!/bin/sh\necho it is not real >&2\nexit 3\n",
    "python/lib/python3.12/os.py": b"name = 'posix'\n",
    "python/lib/python3.12/__pycache__/os.cpython-312.pyc": b"byte code",
    "python/lib/libpython3.12.so.1.0": b"library",
    "python/share/terminfo/E/Eterm": b"upper",
    "python/share/terminfo/e/eterm": b"lower",
}
"""An archive in the right layout that starts no Python."""
LINKS = {
    "python/bin/python": "python3.12",
    "python/lib/libpython3.12.so": "libpython3.12.so.1.0",
    "python/share/up": "../lib/python3.12",
}
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


def archive(
    target: Path,
    files: Mapping[str, bytes] = FAKE,
    links: Mapping[str, str] = LINKS,
    hard: Mapping[str, str] | None = None,
    *,
    mtime: int = 0,
    order: int = 1,
) -> Path:
    """Write a small archive; what lies in `bin` is executable. `order` -1 turns it around."""
    stream: io.BufferedIOBase
    with target.open("wb") as packed:
        if target.suffix == ".zst":
            stream = _zstd(packed)
        else:
            stream = gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=mtime)
        with stream, tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, data in sorted(files.items())[::order]:
                member = tarfile.TarInfo(name)
                member.size, member.mtime = len(data), mtime
                member.mode = 0o775 if "/bin/" in name else 0o640
                tar.addfile(member, io.BytesIO(data))
            for kind, pairs in ((tarfile.SYMTYPE, links), (tarfile.LNKTYPE, hard or {})):
                for name, goal in pairs.items():
                    member = tarfile.TarInfo(name)
                    member.type, member.linkname = kind, goal
                    tar.addfile(member)
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


def entry_of(
    version: str, *files: dict[str, object], freethreaded: bool = False
) -> dict[str, object]:
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


class Place(ThreadingHTTPServer):
    """Serves a directory over HTTP on 127.0.0.1 while it is open, and counts what is asked for.

    `slow` seconds pass before each answer to a GET of an archive.
    """

    daemon_threads = False

    def __init__(self, directory: Path, slow: float = 0.0) -> None:
        self.asked: Counter[str] = Counter()
        self.slow = slow

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                place.asked[f"GET {Path(unquote(self.path)).name}"] += 1
                if self.path.endswith((".gz", ".zst")):
                    time.sleep(place.slow)
                super().do_GET()

            def do_HEAD(self) -> None:
                place.asked[f"HEAD {Path(unquote(self.path)).name}"] += 1
                super().do_HEAD()

        place = self
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(directory)))
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


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

    def fake(self, version: str, suffix: str = "gz") -> Path:
        """Add an archive that starts no Python, and return its path."""
        minor = ".".join(version.split(".")[:2])

        def named(name: str) -> str:
            return name.replace("3.12", minor)

        files = {named(name): data + version.encode() for name, data in FAKE.items()}
        links = {named(name): named(goal) for name, goal in LINKS.items()}
        target = self.directory / BUILD / filename_of(version, suffix)
        return self.list(version, archive(target, files, links))

    def pin(self, version: str) -> PythonPin:
        """Return the pin of a version as a lock has it."""
        table = parse_table(self.table.read_bytes(), where="here", base=self.table.as_uri())
        return PythonPin(version=version, interpreters=table.archives[version])

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
