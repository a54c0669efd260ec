"""Print the path of the Python that has the notebook's packages, for editors and scripts.

What is missing of its environment is fetched first. The path stays the same as long as the lock
does; after a change ask again.
"""

from __future__ import annotations

import argparse

from ..errors import LockError
from .call import Call

ARGUMENTS = "NOTEBOOK"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = (
    "python analysis.ipynb",
    "python analysis.ipynb --json",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no options."""


def run(call: Call) -> int:
    """Print the path of the interpreter."""
    document = call.document()
    with call.engine() as engine:
        changed = engine.instantiate(document)
    environment = changed.environment
    if environment is None:
        raise LockError(
            "the notebook has no environment on this platform",
            where=str(document.path),
            hint="lock again for this machine: jupyter pyartifacts lock NOTEBOOK",
        )
    event = {
        "event": "result",
        "verb": "python",
        "python": environment.python,
        "version": environment.version,
        "environment": environment.path,
        "site_packages": environment.site_packages,
        "notes": list(changed.notes),
    }
    if call.console.json_events:
        call.console.result(event)
        return 0
    call.console.stdout.write(f"{environment.python}\n")
    for note in changed.notes:
        call.console.message(f"note: {note}")
    return 0
