"""The command line: `jupyter pyartifacts VERB NOTEBOOK ...`, `python -m jupyter_pyartifacts`."""

from __future__ import annotations

import gc
import sys

from .cli import main as run

__all__ = ["main"]


def main() -> int:
    """Run the command line of this process and return its exit code."""
    # Imports make tens of thousands of objects that stay to the end: looking through them again
    # and again for garbage, and once more at the end, costs a sixth of a short command.
    gc.set_threshold(100_000, 20, 100)
    try:
        return run(sys.argv[1:])
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
