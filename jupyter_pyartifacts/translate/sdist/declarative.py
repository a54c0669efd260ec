"""What all backends share whose projects are declared in pyproject.toml (PEP 621, PEP 639)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from .archive import Source
from .entrypoints import Groups, project_entry_points, render_entry_points
from .globs import expand
from .layout import Layout
from .metadata import is_trusted, read_headers
from .needs import project_requirements

__all__ = ["LICENSES", "clean_path", "finish_declared", "strings", "take_licenses"]

LICENSES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")


def strings(source: Source, value: Any, what: str) -> list[str]:
    """Return a list of texts; refuse anything else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        source.refuse(f"its {what} are not a list of texts", "pyproject.toml")
    return list(value)


def clean_path(source: Source, path: str) -> str:
    """Return a path inside of the project, "" for its root; refuse one that leads elsewhere."""
    normal = posixpath.normpath(path.replace("\\", "/")) if path else "."
    if normal.startswith(("..", "/", "~")) or ":" in normal:
        source.refuse(f"its pyproject.toml names a place outside of it ({path})", "pyproject.toml")
    return "" if normal == "." else normal


def take_licenses(
    source: Source, layout: Layout, project: Mapping[str, Any], default: Iterable[str] = LICENSES
) -> None:
    """Take the license files that a project names, or those with the usual names."""
    patterns: Iterable[str] = default
    given = project.get("license-files")
    if isinstance(given, list):
        patterns = given
    elif isinstance(given, dict):
        patterns = [*given.get("globs", []), *given.get("paths", [])]
    for pattern in patterns:
        for path in expand(source, pattern, recursive=True):
            layout.licenses[path] = path


def finish_declared(
    source: Source,
    layout: Layout,
    project: Mapping[str, Any],
    *,
    groups: Groups | None = None,
) -> Layout:
    """Add entry points and requirements; refuse a project that installs nothing."""
    points = project_entry_points(project) | (groups or {})
    if any(points.values()):
        layout.texts["entry_points.txt"] = render_entry_points(points)
    headers = read_headers(source)
    trusted = is_trusted(headers, "requires-dist") and is_trusted(headers, "provides-extra")
    dynamic = {"dependencies", "optional-dependencies"} & {*project.get("dynamic", [])}
    # These backends write all requirements into PKG-INFO, in every version of its format.
    complete = any(key.lower() == "requires-dist" for key, _ in headers)
    if project.get("name") and not trusted and not dynamic and not complete:
        layout.requires, layout.extras = project_requirements(project)
        python = project.get("requires-python")
        layout.requires_python = python if isinstance(python, str) else None
    if any("${" in requirement for requirement in layout.requires or ()):
        source.refuse("what it requires depends on where it is built", "pyproject.toml")
    if not layout.takes and not layout.data:
        source.refuse("no file of its source is part of what it installs", "pyproject.toml")
    return layout
