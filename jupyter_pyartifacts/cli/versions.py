"""List the versions of a project, the newest first. Asks the index, changes nothing.

A REQUIREMENT with a specifier ("pandas>=2") lists the versions that it allows. Any of them is
taken by `upgrade NOTEBOOK NAME==VERSION`, if it is pinned already, or by `add`.
"""

from __future__ import annotations

import argparse

from ..service.offers import released_versions
from .call import Call

ARGUMENTS = "NOTEBOOK REQUIREMENT"
NOTEBOOK = "required"
WORDS = (1, 1)
REQUIREMENTS = True
EXAMPLES = ("versions analysis.ipynb pandas", 'versions analysis.ipynb "pandas>=2"')


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no options."""


def run(call: Call) -> int:
    """List the versions."""
    document = call.document()
    call.finish(lambda engine: released_versions(engine, document, call.words[0]))
    return 0
