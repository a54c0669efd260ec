"""Badges: how BinderHub names what git calls a remote."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.binder import Remote, badge_of


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://github.com/me/work.git", "gh/me/work"),
        ("https://github.com/me/work", "gh/me/work"),
        ("https://token:secret@github.com/me/work.git", "gh/me/work"),
        ("git@github.com:me/work.git", "gh/me/work"),
        ("github.com:me/work", "gh/me/work"),
        ("ssh://git@github.com/me/work.git", "gh/me/work"),
        ("git://github.com/me/work.git/", "gh/me/work"),
        ("https://gitlab.com/group/sub/work.git", "gl/group%2Fsub%2Fwork"),
        ("git@codes.example:me/work.git", "git/https%3A%2F%2Fcodes.example%2Fme%2Fwork.git"),
        ("https://me:pw@codes.example:8443/w", "git/https%3A%2F%2Fcodes.example%3A8443%2Fw"),
        ("ssh://git@codes.example:2222/me/w", "git/https%3A%2F%2Fcodes.example%2Fme%2Fw"),
    ],
)
def test_remotes_have_their_names(url: str, named: str) -> None:
    badge = badge_of(Remote(url=url, branch="main"), ())
    assert badge.url == f"https://mybinder.org/v2/{named}/main?urlpath=lab"
    assert badge.markdown == f"[![Binder](https://mybinder.org/badge_logo.svg)]({badge.url})"
    assert badge.missing is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (None, "git knows no remote here"),
        ("/srv/git/work.git", "git's remote is on no network"),
        ("../work", "git's remote is on no network"),
        ("file:///srv/work.git", "git's remote is on no network"),
        ("C:/work", "git's remote is on no network"),
        ("C:\\work", "git's remote is on no network"),
        ("https://localhost/me/work", "git's remote is on no network"),
        ("https://github.com/", "git's remote is on no network"),
        ("https://[bad/me/work", "git's remote is on no network"),
    ],
)
def test_a_placeholder_is_explained(url: str | None, why: str) -> None:
    badge = badge_of(Remote(url=url, branch=None), ())
    assert badge.url == "https://mybinder.org/v2/gh/OWNER/REPOSITORY/HEAD?urlpath=lab"
    assert badge.missing == f"{why}: in the badge, put yours in place of OWNER/REPOSITORY"


def test_it_opens_the_one_notebook_there_is() -> None:
    remote = Remote(url="git@github.com:me/work.git", branch="fix/ä b")
    badge = badge_of(remote, ("a b/ü.ipynb",), "https://hub.example/binder/")
    assert badge.url == (
        "https://hub.example/binder/v2/gh/me/work/fix/%C3%A4%20b?labpath=a%20b%2F%C3%BC.ipynb"
    )
    assert badge_of(remote, ("a.ipynb", "b.ipynb")).url.endswith("?urlpath=lab")
