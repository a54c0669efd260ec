"""Questions about the statements of a setup.py: what they change, whether they can fail."""

from __future__ import annotations

import ast

__all__ = ["ACTS", "changed", "fresh_names", "is_name", "is_safe", "names_in"]

_TOUCHING = frozenset(
    [
        "append",
        "extend",
        "insert",
        "update",
        "remove",
        "pop",
        "setdefault",
        "sort",
        "reverse",
        "clear",
        "add",
        "discard",
    ]
)


def changed(node: ast.AST) -> tuple[str | None, bool]:
    """Return the name that a node binds or changes, and whether it changes what is inside."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
        return node.id, False
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return node.name, False
    if isinstance(node, ast.alias):
        return (node.asname or node.name).partition(".")[0], True
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, (ast.Store, ast.Del)):
        return _root(node.value), True
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _TOUCHING
    ):
        return _root(node.func.value), True
    return None, False


def names_in(body: list[ast.stmt]) -> set[str]:
    """Return all names that statements bind or change."""
    found = (changed(node)[0] for statement in body for node in ast.walk(statement))
    return {name for name in found if name is not None}


def fresh_names(nodes: list[ast.AST]) -> set[str]:
    """Return the names that are bound to nothing but new values, which have no other name."""
    fresh: set[str] = set()
    stale: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, _FRESH):
            fresh.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.For, ast.With, ast.AugAssign)):
            stale |= {
                name
                for name, inside in [changed(each) for each in ast.walk(node)]
                if name is not None and not inside
            }
    return fresh - stale


_FRESH = (
    ast.Constant,
    ast.List,
    ast.Dict,
    ast.Tuple,
    ast.JoinedStr,
    ast.ListComp,
    ast.BinOp,
    ast.Set,
)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


PRESENT = frozenset(
    [
        "setuptools",
        "distutils",
        "os",
        "sys",
        "re",
        "io",
        "codecs",
        "glob",
        "platform",
        "ast",
        "pathlib",
        "collections",
        "itertools",
        "functools",
        "__future__",
        "subprocess",
        "shutil",
        "json",
        "time",
        "datetime",
        "textwrap",
        "string",
        "warnings",
    ]
)


ACTS = frozenset(("os.system", "os.popen", "exec", "eval", "runpy.run_path", "execfile"))


def is_name(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def is_safe(node: ast.Try) -> bool:
    """Tell whether the handlers of a `try` are never reached.

    So it is where the body only imports what is always there and binds constants, or where
    nothing but a failing import is caught and all imports are of what is always there.
    """
    only_imports = all(
        getattr(handler.type, "id", "") in ("ImportError", "ModuleNotFoundError")
        for handler in node.handlers
    )
    for each in node.body:
        if isinstance(each, ast.Import):
            names = [alias.name for alias in each.names]
        elif isinstance(each, ast.ImportFrom):
            names = [each.module or ""]
        elif only_imports or isinstance(each, ast.Pass) or _is_constant(each):
            continue
        else:
            return False
        if any(name.partition(".")[0] not in PRESENT for name in names):
            return False
    return True


def _is_constant(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign):
        return False
    return all(
        isinstance(each, (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.expr_context))
        for each in ast.walk(node.value)
    )
