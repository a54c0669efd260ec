"""Fetch everything that the locks of notebooks pin, check it, and assemble their environments.

Nothing is resolved and no notebook is written: what a lock says is what you get. Of several
notebooks, one after the other is done; the first that fails ends the command.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from .call import Call, add_dry_run

ARGUMENTS = "NOTEBOOK..."
NOTEBOOK = "required"
WORDS = (0, None)
REQUIREMENTS = False
EXAMPLES = (
    "instantiate analysis.ipynb",
    "instantiate foreign.ipynb --trust",
    "instantiate --store /srv/pyartifacts --compile course/*.ipynb",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_dry_run(parser)
    parser.add_argument(
        "--compile", action="store_true", help="make all byte code now, as for an image"
    )


def run(call: Call) -> int:
    """Instantiate the locks."""
    for notebook in (call.notebook, *call.words):
        document = replace(call, notebook=notebook).document()
        if call.words:
            call.console.message(f"{notebook}:")
        call.finish(
            lambda engine, document=document: engine.instantiate(  # type: ignore[misc]
                document, compile_all=call.options.compile, dry_run=call.options.dry_run
            )
        )
    return 0
