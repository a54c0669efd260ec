"""Hints that a lock keeps: they lead back to where they came from, also on a mirror."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.index.locations import file_root, is_root_hint, location_for, url_of_hint

HINT = f"ab/cd/{'e' * 60}"
INDEX = "https://index.example/simple"


def test_the_layout_with_a_file_root() -> None:
    url = f"https://files.example/packages/{HINT}/six-1.0-py3-none-any.whl"
    assert location_for(url, INDEX) == HINT
    assert file_root(url) == "https://files.example/packages/"
    assert is_root_hint(HINT)
    assert (
        url_of_hint(
            HINT, "six-1.0+a-py3-none-any.whl", index_url=INDEX, root="https://m.example/p/"
        )
        == f"https://m.example/p/{HINT}/six-1.0%2Ba-py3-none-any.whl"
    )


def test_a_root_that_is_not_known() -> None:
    assert url_of_hint(HINT, "six.whl", index_url=INDEX, root=None) is None


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://index.example/files/six-1.whl", "../files/six-1.whl"),
        ("https://index.example/simple/six/six-1.whl", "./six/six-1.whl"),
        ("https://index.example/simple/six/six-1%2Bcpu.whl", "./six/six-1+cpu.whl"),
        ("https://other.example/six-1.whl", "https://other.example/six-1.whl"),
        ("https://index.example/f?id=3", "https://index.example/f?id=3"),
    ],
)
def test_a_location_by_the_index_or_by_itself(url: str, location: str) -> None:
    assert location_for(url, INDEX) == location
    if not location.startswith("https:"):
        back = url_of_hint(location, "six-1.whl", index_url=INDEX, root=None)
        assert back is not None
        assert back.replace("+", "%2B") == url


@pytest.mark.parametrize(
    "hint", [f"ab/cd/{'e' * 59}", f"AB/cd/{'e' * 60}", f"x/{HINT}", f"{HINT}/.."]
)
def test_what_is_no_hint(hint: str) -> None:
    assert not is_root_hint(hint)
