"""Names of entries: what leaves the tree or means two files is refused, with its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.errors import UnsafeArchive
from jupyter_pyartifacts.translate.names import check_names, name_problem


def check(files: list[str], folders: list[str] | None = None) -> list[str]:
    return check_names(files, folders or [], label="demo 1.0", where="demo.whl")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("/etc/passwd", "is an absolute path"),
        ("../evil.py", "leaves its tree by '..'"),
        ("a/../../evil.py", "leaves its tree by '..'"),
        ("a/..", "leaves its tree by '..'"),
        ("a//b", "has an empty component or '.' in its path"),
        ("a/./b", "has an empty component or '.' in its path"),
        ("", "has an empty component or '.' in its path"),
        ("a\\b", "has a backslash in its name"),
        ("..\\evil.py", "has a backslash in its name"),
        ("C:/evil.py", "has a colon in its name (a drive or an alternate stream)"),
        ("a.py:stream", "has a colon in its name (a drive or an alternate stream)"),
        ("a\0.py", "has a NUL in its name"),
        ("a\nb", "has a control character in its name"),
        ("a\x7f", "has a control character in its name"),
        ("a/b.", "has a name that ends in a dot or a space, which Windows takes off"),
        ("a /b", "has a name that ends in a dot or a space, which Windows takes off"),
        ("a/aux.py", "has the name of a device on Windows"),
        ("NUL", "has the name of a device on Windows"),
        ("com1.tar.gz", "has the name of a device on Windows"),
        ("LPT\u00b9.txt", "has the name of a device on Windows"),
        ("con .py", "has the name of a device on Windows"),
        ("x" * 256, "has a name of more than 255 bytes"),
        ("\u00e9" * 128, "has a name of more than 255 bytes"),
    ],
)
def test_an_unsafe_name_is_refused(name: str, problem: str) -> None:
    assert name_problem(name) == problem
    with pytest.raises(UnsafeArchive) as caught:
        check(["fine.py", name])
    assert str(caught.value) == (
        f"demo 1.0: an entry of its archive {problem} (demo.whl: {name!r})\n"
        "hint: do not use this file; ask its project for a clean one, and pin another version"
        " until then"
    )


@pytest.mark.parametrize(
    "name",
    [
        "pkg/__init__.py",
        "pkg/.libs/lib.so.1",
        "pkg/auxiliary.py",
        "pkg/console.py",
        "pkg/com10.py",
        "pkg/..hidden",
        "pkg/a...b",
        "pkg/\u00fcber \U0001f40d.py",
        "x" * 255,
    ],
)
def test_an_ordinary_name_is_fine(name: str) -> None:
    assert name_problem(name) is None
    check([name])


def test_directories_come_parents_first() -> None:
    assert check(["a/b/c.py", "d.py", "a/x.py"], ["e/f", "a"]) == ["a", "a/b", "e", "e/f"]


@pytest.mark.parametrize(
    ("files", "folders", "problem"),
    [
        (["a.py", "a.py"], [], "occurs twice"),
        (["A.py", "a.py"], [], "differs from 'A.py' only by case or Unicode form"),
        (["a/x.py", "A/y.py"], [], "differs from 'A' only by case or Unicode form"),
        (["a/x.py"], ["A"], "differs from 'A' only by case or Unicode form"),
        (["\u00e9.py", "e\u0301.py"], [], "only by case or Unicode form"),
        (["stra\u00dfe.py", "STRASSE.py"], [], "only by case or Unicode form"),
        (["a", "a/b"], [], "is a directory and a file at once"),
        (["a/b", "A"], [], "is a directory and a file at once"),
        (["a"], ["a"], "is a directory and a file at once"),
    ],
)
def test_names_that_clash_are_refused(files: list[str], folders: list[str], problem: str) -> None:
    with pytest.raises(UnsafeArchive) as caught:
        check(files, folders)
    assert problem in caught.value.what


def test_a_folder_entry_beside_its_files_is_fine() -> None:
    assert check(["a/b.py"], ["a", "a"]) == ["a"]


@given(st.lists(st.text(max_size=8), max_size=4).map("/".join))
def test_whatever_passes_stays_below(name: str) -> None:
    if name_problem(name) is None:
        parts = name.split("/")
        assert not name.startswith("/")
        assert not {"", ".", ".."} & set(parts)
        assert "\\" not in name
        assert "\0" not in name
