"""Which format a file is in, and its reader; a notebook without a lock of ours is one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from ..errors import ForeignFileError
from .inline_script import has_inline_script, read_inline_script
from .pip_lines import has_pip_line, read_pip_lines
from .pylock import read_pylock
from .pyproject import read_pyproject
from .requirements_txt import Include, read_requirements
from .uv_lock import read_uv_lock
from .wanted import Wanted, join_wanted

__all__ = ["EXPORTS", "IMPORTS", "detect_format", "export_format", "read_cells", "read_file"]

EXPORTS = ("pylock", "requirements", "environment", "script")
IMPORTS = ("pylock", "requirements", "pyproject", "script", "uv-lock", "notebook")
UV_LOCK = "uv.lock"
"""Where juv keeps the text of a uv.lock: this key of a notebook's metadata."""


def export_format(name: str) -> str | None:
    """Return the format that a file's name means for writing; None where it means none."""
    path = PurePath(name.lower())
    if path.suffix == ".toml":
        return "pylock"
    if path.suffix in (".txt", ".in"):
        return "requirements"
    if path.suffix in (".yml", ".yaml"):
        return "environment"
    return "script" if path.suffix in (".py", ".ipynb") else None


def detect_format(name: str, text: str) -> str:
    """Return the format of a file by its name, else by its content; raise ForeignFileError."""
    path = PurePath(name.lower())
    if path.suffix == ".ipynb":
        return "notebook"
    if path.name == UV_LOCK or path.suffix == ".lock":
        return "uv-lock"
    if path.name == "pyproject.toml":
        return "pyproject"
    if re.fullmatch(r"pylock(\.[^.]+)?\.toml", path.name):
        return "pylock"
    if path.suffix == ".toml":
        if re.search(r"^\s*lock-version\s*=", text, re.MULTILINE):
            return "pylock"
        return "uv-lock" if re.search(r"^\[\[package\]\]", text, re.MULTILINE) else "pyproject"
    if path.suffix == ".py" or (has_inline_script(text) and path.suffix not in (".txt", ".in")):
        return "script"
    if path.suffix in (".txt", ".in") or "requirements" in path.name:
        return "requirements"
    raise ForeignFileError(
        "the format of a file cannot be told by its name",
        where=name,
        expected="pylock.toml, requirements.txt, pyproject.toml, uv.lock, a script (.py) or a"
        " notebook (.ipynb)",
        found=path.name,
        hint=f"name the format: --format {'|'.join(IMPORTS)}",
    )


def read_file(
    text: str,
    where: str,
    kind: str,
    *,
    include: Include | None = None,
    extras: Iterable[str] = (),
    groups: Iterable[str] = (),
) -> Wanted:
    """Read a file in one of `IMPORTS` but `notebook`; raise ForeignFileError and its like.

    `extras` and `groups` are of a pyproject.toml.
    """
    if kind == "pylock":
        return read_pylock(text, where)
    if kind == "requirements":
        return read_requirements(text, where, include)
    if kind == "pyproject":
        return read_pyproject(text, where, extras=extras, groups=groups)
    if kind == "script":
        return read_inline_script(text, where)
    return read_uv_lock(text, where)


def read_cells(
    notebook: Mapping[str, Any], where: str, *, include: Include | None = None
) -> Wanted:
    """Read what a notebook says of its packages in other tools' ways.

    These are juv's uv.lock in the metadata, a PEP 723 block, and pip lines in the cells, in the
    order of their cells. Raises ForeignFileError, InvalidRequirement with the cell and line.
    """
    parts = []
    for number, cell in enumerate(notebook.get("cells", ())):
        if not isinstance(cell, Mapping) or cell.get("cell_type") not in ("code", "raw"):
            continue
        source = cell.get("source", "")
        source = "".join(source) if isinstance(source, list) else str(source)
        place = f"{where}, cells[{number}]"
        if has_inline_script(source):
            parts.append(read_inline_script(source, place))
        if has_pip_line(source) or "install" in source:
            parts.append(read_pip_lines(source, place, include))
    kept = notebook.get("metadata", {}).get(UV_LOCK)
    if kept is not None:
        if not isinstance(kept, str):
            raise ForeignFileError(
                "juv's lock is not a text",
                where=f'{where}, metadata["{UV_LOCK}"]',
                expected="the text of a uv.lock",
                found=type(kept).__name__,
                hint="lock anew: juv lock NOTEBOOK",
            )
        locked = read_uv_lock(kept, f'{where}, metadata["{UV_LOCK}"]')
        # The block says what is wanted, the lock which versions: its own list may be older.
        parts.insert(0, locked)
    return join_wanted(parts)
