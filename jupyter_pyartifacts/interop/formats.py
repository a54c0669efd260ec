"""Which format a file is in, and its reader; a notebook without a lock of ours is one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from ..errors import ForeignFileError
from .inline_script import has_inline_script, read_inline_script
from .pylock import read_pylock
from .pyproject import read_pyproject
from .requirements_txt import Include, read_requirements
from .uv_lock import read_uv_lock
from .wanted import Wanted

__all__ = ["EXPORTS", "IMPORTS", "detect_format", "export_format", "read_file"]

EXPORTS = ("pylock", "requirements", "environment", "script")
IMPORTS = ("pylock", "requirements", "pyproject", "script", "uv-lock", "notebook")


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
    if path.suffix == ".lock":
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
