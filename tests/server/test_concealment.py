"""No credentials in what leaves the server, whatever text they are in."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.server.concealment import conceal


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("see https://user:secret@host/simple/", "see https://***@host/simple/"),
        ("https://secret@host", "https://***@host"),
        ("https://u:p@ss@host/x and http://a:b@c", "https://***@host/x and http://***@c"),
        ("(https://host/x?token=secret&y=1)", "(https://host/x?token=***&y=1)"),
        ("https://h/?X-Amz-Signature=secret", "https://h/?X-Amz-Signature=***"),
        ("a@b.example wrote https://host/@scope", "a@b.example wrote https://host/@scope"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_texts(given, shown):
    assert conceal(given) == shown


def test_everything_inside_is_looked_at_and_the_rest_stays():
    url = "ftp://u:p@h"
    assert conceal({"a": [url, 1, None, True], "b": {"c": (url,)}}) == {
        "a": ["ftp://***@h", 1, None, True],
        "b": {"c": ["ftp://***@h"]},
    }
