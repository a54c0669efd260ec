"""Indexes beside the default one."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.errors import UsageError
from jupyter_pyartifacts.indexes import merge_indexes, parse_index
from jupyter_pyartifacts.model import Index


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("pytorch=https://a.example/whl/cu124", "pytorch", "https://a.example/whl/cu124"),
        ("https://wheels.example/whl/cu124/", "wheels-cu124", "https://wheels.example/whl/cu124"),
        ("own=https://me:secret@a.example:8443/x", "own", "https://a.example:8443/x"),
        ("local=file:///srv/wheels", "local", "file:///srv/wheels"),
        ("https://a.example/x?y=z", "a-x", "https://a.example/x?y=z"),
    ],
)
def test_an_index_is_read(text: str, name: str, url: str) -> None:
    assert parse_index(text) == Index(name=name, url=url)


@pytest.mark.parametrize(
    "text",
    ["", "name=", "ftp://x/y", "a b=https://x/y", "https://", "https://[::1", "-x=https://y"],
)
def test_what_is_no_index_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="an index is not understood"):
        parse_index(text)


def test_a_refused_index_does_not_show_its_password() -> None:
    with pytest.raises(UsageError) as caught:
        parse_index("ftp://me:secret@x/y")
    assert "secret" not in str(caught.value)


def test_a_project_is_tied_to_one_index_only() -> None:
    first = merge_indexes((), ["a=https://a.example/"], ["torch", "numpy"])
    assert first == (Index(name="a", url="https://a.example", projects=("numpy", "torch")),)
    second = merge_indexes(first, ["b=https://b.example/"], ["torch"])
    assert [index.projects for index in second] == [("numpy",), ("torch",)]
    assert merge_indexes(second, [], ["torch"]) == second
