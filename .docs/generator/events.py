"""The reference of JSON events, from their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_pyartifacts import cli, server

from .markdown import code, need
from .schemas import fields_table

__all__ = ["make", "make_progress"]

SCHEMA = Path(cli.__file__).with_name("events.schema.json")
PROGRESS = Path(server.__file__).with_name("progress.json")


def make() -> str:
    """Return a section for each event, and one for each object inside of events."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    kinds = schema["$defs"]
    events = [each["$ref"].rpartition("/")[2] for each in schema["oneOf"]]
    parts = [name for name in kinds if name not in events]
    links = {
        f"#/$defs/{name}": f"[{name}](#{_anchor(_heading(name, each))})"
        for name, each in kinds.items()
    }
    text = [need(schema.get("description"), "the schema of events") + "\n"]
    text += [_section(name, kinds[name], links) for name in events]
    text.append("## Inside of events\n")
    text += [_section(name, kinds[name], links) for name in parts]
    return "\n".join(text)


def make_progress() -> str:
    """Return the fields of a server's progress events."""
    schema = json.loads(PROGRESS.read_text("utf-8"))
    about = need(schema.get("description"), "the schema of progress events")
    return f"{code(schema['$id'])}. {about}\n\n{fields_table(schema, {}, required='progress')}"


def _section(name: str, schema: dict[str, Any], links: dict[str, str]) -> str:
    description = need(schema.get("description"), f"the event {name}")
    return f"### {_heading(name, schema)}\n\n{description}\n\n{fields_table(schema, links)}"


def _heading(name: str, schema: dict[str, Any]) -> str:
    """Return the name of an event as it is seen: `result` of which verbs."""
    properties = schema.get("properties", {})
    if properties.get("event", {}).get("const") != "result":
        return code(name)
    verb = properties["verb"]
    verbs = verb.get("enum") or [verb["const"]]
    return f"{code('result')} of {', '.join(code(each) for each in verbs)}"


def _anchor(heading: str) -> str:
    from .links import slug

    return slug(heading.replace("`", ""))
