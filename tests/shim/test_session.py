"""The session file, and the notebook it belongs to."""

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.notebook import read_document
from jupyter_pyartifacts.shim.failures import PyArtifactsError
from jupyter_pyartifacts.shim.session import (
    Session,
    editor_notebook,
    find_notebook,
    isolated_session,
    read_notebook_lock,
    stock_session,
)

LOCK: dict[str, Any] = {"lock_version": 1, "requirements": ["six"]}


def notebook(path: Path, **metadata: Any) -> Path:
    document = {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document))
    return path


def test_the_provisioners_words_make_a_session(tmp_path: Path) -> None:
    session = isolated_session(
        {
            "PYARTIFACTS_SESSION": str(tmp_path / "s.json"),
            "PYARTIFACTS_HOST_PYTHON": "/host/python",
            "PYARTIFACTS_VIEW": "/views/a",
            "PYARTIFACTS_NOTEBOOK": "/n.ipynb",
        }
    )
    assert (session.isolated, session.view, session.notebook) == (True, "/views/a", "/n.ipynb")
    assert session.lock() is None


def test_a_kernel_that_the_provisioner_did_not_start_says_so() -> None:
    with pytest.raises(PyArtifactsError) as caught:
        isolated_session({"PYARTIFACTS_SESSION": "/s.json"})
    assert str(caught.value) == (
        "this kernel does not know its host\n"
        "  expected: the variable PYARTIFACTS_HOST_PYTHON, as it was when the kernel started\n"
        "hint: restart the kernel"
    )


def test_what_else_is_in_the_file_stays_and_the_engine_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"pyartifacts": None, "pid": 12}))
    session = Session(str(path), "/host/python", True, view="/views/a")

    session.write_lock(LOCK)

    assert json.loads(path.read_text()) == {"pyartifacts": LOCK, "pid": 12}
    assert read_document(path).lock_document == LOCK
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.json"]


def test_the_views_used_so_far_are_known_the_one_in_use_last(tmp_path: Path) -> None:
    session = Session(str(tmp_path / "s.json"), "/host/python", True, view="/views/a")
    session.use_view("/views/b")
    session.use_view("/views/a")
    assert (session.views, session.view) == (["/views/b", "/views/a"], "/views/a")


def test_restore_puts_back_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    session = Session(str(path), "/host/python", True)
    assert session.read() is None
    session.write_lock(LOCK)
    before = session.read()
    session.write_lock(None)
    assert session.lock() is None

    session.restore(before)
    assert session.lock() == LOCK
    session.restore(None)
    assert not path.exists()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"pyartifacts": 3}', "\xff"])
def test_a_session_file_that_cannot_be_read_holds_no_lock(tmp_path: Path, content: str) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(content.encode("latin-1"))
    assert Session(str(path), "/host/python", True).lock() is None


