"""What libraries ask of the loader, and which directories of a view must be real."""

from __future__ import annotations

import struct
import sys
import sysconfig
from pathlib import Path

import pytest

from jupyter_pyartifacts.translate.elf import Library, escaping_folders, read_library


def elf(needed: list[str], paths: list[str], *, wide: bool = True, tag: int = 29) -> bytes:
    """Make the least ELF file that has a dynamic section."""
    strings = b"\0"
    tags = []
    for kind, texts in ((1, needed), (tag, [":".join(paths)] if paths else [])):
        for text in texts:
            tags.append((kind, len(strings)))
            strings += text.encode() + b"\0"
    head, entry = (64, 56) if wide else (52, 32)
    form = "<2Q" if wide else "<2L"
    base = 0x1000
    dynamic = head + 2 * entry
    size = (len(tags) + 2) * struct.calcsize(form)
    at = dynamic + size
    tags += [(5, base + at), (0, 0)]
    body = b"".join(struct.pack(form, *pair) for pair in tags) + strings
    total = at + len(strings)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    if wide:
        header = ident + struct.pack("<2HL3QL6H", 3, 62, 1, 0, head, 0, 0, head, entry, 2, 0, 0, 0)
        load = struct.pack("<2L6Q", 1, 4, 0, base, base, total, total, 4096)
        dyn = struct.pack("<2L6Q", 2, 4, dynamic, base + dynamic, 0, size, size, 8)
    else:
        header = ident + struct.pack("<2H5L6H", 3, 3, 1, 0, head, 0, 0, head, entry, 2, 0, 0, 0)
        load = struct.pack("<8L", 1, 0, base, base, total, total, 4, 4096)
        dyn = struct.pack("<8L", 2, dynamic, base + dynamic, 0, size, size, 4, 8)
    return header + load + dyn + body


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("tag", [15, 29])
def test_needs_and_paths_are_read(wide: bool, tag: int) -> None:
    data = elf(["liba.so.1", "libc.so.6"], ["$ORIGIN/../lib", "/opt"], wide=wide, tag=tag)
    assert read_library(data) == Library(("liba.so.1", "libc.so.6"), ("$ORIGIN/../lib", "/opt"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs an ELF system")
def test_a_real_library_is_read() -> None:
    folder = Path(sysconfig.get_path("stdlib")) / "lib-dynload"
    found = [read_library(path.read_bytes()) for path in sorted(folder.glob("*.so"))]
    assert found
    assert all(library is not None for library in found)
    assert any("libc.so.6" in library.needed for library in found if library is not None)


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF", b"MZ" + bytes(200), elf(["a"], ["b"])[:90], b"\x7fELF" + bytes(100)]
)
def test_what_is_no_library_is_none(data: bytes) -> None:
    assert read_library(data) is None


def test_damage_anywhere_is_survived() -> None:
    whole = elf(["liba.so"], ["$ORIGIN"])
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        read_library(bytes(damaged))


FOLDERS = frozenset({"torch", "torch/lib", "torch.libs"})


@pytest.mark.parametrize(
    ("path", "needed", "folders"),
    [
        ("$ORIGIN/../../nvidia/cublas/lib", "libcublas.so.12", ("torch", "torch/lib")),
        ("${ORIGIN}/../../nvidia/cublas/lib", "libcublas.so.12", ("torch", "torch/lib")),
        ("$ORIGIN/../../torch.libs", "libgomp.so.1", ()),
        ("$ORIGIN", "libcublas.so.12", ()),
        ("$ORIGIN/../../nvidia/lib", "libc.so.6", ()),
        ("$ORIGIN/../../nvidia/lib", "libown.so", ()),
        ("/usr/local/cuda/lib64", "libcublas.so.12", ()),
        ("$ORIGINAL/../../x", "libcublas.so.12", ()),
    ],
)
def test_a_library_that_reaches_out_makes_its_directories_real(
    path: str, needed: str, folders: tuple[str, ...]
) -> None:
    libraries = {
        "torch/lib/libtorch.so": Library((needed,), (path,)),
        "torch/lib/libown.so": Library((), ()),
    }
    assert escaping_folders(libraries, FOLDERS) == folders
