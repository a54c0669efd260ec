"""Source archives made in a test, and the trees that come of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from jupyter_pyartifacts.translate.sdist import translate_sdist
from jupyter_pyartifacts.translate.wheel import Tree
from tests.tars import tar_gz

Content = bytes | str
PKG_INFO = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"


def write_sdist(
    folder: Path,
    files: Mapping[str, Content],
    *,
    name: str = "demo",
    version: str = "1.0",
    pkg_info: str | None = PKG_INFO,
    modes: Mapping[str, int] | None = None,
    end: str = ".tar.gz",
) -> Path:
    """Write an sdist of some files below its top directory; PKG-INFO is added."""
    top = f"{name}-{version}"
    members = {f"{top}/{path}": data for path, data in files.items()}
    if pkg_info is not None:
        members.setdefault(f"{top}/PKG-INFO", pkg_info)
    path = folder / f"{top}{end}"
    if end == ".zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        path.write_bytes(stream.getvalue())
    else:
        path.write_bytes(
            tar_gz(members, {f"{top}/{own}": mode for own, mode in (modes or {}).items()})
        )
    return path


def translate(path: Path) -> tuple[Tree, dict[str, bytes]]:
    """Translate an sdist; return the tree and its files, but for RECORD."""
    place = path.parent / f"{path.name}-tree"
    tree = translate_sdist(path, str(place), path.name)
    files = {
        each.relative_to(place).as_posix(): each.read_bytes()
        for each in place.rglob("*")
        if each.is_file()
    }
    return tree, {own: data for own, data in files.items() if not own.endswith("/RECORD")}
