"""Metadata as uv gets it: legacy requirements mended, lies refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from jupyter_pyartifacts.resolve.metadata import (
    impossible_metadata,
    mend_requirement,
    render_metadata,
)


@pytest.mark.parametrize(
    "text",
    [
        "six",
        "numpy>=1.9",
        'enum34; python_version < "3.4"',
        'foo[bar]<2,>=1; extra == "x"',
    ],
)
def test_what_is_in_order_stays(text: str) -> None:
    assert mend_requirement(text) == (text, None)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("six (>=1.4.0)", "six>=1.4.0"),
        ("enum34 ; python_version<'3.4'", 'enum34; python_version < "3.4"'),
        ("x; os.name == 'nt'", 'x; os_name == "nt"'),
        ("a\n  >=1", "a>=1"),
    ],
)
def test_older_ways_of_writing_the_same_need_no_note(text: str, same: str) -> None:
    assert mend_requirement(text) == (same, None)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("pytz (>=2011k)", "pytz>=2011"),
        ("pytz>=2011k; extra == 'x'", 'pytz>=2011; extra == "x"'),
        ("numpy>=1.9.*", "numpy>=1.9"),
        ("numpy (<2.*)", "numpy<2"),
        ("numpy~=1.0.*", "numpy==1.0.*"),
        ("a >1.0<2", "a<2,>1.0"),
        ("tornado >= '4'", "tornado>=4"),
        ("a => 1", "a>=1"),
        ("x (==1.0.dev-r123)", "x"),
        ("futures; python_version < 3.2", 'futures; python_version < "3.2"'),
        ("x>=1; nonsense == 3", "x>=1"),
    ],
)
def test_what_pep_440_cannot_say_is_said_as_nearly_as_can_be(text: str, mended: str) -> None:
    assert mend_requirement(text) == (mended, f"read {text!r} as {mended!r}")
    assert str(Requirement(mended)) == mended


@pytest.mark.parametrize("text", ["", "???", "-e .", "=1.0"])
def test_what_is_no_requirement_is_left_out(text: str) -> None:
    assert mend_requirement(text) == (None, f"left out {text!r}: it cannot be read")


def test_a_url_becomes_a_name_that_says_so() -> None:
    text = "Pkg @ git+https://host.example/pkg ; extra == 'x'"
    mended, note = mend_requirement(text)
    assert (
        mended == 'pyartifacts-refused-pkg-is-wanted-from-a-url-which-is-not-followed; extra == "x"'
    )
    assert note == f"refused {' '.join(text.split())!r}: a URL inside metadata is not followed"


def render(raw: str, *, python: str = "3.11.7") -> tuple[list[str], list[str]]:
    notes: list[str] = []
    body = render_metadata(
        raw.encode(), name="first", version="1.0", python=python, note=notes.append
    )
    return body.decode().splitlines(), notes


def test_only_what_a_resolver_needs_is_served() -> None:
    raw = (
        "Metadata-Version: 2.4\nName: First\nVersion: 1.0\nSummary: x\nRequires-Python: >=3.8\n"
        "Provides-Extra: speed\nRequires-Dist: six\nRequires-Dist: fast; extra == 'speed'\n"
        "License-File: X\n\nName: not a header\n"
    )
    assert render(raw) == (
        [
            "Metadata-Version: 2.1",
            "Name: first",
            "Version: 1.0",
            "Provides-Extra: speed",
            "Requires-Dist: six",
            'Requires-Dist: fast; extra == "speed"',
            "",
        ],
        [],
    )


def test_a_python_that_is_refused_stays_refused() -> None:
    raw = "Metadata-Version: 2.1\nName: first\nVersion: 1.0\nRequires-Python: >=3.12.*\n"
    assert "Requires-Python: >=3.12" in render(raw)[0]
    assert not any("Requires-Python" in line for line in render(raw, python="3.12.0")[0])


@pytest.mark.parametrize(("name", "version"), [("other", "1.0"), ("first", "2.0"), ("", "")])
def test_metadata_of_something_else_cannot_be_met(name: str, version: str) -> None:
    lines, notes = render(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    assert "\n".join(lines).encode() + b"\n" == impossible_metadata(
        "first", "1.0", "metadata-of-another-distribution"
    )
    assert notes == [f"its metadata says {name} {version}, so it is not used"]


def test_old_spellings_of_the_same_name_and_version_are_the_same() -> None:
    lines, notes = render("Metadata-Version: 1.0\nName: FIRST\nVersion: 1.0.0\nRequires-Dist: x\n")
    assert "Requires-Dist: x" in lines
    assert notes == []


@given(st.text() | st.from_regex(r"[a-z]{1,4} ?\(?[<>=!~]{0,2}[0-9a-z.*]{0,6}\)?( ?;.{0,12})?"))
def test_whatever_is_made_of_a_requirement_is_one(text: str) -> None:
    mended, note = mend_requirement(text)
    assert (mended is None) <= (note is not None)
    if mended is not None:
        assert Requirement(mended).url is None
