"""Say where the store is, what it holds, and how much room is left. Reads only."""

from __future__ import annotations

import argparse

from ..service.storage import store_use
from .call import Call

ARGUMENTS = ""
NOTEBOOK = "none"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("store",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no options."""


def run(call: Call) -> int:
    """Say what the store takes."""
    call.finish(store_use)
    return 0
