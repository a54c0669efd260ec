"""Take the last change of the lock back, on any machine; once more takes the one before it."""

from __future__ import annotations

import argparse

from .call import Call, add_dry_run

ARGUMENTS = "NOTEBOOK"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("undo analysis.ipynb", "undo analysis.ipynb --dry-run")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_dry_run(parser)


def run(call: Call) -> int:
    """Undo the newest change."""
    document, options = call.document(), call.lock_options()
    call.finish(lambda engine: engine.undo(document, options=options))
    return 0
