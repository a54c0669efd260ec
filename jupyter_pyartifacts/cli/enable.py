"""Let every tool of this environment use notebooks' locks, also without a server.

nbclient, `jupyter execute`, `jupyter nbconvert --execute` and papermill then run notebooks that
carry a lock with their own packages, and others as before. It puts a provisioner into this
environment's python3 kernelspec; `disable` undoes it. Run it again after ipykernel was upgraded.
"""

from __future__ import annotations

import argparse
import sys

from .call import Call, add_dry_run
from .kernelspec import KernelSpecFile

ARGUMENTS = ""
NOTEBOOK = "none"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("enable",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_dry_run(parser)


def run(call: Call) -> int:
    """Enable, and tell if another kernelspec stands in front of this one."""
    from ipykernel.kernelspec import get_kernel_dict

    file, dry_run = KernelSpecFile(sys.prefix), call.options.dry_run
    changed = file.state() != "enabled"
    if changed and not dry_run:
        file.enable(get_kernel_dict())
    did = {
        (True, False): "enabled",
        (True, True): "would enable",
        (False, False): "enabled already",
        (False, True): "enabled already",
    }[changed, dry_run]
    notes = _notes(file)
    call.console.result(
        {
            "event": "result",
            "verb": "enable",
            "dry_run": dry_run,
            "changed": changed,
            "path": str(file.path),
            "notes": notes,
            "lines": [f"{did}: {file.path}"],
        }
    )
    return 0


def _notes(file: KernelSpecFile) -> list[str]:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        first = KernelSpecManager().get_kernel_spec("python3").resource_dir
    except NoSuchKernel:
        return []
    if not file.path.exists() or file.path.parent.samefile(first):
        return []
    return [
        f"Jupyter finds another python3 kernelspec first: {first}; remove it (jupyter kernelspec "
        "list shows it), or set JUPYTER_PREFER_ENV_PATH=1"
    ]
