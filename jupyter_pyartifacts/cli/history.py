"""List the changes of the lock that can be undone, the newest first. Reads only."""

from __future__ import annotations

import argparse

from .call import Call

ARGUMENTS = "NOTEBOOK"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("history analysis.ipynb",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no options."""


def run(call: Call) -> int:
    """List the changes."""
    document = call.document()
    call.finish(lambda engine: engine.history(document))
    return 0
