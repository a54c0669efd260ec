"""A directory with a notebook and a store of its own, and the command line run in it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Place"]

_FOREIGN = ("PIP_", "UV_", "PYARTIFACTS_", "JUPYTER_", "PYTHON")
_CONTENT = ("artifacts", "views", "trees", "roots")
"""What of a store lasts; downloads, caches and lock files are free to come and go."""


class Place:
    """`n.ipynb` and `store` in one directory; nothing of this process's settings gets in."""

    def __init__(self, directory: Path, index_url: str | None = None) -> None:
        self.directory = directory
        self.notebook = directory / "n.ipynb"
        self.store = directory / "store"
        self.environ = {
            key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)
        }
        self.environ["PYARTIFACTS_STORE"] = str(self.store)
        self.environ["XDG_CONFIG_HOME"] = str(directory / "config")
        if index_url is not None:
            self.environ["PYARTIFACTS_INDEX_URL"] = index_url
            # Whoever brings an index of their own reaches no other place: no Pythons either.
            table = directory / "versions.json"
            table.write_text("[]")
            self.environ["PYARTIFACTS_PYTHON_TABLE"] = str(table)
        self.write_notebook()

    def write_notebook(self, *sources: str, lock: object = None, **fields: Any) -> None:
        """Write the notebook with these code cells."""
        cells = [
            {
                "cell_type": "code",
                "id": f"cell{number}",
                "metadata": {},
                "execution_count": None,
                "source": source,
                "outputs": [],
            }
            for number, source in enumerate(sources)
        ]
        metadata = {} if lock is None else {"pyartifacts": lock}
        document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
        self.notebook.write_text(json.dumps({**document, **fields}))

    @property
    def lock(self) -> Any:
        """Return the lock as it is in the notebook."""
        return json.loads(self.notebook.read_bytes())["metadata"].get("pyartifacts")

    def run(
        self, *arguments: str, environ: Mapping[str, str] | None = None, **how: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run one command line to its end."""
        return subprocess.run(
            [*how.pop("before", ()), sys.executable, "-m", "jupyter_pyartifacts", *arguments],
            cwd=self.directory,
            env={**self.environ, **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
            **how,
        )

    def ok(self, *arguments: str, **how: Any) -> str:
        """Run one command line that has to succeed, and return its stdout."""
        done = self.run(*arguments, **how)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def state(self) -> dict[str, str]:
        """Return the notebook and what lasts of the store: path to digest or link target."""
        found = {"n.ipynb": hashlib.sha256(self.notebook.read_bytes()).hexdigest()}
        for folder in _CONTENT:
            for path in sorted((self.store / folder).rglob("*")):
                name = str(path.relative_to(self.directory))
                if path.is_symlink():
                    found[name] = os.readlink(path)
                elif path.is_file():
                    found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found
