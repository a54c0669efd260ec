"""Bodies of requests: read strictly, refused with the exact reason."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.errors import UsageError
from jupyter_pyartifacts.server.body import (
    Field,
    boolean,
    lock_document,
    one_of,
    options,
    read_body,
    text,
    texts,
)

FIELDS = {
    "path": Field(text, required=True),
    "lock": Field(lock_document),
    "words": Field(texts),
    "write": Field(boolean),
    "verb": Field(one_of("add", "remove")),
    "options": Field(options({"python": Field(text)})),
}


def read(**body):
    return read_body(json.dumps(body).encode(), FIELDS)


def test_what_is_in_order():
    body = {
        "path": "ü/n.ipynb",
        "lock": None,
        "words": ["a", "b"],
        "write": False,
        "verb": "add",
        "options": {"python": "3.12"},
    }
    assert read(**body) == {**body, "words": ("a", "b")}
    assert read(path="n") == {"path": "n"}
    assert read(path="n", lock={"any": ["thing"]})["lock"] == {"any": ["thing"]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {},
            "the request lacks a field\n  expected: path\n  found:    no field at all",
        ),
        (
            {"path": 1},
            "path has the wrong type\n  expected: a text\n  found:    a number",
        ),
        (
            {"path": "n", "words": ["a", None]},
            "words[1] has the wrong type\n  expected: a text\n  found:    null",
        ),
        (
            {"path": "n", "options": {"python": []}},
            "options.python has the wrong type\n  expected: a text\n  found:    a list",
        ),
        (
            {"path": "n", "options": {"x": 1}},
            "the request has a field that is not known\n  expected: python\n  found:    options.x",
        ),
        (
            {"path": "n", "verb": "destroy"},
            "verb has a value that is not known\n  expected: add, remove\n  found:    destroy",
        ),
        (
            {"path": "n", "lock": []},
            "lock has the wrong type\n  expected: an object or null\n  found:    a list",
        ),
        (
            {"path": "n", "write": 1},
            "write has the wrong type\n  expected: true or false\n  found:    a number",
        ),
        (
            {"path": " "},
            "path is not one line of text\n"
            "  expected: 1 to 4096 characters, no control characters\n"
            "  found:    1 characters: ' '",
        ),
    ],
)
def test_what_is_not(body, message):
    with pytest.raises(UsageError) as refusal:
        read(**body)
    assert (
        str(refusal.value)
        == f"{message}\nhint: see the reference of the REST interface in the documentation"
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    # Whatever else it raises is a failure.
    with contextlib.suppress(UsageError):
        assert isinstance(read_body(data, FIELDS), dict)
