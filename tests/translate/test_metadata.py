"""A wheel's name, METADATA, WHEEL and entry points must tell one story."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.errors import ArtifactError
from jupyter_pyartifacts.translate.metadata import (
    check_metadata,
    check_wheel_version,
    find_dist_info,
    parse_entry_points,
    parse_wheel_name,
)

WHEEL = parse_wheel_name("Foo_Bar-1.0.post1-py3-none-any.whl")
HINT = "hint: ask the project for a file that is whole, and pin another version until then"


@pytest.mark.parametrize(
    ("filename", "name", "version"),
    [
        ("pandas-2.2.3-cp311-cp311-manylinux_2_17_x86_64.whl", "pandas", "2.2.3"),
        ("ruamel.yaml-0.18-1abc-py3-none-any.whl", "ruamel-yaml", "0.18"),
        ("torch-2.1.0+cu118-cp311-cp311-linux_x86_64.whl", "torch", "2.1.0+cu118"),
        ("x-1!2.0-py2.py3-none-any.whl", "x", "1!2.0"),
        ("old-2004d_fork-py2-none-any.whl", "old", "2004d_fork"),
    ],
)
def test_file_names_are_read(filename: str, name: str, version: str) -> None:
    wheel = parse_wheel_name(filename)
    assert (wheel.name, wheel.version, wheel.label) == (name, version, f"{name} {version}")


@pytest.mark.parametrize("filename", ["demo.whl", "demo-1.0.tar.gz", "a-1-py3-none.whl", ""])
def test_other_file_names_are_refused(filename: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        parse_wheel_name(filename)
    assert caught.value.what == "a wheel has a file name that cannot be read"


def test_the_own_dist_info_is_found() -> None:
    tops = ["foo_bar", "Foo.Bar-1.0.post1.dist-info", "other.data"]
    assert find_dist_info(tops, WHEEL) == "Foo.Bar-1.0.post1.dist-info"
    assert find_dist_info(["foo_bar-1.0-1.dist-info"], WHEEL) == "foo_bar-1.0-1.dist-info"


@pytest.mark.parametrize(
    ("tops", "found"),
    [
        (["foo_bar"], "none"),
        (["evil-1.0.post1.dist-info"], "evil-1.0.post1.dist-info"),
        (["foo_bar-2.0.dist-info"], "foo_bar-2.0.dist-info"),
        (
            ["foo_bar-1.0.post1.dist-info", "evil-1.dist-info"],
            "evil-1.dist-info, foo_bar-1.0.post1.dist-info",
        ),
    ],
)
def test_any_other_dist_info_is_refused(tops: list[str], found: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        find_dist_info(tops, WHEEL)
    assert str(caught.value) == (
        "foo-bar 1.0.post1: its wheel does not have one .dist-info directory of its own"
        " (Foo_Bar-1.0.post1-py3-none-any.whl)\n"
        "  expected: foo_bar-1.0.post1.dist-info\n"
        f"  found:    {found}\n"
        f"{HINT}"
    )


def test_metadata_of_the_same_name_and_version_is_fine() -> None:
    data = b"Metadata-Version: 2.1\nName: foo.BAR\nVersion: 1.0-1\n\nName: evil\n"
    assert check_metadata(data, WHEEL, "here") == ("foo.BAR", "1.0-1")


@pytest.mark.parametrize(
    ("data", "field", "expected", "found"),
    [
        (b"Name: evil\nVersion: 1.0.post1\n", "name", "foo-bar", "evil"),
        (b"Name: foo-bar\nVersion: 2\n", "version", "1.0.post1", "2"),
        (b"Name: foo-bar\n\nVersion: 1.0.post1\n", "version", "1.0.post1", "none"),
        (b"", "name", "foo-bar", "none"),
        (b" Name: foo-bar\n", "name", "foo-bar", "none"),
    ],
)
def test_metadata_that_lies_is_refused(data: bytes, field: str, expected: str, found: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        check_metadata(data, WHEEL, "demo.whl: METADATA")
    assert str(caught.value) == (
        f"foo-bar 1.0.post1: the {field} in its METADATA is not its file name's"
        " (demo.whl: METADATA)\n"
        f"  expected: {expected}\n"
        f"  found:    {found}\n"
        f"{HINT}"
    )


def test_a_legacy_version_is_compared_as_text() -> None:
    wheel = parse_wheel_name("old-2004d_fork-py2-none-any.whl")
    assert check_metadata(b"Name: old\nVersion: 2004d-fork\n", wheel, "here")
    with pytest.raises(ArtifactError):
        check_metadata(b"Name: old\nVersion: 2004e-fork\n", wheel, "here")


def test_the_first_wheel_format_is_read() -> None:
    check_wheel_version(b"Wheel-Version: 1.9\n", WHEEL, "here")


@pytest.mark.parametrize(
    ("data", "found"), [(b"Wheel-Version: 2.0\n", "2.0"), (b"", "none"), (b"x: 1\n", "none")]
)
def test_another_wheel_format_is_refused(data: bytes, found: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        check_wheel_version(data, WHEEL, "demo.whl: WHEEL")
    assert str(caught.value) == (
        "foo-bar 1.0.post1: its WHEEL file is not of format 1 (demo.whl: WHEEL)\n"
        "  expected: Wheel-Version: 1.0\n"
        f"  found:    Wheel-Version: {found}\n"
        "hint: upgrade jupyter_pyartifacts, or pin another version"
    )


def test_entry_points_are_read_without_running_anything() -> None:
    text = b"""
# a comment
[console_scripts]
two = pkg.cli:main.run
one=pkg:main [extra,other]
; another comment
no_function = pkg
bad = pkg:os.system("rm")
../up = pkg:main
.. = pkg:main
same = pkg:first
same = pkg:second

[gui_scripts]
win = pkg.gui:start
[other.group]
three = pkg:other
"""
    assert parse_entry_points(text) == {
        "console_scripts": (
            ("one", "pkg:main"),
            ("same", "pkg:first"),
            ("two", "pkg.cli:main.run"),
        ),
        "gui_scripts": (("win", "pkg.gui:start"),),
    }
    assert parse_entry_points(b"") == {}
