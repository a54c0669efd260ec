"""Lock the notebook's requirements again, or give a notebook an empty lock to begin with.

Use it for another Python (--python 3.12), for other platforms (--platform), or to get back a
platform that was left out. Versions stay as they are where that is possible.

--merge puts a lock in order that git or nbdime merged out of two, also where the file has
conflict markers in its lock: what both sides asked for is locked again, with the versions that
they pinned where these go together. Look at it with --dry-run first; writing it wants --trust.

--recover writes a lock back that the notebook lost, as the store or an output remembers it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .call import Call, add_lock_options

ARGUMENTS = "NOTEBOOK"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = (
    "lock analysis.ipynb --python 3.12",
    "lock analysis.ipynb --platform linux-x86_64 --platform macos-arm64",
    "lock analysis.ipynb --merge --dry-run",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    special = parser.add_mutually_exclusive_group()
    special.add_argument(
        "--merge", action="store_true", help="lock again from both sides of a merge"
    )
    special.add_argument("--recover", action="store_true", help="find a lock that was lost")
    add_lock_options(parser)


def run(call: Call) -> int:
    """Lock again."""
    options = call.lock_options()
    if call.options.merge:
        # With conflict markers in it the file is no notebook yet.
        path = Path(str(call.notebook)).absolute()
        call.finish(lambda engine: engine.merge(path, options=options))
        return 0
    document = call.document()
    if call.options.recover:
        call.finish(lambda engine: engine.recover(document, options=options))
    else:
        call.finish(lambda engine: engine.lock(document, options=options))
    return 0
