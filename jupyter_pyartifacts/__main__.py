"""The command line: `jupyter pyartifacts VERB NOTEBOOK ...`, `python -m jupyter_pyartifacts`."""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["main"]


def main() -> int:
    """Run the command line of this process and return its exit code.

    By a running engine if there is one, else in this process: which of them makes no difference
    but time. Nothing is imported up here, since that is the time.
    """
    arguments = sys.argv[1:]
    code = _run_by_engine(arguments) if os.name == "posix" else None
    if code is not None:
        return code
    # Imports make tens of thousands of objects that stay to the end: looking through them again
    # and again for garbage, and once more at the end, costs a sixth of a short command.
    gc.set_threshold(100_000, 20, 100)
    from .cli import main as run

    try:
        return run(arguments)
    finally:
        gc.freeze()


def _run_by_engine(arguments: list[str]) -> int | None:
    from ._version import __version__
    from .engine.address import places

    package = os.path.dirname(os.path.abspath(__file__))
    if not places(os.environ, package):
        return None
    from .engine.client import run_by_engine

    return run_by_engine(arguments, package, __version__)


if __name__ == "__main__":
    sys.exit(main())
