"""Reading both sides of a merged lock, and joining what they asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.errors import LockError, NotebookError, PyArtifactsError
from jupyter_pyartifacts.merged import Side, Sides, join_sides, read_sides


def notebook(**lock: Any) -> dict[str, Any]:
    metadata = {"pyartifacts": lock} if lock else {}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": []}


def side(*requirements: str, **versions: str) -> Side:
    return Side(requirements=requirements, versions=versions)


@pytest.mark.parametrize(
    ("ours", "theirs", "base", "joined"),
    [
        (("a",), ("b",), None, ("a", "b")),
        (("a", "b"), ("a", "c"), ("a",), ("a", "b", "c")),
        (("a",), ("a", "b"), ("a", "b"), ("a",)),
        (("a>1",), ("a",), ("a",), ("a>1",)),
        (("a",), ("a>1",), ("a",), ("a>1",)),
        (("a>1",), ("a<9",), ("a",), ("a>1", "a<9")),
        (("a>1",), ("a>1",), ("a",), ("a>1",)),
        (("A_b",), ("a-b",), None, ("A_b", "a-b")),
    ],
)
def test_requirements_are_joined_three_ways(
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    base: tuple[str, ...] | None,
    joined: tuple[str, ...],
) -> None:
    origin = None if base is None else side(*base)
    found, notes = join_sides(Sides(data=b"", sides=(side(*ours), side(*theirs)), base=origin))
    assert found.requirements == joined
    assert bool(notes) == (len(joined) == 2 and len({text[0].lower() for text in joined}) == 1)


def test_the_higher_version_is_preferred() -> None:
    sides = (side(a="1.10", b="2"), side(a="1.9", c="1"))
    assert join_sides(Sides(data=b"", sides=sides))[0].versions == {"a": "1.10", "b": "2", "c": "1"}


def test_a_lock_in_any_state_is_read_as_far_as_it_goes() -> None:
    content = notebook(
        requirements=["six", "-r x", 7, "a b"],
        kernel="ipykernel",
        distributions=["six 1.0 | other", "other 2", None, "x", "bad version!", "y not.a+version+"],
        platforms=["linux-x86_64", "amiga", []],
        indexes=["torch https://torch.example/cu torch", "x", "y nothing"],
        python="cpython 3.11.7",
        as_of=7,
    )
    (found,) = read_sides(json.dumps(content).encode(), "n.ipynb").sides
    assert found.requirements == ("six",)
    assert found.versions == {"six": "1.0", "other": "2"}
    assert (found.platforms, found.python, found.as_of) == (("linux-x86_64",), "3.11.7", None)
    assert [(index.name, index.projects) for index in found.indexes] == [("torch", ("torch",))]


def test_a_notebook_without_a_lock_has_nothing_to_merge() -> None:
    with pytest.raises(LockError, match="no lock to merge"):
        read_sides(json.dumps(notebook()).encode(), "n.ipynb")


def test_markers_out_of_order_name_their_line() -> None:
    with pytest.raises(NotebookError) as caught:
        read_sides(b"{\n<<<<<<< a\n>>>>>>> b\n", "n.ipynb")
    assert caught.value.where == "n.ipynb, line 3"


@given(
    st.text(max_size=60).map(str.encode)
    | st.binary(max_size=60)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    ).map(lambda lock: json.dumps({**notebook(), "metadata": {"pyartifacts": lock}}).encode())
)
def test_anything_is_read_or_refused(data: bytes) -> None:
    where = "n.ipynb"
    try:
        join_sides(read_sides(data, "n.ipynb"))
    except PyArtifactsError as error:
        where = str(error.where)
    assert where.startswith("n.ipynb")
