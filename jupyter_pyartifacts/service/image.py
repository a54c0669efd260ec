"""Filling an image: what all notebooks of a directory pin, fetched and approved at build time.

It goes into the environment that this package is installed in, if that can be written: there no
volume over the home hides it, and every user of the image has it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..config import Config, environment_data
from ..errors import NotebookError, PyArtifactsError, StoreError
from ..lock import lock_digest
from ..model import Lock
from ..notebook import Document, read_document
from ..report import Reporter
from ..whole import check_whole
from .engine import Engine

__all__ = ["Filled", "FilledNotebook", "fill_image", "notebooks_below"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledNotebook:
    """A notebook whose environment is in the image; `path` is relative to the directory."""

    path: str
    digest: str
    python: str
    distributions: int
    environment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What came into an image; `without` are the notebooks that have no lock."""

    directory: str
    store: str
    notebooks: tuple[FilledNotebook, ...]
    without: tuple[str, ...]
    notes: tuple[str, ...] = ()
    dry_run: bool = False

    def to_event(self) -> dict[str, Any]:
        """Return the event `result` of the JSON stream."""
        count = len(self.notebooks)
        which = "1 notebook is" if count == 1 else f"{count} notebooks are"
        lines = [
            f"{each.path}: {each.distributions} distributions, Python {each.python}"
            for each in self.notebooks
        ]
        ready = "to be made ready" if self.dry_run else "ready"
        lines.append(f"{which} {ready} in {self.store}")
        return {
            "event": "result",
            "verb": "binder",
            "build": True,
            "dry_run": self.dry_run,
            "directory": self.directory,
            "store": self.store,
            "notebooks": [
                {
                    "path": each.path,
                    "digest": each.digest,
                    "python": each.python,
                    "environment": each.environment,
                }
                for each in self.notebooks
            ],
            "without": list(self.without),
            "notes": list(self.notes),
            "lines": lines,
        }


def notebooks_below(directory: Path) -> Iterator[Path]:
    """Yield the notebooks of a repository, sorted; not those in hidden folders or environments."""
    for folder, folders, names in os.walk(directory):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name != "node_modules"
            and not (here / name / "pyvenv.cfg").exists()
            and not (here / name / "conda-meta").exists()
        )
        yield from (here / name for name in sorted(names) if name.endswith(".ipynb"))


def fill_image(
    config: Config,
    directory: Path,
    reporter: Reporter,
    *,
    dry_run: bool = False,
    prefix: str = sys.prefix,
) -> Filled:
    """Approve and instantiate the locks of all notebooks below a directory, byte code included.

    Every notebook is tried before anything is said of those that failed. Raises PyArtifactsError
    if one cannot be read or brought.
    """
    documents = [read_document(path) for path in notebooks_below(directory)]
    config, notes = _with_store(config, prefix, dry_run=dry_run)
    engine = Engine(config, reporter)
    filled, failed = [], []
    for document in documents:
        if document.lock_document is None:
            continue
        try:
            filled.append(_fill(engine, document, directory, dry_run=dry_run))
        except PyArtifactsError as error:
            failed.append((_name(document, directory), error))
    if failed:
        raise _unfilled(failed, len(filled) + len(failed))
    return Filled(
        directory=str(directory),
        store=str(engine.store.root),
        notebooks=tuple(filled),
        without=tuple(_name(each, directory) for each in documents if each.lock_document is None),
        notes=notes,
        dry_run=dry_run,
    )


def _with_store(config: Config, prefix: str, *, dry_run: bool) -> tuple[Config, tuple[str, ...]]:
    """Return the configuration with the environment's own store, if nothing else is asked for."""
    if config.stores:
        return config, ()
    shared = Path(environment_data(prefix), "store")
    try:
        if not dry_run:
            shared.mkdir(parents=True, exist_ok=True)
        if not dry_run and not os.access(shared, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        note = (
            f"{shared} cannot be written ({error.strerror}), so the packages are in the home of "
            "the user that builds, and no other user has them"
        )
        return config, (note,)
    return replace(config, stores=(str(shared),)), ()


def _fill(engine: Engine, document: Document, directory: Path, *, dry_run: bool) -> FilledNotebook:
    lock = engine.lock_of(document)
    environment = None
    if not dry_run:
        _approve(engine, lock, document)
        environment = engine.instantiate(document, compile_all=True).environment
    return FilledNotebook(
        path=_name(document, directory),
        digest=str(lock_digest(lock)),
        python=environment.version if environment else lock.python.version,
        distributions=len(lock.distributions),
        environment=environment.path if environment else None,
    )


def _approve(engine: Engine, lock: Lock, document: Document) -> None:
    check_whole(lock, str(document.path))
    try:
        engine.trust_store.approve_for_everybody(lock)
    except StoreError:
        engine.trust_store.approve(lock)


def _name(document: Document, directory: Path) -> str:
    return document.path.relative_to(directory).as_posix()


def _unfilled(failed: list[tuple[str, PyArtifactsError]], count: int) -> NotebookError:
    return NotebookError(
        f"{len(failed)} of {count} notebooks did not come into the image",
        details="\n".join(f"{name}: {error}" for name, error in failed),
        hint="try it where you are: jupyter pyartifacts instantiate NOTEBOOK",
    )
