"""Fetch everything that the notebook's lock pins, check it, and assemble its environment.

Nothing is resolved and the notebook is not written: what the lock says is what you get.
"""

from __future__ import annotations

import argparse

from .call import Call, add_dry_run

ARGUMENTS = "NOTEBOOK"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("instantiate analysis.ipynb", "instantiate foreign.ipynb --trust")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_dry_run(parser)


def run(call: Call) -> int:
    """Instantiate the lock."""
    document = call.document()
    call.finish(lambda engine: engine.instantiate(document, dry_run=call.options.dry_run))
    return 0
