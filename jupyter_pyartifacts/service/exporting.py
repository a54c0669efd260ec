"""Exporting: a notebook's lock in the formats of other tools."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import Any

from ..errors import NotebookError, UsageError
from ..index.client import IndexClient
from ..interop.cells import notebook_with_block
from ..interop.environment_yml import write_environment_yml
from ..interop.formats import EXPORTS
from ..interop.inline_script import write_inline_script
from ..interop.pinned_lines import write_requirements
from ..interop.pylock import write_pylock
from ..lock import lock_digest
from ..model import Artifact, Lock
from ..notebook import Document
from ..outcome import Exported
from ..requirements import parse_requirement, rebase_requirement
from .workplace import Workplace

__all__ = ["export_lock"]


def export_lock(
    place: Workplace, document: Document, *, kind: str, target: Path | None
) -> Exported:
    """Return a notebook's lock in a format of `EXPORTS`.

    `target` is the file that it is for, None for stdout: paths of local wheels are relative to
    its directory. A script's block for a notebook (`.ipynb`) comes in a copy of the notebook,
    without the lock. Raises UsageError, NetworkError where the index has to be asked.
    """
    if kind not in EXPORTS:
        raise UsageError(
            "a format is not known",
            expected=", ".join(EXPORTS),
            found=kind[:80],
            hint="name one of these: --format",
        )
    lock = place.lock_of(document, own=True)
    here = (Path.cwd() if target is None else target.parent).absolute()
    requirements = tuple(
        rebase_requirement(text, document.directory.absolute().as_posix(), here.as_posix())
        for text in lock.requirements
    )
    notes: list[str] = []
    if kind == "pylock":
        with place.client(lock, document.directory) as client:
            text = write_pylock(
                lock,
                place_of=lambda artifact: _place_of(artifact, client, document.directory, here),
                requirements=requirements,
            )
    elif kind == "requirements":
        text = write_requirements(lock, requirements=requirements)
    elif kind == "environment":
        named = place.config.notebook if document.kind == "session" else None
        name = Path(named or document.path).stem
        text = write_environment_yml(lock, name=name, requirements=requirements)
        notes.append("environment.yml names versions, no hashes")
    else:
        text = write_inline_script(lock, requirements=tuple(_standard(lock, document)))
        notes.append("a script's block names requirements, no pins")
        if target is not None and target.suffix.lower() == ".ipynb":
            text = notebook_with_block(_content_of(document), text)
    return Exported(
        format=kind,
        text=text,
        output=None if target is None else str(target),
        digest=str(lock_digest(lock)),
        distributions=len(lock.distributions),
        notes=tuple(notes),
    )


def _content_of(document: Document) -> dict[str, Any]:
    if document.kind != "notebook":
        raise NotebookError(
            "a kernel's session has no cells to copy",
            where=str(document.path),
            hint="in a terminal, export from the notebook itself",
        )
    return document.content


def _place_of(artifact: Artifact, client: IndexClient, base: Path, here: Path) -> str:
    if not artifact.location.startswith("file:") or artifact.location.startswith("file:///"):
        return client.url_of(artifact)
    absolute = os.path.abspath(os.path.join(base, artifact.location[len("file:") :]))
    if os.path.splitdrive(absolute)[0] != os.path.splitdrive(here)[0]:
        return Path(absolute).as_uri()
    relative = Path(os.path.relpath(absolute, here)).as_posix()
    return relative if relative.startswith("../") else posixpath.join(".", relative)


def _standard(lock: Lock, document: Document) -> list[str]:
    """Return the requirements as PEP 508 has them: a path becomes `NAME @ file:///...`."""
    found = []
    for text in lock.requirements:
        own = parse_requirement(text)
        if own.kind == "path":
            path = Path(document.directory, Path(str(own.location)).expanduser()).absolute()
            text = f"{own.name} @ {path.as_uri()}"
        elif own.kind == "url" and "@" not in text.split("://")[0]:
            text = f"{own.name} @ {text}"
        found.append(text)
    return found