def test_a_stock_kernel_starts_from_the_notebooks_own_lock(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", pyartifacts=LOCK)
    session = stock_session({"JPY_SESSION_NAME": str(path)}, {}, str(tmp_path))

    assert session.lock() == LOCK
    assert (session.isolated, session.view, session.notebook) == (False, None, str(path))
    assert Path(session.path).parent.parent == tmp_path
    assert Path(session.path).parent.stat().st_mode & 0o077 == 0


def test_a_stock_kernel_keeps_its_lock_where_the_server_looks(tmp_path: Path) -> None:
    place = str(tmp_path / "k-1.json")
    environ = {"PYARTIFACTS_STOCK_SESSION": place}
    own = stock_session(environ, {}, str(tmp_path), "/run/kernel-k-1.json")
    assert own.path == place
    # The place of the kernel that this one was started from.
    for connection in ("/run/kernel-k-2.json", None):
        other = stock_session(environ, {}, str(tmp_path), connection)
        assert other.path != place
        assert Path(other.path).stem.startswith("pyartifacts-")


def test_a_stock_kernel_without_a_notebook_starts_from_nothing() -> None:
    session = stock_session({}, {}, "/does/not/exist")
    assert (session.lock(), session.notebook) == (None, None)


def test_where_the_notebook_is(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb")
    here = str(tmp_path)
    assert find_notebook({"JPY_SESSION_NAME": str(path)}, {}, "/") == str(path)
    assert find_notebook({"JPY_SESSION_NAME": "n.ipynb"}, {}, here) == str(path)
    # The server's path begins at its root, the kernel's directory is the notebook's.
    assert find_notebook({"JPY_SESSION_NAME": "deep/down/n.ipynb"}, {}, here) == str(path)
    assert find_notebook({}, {"__vsc_ipynb_file__": str(path)}, "/") == str(path)
    assert find_notebook({"JPY_SESSION_NAME": "gone.ipynb"}, {}, here) is None
    assert find_notebook({"JPY_SESSION_NAME": "Console 1"}, {}, here) is None
    assert find_notebook({}, {"__vsc_ipynb_file__": 3}, here) is None


def test_a_lock_of_the_wrong_shape_is_left_to_the_engine_to_refuse(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    assert read_notebook_lock(str(notebook(path))) is None
    assert read_notebook_lock(str(notebook(path, pyartifacts="x"))) == "x"
    session = Session(str(tmp_path / "s.json"), "/host/python", False)
    session.write_lock("x")
    assert (session.has_lock(), session.lock()) == (True, None)
    path.write_text("[]")
    assert read_notebook_lock(str(path)) is None
    assert read_notebook_lock(str(tmp_path / "none.ipynb")) is None


def test_a_kernel_that_moved_says_so_beside_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"pyartifacts": None, "pid": 12}))
    session = Session(str(path), "/host/python", True, view="/views/a")

    session.write_lock(LOCK)
    session.note_moved()

    assert json.loads(path.read_text()) == {"pyartifacts": LOCK, "pid": 12, "moved": True}


MADE = [{"when": "2026-01-01T00:00:00Z"}]
LATER = [{"when": "2026-01-02T00:00:00Z"}]


def shown_by(count: object, lock: object) -> dict[str, Any]:
    data = {"application/vnd.pyartifacts.lock+json": {"lock": lock, "digest": "sha256:0"}}
    return {
        "execution_count": count,
        "outputs": [{"data": {"text/plain": "added"}}, {"data": data}],
    }


@pytest.mark.parametrize(
    ("saved", "cells", "expected"),
    [
        (None, [], None),
        (None, [shown_by(1, LOCK)], LOCK),
        (None, [shown_by(2, LOCK), shown_by(1, None)], LOCK),
        (None, [shown_by(1, LOCK), shown_by(2, None)], None),
        (None, [shown_by(None, LOCK), shown_by("3", LOCK)], None),
        ({"history": MADE}, [shown_by(1, {"history": LATER})], {"history": LATER}),
        ({"history": LATER}, [shown_by(1, {"history": MADE})], {"history": LATER}),
        ({"history": MADE}, [shown_by(1, {"history": MADE, "x": 1})], {"history": MADE}),
        ({"history": MADE}, [shown_by(1, {"history": [1]}), shown_by(2, "odd")], {"history": MADE}),
        ({"history": MADE}, [shown_by(1, None)], {"history": MADE}),
        (None, [1, {"outputs": 1}, {"execution_count": 1, "outputs": [1, {"data": []}]}], None),
    ],
)
def test_a_lock_that_a_cell_has_shown_counts_where_no_frontend_keeps_it(
    tmp_path: Path, saved: object, cells: list[Any], expected: object
) -> None:
    metadata = {} if saved is None else {"pyartifacts": saved}
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": metadata}))
    assert read_notebook_lock(str(path), outputs=True) == expected
    assert read_notebook_lock(str(path)) == saved


def test_only_a_file_that_is_there_is_an_editors_notebook(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb")
    assert editor_notebook({"__vsc_ipynb_file__": str(path)}) == str(path)
    for name in (None, 1, "", str(tmp_path), str(tmp_path / "gone.ipynb"), f"{path}.py"):
        assert editor_notebook({"__vsc_ipynb_file__": name}) is None
    assert editor_notebook({}) is None
