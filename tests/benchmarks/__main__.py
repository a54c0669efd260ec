"""The command line of the benchmarks: choose rows, measure them, print one table."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from .bench import Bench, clean_environ, file_system, opened
from .rows import ROWS
from .table import Row, render_table
from .wheelhouse import default_cache


def main(arguments: list[str] | None = None) -> int:
    """Measure the rows that were asked for (all by default) and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(ROWS)}")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each row")
    parser.add_argument("--json", action="store_true", help="the rows as JSON on stdout")
    parser.add_argument(
        "--directory",
        type=Path,
        default=Path(tempfile.gettempdir()),
        help="where stores and environments are made; its file system is part of the result",
    )
    parser.add_argument(
        "--wheelhouse",
        type=Path,
        default=default_cache(),
        help="where pages and wheels of the default index are kept between runs",
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)} (there are: {', '.join(ROWS)})")
    clean_environ()
    print(
        f"{options.rounds} rounds, in {options.directory} ({file_system(options.directory)}), "
        f"wheels from {options.wheelhouse}",
        file=sys.stderr,
    )
    rows: list[Row] = []
    with opened(options.directory, options.wheelhouse) as bench:
        for name in options.rows or ROWS:
            rows += _measured(bench, name, options.rounds)
    if options.json:
        print(json.dumps([row.to_json() for row in rows], indent=1))
    else:
        print(render_table(rows))
    return 0


def _measured(bench: Bench, name: str, rounds: int) -> list[Row]:
    rows = []
    for row in ROWS[name](bench, rounds):
        print(render_table([row], header=False), file=sys.stderr, flush=True)
        rows.append(row)
    return rows


if __name__ == "__main__":
    sys.exit(main())
