"""Projects of poetry-core: packages, includes, excludes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from .archive import Source
from .declarative import clean_path, finish_declared, take_licenses
from .entrypoints import Groups
from .globs import expand
from .layout import Layout

__all__ = ["plan_poetry"]


def plan_poetry(source: Source, pyproject: Mapping[str, Any]) -> Layout:
    """Decide what the wheel of a poetry project holds. Raises SdistRefused."""
    project = pyproject.get("project", {})
    tool = pyproject.get("tool", {}).get("poetry", {})
    if tool.get("build"):
        source.refuse("its build runs a script of its own", "pyproject.toml")
    name = project.get("name") or tool.get("name")
    if not isinstance(name, str):
        source.refuse("its pyproject.toml has no name", "pyproject.toml")
    layout = Layout()
    excluded = _excluded(source, tool)
    for package in tool.get("packages") or _default(source, name):
        if "wheel" in _formats(package, ("sdist", "wheel")):
            _take_package(source, layout, package, excluded)
    for include in tool.get("include") or []:
        include = {"path": include} if isinstance(include, str) else include
        if "wheel" in _formats(include, ("sdist",)):
            for path in _elements(source, "", str(include.get("path", ""))):
                if not _is_cache(path):
                    layout.take(source, path, path)
    groups = _scripts(source, layout, tool)
    for group, points in tool.get("plugins", {}).items():
        groups[group] = dict(points)
    take_licenses(source, layout, project, ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"))
    return finish_declared(source, layout, project, groups=groups)


def _formats(entry: Mapping[str, Any], default: tuple[str, ...]) -> tuple[str, ...]:
    given = entry.get("format", default)
    return (given,) if isinstance(given, str) else tuple(given)


def _default(source: Source, name: str) -> list[dict[str, str]]:
    module = re.sub(r"[-_]+", "_", re.sub(r"[-_.]+", "-", name).lower())
    for base in ("", "src"):
        prefix = f"{base}/" if base else ""
        found = [
            own
            for own, there in (
                (module, f"{prefix}{module}" in source.directories),
                (f"{module}.py", source.is_file(f"{prefix}{module}.py")),
            )
            if there
        ]
        if len(found) == 1:
            return [{"include": found[0], **({"from": base} if base else {})}]
        if found:
            break
    source.refuse(f"its source has no one place for its package {module}", "pyproject.toml")


def _elements(source: Source, base: str, pattern: str) -> list[str]:
    """Return the files that a pattern of poetry's names: files, and all below directories."""
    whole = clean_path(source, posixpath.join(base, pattern))
    found = set(expand(source, whole, recursive=True))
    for folder in expand(source, whole, recursive=True, folders=True):
        found.update(source.below(folder))
    return sorted(found)


def _excluded(source: Source, tool: Mapping[str, Any]) -> set[str]:
    out: set[str] = set()
    for entry in tool.get("exclude") or []:
        pattern = entry if isinstance(entry, str) else str(entry.get("path", ""))
        if isinstance(entry, str) or "wheel" in _formats(entry, ("sdist", "wheel")):
            out.update(_elements(source, "", pattern))
    for entry in tool.get("include") or []:
        if isinstance(entry, dict) and "wheel" in _formats(entry, ("sdist",)):
            out.difference_update(_elements(source, "", str(entry.get("path", ""))))
    return out


def _is_cache(path: str) -> bool:
    return "__pycache__" in path.split("/") or path.endswith(".pyc")


def _take_package(
    source: Source, layout: Layout, package: Mapping[str, Any], excluded: set[str]
) -> None:
    base = clean_path(source, str(package.get("from", "")))
    target = clean_path(source, str(package.get("to", "")))
    files = _elements(source, base, str(package.get("include", "")))
    if not files:
        source.refuse(
            f"its source has nothing for its package {package.get('include')}", "pyproject.toml"
        )
    for path in files:
        if path not in excluded and not _is_cache(path):
            inside = path[len(base) + 1 :] if base else path
            layout.take(source, posixpath.join(target, inside), path)


def _scripts(source: Source, layout: Layout, tool: Mapping[str, Any]) -> Groups:
    points: dict[str, str] = {}
    for name, value in (tool.get("scripts") or {}).items():
        if isinstance(value, str):
            points[name] = value
            continue
        reference = value.get("reference", value.get("callable"))
        if value.get("type") == "file" and isinstance(reference, str):
            path = clean_path(source, reference)
            if not source.is_file(path):
                source.refuse(
                    f"its source declares a script that it does not have (`{path}`)",
                    "pyproject.toml",
                )
            layout.take_data(source, "scripts", posixpath.basename(path), path)
        elif isinstance(reference, str):
            extras = ", ".join(value.get("extras") or [])
            points[name] = f"{reference} [{extras}]" if extras else reference
    return {"console_scripts": points} if points else {}
