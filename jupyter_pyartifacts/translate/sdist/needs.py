"""What a setuptools project requires, as the backend would write it into METADATA."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .archive import Source
from .declared import Declared
from .egginfo import join_requirement, parse_requires
from .layout import Layout
from .metadata import is_trusted, read_headers
from .values import Unknown, unknown_in

__all__ = ["decide_requirements", "project_requirements"]


def decide_requirements(
    source: Source, declared: Declared, layout: Layout, egg_info: str | None
) -> None:
    """Set the layout's requirements, or leave them to PKG-INFO where that is to be trusted.

    In order: PKG-INFO of metadata 2.2 and later that says they are not dynamic (PEP 643), the
    table [project] of pyproject.toml, literals, the egg-info. Raises SdistRefused where they
    depend on the machine, or nothing says what they are.
    """
    headers = read_headers(source)
    if is_trusted(headers, "requires-dist") and is_trusted(headers, "provides-extra"):
        return
    project = declared.project
    dynamic = set(project.get("dynamic", ())) if project is not None else set()
    if project is not None and not {"dependencies", "optional-dependencies"} & dynamic:
        layout.requires, layout.extras = project_requirements(project)
        layout.requires_python = project.get("requires-python")
        return
    python = declared.get("python_requires")
    if isinstance(python, str):
        layout.requires_python = python
    install, extra = declared.get("install_requires"), declared.get("extras_require")
    unknown = unknown_in([install, extra]) if project is None else Unknown("dynamic")
    if unknown is None:
        layout.requires, layout.extras = _joined(install, extra)
        return
    where, line = declared.where(
        "install_requires" if unknown_in(install) is not None else "extras_require"
    )
    if unknown.machine:
        source.refuse(
            f"what it requires depends on the machine that builds it ({unknown.reason})",
            where,
            line=unknown.line or line,
        )
    if egg_info is None:
        source.refuse(
            "what it requires is computed while it is built, and its source does not say the"
            " outcome",
            where,
            line=unknown.line or line,
        )
    layout.requires, layout.extras = parse_requires(source.text(f"{egg_info}/requires.txt") or "")


def _lines(value: Any) -> list[str]:
    if isinstance(value, str):
        value = value.splitlines()
    if not isinstance(value, Iterable):
        return []
    lines: list[str] = []
    for item in value:
        if isinstance(item, str):
            lines += [line.strip() for line in item.splitlines()]
    return [line.partition(" #")[0].strip() for line in lines if line and line[0] != "#"]


def _joined(install: Any, extra: Any) -> tuple[list[str], list[str]]:
    requires = [join_requirement(line, "", "") for line in _lines(install)]
    extras: list[str] = []
    for key, lines in (extra or {}).items() if isinstance(extra, Mapping) else ():
        name, _, marker = (part.strip() for part in str(key).partition(":"))
        if name and name not in extras:
            extras.append(name)
        requires += [join_requirement(line, name, marker) for line in _lines(lines)]
    return requires, extras


def project_requirements(project: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return what the table [project] requires (PEP 621)."""
    return _joined(project.get("dependencies", []), project.get("optional-dependencies", {}))
