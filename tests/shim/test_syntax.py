"""The shim runs in kernels of old Pythons, on the standard library alone."""

import ast
import sys
from pathlib import Path

import pytest

import jupyter_pyartifacts.shim

SHIM = Path(jupyter_pyartifacts.shim.__file__).parent
FILES = sorted(SHIM.rglob("*.py"))
# What a kernel has anyway; imported inside functions only.
LAZY = {"IPython", "ipykernel", "comm", "ipywidgets", "matplotlib"}
# The startup file runs in the environment of the package itself.
OWN = {"startup/50-jupyter-pyartifacts.py": {"jupyter_pyartifacts"}}


def imports(tree: ast.Module) -> list[tuple[str, bool]]:
    """Return (top-level module, whether the import is lazy) of every absolute import."""
    found = []

    def visit(node: ast.AST, lazy: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend((alias.name.split(".")[0], lazy) for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append(((node.module or "").split(".")[0], lazy))
        inside = lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(tree, False)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_python_3_7_and_imports_the_standard_library_only(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 7))

    foreign = {(name, lazy) for name, lazy in imports(tree) if name not in sys.stdlib_module_names}
    allowed = OWN.get(path.relative_to(SHIM).as_posix(), set())
    assert {name for name, _ in foreign} <= LAZY | allowed
    assert all(lazy for name, lazy in foreign if name in LAZY)


def test_the_scan_sees_a_foreign_import() -> None:
    tree = ast.parse("import numpy.linalg\ndef f():\n    from IPython.display import display\n")
    assert imports(tree) == [("numpy", False), ("IPython", True)]


def test_there_are_files_to_scan() -> None:
    assert {"__init__.py", "magics.py", "engine.py", "hotadd.py"} <= {path.name for path in FILES}
