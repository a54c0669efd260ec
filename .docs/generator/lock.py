"""The reference of the lock, from its schema and from a real one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jupyter_pyartifacts.lock
from jupyter_pyartifacts.lock import METADATA_KEY

from .markdown import PageError, table
from .schemas import fields_table

__all__ = ["make_example", "make_fields", "make_grammar"]

SCHEMA = Path(jupyter_pyartifacts.__file__).with_name("lock.schema.json")
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
_LINES = 2
_WIDTH = 76


def make_fields() -> str:
    """Return the table of fields."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    platforms = ", ".join(f"`{name}`" for name in schema["$defs"]["platform"]["enum"])
    lines = "lines of `distributions` and `artifacts`"
    links = {"#/$defs/platform": platforms, "#/$defs/lines": lines}
    return fields_table(schema, links, required="the lock")


def make_grammar() -> str:
    """Return the grammar of the lines, from the docstring of the module that reads them."""
    rows = re.findall(r"^(`\w+`) +(`.*)$", jupyter_pyartifacts.lock.__doc__ or "", re.MULTILINE)
    if not rows:
        raise PageError("the docstring of lock.py has no grammar any more")
    return table(("field", "a line of it"), rows)


def make_example() -> str:
    """Return the first lines of every field of the tour's lock, long ones cut."""
    lock = json.loads(NOTEBOOK.read_text("utf-8"))["metadata"][METADATA_KEY]
    short = {key: _cut(value) for key, value in lock.items() if key != "history"}
    return f"```json\n{json.dumps(short, indent=1, ensure_ascii=False)}\n```\n"


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _WIDTH else value[: _WIDTH - 1] + "…"
    if isinstance(value, list):
        more = [f"… and {len(value) - _LINES} more"] if len(value) > _LINES else []
        return [_cut(each) for each in value[:_LINES]] + more
    return value
