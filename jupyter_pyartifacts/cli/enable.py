"""Let every tool of this environment use notebooks' locks, also without a server.

nbclient, `jupyter execute`, `jupyter nbconvert --execute` and papermill then run notebooks that
carry a lock with their own packages, and others as before. It puts a provisioner into this
environment's python3 kernelspec; `disable` undoes it. Run it again after ipykernel was upgraded.

With --kernelspec python3 stays as it is, and a kernel of its own is put beside it, for frontends
that start kernels themselves and can say for which notebook: see the documentation on VS Code.
"""

from __future__ import annotations

import argparse
import sys

from .call import Call, add_dry_run
from .kernelspec import KernelSpecFile, OwnKernelSpec, launched_spec

ARGUMENTS = ""
NOTEBOOK = "none"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("enable", "enable --kernelspec")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--kernelspec",
        action="store_true",
        help="add a kernel for frontends that start kernels themselves, instead",
    )
    add_dry_run(parser)


def run(call: Call) -> int:
    """Enable, and tell if another kernelspec stands in front of this one."""
    from ipykernel.kernelspec import get_kernel_dict

    dry_run, file = call.options.dry_run, KernelSpecFile(sys.prefix)
    if call.options.kernelspec:
        own, wanted = OwnKernelSpec(sys.prefix), launched_spec(get_kernel_dict())
        changed, path, notes = not own.is_there(wanted), own.path, []
        if changed and not dry_run:
            own.write(wanted)
    else:
        changed, path = file.state() != "enabled", file.path
        if changed and not dry_run:
            file.enable(get_kernel_dict())
        notes = _notes(file)
    did = {
        (True, False): "enabled",
        (True, True): "would enable",
        (False, False): "enabled already",
        (False, True): "enabled already",
    }[changed, dry_run]
    call.console.result(
        {
            "event": "result",
            "verb": "enable",
            "dry_run": dry_run,
            "changed": changed,
            "path": str(path),
            "notes": notes,
            "lines": [f"{did}: {path}"],
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
