"""Projects of pdm-backend: includes and excludes, the more exact of which wins."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from .archive import Source
from .declarative import clean_path, finish_declared, strings, take_licenses
from .globs import expand
from .layout import Layout
from .packages import match_name

__all__ = ["plan_pdm"]


def plan_pdm(source: Source, pyproject: Mapping[str, Any]) -> Layout:
    """Decide what the wheel of a pdm-backend project holds. Raises SdistRefused."""
    project = pyproject.get("project", {})
    tool = pyproject.get("tool", {}).get("pdm", {})
    build = tool.get("build", {})
    hook = str(build.get("custom-hook", "pdm_build.py"))
    if build.get("run-setuptools"):
        source.refuse("its build runs setuptools for a part that is compiled", "pyproject.toml")
    version = tool.get("version", {})
    written = version.get("write_to") if isinstance(version, dict) else None
    layout = Layout()
    includes = strings(source, build.get("includes"), "includes")
    excludes = strings(source, build.get("excludes"), "excludes")
    folder = build.get("package-dir")
    if folder is None:
        inside = any(path == "src" or path.startswith("src/") for path in includes)
        has_src = "src" in source.directories
        folder = "src" if (has_src and not includes) or (inside and "src" not in excludes) else ""
    folder = clean_path(source, str(folder))
    for path in _files(source, folder, includes, excludes, build):
        inside_path = path[len(folder) + 1 :] if folder and path.startswith(f"{folder}/") else path
        layout.take(source, inside_path, path)
    if isinstance(written, str) and posixpath.normpath(written) not in layout.takes:
        source.refuse(
            f"its build writes a file that it does not have ({written})", "pyproject.toml"
        )
    if source.is_file(posixpath.normpath(hook)):
        source.refuse("its build runs code of its own", hook)
    for scheme, entries in build.get("wheel-data", {}).items():
        for entry in entries:
            _take_data(source, layout, str(scheme), entry)
    default: tuple[str, ...] = ("LICEN[CS]E*", "COPYING*", "NOTICE*")
    license_file = project.get("license")
    if isinstance(license_file, dict) and isinstance(license_file.get("file"), str):
        default = (clean_path(source, license_file["file"]),)
    take_licenses(source, layout, project, default)
    return finish_declared(source, layout, project)


def _weight(pattern: str) -> tuple[int, int]:
    parts = [part for part in posixpath.normpath(pattern).split("/") if part]
    wild = sum(2 if part == "**" else any(mark in part for mark in "*?[") for part in parts)
    return len(parts), -wild


def _globbed(source: Source, patterns: list[str]) -> dict[str, str]:
    """Return path to pattern for all files and directories that patterns find."""
    found: dict[str, str] = {}
    for pattern in patterns:
        whole = clean_path(source, pattern)
        if not whole:
            found["."] = pattern
        for folders in (False, True):
            for path in expand(source, whole, recursive=True, folders=folders, hidden=False):
                found[path] = pattern
    return found


def _files(
    source: Source,
    folder: str,
    includes: list[str],
    excludes: list[str],
    build: Mapping[str, Any],
) -> list[str]:
    if not includes:
        prefix = f"{folder}/" if folder else ""
        tops = {
            path[len(prefix) :].split("/")[0]
            for path in source.directories
            if path.startswith(prefix)
        }
        includes = [
            f"{prefix}{top}"
            for top in sorted(tops)
            if source.is_file(f"{prefix}{top}/__init__.py")
            or (top.endswith("-stubs") and source.is_file(f"{prefix}{top}/__init__.pyi"))
        ] or [f"{prefix}*.py"]
    only_source = strings(source, build.get("source-includes"), "source-includes") or ["tests"]
    wanted = _globbed(source, [*includes, *only_source])
    unwanted = _globbed(source, [".pdm-build", *excludes, *only_source])
    kept = []
    for path, pattern in wanted.items():
        if path in unwanted:
            if _weight(pattern) <= _weight(unwanted[path]):
                continue
            del unwanted[path]
        kept.append(path)
    result: set[str] = set()
    for path in kept:
        if source.is_file(path):
            result.add(path)
            continue
        for own in source.below("" if path == "." else path):
            if own.endswith(".pyc") or _is_below(own, unwanted):
                continue
            result.add(own)
    return sorted(result)


def _is_below(path: str, folders: Mapping[str, str]) -> bool:
    parent = path
    while parent:
        if parent in folders:
            return True
        parent = posixpath.dirname(parent)
    return any(match_name(path, [folder]) for folder in folders if "*" in folder)


def _take_data(source: Source, layout: Layout, scheme: str, entry: Any) -> None:
    if scheme not in ("data", "scripts"):
        source.refuse(f"it installs files for {scheme}, which is not done here", "pyproject.toml")
    pattern = entry if isinstance(entry, str) else str(entry.get("path", ""))
    base = "" if isinstance(entry, str) else str(entry.get("relative-to") or "")
    base = clean_path(source, base)
    for path in expand(source, clean_path(source, pattern), recursive=True):
        place = posixpath.relpath(path, base) if base else posixpath.basename(path)
        layout.take_data(source, scheme, place, path)
