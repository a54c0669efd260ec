"""Commands that a setup.py replaces (`cmdclass`): which of them change what is installed."""

from __future__ import annotations

import ast
from typing import Any

from .archive import Source
from .declared import Declared
from .values import Called, Module, Opaque, Unknown

__all__ = ["check_commands", "replaced_command"]

# The commands that making a wheel runs, but for those of compiled code.
_CHAIN = frozenset(
    [
        "build",
        "build_py",
        "build_scripts",
        "install",
        "install_lib",
        "install_data",
        "install_scripts",
        "install_headers",
        "install_egg_info",
        "egg_info",
        "bdist_wheel",
        "dist_info",
        "bdist",
    ]
)
# Reviewed: these do something only where a variable of the environment asks for it, or only where
# a Java archive is built anew that the sdist already has.
_REVIEWED = frozenset({("pyspark", "install")})
_TALK = frozenset(["print", "log", "warn", "warning", "info", "debug", "announce"])


def replaced_command(declared: Declared, name: str) -> Any:
    """Return what a setup.py puts in the place of a command, None if nothing."""
    value = declared.get("cmdclass")
    return value.get(name) if isinstance(value, dict) else None


def check_commands(source: Source, declared: Declared) -> None:
    """Refuse commands of the project's own that could change what is installed."""
    value = declared.get("cmdclass")
    if not value:
        return
    where, line = declared.where("cmdclass")
    if not isinstance(value, dict):
        source.refuse("its build commands are computed while it is built", where, line=line)
    for key, command in value.items():
        if isinstance(key, Unknown) or isinstance(command, Called):
            if isinstance(command, Called) and _is_versioneer(source, command):
                continue
            source.refuse("its build commands are computed while it is built", where, line=line)
        if key not in _CHAIN or (source.name.name, key) in _REVIEWED:
            continue
        if isinstance(command, Module) and command.name.startswith(
            ("setuptools.", "distutils.", "wheel.")
        ):
            continue
        if isinstance(command, Opaque):
            if _adds_nothing(command.node):
                continue
            line = command.node.lineno
        source.refuse(
            f"its source replaces the build command {key} by one of its own, which could"
            " change what is installed",
            where,
            line=line,
        )


def _is_versioneer(source: Source, command: Called) -> bool:
    """Tell whether the commands are versioneer's, and what they would write is there already."""
    if command.name != "versioneer.get_cmdclass":
        return False
    return any(
        path.endswith("_version.py") and "version_json" in (source.text(path) or "")
        for path in source.files
    )


def _adds_nothing(node: Any) -> bool:
    """Tell whether a command class only calls its base, or talks."""
    if not isinstance(node, ast.ClassDef):
        return False
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            if statement.name != "run" or not all(map(_is_plain, statement.body)):
                return False
        elif not isinstance(statement, ast.Pass) and not _is_text(statement):
            return False
    return True


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_plain(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass) or _is_text(statement):
        return True
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    function = statement.value.func
    if isinstance(function, ast.Attribute):
        base = function.value
        is_base = (isinstance(base, ast.Call) and getattr(base.func, "id", "") == "super") or (
            isinstance(base, (ast.Name, ast.Attribute)) and len(statement.value.args) == 1
        )
        return (function.attr == "run" and is_base) or function.attr in _TALK
    return isinstance(function, ast.Name) and function.id in _TALK
