"""The reference of the REST interface, from its handlers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from jupyter_pyartifacts.server.body import Field
from jupyter_pyartifacts.server.handlers import UnknownHandler, handlers
from jupyter_pyartifacts.server.request import NOTEBOOK, Handler

from .markdown import code, need, one_line, table

__all__ = ["make"]

_METHODS = ("get", "post", "delete")


def make() -> str:
    """Return a section for each endpoint."""
    text = [f"## Fields of every body about a notebook\n\n{_fields(NOTEBOOK)}"]
    text += [
        _section(address.strip("/").replace(r"([0-9A-Za-z_-]+)", "ID"), handler)
        for address, handler, *_ in handlers("/")
        if handler is not UnknownHandler
    ]
    return "\n".join(text)


def _section(address: str, handler: type[Handler]) -> str:
    name = address.removeprefix("pyartifacts/")
    about, _, answer = inspect.cleandoc(handler.__doc__ or "").partition("\n\n")
    need(about, f"the endpoint {name}")
    need(answer, f"the answer of the endpoint {name}")
    calls = [
        f"{method.upper()} {address} ({action})"
        for method in _METHODS
        if (action := getattr(getattr(handler, method), "action", None))
    ]
    text = [f"## {name}\n", f"{one_line(about)}\n"]
    text.append("\n".join(f"- {code(call)}" for call in calls) + "\n")
    if handler.fields:
        text.append("Beside `path` and `lock`:\n" if handler.about_notebook else "Body:\n")
        text.append(_fields(handler.fields))
    text.append(f"**Answer**: {one_line(answer)}\n")
    return "\n".join(text)


def _fields(fields: Mapping[str, Field]) -> str:
    rows: list[tuple[str, Any, str]] = [
        (code(name), "required" if each.required else "", need(each.about, f"the field {name}"))
        for name, each in fields.items()
    ]
    return table(("field", "", "holds"), rows)
