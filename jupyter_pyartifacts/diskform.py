"""The form in which nbformat writes a notebook: lines split, transient keys gone. Pure."""

from __future__ import annotations

from typing import Any

__all__ = ["disk_form"]

_SPLIT_TYPES = ("application/javascript", "image/svg+xml")


def disk_form(notebook: dict[str, Any]) -> dict[str, Any]:
    """Bring a notebook into the form that nbformat writes: lines split, transient keys gone."""
    metadata = {
        key: value
        for key, value in notebook["metadata"].items()
        if key not in ("orig_nbformat", "orig_nbformat_minor", "signature")
    }
    cells = [_disk_cell(cell) for cell in notebook["cells"]]
    return {**notebook, "metadata": metadata, "cells": cells}


def _disk_cell(cell: dict[str, Any]) -> dict[str, Any]:
    cell = dict(cell)
    cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key != "trusted"}
    if "source" in cell:
        cell["source"] = _split(cell["source"])
    if isinstance(cell.get("attachments"), dict):
        cell["attachments"] = {
            name: _disk_bundle(bundle) for name, bundle in cell["attachments"].items()
        }
    if cell.get("cell_type") == "code" and isinstance(cell.get("outputs"), list):
        cell["outputs"] = [_disk_output(output) for output in cell["outputs"]]
    return cell


def _disk_output(output: Any) -> Any:
    if not isinstance(output, dict):
        return output
    kind = output.get("output_type")
    if kind in ("execute_result", "display_data"):
        return {**output, "data": _disk_bundle(output["data"])} if "data" in output else output
    if kind == "stream" and "text" in output:
        return {**output, "text": _split(output["text"])}
    if kind and isinstance(output.get("text"), list):
        return {**output, "text": _join(output["text"])}
    return output


def _disk_bundle(bundle: Any) -> Any:
    if not isinstance(bundle, dict):
        return bundle
    return {mime: _disk_mime(mime, value) for mime, value in bundle.items()}


def _disk_mime(mime: str, value: Any) -> Any:
    if mime == "application/json" or (mime.startswith("application/") and mime.endswith("+json")):
        return value
    joined = _join(value)
    if mime.startswith("text/") or mime in _SPLIT_TYPES:
        return _split(joined)
    return joined


def _join(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value


def _split(value: Any) -> Any:
    value = _join(value)
    return value.splitlines(True) if isinstance(value, str) else value
