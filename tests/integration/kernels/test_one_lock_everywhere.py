"""One notebook and one lock through every tool, each on an empty store: the same trees."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from jupyter_pyartifacts.lock import parse_lock
from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.treehash import combined_digest

from .conftest import write_notebook
from .test_headless import TOOLS, environ_of, run_tool

pytestmark = [pytest.mark.kernel, pytest.mark.network]

__all__ = ["environ_of"]
OWN = "jupyter pyartifacts run"
SEE = "import six, sys\nprint(six.__version__, sys.flags.isolated)"


@pytest.fixture(scope="module")
def small(make_lock):
    """A lock of one small package and the kernel's."""
    return make_lock("six==1.16.0")


def tree_hash(tree):
    """Hash a tree from its files alone, as ARCHITECTURE.md defines it."""
    lines = []
    for directory, _, files in os.walk(tree):
        if os.path.basename(directory) == "__pycache__":
            continue
        for name in files:
            path = os.path.join(directory, name)
            mode = "x" if os.stat(path).st_mode & 0o100 else "-"
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
            lines.append((os.path.relpath(path, tree).replace(os.sep, "/").encode(), mode, digest))
    text = b"".join(
        f"{mode} {digest} ".encode() + path + b"\n" for path, mode, digest in sorted(lines)
    )
    return Digest(hashlib.sha256(text).hexdigest())


@pytest.mark.parametrize("name", [*TOOLS, OWN])
def test_the_same_trees_whichever_tool_runs_it(environ_of, small, tmp_path, name):
    store = tmp_path / "empty"
    environ = {**environ_of(name), "PYARTIFACTS_STORE": str(store)}
    path = write_notebook(tmp_path / "n.ipynb", SEE, lock=small)
    if name == OWN:
        arguments = ["jupyter_pyartifacts", "run", str(path)]
        subprocess.run(
            [sys.executable, "-m", *arguments], env=environ, check=True, capture_output=True
        )
        import nbformat

        result = nbformat.read(path, 4)
    else:
        result = run_tool(name, tmp_path, environ)
    assert result.cells[0].outputs[0].text == "1.16.0 1\n"
    assert result.metadata.pyartifacts == small
    lock = parse_lock(small)
    (platform,) = lock.platforms
    trees = [tree_hash(artifact / "tree") for artifact in (store / "artifacts").iterdir()]
    assert combined_digest(trees) == lock.trees[platform]
