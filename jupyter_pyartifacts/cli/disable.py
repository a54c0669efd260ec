"""Undo `enable`: this environment's python3 kernelspec is what it was before."""

from __future__ import annotations

import argparse
import sys

from .call import Call, add_dry_run
from .kernelspec import KernelSpecFile

ARGUMENTS = ""
NOTEBOOK = "none"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("disable",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_dry_run(parser)


def run(call: Call) -> int:
    """Disable."""
    file, dry_run = KernelSpecFile(sys.prefix), call.options.dry_run
    changed = file.state() in ("enabled", "lost")
    if changed and not dry_run:
        file.disable()
    did = ("would disable" if dry_run else "disabled") if changed else "disabled already"
    call.console.result(
        {
            "event": "result",
            "verb": "disable",
            "dry_run": dry_run,
            "changed": changed,
            "path": str(file.path),
            "notes": [],
            "lines": [f"{did}: {file.path}"],
        }
    )
    return 0
