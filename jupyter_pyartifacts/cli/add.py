"""Pin packages and what they need, fetch them, and write the lock into the notebook.

A REQUIREMENT is what pip takes (pandas, "pandas>=2", "pandas[excel]"), or the path or URL of a
wheel or sdist. Everything that is pinned already stays as it is where that is possible. A
notebook without a lock gets one.
"""

from __future__ import annotations

import argparse

from .call import Call, add_index, add_lock_options, rebase_words

ARGUMENTS = "NOTEBOOK REQUIREMENT..."
NOTEBOOK = "required"
WORDS = (1, None)
REQUIREMENTS = True
EXAMPLES = (
    'add analysis.ipynb "pandas>=2" ./local-1.0-py3-none-any.whl',
    "add analysis.ipynb torch --index pytorch=https://download.example/whl/cu124",
    "add analysis.ipynb pandas --as-of 2024-06-30 --dry-run",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_lock_options(parser)
    add_index(parser)
    parser.add_argument(
        "--prefer",
        action="append",
        metavar="NAME==VERSION",
        help="a version to take where it fits and nothing is pinned yet (may be repeated)",
    )


def run(call: Call) -> int:
    """Add the requirements."""
    document, options = call.document(), call.lock_options()
    words = rebase_words(call.words, document)
    call.finish(lambda engine: engine.add(document, words, options=options))
    return 0
