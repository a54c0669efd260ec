"""Execute the notebook with its own packages, and write the outputs into it, or into OUT.

If a cell fails, the exit code is 1; OUT then has the outputs up to it, and a notebook that is run
in place stays as it was.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from ..config import Config
from ..errors import LockError, NotebookError
from ..notebook import Document, write_notebook
from .call import Call

ARGUMENTS = "NOTEBOOK [-o OUT]"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = ("run analysis.ipynb", "run analysis.ipynb -o result.ipynb")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("-o", "--output", metavar="OUT", help="the notebook to write")


def run(call: Call) -> int:
    """Prepare the environment, execute, and write the outputs."""
    document = call.document()
    if document.kind != "notebook" or document.lock_document is None:
        raise LockError(
            "the notebook has no lock: it would run with whatever packages this machine has",
            where=str(document.path),
            hint="give it one: jupyter pyartifacts add NOTEBOOK REQUIREMENT..., or, for none at "
            "all, jupyter pyartifacts lock NOTEBOOK",
        )
    output = _output(call.options.output, document)
    # The provisioner, in this process, reads its configuration where all front-ends have it.
    os.environ.update(_variables(call.config))
    with call.console.reporter() as reporter:
        from ..service import Engine
        from .execution import Execution

        Engine(call.config, reporter).instantiate(document, starting=True)
        execution = Execution(document, reporter)
        try:
            execution.run()
        finally:
            if output is not None and execution.started:
                write_notebook(output, execution.notebook)
    if output is None:
        document.write_content(execution.notebook)
    place = str(output or document.path)
    call.console.result(
        {
            "event": "result",
            "verb": "run",
            "cells": execution.cells,
            "output": place,
            "lines": [f"executed, {execution.cells} of {execution.cells} cells: {place}"],
        }
    )
    return 0


def _output(given: str | None, document: Document) -> Path | None:
    """Return where to write, None for in place; raises NotebookError before anything runs."""
    if given is None:
        return None
    place = Path(given).absolute()
    if place.is_dir() or not place.parent.is_dir():
        raise NotebookError(
            "the outputs cannot be written there",
            where=str(place),
            expected="a file in a directory that exists",
            found="a directory" if place.is_dir() else f"no directory {place.parent}",
            hint="name a notebook: -o result.ipynb",
        )
    if os.path.realpath(place) == os.path.realpath(document.path):
        return None
    return place


def _variables(config: Config) -> dict[str, Any]:
    variables = {"PYARTIFACTS_TRUST": config.trust, "PYARTIFACTS_OFFLINE": str(int(config.offline))}
    if config.stores:
        variables["PYARTIFACTS_STORE"] = os.pathsep.join(config.stores)
    return variables
