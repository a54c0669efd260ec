"""Say what is right and what is wrong with this installation, its store, and a notebook.

Changes nothing and uses no network. Exit code 1 if something is wrong.
"""

from __future__ import annotations

import argparse

from .call import Call

ARGUMENTS = "[NOTEBOOK]"
NOTEBOOK = "optional"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("doctor", "doctor analysis.ipynb")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no options."""


def run(call: Call) -> int:
    """Run every check, print them, and fail if one of them failed."""
    from .checks import installation_checks, notebook_checks

    findings = list(installation_checks(call.config))
    if call.notebook is not None:
        findings.extend(notebook_checks(call))
    call.console.result(
        {
            "event": "result",
            "verb": "doctor",
            "findings": [
                {"state": each.state, "what": each.what, "found": each.found, "hint": each.hint}
                for each in findings
            ],
            "notes": [],
        }
    )
    return 1 if any(each.state == "wrong" for each in findings) else 0
