"""Check every file of the notebook's environment against its lock, and repair what is wrong.

With --deep, byte code is made anew as well. Exit code 1 if something is damaged and stays so.
"""

from __future__ import annotations

import argparse

from .call import Call, add_dry_run

ARGUMENTS = "NOTEBOOK"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("verify analysis.ipynb", "verify analysis.ipynb --deep")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_dry_run(parser)
    parser.add_argument("--deep", action="store_true", help="make all byte code anew as well")


def run(call: Call) -> int:
    """Verify and repair."""
    document = call.document()
    event = call.finish(
        lambda engine: engine.verify(document, deep=call.options.deep, dry_run=call.options.dry_run)
    )
    left = {each["path"] for each in event["damaged"]} - set(event["repaired"])
    return 1 if left else 0
