"""Compiled parts of a project: refused, but for those that it says it can do without."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from .archive import Source
from .commands import replaced_command
from .compiled import kind_of, refuse_compiled
from .declared import Declared
from .layout import Layout
from .values import Called, Opaque

__all__ = ["check_extensions"]


def check_extensions(
    source: Source, declared: Declared, pyproject: Mapping[str, Any], layout: Layout
) -> None:
    """Refuse what has to be compiled; note what a project marks as optional and is left out."""
    tool = pyproject.get("tool", {})
    for key in ("setuptools-rust", "cythonize", "cython"):
        if key in tool and key != "cython":
            refuse_compiled(source, "pyproject.toml", 0, None)
    for key in ("cffi_modules", "rust_extensions", "mypyc_targets", "ext_package_modules"):
        if declared.get(key):
            where, line = declared.where(key)
            refuse_compiled(source, where, line, None)
    if declared.script is not None and declared.script.fell_back:
        layout.notes.append(
            f"{source.name.label}: {kind_of(None)} that it can do without is left out"
        )
    value = declared.get("ext_modules")
    if value is None or (isinstance(value, (list, tuple)) and not value):
        return
    where, line = declared.where("ext_modules")
    items = list(value) if isinstance(value, (list, tuple)) else [value]
    optional = all(
        isinstance(item, Called) and item.kwargs.get("optional") is True for item in items
    )
    command = replaced_command(declared, "build_ext")
    if not optional and isinstance(command, Opaque) and _may_fail(command.node):
        optional = True
    first = _first_source(source, items)
    if not optional:
        refuse_compiled(source, where, line, first)
    layout.notes.append(
        f"{source.name.label}: {kind_of(first)} that it can do without is left out"
        + (f" ({first})" if first else "")
    )


def _first_source(source: Source, items: list[Any]) -> str | None:
    """Return the first file that an extension is compiled of, where one is known and there."""
    for item in items:
        if isinstance(item, Called):
            given = item.kwargs.get("sources", item.args[1] if len(item.args) > 1 else [])
            for path in given if isinstance(given, (list, tuple)) else []:
                if isinstance(path, str) and source.is_file(path.removeprefix("./")):
                    return path.removeprefix("./")
    return None


def _may_fail(node: Any) -> bool:
    """Tell whether a `build_ext` of the project's own catches the failure of a compilation."""
    if not isinstance(node, ast.ClassDef):
        return False
    methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    method = methods.get("build_extension") or methods.get("build_extensions")
    if method is None:
        return False
    for each in ast.walk(method):
        if not isinstance(each, ast.Try):
            continue
        called = any(
            isinstance(call, ast.Call) and getattr(call.func, "attr", "") == method.name
            for statement in each.body
            for call in ast.walk(statement)
        )
        caught = any(
            not any(isinstance(statement, ast.Raise) for statement in handler.body)
            and (
                handler.type is None
                or getattr(handler.type, "id", "") in ("Exception", "BaseException", "ext_errors")
                or isinstance(handler.type, ast.Tuple)
            )
            for handler in each.handlers
        )
        # A handler that raises something else than it caught says "BuildFailed" to setup().
        if called and caught:
            return True
    return False
