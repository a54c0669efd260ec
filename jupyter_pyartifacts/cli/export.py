"""Write the notebook's lock in the format of another tool, to stdout or into a file.

pylock        pylock.toml (PEP 751): every file with its hash, for all platforms
requirements  requirements.txt with hashes, for all platforms
environment   environment.yml with the versions, installed by pip
script        the block `# /// script` (PEP 723) with the requirements; into an .ipynb, a copy of
              the notebook that has it in its first cell, as juv wants it

Without --format the name after -o decides, and pylock is written to stdout.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NotebookError, PyArtifactsError
from ..notebook import write_text
from .call import Call

if TYPE_CHECKING:
    from ..outcome import Exported

ARGUMENTS = "NOTEBOOK [-o FILE]"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = (
    "export analysis.ipynb -o pylock.toml",
    "export analysis.ipynb --format requirements > requirements.txt",
    "export analysis.ipynb --format script -o for-juv.ipynb",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    from ..interop.formats import EXPORTS

    parser.add_argument("--format", choices=EXPORTS, help="the format to write")
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def run(call: Call) -> int:
    """Export the lock."""
    from ..interop.formats import export_format

    document, options = call.document(), call.options
    target = None
    if options.output not in (None, "-"):
        target = _target(Path(options.output).absolute(), call)
    kind = options.format or (export_format(target.name) if target else None) or "pylock"
    with call.engine() as engine:
        exported: Exported = engine.export(document, kind=kind, target=target)
    if target is not None:
        write_text(target, exported.text)
    if call.console.json_events or target is not None:
        call.console.result(exported.to_event())
        return 0
    call.console.stdout.write(exported.text)
    for note in exported.notes:
        call.console.message(f"note: {note}")
    return 0


def _target(target: Path, call: Call) -> Path:
    """Return where to write; raise before anything is asked of an index."""
    what = None
    if target.is_dir():
        what = "a directory"
    elif not target.parent.is_dir():
        what = f"no directory {target.parent}"
    if what is not None:
        raise PyArtifactsError(
            "the file cannot be written there",
            where=str(target),
            expected="a file in a directory that exists",
            found=what,
            hint="name a file: -o pylock.toml",
        )
    if target.exists() and not call.options.force:
        raise PyArtifactsError(
            "there is a file of that name, and it was not replaced",
            where=str(target),
            hint="name another file, or replace it with --force",
        )
    own = [path for path in (call.notebook, call.config.notebook) if path and os.path.exists(path)]
    if target.exists() and any(target.samefile(path) for path in own):
        raise NotebookError(
            "the notebook itself would be replaced",
            where=str(target),
            hint="name another file: -o FILE",
        )
    return target
