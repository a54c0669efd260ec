"""File names of sdists: today's form, and the forms of twenty years before it."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.filenames import parse_sdist_name, sdist_readings, sdist_version


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("docopt-0.6.2.tar.gz", ("docopt", "0.6.2")),
        ("antlr4-python3-runtime-4.9.3.tar.gz", ("antlr4-python3-runtime", "4.9.3")),
        ("Zope.Interface-5.0.0a1.ZIP", ("zope-interface", "5.0.0a1")),
        ("foo-1.0-beta2.tgz", ("foo", "1.0b2")),
        ("foo-2.0-1.tar.gz", ("foo", "2.0.post1")),
        ("foo-1.0+local.1.zip", ("foo", "1.0+local.1")),
        ("foo-v1.0.tar.gz", ("foo", "1.0")),
        ("pytz-2011k.tar.gz", None),
        ("foo.tar.gz", None),
        ("-1.0.tar.gz", None),
        ("foo-1.0.tar.bz2", None),
        ("foo-1.0-py3-none-any.whl", None),
        ("", None),
    ],
)
def test_the_likeliest_reading(filename: str, expected: tuple[str, str] | None) -> None:
    assert parse_sdist_name(filename) == expected


def test_every_reading() -> None:
    assert list(sdist_readings("foo-2.0-1.tar.gz")) == [("foo", "2.0.post1"), ("foo-2-0", "1")]


def test_the_version_of_a_project_that_is_known() -> None:
    assert sdist_version("foo-2.0-1.tar.gz", "foo") == "2.0-1"
    assert sdist_version("foo-2.0-1.tar.gz", "foo-2-0") == "1"
    assert sdist_version("Foo_Bar-1.0.tar.bz2", "foo-bar") == "1.0"
    assert sdist_version("foo-1.0.tar.gz", "bar") is None
    assert sdist_version("foo-1.0.exe", "foo") is None
