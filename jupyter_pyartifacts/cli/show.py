"""List what the notebook pins, how large it is, and who needs it. Reads only."""

from __future__ import annotations

import argparse

from .call import Call

ARGUMENTS = "NOTEBOOK"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("show analysis.ipynb",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no options."""


def run(call: Call) -> int:
    """List what is pinned."""
    document = call.document()
    call.finish(lambda engine: engine.show(document))
    return 0
