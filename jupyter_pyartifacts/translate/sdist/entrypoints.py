"""Entry points in every spelling that backends take, and entry_points.txt as it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Groups", "parse_entry_points", "project_entry_points", "render_entry_points"]

Groups = dict[str, dict[str, str]]


def parse_entry_points(value: Any) -> Groups:
    """Read what setup() takes: the text of an INI file, or lists of lines by group."""
    groups: Groups = {}
    if isinstance(value, str):
        group = ""
        for raw in value.splitlines():
            line = raw.strip()
            if line.startswith("[") and line.endswith("]"):
                group = line[1:-1].strip()
                groups.setdefault(group, {})
            elif line and line[0] not in "#;" and group:
                _add(groups, group, line)
        return groups
    if isinstance(value, Mapping):
        for name, lines in value.items():
            if isinstance(lines, str):
                lines = lines.splitlines()
            if isinstance(lines, Mapping):
                lines = [f"{key}={target}" for key, target in lines.items()]
            groups.setdefault(str(name).strip(), {})
            for line in lines if isinstance(lines, Iterable) else ():
                if isinstance(line, str) and line.strip() and line.strip()[0] not in "#;":
                    _add(groups, str(name).strip(), line)
    return groups


def _add(groups: Groups, group: str, line: str) -> None:
    name, equals, target = (part.strip() for part in line.partition("="))
    if equals and name:
        groups.setdefault(group, {})[name] = target


def project_entry_points(project: Mapping[str, Any]) -> Groups:
    """Read the tables of pyproject.toml (PEP 621)."""
    groups: Groups = {}
    if project.get("scripts"):
        groups["console_scripts"] = dict(project["scripts"])
    if project.get("gui-scripts"):
        groups["gui_scripts"] = dict(project["gui-scripts"])
    for name, points in (project.get("entry-points") or {}).items():
        groups[name] = dict(points)
    return groups


def render_entry_points(groups: Groups) -> bytes:
    """Return entry_points.txt: groups and names sorted."""
    parts = []
    for group, points in sorted(groups.items()):
        if points:
            lines = "".join(f"{name} = {target}\n" for name, target in sorted(points.items()))
            parts.append(f"[{group}]\n{lines}")
    return "\n".join(parts).encode()
