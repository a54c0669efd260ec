"""The command line: `jupyter pyartifacts VERB NOTEBOOK ...`, `python -m jupyter_pyartifacts`."""

from __future__ import annotations

import sys

from .cli import main as run

__all__ = ["main"]


def main() -> int:
    """Run the command line of this process and return its exit code."""
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
