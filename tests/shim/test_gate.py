"""The gate's words, and which cells it lets through."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.shim.gate import is_own_command, summary_line
from jupyter_pyartifacts.shim.loaded import Stale


@pytest.mark.parametrize(
    "cell",
    [
        "%pyartifacts trust",
        "  %pyartifacts show pandas\n",
        "%pyartifacts trust\n\n%pyartifacts show",
        "%%pyartifacts add\npandas\nnumpy",
        "%pyartifacts add " * 100,
    ],
)
def test_commands_of_the_magic(cell: str) -> None:
    assert is_own_command(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "import pandas",
        "%pyartifacts trust\nimport pandas",
        "import os\n%pyartifacts trust",
        "x = %pyartifacts show",
        "%pyartifactsx",
        "# %pyartifacts trust",
        "%pyartifacts add " * 100 + "\nx",
        "",
    ],
)
def test_other_cells(cell: str) -> None:
    assert not is_own_command(cell)


def test_what_is_weaker_is_said_in_one_line() -> None:
    lock = {"python": "cpython 3.6.1", "distributions": ["a 1", "b 2"]}
    stale = [Stale(name, "1.0", "2.0") for name in ("ipykernel", "numpy", "six", "zmq", "toml")]
    line = summary_line(lock, stale, "/home/me/n.ipynb")
    assert "\n" not in line
    assert line.startswith(
        "pyartifacts: importing from this notebook's 2 pinned packages (weaker here: the kernel "
        "itself is the system's; Python is "
    )
    assert line.endswith(
        " (pinned: 3.6.1); loaded before the first cell: ipykernel 1.0 (pinned: 2.0), numpy 1.0 "
        "(pinned: 2.0), six 1.0 (pinned: 2.0) and 2 more; all as pinned: the kernel of `jupyter "
        "pyartifacts python n.ipynb`)"
    )
