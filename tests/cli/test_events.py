"""The published schema of the JSON events, against what the code emits."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from jupyter_pyartifacts import cli, errors, report
from jupyter_pyartifacts.errors import PyArtifactsError
from jupyter_pyartifacts.report import Note, Progress

from .test_render import SHOW

SCHEMA: dict[str, Any] = json.loads(
    Path(cli.__file__).with_name("events.schema.json").read_text("utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_code_of_an_error_is_in_it() -> None:
    classes = [getattr(errors, name) for name in errors.__all__]
    codes = {each.code for each in classes if issubclass(each, PyArtifactsError)}
    listed = set(SCHEMA["$defs"]["error"]["properties"]["code"]["enum"])
    assert codes == listed


def test_every_stage_is_in_it() -> None:
    properties = SCHEMA["$defs"]["progress"]["properties"]
    assert set(properties["stage"]["enum"]) == set(get_args(report.Stage))
    assert set(properties) == {"event", *(field.name for field in fields(Progress))}


@pytest.mark.parametrize(
    "event",
    [
        Progress(stage="download", done=1, total=None, unit="bytes").to_event(),
        Note(text="hm").to_event(),
        PyArtifactsError("a", hint="b").to_event(),
        SHOW,
    ],
    ids=["progress", "note", "error", "show"],
)
def test_events_are_valid(event: dict[str, Any]) -> None:
    VALIDATOR.validate(event)


@pytest.mark.parametrize(
    "event",
    [
        {"event": "result", "verb": "show"},
        {"event": "note", "text": None},
        {**PyArtifactsError("a", hint="b").to_event(), "code": "new"},
    ],
    ids=["short", "null", "code"],
)
def test_other_events_are_not(event: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(event)
