"""Disk: 20 notebooks with overlapping pins, all byte code there on both sides."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..bench import Bench
from ..notebooks import compile_all, empty_notebook
from ..table import Row
from ..wheelhouse import HOST, MINOR

NOTEBOOKS = 20
BASE = ("ipykernel", "ipywidgets", "pandas")
# Each notebook takes the base and three of these, so that any two overlap without being the same.
MORE = (
    "matplotlib",
    "scikit-learn",
    "statsmodels",
    "xarray",
    "bokeh",
    "plotly",
    "sympy",
    "scikit-image",
    "altair",
    "sqlalchemy",
    "networkx",
)


def measure(bench: Bench, rounds: int) -> Iterator[Row]:
    """Bytes on the disk of one store against uv's environments and the cache they are linked to."""
    with bench.scratch("disk") as scratch:
        store, cache, venvs = scratch / "store", scratch / "cache", scratch / "venvs"
        venvs.mkdir()
        for number in range(NOTEBOOKS):
            picks = sorted({MORE[(number * step + step) % len(MORE)] for step in (1, 3, 4)})
            requirements = [*BASE, *picks]
            notebook = empty_notebook(scratch / f"{number}.ipynb")
            bench.run_ours("add", str(notebook), *requirements, "--platform", HOST, store=store)
            compile_all(bench, notebook, store)
            venv = venvs / str(number)
            bench.run_uv("venv", "--python", bench.python, str(venv), cache=cache)
            bench.run_uv(
                *("pip", "install", "--compile-bytecode", "--link-mode", "hardlink"),
                *("--python", str(venv / "bin" / "python"), *requirements),
                cache=cache,
            )
        mine, its = disk_usage([store]), disk_usage([venvs, cache])
        compiled = sum(path.suffix == ".pyc" for path in store.rglob("*"))
        sources = sum(path.suffix == ".py" for path in store.rglob("*") if not path.is_symlink())
    yield Row(
        name=f"disk of {NOTEBOOKS} notebooks",
        ours=mine / 1e6,
        peer=its / 1e6,
        ratio=mine / its,
        unit="MB",
        bar=0.5,
        notes=(f"our store has byte code for {compiled} of {sources} sources (Python {MINOR})",),
    )


def disk_usage(paths: list[Path]) -> int:
    """Return the bytes that the file system gives to these trees, each hard link counted once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for path in paths:
        for directory, _, names in os.walk(path):
            for name in (".", *names):
                status = os.lstat(os.path.join(directory, name))
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    total += status.st_blocks * 512
    return total
