"""Remove from the store what no notebook, kernel or approval uses any more."""

from __future__ import annotations

import argparse

from .call import Call, add_dry_run

ARGUMENTS = ""
NOTEBOOK = "none"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("gc --dry-run", "gc")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_dry_run(parser)


def run(call: Call) -> int:
    """Sweep the store."""
    call.finish(lambda engine: engine.gc(dry_run=call.options.dry_run))
    return 0
