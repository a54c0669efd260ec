"""The reference of settings: environment variables, a server's, and JupyterLab's."""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_pyartifacts.config import VARIABLES
from jupyter_pyartifacts.server.settings import PyArtifacts

from .markdown import code, flags, need, table

__all__ = ["make_labextension_settings", "make_settings", "make_variables"]

SCHEMA = Path(__file__).parents[2] / "labextension" / "schema" / "plugin.json"


def make_variables() -> str:
    """Return the table of environment variables."""
    rows = [
        (code(each.name), each.values, need(each.text, f"the variable {each.name}"))
        for each in VARIABLES
    ]
    return table(("variable", "holds", "what it does"), rows)


def make_settings() -> str:
    """Return the table of a server's settings."""
    rows = [
        (
            code(f"c.PyArtifacts.{name}"),
            code(repr(trait.default())),
            flags(need(trait.help, f"the setting c.PyArtifacts.{name}")),
        )
        for name, trait in PyArtifacts.class_own_traits(config=True).items()
    ]
    return table(("setting", "default", "what it does"), rows)


def make_labextension_settings() -> str:
    """Return the table of JupyterLab's settings."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    rows = [
        (
            code(name),
            code(json.dumps(each["default"])),
            need(each.get("description"), f"JupyterLab's setting {name}"),
        )
        for name, each in schema["properties"].items()
    ]
    return table(("setting", "default", "what it does"), rows)
