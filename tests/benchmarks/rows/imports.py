"""What importing costs inside the kernel: processor time of pandas, pyplot and scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator

from ..bench import Bench, interleave
from ..kernels import configured, kernel, our_manager, stock_manager
from ..notebooks import compile_all, write_notebook
from ..table import Row, paired

CODE = """
import time as _time_
_begin_ = _time_.process_time()
import pandas, matplotlib.pyplot, sklearn.ensemble, sklearn.linear_model
_value_ = _time_.process_time() - _begin_
"""


def measure(bench: Bench, rounds: int) -> Iterator[Row]:
    """Ours against the same pins in a plain, compiled environment."""
    with bench.scratch("imports") as scratch:
        python = bench.venv(
            scratch / "venv", cache=scratch / "cache", pins="notebook", verb="sync", compiled=True
        )
        store = scratch / "store"
        notebook = write_notebook(bench, scratch / "ours.ipynb", "notebook", store=store)
        compile_all(bench, notebook, store)
        settings = {**bench.settings(store), "PYARTIFACTS_NOTEBOOK": str(notebook)}

        def ours() -> float:
            with configured(settings), kernel(our_manager(), bench.environ()) as running:
                return float(running.execute(CODE))

        def peer() -> float:
            with kernel(stock_manager(python), bench.environ()) as running:
                return float(running.execute(CODE))

        mine, its = interleave(rounds, ours, peer)
    yield paired("import CPU in the kernel", mine, its, bar=1.03)
