"""How many bytes a lock adds to a notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..bench import Bench
from ..notebooks import read_lock, write_notebook
from ..table import Row


def measure(bench: Bench, rounds: int) -> Iterator[Row]:
    """Pandas for five platforms, kernel stack included, history not: as it stands in the file."""
    with bench.scratch("size") as scratch:
        notebook = write_notebook(
            bench, scratch / "ours.ipynb", "pandas", store=scratch / "store", everywhere=True
        )
        content = json.loads(notebook.read_text())
        lock = read_lock(notebook)
        lock.pop("history", None)

    def written(metadata: dict[str, object]) -> int:
        # As nbformat writes a notebook.
        text = json.dumps({**content, "metadata": metadata}, indent=1, ensure_ascii=False)
        return len(text.encode())

    size = written({**content["metadata"], "pyartifacts": lock})
    del content["metadata"]["pyartifacts"]
    yield Row(
        name="lock of pandas, five platforms",
        ours=(size - written(content["metadata"])) / 1000,
        unit="kB",
        bar=18,
        notes=(f"{len(lock['platforms'])} platforms",),
    )
