"""Reopening a notebook: a kernel's start to the reply of `import pandas`, nothing to download."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..bench import Bench, discard, interleave
from ..kernels import configured, our_manager, start_to_reply, stock_manager
from ..notebooks import compile_all, write_notebook
from ..table import Row, paired

CODE = "import pandas"


def measure_reopen(bench: Bench, rounds: int) -> Iterator[Row]:
    """Store and view are there; against the same pins in a plain, compiled environment."""
    with bench.scratch("reopen") as scratch:
        python = bench.venv(
            *(scratch / "venv",),
            cache=scratch / "cache",
            pins="notebook",
            verb="sync",
            compiled=True,
        )
        store = scratch / "store"
        notebook = write_notebook(bench, scratch / "ours.ipynb", "notebook", store=store)
        compile_all(bench, notebook, store)

        def ours() -> float:
            return _our_start(bench, store, notebook)

        def peer() -> float:
            return start_to_reply(stock_manager(python), bench.environ(), CODE)

        mine, its = interleave(rounds, ours, peer)
    yield paired("reopen, view there", mine, its, bar=1.03)


def measure_new_view(bench: Bench, rounds: int) -> Iterator[Row]:
    """The store is there, the view is not; against a new environment out of uv's warm cache."""
    with bench.scratch("new-view") as scratch:
        cache, store = scratch / "cache", scratch / "store"
        notebook = write_notebook(bench, scratch / "ours.ipynb", "notebook", store=store)
        compile_all(bench, notebook, store)

        def ours() -> float:
            discard(store / "views")
            return _our_start(bench, store, notebook)

        def peer() -> float:
            discard(scratch / "venv")
            import time

            begin = time.perf_counter()
            python = bench.venv(scratch / "venv", cache=cache, pins="notebook", verb="sync")
            made = time.perf_counter() - begin
            return made + start_to_reply(stock_manager(python), bench.environ(), CODE)

        mine, its = interleave(rounds, ours, peer)
    yield paired("reopen, view not there", mine, its, bar=0.35)


def _our_start(bench: Bench, store: Path, notebook: Path) -> float:
    environ = {**bench.settings(store), "PYARTIFACTS_NOTEBOOK": str(notebook)}
    with configured(environ):
        return start_to_reply(our_manager(), bench.environ(), CODE)
