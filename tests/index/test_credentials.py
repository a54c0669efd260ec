"""Credentials: found for the URLs they belong to, kept out of everything shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_pyartifacts.index.credentials import Credentials, split_credentials


def test_they_are_taken_out_of_a_url() -> None:
    bare, found = split_credentials("https://me:p%40ss@host.example:8443/simple")
    assert bare == "https://host.example:8443/simple"
    assert found == ("me", "p@ss")
    assert split_credentials(bare) == (bare, None)


def test_the_longest_prefix_wins_then_the_host() -> None:
    own = Credentials({})
    own.learn("https://a:1@host.example/one/simple")
    own.learn("https://b:2@host.example/two/simple/")
    assert own.find("https://host.example/one/simple/six/") == ("a", "1")
    assert own.find("https://host.example/two/simple/six/") == ("b", "2")
    assert own.find("https://host.example/files/six.whl") in {("a", "1"), ("b", "2")}
    assert own.find("https://other.example/one/simple/six/") is None
    assert own.find("http://host.example/one/simple/six/") is None


def test_they_are_not_shown() -> None:
    own = Credentials({})
    own.learn("https://me:secret@host.example/simple")
    assert repr(own) == "Credentials(<1 known>)"


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_netrc_of_the_home_directory(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("machine host.example login me password word\n")
    (tmp_path / name).chmod(0o600)
    own = Credentials({"HOME": str(tmp_path)})
    assert own.find("https://host.example/x") == ("me", "word")
    assert own.find("https://other.example/x") is None


def test_a_netrc_that_cannot_be_read_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine")
    assert Credentials({"HOME": str(tmp_path)}).find("https://host.example/x") is None
