"""The list of files that setuptools takes for a project's own: MANIFEST.in and SOURCES.txt.

`include_package_data` takes from this list what lies inside of packages.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from .archive import Source
from .globs import expand, matches

__all__ = ["manifest_files"]

_VERSION_CONTROL = re.compile(r"(?:^|.*/)(?:RCS|CVS|\.svn|\.hg|\.git|\.bzr|_darcs)/.*")
_TOOLS = re.compile(r"(?:\.tox|\.nox|\.venv)/")
_READMES = ("README", "README.txt", "README.rst", "README.md")


def manifest_files(source: Source, egg_info: str, defaults: Iterable[str]) -> list[str]:
    """Return the files of the manifest, sorted; `defaults` are those that are in it anyway.

    `egg_info` is the directory whose SOURCES.txt is read where there is one.
    """
    files = {path for path in defaults if source.is_file(path)}
    files.update(path for path in ("setup.py", "setup.cfg", "MANIFEST.in") if source.is_file(path))
    files.update(path for path in ("pyproject.toml",) if source.is_file(path))
    readme = next((path for path in _READMES if source.is_file(path)), None)
    if readme is not None:
        files.add(readme)
    files.update(expand(source, "test/test*.py", recursive=False, hidden=False))
    listed = source.text(f"{egg_info}/SOURCES.txt") if egg_info else None
    for line in (listed or "").split("\n"):
        path = _normal(line.strip())
        if path and not line.startswith("#") and source.is_file(path):
            files.add(path)
    template = source.text("MANIFEST.in")
    if template is not None:
        for words in _lines(template):
            _apply(source, words, files)
    name, version = source.name.name, source.name.version
    return sorted(
        path
        for path in files
        if not path.startswith(("build/", f"{name}-{version}/"))
        and not _VERSION_CONTROL.match(path)
        and not _TOOLS.match(path)
    )


def _normal(path: str) -> str:
    path = posixpath.normpath(path) if path else ""
    return "" if path.startswith(("..", "/")) or path == "." else path


def _lines(template: str) -> list[list[str]]:
    """Return the words of each line; comments go, lines that end in a backslash go on."""
    result = []
    joined = ""
    for raw in template.split("\n"):
        line = re.sub(r"(?<!\\)#.*", "", raw).replace("\\#", "#")
        line = f"{joined}{line.strip()}" if joined else line.strip()
        if line.endswith("\\"):
            joined = line[:-1]
            continue
        joined = ""
        if line:
            result.append(line.split())
    if joined:
        result.append(joined.split())
    return result


def _apply(source: Source, words: list[str], files: set[str]) -> None:
    """Apply one line; one that cannot be read changes nothing, as in setuptools."""
    action, *patterns = words
    patterns = [_pattern(pattern) for pattern in patterns]
    if action in ("include", "exclude", "global-include", "global-exclude"):
        for pattern in patterns:
            _plain(source, action, pattern, files)
    elif action in ("recursive-include", "recursive-exclude") and len(patterns) > 1:
        for pattern in patterns[1:]:
            whole = f"{patterns[0]}/**/{pattern}" if patterns[0] != "." else f"**/{pattern}"
            if action == "recursive-include":
                files.update(expand(source, whole, recursive=True))
            else:
                files.difference_update([path for path in files if matches(whole, path)])
    elif action == "graft" and len(patterns) == 1:
        if patterns[0] == ".":
            files.update(source.files)
        for folder in expand(source, patterns[0], recursive=False, folders=True):
            files.update(source.below(folder))
    elif action == "prune" and len(patterns) == 1:
        whole = f"{patterns[0]}/**"
        files.difference_update([path for path in files if matches(whole, path)])


def _plain(source: Source, action: str, pattern: str, files: set[str]) -> None:
    if action == "include":
        files.update(expand(source, pattern, recursive=False))
    elif action == "exclude":
        files.difference_update([path for path in files if matches(pattern, path)])
    elif action == "global-include":
        whole = f"**/{pattern}"
        files.update(path for path in source.files if matches(whole, path))
    else:
        whole = f"**/{pattern}"
        files.difference_update([path for path in files if matches(whole, path)])


def _pattern(word: str) -> str:
    """Return a pattern as a path of the system would be: no `./` before it, no `/` after it."""
    parts = [part for part in word.split("/") if part not in ("", ".")]
    return "/".join(parts) or "."
