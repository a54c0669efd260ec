"""A notebook's cells: what they say of packages in other tools' ways, and a block put in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import ForeignFileError
from ..notebook import KEY, render_document
from .inline_script import has_inline_script, read_inline_script
from .pip_lines import read_pip_lines
from .requirements_txt import Include
from .uv_lock import read_uv_lock
from .wanted import Wanted, join_wanted

__all__ = ["notebook_with_block", "read_cells", "source_of"]

UV_LOCK = "uv.lock"
"""Where juv keeps the text of a uv.lock: this key of a notebook's metadata."""
_BLOCK_ID = "script-metadata"


def source_of(cell: Mapping[str, Any]) -> str:
    """Return the source of a cell, which a file may keep as a list of lines."""
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def read_cells(
    notebook: Mapping[str, Any], where: str, *, include: Include | None = None
) -> Wanted:
    """Read what a notebook says of its packages in other tools' ways.

    These are juv's uv.lock in the metadata, a PEP 723 block, and pip lines in the cells, in the
    order of their cells. Raises ForeignFileError, InvalidRequirement with the cell and line.
    """
    parts: list[Wanted] = []
    has_block: list[bool] = []
    for number, cell in enumerate(notebook.get("cells", ())):
        if not isinstance(cell, Mapping) or cell.get("cell_type") not in ("code", "raw"):
            continue
        source = source_of(cell)
        place = f"{where}, cells[{number}]"
        if has_inline_script(source):
            has_block.append(True)
            parts.append(read_inline_script(source, place))
        if "install" in source:
            parts.append(read_pip_lines(source, place, include))
    kept = notebook["metadata"].get(UV_LOCK)
    if kept is not None:
        if not isinstance(kept, str):
            raise ForeignFileError(
                "juv's lock is not a text",
                where=f'{where}, metadata["{UV_LOCK}"]',
                expected="the text of a uv.lock",
                found=type(kept).__name__,
                hint="lock anew: juv lock NOTEBOOK",
            )
        locked = read_uv_lock(kept, f'{where}, metadata["{UV_LOCK}"]')
        if has_block:
            # The block says what is wanted, the lock which versions: its own list may be older.
            locked = replace(locked, requirements=(), complete=True)
        parts.insert(0, locked)
    return join_wanted(parts)


def notebook_with_block(notebook: Mapping[str, Any], block: str) -> str:
    """Return the text of a copy of a notebook that has a PEP 723 block instead of our lock.

    The block stands in a cell of its own at the top, where juv looks for it; one that is there
    already is replaced, and juv's lock of it goes.
    """
    metadata = {k: v for k, v in notebook["metadata"].items() if k not in (KEY, UV_LOCK)}
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": _BLOCK_ID,
        "metadata": {"jupyter": {"source_hidden": True}},
        "outputs": [],
        "source": block.rstrip("\n"),
    }
    if (notebook.get("nbformat_minor") or 0) < 5:
        del cell["id"]
    others = [
        each
        for each in notebook["cells"]
        if each.get("cell_type") != "code" or not has_inline_script(source_of(each))
    ]
    content = {**notebook, "metadata": metadata, "cells": [cell, *others]}
    return render_document(content, "notebook").decode("utf-8")
