"""What an ELF library asks of the dynamic loader: DT_NEEDED and DT_RUNPATH (System V gABI)."""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Library", "escaping_folders", "read_library"]

Buffer = bytes | memoryview

_DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 1, 5, 15, 29
_PT_LOAD, _PT_DYNAMIC = 1, 2


@dataclass(frozen=True, slots=True)
class Library:
    """The names of the libraries that one needs, and the directories where it looks for them."""

    needed: tuple[str, ...]
    paths: tuple[str, ...]


def read_library(data: Buffer) -> Library | None:
    """Read the dynamic section of an ELF file; None for whatever is not one or is damaged."""
    try:
        return _read(data)
    except (struct.error, IndexError, ValueError, OverflowError):
        return None


def _read(data: Buffer) -> Library | None:
    if bytes(data[:4]) != b"\x7fELF" or len(data) < 52:
        return None
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    if wide:
        (table,) = struct.unpack_from(order + "Q", data, 32)
        entry_size, count = struct.unpack_from(order + "2H", data, 54)
    else:
        (table,) = struct.unpack_from(order + "L", data, 28)
        entry_size, count = struct.unpack_from(order + "2H", data, 42)
    loads: list[tuple[int, int, int]] = []
    dynamic: tuple[int, int] | None = None
    for index in range(min(count, 1000)):
        at = table + index * entry_size
        if wide:
            kind, _, offset, address, _, size = struct.unpack_from(order + "2L4Q", data, at)
        else:
            kind, offset, address, _, size = struct.unpack_from(order + "5L", data, at)
        if kind == _PT_LOAD:
            loads.append((address, offset, size))
        elif kind == _PT_DYNAMIC:
            dynamic = (offset, size)
    if dynamic is None:
        return None
    tags = _tags(data, dynamic, wide, order)
    strings = next((value for tag, value in tags if tag == _DT_STRTAB), None)
    if strings is None:
        return None
    base = next(
        (
            strings - address + offset
            for address, offset, size in loads
            if 0 <= strings - address < size
        ),
        strings,
    )
    paths = [_text(data, base + value) for tag, value in tags if tag in (_DT_RPATH, _DT_RUNPATH)]
    return Library(
        tuple(_text(data, base + value) for tag, value in tags if tag == _DT_NEEDED),
        tuple(part for path in paths for part in path.split(":") if part),
    )


def _tags(data: Buffer, place: tuple[int, int], wide: bool, order: str) -> list[tuple[int, int]]:
    form = struct.Struct(order + ("2Q" if wide else "2L"))
    tags: list[tuple[int, int]] = []
    for at in range(place[0], min(place[0] + place[1], len(data)), form.size):
        tag, value = form.unpack_from(data, at)
        if not tag:
            break
        tags.append((tag, value))
    return tags


def _text(data: Buffer, at: int) -> str:
    chunk = bytes(data[at : at + 4096])
    return chunk[: chunk.index(b"\0")].decode("utf-8", "surrogateescape")


def escaping_folders(libraries: Mapping[str, Library], folders: frozenset[str]) -> tuple[str, ...]:
    """Return the directories that must be real in a view, since `$ORIGIN` leads out of the tree.

    `libraries` maps paths in a tree to what is in them, `folders` are the tree's directories. A
    library is meant if one of its search paths is a place that its own tree does not have, and
    if it needs a library that its own tree does not bring.
    """
    own = {posixpath.basename(path) for path in libraries}
    real: set[str] = set()
    for path, library in libraries.items():
        folder = posixpath.dirname(path)
        outside = False
        for entry in library.paths:
            for word in ("$ORIGIN", "${ORIGIN}"):
                if entry == word or entry.startswith(word + "/"):
                    place = posixpath.normpath(posixpath.join(folder, "." + entry[len(word) :]))
                    outside = outside or (place not in folders and place != ".")
        if outside and any(name not in own for name in library.needed if not _is_system(name)):
            while folder:
                real.add(folder)
                folder = posixpath.dirname(folder)
    return tuple(sorted(real))


# Libraries that every Linux system brings (PEP 513, PEP 599), by the beginnings of their names.
_SYSTEM = (
    *("libc.so", "libm.so", "libpthread.so", "libdl.so", "librt.so", "libutil.so", "libnsl.so"),
    *("libresolv.so", "libcrypt.so", "libgcc_s.so", "libstdc++.so", "libz.so", "libexpat.so"),
    *("libX11.so", "libXext.so", "libXrender.so", "libICE.so", "libSM.so", "libGL.so"),
    *("libglib-2.0.so", "libgthread-2.0.so", "libgobject-2.0.so", "libmvec.so", "libanl.so"),
    *("ld-linux", "ld64.so", "libpython"),
)


def _is_system(name: str) -> bool:
    return name.startswith(_SYSTEM)
