"""Lock the notebook's requirements again, or give a notebook an empty lock to begin with.

Use it for another Python (--python 3.12), for other platforms (--platform), or to get back a
platform that was left out. Versions stay as they are where that is possible.
"""

from __future__ import annotations

import argparse

from .call import Call, add_lock_options

ARGUMENTS = "NOTEBOOK"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = (
    "lock analysis.ipynb --python 3.12",
    "lock analysis.ipynb --platform linux-x86_64 --platform macos-arm64",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_lock_options(parser)


def run(call: Call) -> int:
    """Lock again."""
    document, options = call.document(), call.lock_options()
    call.finish(lambda engine: engine.lock(document, options=options))
    return 0
