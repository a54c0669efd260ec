"""Take packages out of the notebook's lock, and whatever nobody else needs."""

from __future__ import annotations

import argparse

from .call import Call, add_dry_run

ARGUMENTS = "NOTEBOOK NAME..."
NOTEBOOK = "required"
WORDS = (1, None)
REQUIREMENTS = True
EXAMPLES = ("remove analysis.ipynb matplotlib",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_dry_run(parser)


def run(call: Call) -> int:
    """Remove the requirements."""
    document, options = call.document(), call.lock_options()
    call.finish(lambda engine: engine.remove(document, call.words, options=options))
    return 0
