"""Cold: nothing but the index; to an installed environment, and to the reply of `import pandas`."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..bench import Bench, discard, interleave
from ..kernels import configured, our_manager, start_to_reply, stock_manager
from ..notebooks import add_cell, trim_notebook, write_notebook
from ..table import Row, paired

CODE = "import pandas"


def measure_small(bench: Bench, rounds: int) -> Iterator[Row]:
    """18 wheels, about 100 MB: pandas, matplotlib, scikit-learn without a kernel."""
    yield from _instantiate(bench, rounds, "science", "notebook", bar=0.8)


def measure_large(bench: Bench, rounds: int) -> Iterator[Row]:
    """150 wheels, about 400 MB."""
    yield from _instantiate(bench, rounds, "large", "large", bar=1.0)


def _instantiate(bench: Bench, rounds: int, pins: str, locked: str, *, bar: float) -> Iterator[Row]:
    wanted = set(bench.wheelhouse.pins(pins))
    with bench.scratch(f"cold-{pins}") as scratch:
        notebook = write_notebook(
            bench, scratch / "made.ipynb", locked, store=scratch / "made", everywhere=False
        )
        if pins != locked:
            notebook = trim_notebook(
                notebook, scratch / "ours.ipynb", keep=wanted, store=scratch / "made"
            )
        discard(scratch / "made")
        store, cache, venv = scratch / "store", scratch / "cache", scratch / "venv"

        def ours() -> float:
            spent = bench.run_ours("instantiate", str(notebook), store=store)
            discard(store)
            return spent.wall

        def peer() -> float:
            begin = time.perf_counter()
            bench.venv(venv, cache=cache, pins=pins, verb="install")
            spent = time.perf_counter() - begin
            discard(venv)
            discard(cache)
            return spent

        mine, its = interleave(rounds, ours, peer)
    yield paired(f"cold instantiate, {len(wanted)} wheels", mine, its, bar=bar)


def measure_import(bench: Bench, rounds: int) -> Iterator[Row]:
    """Cold wheels to the reply of the first cell, `import pandas`; the kernel's wheels included."""
    with bench.scratch("cold-import") as scratch:
        made = scratch / "made"
        notebook = write_notebook(bench, scratch / "ours.ipynb", "notebook", store=made)
        add_cell(notebook, CODE)
        discard(made)
        store, cache, venv = scratch / "store", scratch / "cache", scratch / "venv"

        def ours() -> float:
            environ = {**bench.settings(store), "PYARTIFACTS_NOTEBOOK": str(notebook)}
            with configured(environ):
                spent = start_to_reply(our_manager(), bench.environ(), CODE)
            discard(store)
            return spent

        def peer() -> float:
            begin = time.perf_counter()
            python = bench.venv(venv, cache=cache, pins="notebook", verb="install")
            made = time.perf_counter() - begin
            spent = made + start_to_reply(stock_manager(python), bench.environ(), CODE)
            discard(venv)
            discard(cache)
            return spent

        mine, its = interleave(rounds, ours, peer)
    yield paired("cold wheels to import pandas", mine, its, bar=0.75)
