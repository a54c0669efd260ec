"""`.pth` files and site customization: what of them may reach a view.

`site` runs `import` lines of `.pth` files and the modules `sitecustomize` and `usercustomize` at
every start, isolated mode or not. So none of these is linked. Lines that name a directory of the
artifact's own come into one `.pth` of the view; `import` lines are dropped and named, but for
those in a table that people have read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable

__all__ = ["VIEW_PTH", "is_startup_file", "select_lines"]

VIEW_PTH = "_pyartifacts.pth"

# Reviewed: both only make a module of the distribution's own available, when it is asked for.
_DISTUTILS = (
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; "
    "enabled = os.environ.get(var, '{default}') == 'local'; "
    "enabled and __import__('_distutils_hack'){call};"
)
_REVIEWED = frozenset(
    {("pywin32", "import pywin32_bootstrap")}
    | {
        ("setuptools", _DISTUTILS.format(default=default, call=call))
        for default in ("stdlib", "local")
        for call in (".add_shim()", "")
    }
)


def is_startup_file(name: str) -> bool:
    """Tell whether `site` would run a top-level entry of site-packages (`name` without `/`)."""
    stem = name.partition(".")[0].lower()
    return name.lower().endswith(".pth") or stem in ("sitecustomize", "usercustomize")


def select_lines(
    distribution: str, filename: str, lines: Iterable[str], is_folder: Callable[[str], bool]
) -> tuple[list[str], list[str]]:
    """Return the lines of a `.pth` that a view takes over, and notes on those it drops.

    `distribution` is the canonical name; `is_folder` says whether a path relative to
    site-packages is a directory of the artifact's own.
    """
    kept: list[str] = []
    notes: list[str] = []
    for raw in lines:
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if raw.startswith(("import ", "import\t")):
            if (distribution, line) in _REVIEWED:
                kept.append(line)
            else:
                notes.append(f"{distribution}: a line of {filename} is not run: {line[:120]}")
            continue
        path = posixpath.normpath(line.replace("\\", "/"))
        inside = not path.startswith(("/", "..")) and ":" not in path
        if path == "." or (inside and is_folder(path)):
            if path != ".":
                kept.append(path)
        else:
            notes.append(
                f"{distribution}: {filename} names a path that is not its own: {line[:120]}"
            )
    return kept, notes
