"""Notebooks with locks, made by our own command line, for the rows to measure with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.lock import parse_lock, render_lock
from jupyter_pyartifacts.requirements import parse_requirement
from jupyter_pyartifacts.store import Store
from jupyter_pyartifacts.treehash import combined_digest

from .bench import Bench
from .wheelhouse import HOST, words


def empty_notebook(path: Path) -> Path:
    """Write a notebook without cells and without a lock."""
    kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    write(path, {"cells": [], "metadata": {"kernelspec": kernelspec}})
    return path


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a notebook file."""
    path.write_text(json.dumps({**content, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n")


def write_notebook(
    bench: Bench, path: Path, pins: str, *, store: Path, everywhere: bool = False
) -> Path:
    """Write a notebook that locks a set of the wheelhouse, for this platform or all of them."""
    empty_notebook(path)
    platforms = () if everywhere else ("--platform", HOST)
    bench.run_ours("add", str(path), *words(pins), *platforms, store=store)
    return path


def add_cell(path: Path, source: str) -> None:
    """Put a code cell at a notebook's end."""
    content = json.loads(path.read_text())
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
    content["cells"].append({**cell, "execution_count": None, "id": str(len(content["cells"]))})
    write(path, content)


def read_lock(path: Path) -> dict[str, Any]:
    """Return the lock of a notebook as the document it is."""
    lock: dict[str, Any] = json.loads(path.read_text())["metadata"]["pyartifacts"]
    return lock


def trim_notebook(source: Path, target: Path, *, keep: set[str], store: Path) -> Path:
    """Write a notebook with the lock of another, cut to some distributions of this platform.

    Our locks hold a kernel; this is how the very wheels of a set without one are measured.
    """
    lock = parse_lock(read_lock(source))
    known = Store.from_config(Config.from_environ({}, stores=(str(store),)))
    kept = tuple(
        replace(each, dependencies=tuple(d for d in each.dependencies if d.name in keep))
        for each in lock.distributions
        if each.name in keep
    )
    if {each.name for each in kept} != keep:
        raise SystemExit(f"the lock lacks {keep - {each.name for each in kept}}")
    trees = [known.known_tree(artifact.digest) for each in kept for artifact in each.artifacts]
    cut = replace(
        lock,
        requirements=tuple(
            text for text in lock.requirements if parse_requirement(text).name in keep
        ),
        kernel=(),
        distributions=kept,
        trees={HOST: combined_digest(tree for tree in trees if tree is not None)},
        history=(),
    )
    write(target, {"cells": [], "metadata": {"pyartifacts": render_lock(cut)}})
    return target


def compile_all(bench: Bench, notebook: Path, store: Path) -> None:
    """Have all byte code of a notebook's view made, as kernels do in the background."""
    bench.run_ours("instantiate", str(notebook), "--compile", store=store)
