"""Rules of the house that no tool holds: what the shim may use, and versions that must agree."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

import jupyter_pyartifacts

PACKAGE = Path(jupyter_pyartifacts.__file__).parent
ROOT = PACKAGE.parent
SHIM = sorted((PACKAGE / "shim").rglob("*.py"))
# What every kernel has loaded already: the shim may use it, inside functions only.
KERNEL_STACK = {"IPython", "ipykernel", "comm", "traitlets", "ipywidgets", "tornado"}


def imported(tree: ast.AST) -> set[str]:
    """Return the top-level names of all absolute imports below a node."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def imported_on_loading(tree: ast.Module) -> set[str]:
    """Return the absolute imports that run when the module is loaded (functions left out)."""
    names: set[str] = set()
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= imported(ast.Module(body=[node], type_ignores=[]))
        todo.extend(ast.iter_child_nodes(node))
    return names


def test_there_is_a_shim() -> None:
    assert SHIM


@pytest.mark.parametrize("path", SHIM, ids=lambda path: path.name)
def test_the_shim_parses_as_python_3_7(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("path", SHIM, ids=lambda path: path.name)
def test_the_shim_imports_only_the_standard_library_and_its_kernel(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    allowed = sys.stdlib_module_names | {"_pyartifacts_shim"}
    assert imported(tree) <= allowed | KERNEL_STACK
    assert imported_on_loading(tree) <= allowed


@pytest.mark.parametrize("path", SHIM, ids=lambda path: path.name)
def test_the_shim_imports_nothing_above_its_own_directory(path: Path) -> None:
    depth = len(path.relative_to(PACKAGE / "shim").parts)
    levels = [
        node.level
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
    ]
    assert all(level <= depth for level in levels)


def test_python_and_lab_halves_have_one_version() -> None:
    package = json.loads((ROOT / "labextension" / "package.json").read_text("utf-8"))
    assert package["version"] == jupyter_pyartifacts.__version__
    version = (ROOT / "labextension" / "src" / "version.ts").read_text("utf-8")
    assert f"export const VERSION = '{jupyter_pyartifacts.__version__}';" in version


def test_the_lock_file_of_the_lab_half_names_no_host() -> None:
    text = (ROOT / "labextension" / "yarn.lock").read_text("utf-8")
    assert "://" not in text


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    command = "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/nox"
    assert command in readme
    assert command in script
