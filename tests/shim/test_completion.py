"""Tab completion of the magic's line."""

import os
from pathlib import Path

import pytest

from jupyter_pyartifacts.shim.completion import candidates
from jupyter_pyartifacts.shim.verbs import VERBS

PINNED = ["numpy", "pandas", "pytz"]


def complete(line: str) -> list[str]:
    symbol = "" if line[-1:].isspace() else line.split()[-1]
    return candidates(line, symbol, PINNED, ["pandas"])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%pyartifacts ", list(VERBS)),
        ("%%pyartifacts ad", ["add"]),
        ("%pyartifacts u", ["upgrade", "undo"]),
        ("%pyartifacts remove ", ["pandas"]),
        ("%pyartifacts upgrade ", PINNED),
        ("%pyartifacts upgrade p", ["pandas", "pytz"]),
        ("%pyartifacts upgrade pandas p", ["pytz"]),
        ("%pyartifacts show num", ["numpy"]),
        ("%pyartifacts add six --a", ["--as-of"]),
        ("%pyartifacts remove --", ["--dry-run", "--offline", "--trust", "--help"]),
        ("%pyartifacts add --platform mac", ["macos-arm64", "macos-x86_64"]),
        ("%pyartifacts add --as-of ", []),
        ("%pyartifacts undo ", ["--dry-run", "--offline", "--trust"]),
        ("%pyartifacts help ver", ["versions", "verify"]),
        ("%pyartifacts export ", ["pylock", "requirements", "environment", "script"]),
        ("%pyartifacts export re", ["requirements"]),
        ("%pyartifacts export pylock ", []),
        ("%pyartifacts export pylock -", ["-o", "--force", "--trust", "--help"]),
        ("%pyartifacts import --r", ["--replace"]),
        ("%pyartifacts import --extra ", []),
        ("%pyartifacts frobnicate ", []),
        ("%pyartifacts add pan", []),
    ],
)
def test_candidates(line: str, expected: list[str]) -> None:
    assert complete(line) == expected


def test_wheels_and_notebooks_are_offered_as_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a-1-py3-none-any.whl", "b-1.tar.gz", "n.ipynb", "x.txt"):
        (tmp_path / name).touch()
    (tmp_path / "wheels").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert complete("%pyartifacts add ./") == [
        "./a-1-py3-none-any.whl",
        "./b-1.tar.gz",
        "./wheels/",
    ]
    assert complete("%pyartifacts add ~/w") == ["~/wheels/"]
    assert complete("%pyartifacts instantiate ") == ["n.ipynb", "wheels/"]
    assert complete("%pyartifacts import ") == ["n.ipynb", "wheels/", "x.txt"]
    assert complete("%pyartifacts export -o x") == ["x.txt"]
    assert complete(f"%pyartifacts instantiate {tmp_path}{os.sep}n") == [f"{tmp_path}/n.ipynb"]
