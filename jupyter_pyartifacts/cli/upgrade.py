"""Take newer versions: of all packages, of the named ones alone, or one exact version.

What is not named stays as it is where that is possible; what the notebook requires still holds.
"""

from __future__ import annotations

import argparse

from .call import Call, add_index, add_lock_options

ARGUMENTS = "NOTEBOOK [NAME[==VERSION]...]"
NOTEBOOK = "required"
WORDS = (0, None)
REQUIREMENTS = True
EXAMPLES = (
    "upgrade analysis.ipynb --dry-run",
    "upgrade analysis.ipynb pandas",
    "upgrade analysis.ipynb pandas==2.2.3",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_lock_options(parser)
    add_index(parser)


def run(call: Call) -> int:
    """Upgrade all, or the named ones."""
    document, options = call.document(), call.lock_options()
    call.finish(lambda engine: engine.upgrade(document, call.words, options=options))
    return 0
