"""Projects of flit: one module or package, whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .archive import Source
from .declarative import clean_path, finish_declared, take_licenses
from .entrypoints import Groups, parse_entry_points
from .layout import Layout

__all__ = ["plan_flit"]


def plan_flit(source: Source, pyproject: Mapping[str, Any]) -> Layout:
    """Decide what the wheel of a flit project holds. Raises SdistRefused."""
    project = pyproject.get("project", {})
    tool = pyproject.get("tool", {}).get("flit", {})
    old = tool.get("metadata", {})
    name = tool.get("module", {}).get("name") or old.get("module") or project.get("name")
    if not isinstance(name, str):
        source.refuse("its pyproject.toml names no module", "pyproject.toml")
    layout = Layout()
    path = name.replace("-", "_").replace(".", "/") if "module" not in tool else name
    path = path.replace(".", "/")
    found = [
        (prefix, own)
        for prefix in ("", "src/")
        for own in (f"{prefix}{path}", f"{prefix}{path}.py")
        if own in source.directories or source.is_file(own)
    ]
    if len(found) != 1:
        source.refuse(
            f"its source has {'several places' if found else 'no place'} for its module {name}",
            "pyproject.toml",
        )
    prefix, place = found[0]
    files = [place] if source.is_file(place) else source.below(place)
    for own in files:
        if "__pycache__" not in own.split("/") and not own.endswith(".pyc"):
            layout.take(source, own[len(prefix) :], own)
    folder = tool.get("external-data", {}).get("directory")
    if isinstance(folder, str):
        base = clean_path(source, folder)
        for own in source.below(base):
            layout.take_data(source, "data", own[len(base) + 1 :], own)
    take_licenses(source, layout, project)
    license_file = project.get("license")
    if isinstance(license_file, dict) and isinstance(license_file.get("file"), str):
        own = clean_path(source, license_file["file"])
        if source.is_file(own):
            layout.licenses[own] = own
    return finish_declared(source, layout, project, groups=_old_points(source, tool, old))


def _old_points(source: Source, tool: Mapping[str, Any], old: Mapping[str, Any]) -> Groups:
    groups: Groups = {}
    if tool.get("scripts"):
        groups["console_scripts"] = dict(tool["scripts"])
    for name, points in tool.get("entrypoints", {}).items():
        groups[name] = dict(points)
    path = old.get("entry-points-file", "entry_points.txt" if old else None)
    text = source.text(path) if isinstance(path, str) else None
    return groups | parse_entry_points(text) if text is not None else groups
