"""Undo `enable`: this environment's kernelspecs are what they were before."""

from __future__ import annotations

import argparse
import sys

from .call import Call, add_dry_run
from .kernelspec import KernelSpecFile, OwnKernelSpec

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
    file, own, dry_run = KernelSpecFile(sys.prefix), OwnKernelSpec(sys.prefix), call.options.dry_run
    paths = [file.path] if file.state() in ("enabled", "lost") else []
    if own.path.exists():
        paths.append(own.path)
    changed = bool(paths)
    if changed and not dry_run:
        file.disable()
        own.remove()
    did = ("would disable" if dry_run else "disabled") if changed else "disabled already"
    call.console.result(
        {
            "event": "result",
            "verb": "disable",
            "dry_run": dry_run,
            "changed": changed,
            "path": str(file.path),
            "notes": [],
            "lines": [f"{did}: {path}" for path in paths or [file.path]],
        }
    )
    return 0
