"""Approve the notebook's lock, whoever made it, in this very state.

Approving is trusting the lock to run code on this machine when the kernel starts. Look at it
with `show` first. Any change of the lock wants an approval of its own.
"""

from __future__ import annotations

import argparse

from .call import Call, add_dry_run

ARGUMENTS = "NOTEBOOK"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("show foreign.ipynb", "trust foreign.ipynb")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_dry_run(parser)


def run(call: Call) -> int:
    """Approve the lock."""
    document = call.document()
    call.finish(lambda engine: engine.trust(document, dry_run=call.options.dry_run))
    return 0
