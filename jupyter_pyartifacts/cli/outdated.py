"""List what has newer versions, and what was yanked. Asks the index, changes nothing."""

from __future__ import annotations

import argparse

from .call import Call

ARGUMENTS = "NOTEBOOK"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("outdated analysis.ipynb",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no options."""


def run(call: Call) -> int:
    """List what has something newer."""
    document = call.document()
    call.finish(lambda engine: engine.outdated(document))
    return 0
