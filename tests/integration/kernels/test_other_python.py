"""Another Python: chosen by the magic and taken back, and what is said where it cannot be had."""

from pathlib import Path

import pytest

from jupyter_pyartifacts.interpreter import host_version
from tests.pythons import PLATFORM, Shelf

from .conftest import write_notebook

pytestmark = [pytest.mark.network, pytest.mark.kernel]

MINOR = ".".join(host_version().split(".")[:2])
OTHER = f"{MINOR}.99"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    own = Shelf(tmp_path / "shelf")
    own.fake(OTHER)
    return own


def test_the_magic_locks_for_another_python_until_it_is_undone(start, shelf):
    kernel = start(variables={"PYARTIFACTS_PYTHON_TABLE": str(shelf.table)})
    before = kernel.run("%pyartifacts show")
    assert before.ok, before.error
    dry = kernel.run(f"%pyartifacts python {OTHER} --dry-run")
    assert dry.ok, dry.error
    answer = kernel.run(f"change = %pyartifacts python {OTHER}")
    assert answer.ok, answer.error
    assert kernel.value("[change.restart, change.lock['python']]") == [
        "required",
        f"cpython {OTHER}",
    ]
    (line,) = kernel.value("change.lock['interpreters']")
    assert f" {OTHER} " in line
    assert kernel.value("change.advice") == [
        f"the lock is for Python {OTHER}; this kernel runs {host_version()} until it is restarted"
    ]
    # The archive is fetched at once, and what it holds here starts no Python.
    assert "the lock is made, its environment is not" in kernel.value("change.notes")[-1]
    assert kernel.run("import pandas").ok
    assert kernel.run("%pyartifacts history").out == ""
    answer = kernel.run("back = %pyartifacts undo")
    assert answer.ok, answer.error
    assert kernel.value("back.lock['python']") == f"cpython {host_version()}"
    assert kernel.value("back.restart") is None


def test_what_cannot_be_is_explained_and_changes_nothing(start, shelf):
    kernel = start(variables={"PYARTIFACTS_PYTHON_TABLE": str(shelf.table)})
    answer = kernel.run("%pyartifacts python 3.97")
    assert not answer.ok
    assert "there is no Python 3.97 to lock for" in "".join(answer.error["traceback"])
    shelf.fake("3.7.9")
    answer = kernel.run("%pyartifacts python 3.7.9")
    assert not answer.ok
    text = "".join(answer.error["traceback"])
    # pandas 2.2.3 wants Python 3.9 or newer: the resolver's explanation says so.
    assert "pandas" in text
    assert kernel.run("%pyartifacts show").ok


def test_the_fallback_kernel_names_the_version_and_the_ways_to_get_it(start, tmp_path, monkeypatch):
    monkeypatch.setenv("PYARTIFACTS_TRUST", "all")
    empty = {key: [] for key in ("requirements", "kernel", "distributions", "artifacts")}
    foreign = {**empty, "lock_version": 1, "python": "cpython 3.97.1", "platforms": [PLATFORM]}
    kernel = start(write_notebook(tmp_path / "foreign.ipynb", lock=foreign))
    answer = kernel.run("1 + 1")
    assert not answer.ok
    assert answer.error["ename"] == "NoInterpreter"
    text = "\n".join(answer.error["traceback"])
    assert "Python 3.97.1, which the lock is for, is not on this machine" in text
    for way in ("lock again where the table", "PYARTIFACTS_PYTHON_MIRROR", "install Python 3.97.1"):
        assert way in text
