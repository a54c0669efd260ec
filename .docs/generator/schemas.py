"""JSON schemas in words: a table of an object's fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .markdown import code, flags, need, table

__all__ = ["fields_table", "kind_of"]


def fields_table(schema: Mapping[str, Any], links: Mapping[str, str], *, required: str = "") -> str:
    """Return the fields of an object; those of objects inside are named by their path.

    `links` maps references such as `#/$defs/pin` to Markdown. With `required`, the name of the
    object, every field has to have a description, unless it holds one constant.
    """
    return table(("field", "holds", ""), _rows(schema, links, "", required))


def _rows(
    schema: Mapping[str, Any], links: Mapping[str, str], before: str, whole: str
) -> Iterator[tuple[str, str, str]]:
    required = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        path = before + name
        text = (each.get("description") or each.get("title", "")).rstrip(".")
        if whole and "const" not in each:
            need(text, f"the field {path} of {whole}")
        optional = "" if name in required else "may be missing"
        yield code(path), kind_of(each, links), flags("; ".join(filter(None, (text, optional))))
        for inner, sign in ((each, "."), (each.get("items", {}), "[].")):
            for variant in (inner, *inner.get("anyOf", ())):
                yield from _rows(variant, links, path + sign, whole)


def kind_of(schema: Mapping[str, Any], links: Mapping[str, str]) -> str:
    """Return in a few words what a schema lets through."""
    if "const" in schema:
        return code(str(schema["const"]))
    if "enum" in schema:
        return ", ".join("null" if each is None else code(str(each)) for each in schema["enum"])
    if "$ref" in schema:
        return links.get(schema["$ref"], "a text")
    if "anyOf" in schema:
        return " or ".join(kind_of(each, links) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"a list: {kind_of(schema.get('items', {}), links)}"
    names = {
        "string": "a text",
        "integer": "a number",
        "number": "a number",
        "boolean": "true or false",
        "object": "an object",
        "null": "null",
        "array": "a list",
    }
    kinds = schema.get("type", "object")
    return " or ".join(names[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
