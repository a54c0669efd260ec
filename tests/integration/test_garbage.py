"""Garbage in every format that is imported: the exact place of the fault, and nothing changes.

The command line runs in this process, as it would in its own: there are many files to try.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.cli import main

from .conftest import REPOSITORY

HEX = "0123456789abcdef" * 4
QUICKSTART = json.loads((REPOSITORY / "notebooks" / "quickstart.ipynb").read_text("utf-8"))
LOCK: dict[str, Any] = QUICKSTART["metadata"]["pyartifacts"]
PYLOCK = f"""\
lock-version = '1.0'
created-by = 'x'
[[packages]]
name = 'six'
version = '1.0'
[[packages.wheels]]
name = 'six-1.0-py3-none-any.whl'
url = 'https://x.example/six-1.0-py3-none-any.whl'
[packages.wheels.hashes]
sha256 = '{HEX}'
"""
UV_LOCK = f"""\
version = 1
requires-python = '>=3.8'
[[package]]
name = 'six'
version = '1.0'
source = {{ registry = 'https://x.example/simple' }}
wheels = [{{ url = 'https://x.example/six-1.0-py3-none-any.whl', hash = 'sha256:{HEX}' }}]
"""


def notebook(*cells: str, **metadata: object) -> str:
    found = [
        {
            "cell_type": "code",
            "id": f"cell{number}",
            "metadata": {},
            "execution_count": None,
            "source": source,
            "outputs": [],
        }
        for number, source in enumerate(cells)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": found})


def script(*lines: str) -> str:
    return "\n".join(["# /// script", *(f"# {line}" for line in lines), "# ///", ""])


NOT_TOML = "a file is not TOML"
NOT_PEP_751 = "a pylock file is not as PEP 751 has it"
WRONG_KIND = "a value is of another kind than the format has there"
UNKNOWN_UV = "a uv.lock is of a version that is not known here"
MALFORMED = "the lock is malformed"
# What is in a file of that name, what the message begins with, and the place that it names.
FAULTS: dict[str, list[tuple[str, str | bytes, str, str]]] = {
    "pylock.toml": [
        ("truncated", PYLOCK[:-20], NOT_TOML, "pylock.toml, line 10, at its end"),
        ("cut off", PYLOCK[:60], NOT_TOML, "pylock.toml, line 4, at its end"),
        (
            "wrong deep inside",
            PYLOCK.replace(f"'{HEX}'", "7"),
            NOT_PEP_751,
            "pylock.toml, packages[0].wheels[0].hashes",
        ),
        (
            "a bad name",
            PYLOCK.replace("'six'", "'-'"),
            NOT_PEP_751,
            "pylock.toml, packages[0].name",
        ),
        (
            "wrong at the top",
            "lock-version = '1.0'\ncreated-by = 'x'\npackages = 3\n",
            NOT_PEP_751,
            "pylock.toml, packages",
        ),
        (
            "from the future",
            PYLOCK.replace("'1.0'\nc", "'2.0'\nc"),
            "a pylock file is of a version that is not known here",
            "pylock.toml, lock-version",
        ),
        ("empty", "", NOT_PEP_751, "pylock.toml, lock-version"),
        ("nested without end", "x = " + "[" * 100_000, NOT_TOML, "pylock.toml"),
        ("no text", "\0", NOT_TOML, "pylock.toml, line 1, column 1"),
    ],
    "requirements.txt": [
        ("truncated", "six==1.0 --hash=sha256:01", "a hash cannot be read", "line 1"),
        ("another hash", "\nsix==1.0 --hash=md9:aa\n", "a hash cannot be read", "line 2"),
        ("an option", "six\n--frobnicate x\n", "an option is not known", "line 2"),
        ("a bad line", "six\n\nsix 1.0\n", "a requirement cannot be read", "line 3"),
        ("no text", "six\n\0\n", "a requirement is longer than one line", "line 2"),
        ("a conflict", "six\n<<<<<<< ours\n", "a file has an unresolved merge conflict", "line 2"),
        ("empty", "", "there is nothing to import", "requirements.txt"),
    ],
    "pyproject.toml": [
        (
            "truncated",
            "[project]\ndependencies = ['six'",
            NOT_TOML,
            "pyproject.toml, line 2, at its end",
        ),
        (
            "wrong deep inside",
            "[project]\ndependencies = ['six']\n[tool.uv.sources]\nsix = 3\n",
            WRONG_KIND,
            "pyproject.toml, tool.uv.sources.six",
        ),
        (
            "a table for a list",
            "[project]\ndependencies = { six = '1' }\n",
            WRONG_KIND,
            "pyproject.toml, project.dependencies",
        ),
        (
            "a bad requirement",
            "[project]\ndependencies = ['six', 'six !']\n",
            "a requirement cannot be read",
            "pyproject.toml, project.dependencies[1]",
        ),
        ("empty", "", "a pyproject.toml has no dependencies of its own", "pyproject.toml"),
    ],
    "uv.lock": [
        ("truncated", UV_LOCK[:-30], NOT_TOML, "uv.lock, line 7, at its end"),
        (
            "wrong deep inside",
            UV_LOCK.replace(f"'sha256:{HEX}'", "9"),
            WRONG_KIND,
            "uv.lock, package[0].wheels[0].hash",
        ),
        ("from the future", UV_LOCK.replace("= 1", "= 9", 1), UNKNOWN_UV, "uv.lock, version"),
        ("empty", "", UNKNOWN_UV, "uv.lock, version"),
    ],
    "x.py": [
        ("truncated", "# /// script\n# dependencies = ['six'\n", "a block of script", "line 1"),
        ("not TOML", script("dependencies = ["), NOT_TOML, "x.py, line 2, at its end"),
        ("wrong inside", script("dependencies = [1]"), WRONG_KIND, "x.py, dependencies[0]"),
        (
            "wrong deep inside",
            script("dependencies = ['six']", "[tool.uv]", "exclude-newer = 4"),
            WRONG_KIND,
            "x.py, tool.uv.exclude-newer",
        ),
        ("twice", f"{script()}\n{script()}", "there are two blocks of script metadata", "line 4"),
        ("empty", "", "there is no block of script metadata (PEP 723)", "x.py"),
    ],
    "other.ipynb": [
        ("truncated", notebook(pyartifacts=LOCK)[:-40], "the notebook is not JSON", "other.ipynb"),
        (
            "wrong deep inside",
            notebook(pyartifacts={**LOCK, "artifacts": [LOCK["artifacts"][0], 1]}),
            f"{MALFORMED}: unexpected integer (expected string)",
            "other.ipynb, pyartifacts.artifacts[1]",
        ),
        (
            "a bad line",
            notebook(pyartifacts={**LOCK, "trees": ["x"]}),
            MALFORMED,
            "other.ipynb, pyartifacts.trees[0]",
        ),
        (
            "from the future",
            notebook(pyartifacts={**LOCK, "lock_version": 99}),
            "the lock was written by a newer version of jupyter_pyartifacts",
            "other.ipynb, pyartifacts.lock_version",
        ),
        (
            "a notebook from the future",
            notebook().replace('"nbformat": 4', '"nbformat": 9'),
            "the notebook is in the format 9, which this version does not know",
            "other.ipynb",
        ),
        ("no notebook", "[]", "the file is JSON, but no notebook", "other.ipynb"),
        ("nested without end", "[" * 100_000, "the notebook is not JSON", "other.ipynb"),
        ("empty", "", "the notebook is empty", "other.ipynb"),
        ("cells of no kind", notebook().replace("[]", "3"), "the file is JSON", "other.ipynb"),
    ],
    "juv.ipynb": [
        (
            "truncated",
            notebook(**{"uv.lock": UV_LOCK[:-30]}),
            NOT_TOML,
            'juv.ipynb, metadata["uv.lock"], line 7, at its end',
        ),
        (
            "no text",
            notebook(**{"uv.lock": {"version": 1}}),
            "juv's lock is not a text",
            'juv.ipynb, metadata["uv.lock"]',
        ),
        (
            "from the future",
            notebook(**{"uv.lock": UV_LOCK.replace("= 1", "= 9", 1)}),
            UNKNOWN_UV,
            'juv.ipynb, metadata["uv.lock"], version',
        ),
        (
            "a bad block",
            notebook("import six", script("dependencies = [")),
            NOT_TOML,
            "juv.ipynb, cells[1], line 2, at its end",
        ),
    ],
    "cells.ipynb": [
        ("a bad line", notebook("%pip install 'six=='"), "there is nothing to import", "cells"),
        ("none", notebook("import six"), "there is nothing to import", "cells.ipynb"),
    ],
}
CASES = [
    pytest.param(name, data, message, place, id=f"{name}: {fault}")
    for name, faults in FAULTS.items()
    for fault, data, message, place in faults
]
NAMES = list(FAULTS)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the notebook `n.ipynb`, whose lock is trusted, and nothing else."""
    for key in [key for key in os.environ if key.startswith("PYARTIFACTS_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PYARTIFACTS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("PYARTIFACTS_TRUST", "all")
    monkeypatch.setenv("PYARTIFACTS_OFFLINE", "1")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "n.ipynb").write_text(notebook("import six", pyartifacts=LOCK))
    monkeypatch.chdir(tmp_path / "home")
    return tmp_path / "home"


def refused(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """Import what cannot be; return the lines of the message, once nothing has changed by it."""
    before = {path.name: path.read_bytes() for path in home.iterdir() if path.name == "n.ipynb"}
    assert main(["import", "n.ipynb", *words]) in (1, 2)
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "Traceback" not in streams.err
    assert {name: (home / name).read_bytes() for name in before} == before
    assert not (home.parent / "store" / "views").exists()
    lines = streams.err.splitlines()
    assert lines[0].startswith("error: ")
    assert lines[-1].startswith("hint: ")
    return lines


@pytest.mark.parametrize(("name", "data", "message", "place"), CASES)
def test_the_place_of_the_fault(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    data: str | bytes,
    message: str,
    place: str,
) -> None:
    (home / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    first = refused(home, capsys, "--from", name)[0].removeprefix("error: ")
    assert first.startswith(message)
    assert name in first
    assert place in first


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_utf_8(home: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (home / name).write_bytes(b"# \xc3\xa4\n\xff\xfe\n")
    first = refused(home, capsys, "--from", name)[0]
    if name.endswith(".ipynb"):
        assert first == f"error: the notebook is not UTF-8 text ({home / name})"
    else:
        assert first == f"error: a file is not UTF-8 text ({home / name}, line 2)"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_too_large(home: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    with (home / name).open("wb") as file:
        file.truncate((1 << 30) + 1)
    first = refused(home, capsys, "--from", name)[0]
    assert "large" in first
    assert str(home / name) in first


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_file(home: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert str(home / name) in refused(home, capsys, "--from", name)[0]
    (home / name).mkdir()
    assert str(home / name) in refused(home, capsys, "--from", name)[0]
    (home / name).rmdir()
    os.mkfifo(home / name)
    assert str(home / name) in refused(home, capsys, "--from", name)[0]


def test_a_device_and_a_name_that_says_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    how = ("--from", "/dev/zero", "--format", "requirements")
    assert refused(home, capsys, *how)[0] == "error: this is not a file (/dev/zero)"
    (home / "Pipfile").write_text("")
    assert refused(home, capsys, "--from", "Pipfile")[0] == (
        "error: the format of a file cannot be told by its name (Pipfile)"
    )


def test_a_newer_pylock_of_the_same_major_version_is_read_with_a_note(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from jupyter_pyartifacts.interop.pylock import read_pylock

    wanted = read_pylock(PYLOCK.replace("'1.0'\nc", "'1.7'\nc"), "pylock.toml")
    assert wanted.notes == ("pylock.toml is of version 1.7, and was read as 1.0",)
    assert capsys.readouterr().err == ""


def test_a_group_of_another_kind(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "[project]\ndependencies = ['six']\n[dependency-groups]\ntest = [{include-group = 4}]\n"
    (home / "pyproject.toml").write_text(text)
    first = refused(home, capsys, "--from", "pyproject.toml", "--group", "test")[0]
    where = "pyproject.toml, dependency-groups.test"
    assert first == f"error: a dependency group is not as PEP 735 has it ({where})"
