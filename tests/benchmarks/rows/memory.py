"""Peak memory of the host process that instantiates 150 wheels."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ..bench import Bench, discard
from ..notebooks import write_notebook
from ..table import Row

_ANON = re.compile(r"^RssAnon:\s+(\d+) kB$", re.M)


def measure(bench: Bench, rounds: int) -> Iterator[Row]:
    """The largest anonymous resident memory (file pages not counted) seen every 2 ms."""
    peaks = []
    with bench.scratch("memory") as scratch:
        notebook = write_notebook(bench, scratch / "ours.ipynb", "large", store=scratch / "made")
        discard(scratch / "made")
        store = scratch / "store"
        for _ in range(max(1, rounds)):
            process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_pyartifacts", "instantiate", str(notebook)],
                env=bench.environ(**bench.settings(store)),
                stdout=subprocess.DEVNULL,
            )
            peaks.append(_peak(process))
            discard(store)
    yield Row(
        name="peak memory of the host, 150 wheels",
        ours=statistics.median(peaks),
        unit="MB",
        bar=200,
        rounds=len(peaks),
    )


def _peak(process: subprocess.Popen[bytes]) -> float:
    status = Path(f"/proc/{process.pid}/status")
    peak = 0
    while process.poll() is None:
        found = _ANON.search(status.read_text())
        if found:
            peak = max(peak, int(found[1]))
        time.sleep(0.002)
    if process.returncode:
        raise SystemExit(f"instantiate ended with {process.returncode}")
    return peak * 1024 / 1e6
