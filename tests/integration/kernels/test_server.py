"""A real Jupyter server with the extension: sessions, renames, restarts, no lock at all."""

from __future__ import annotations

import os

import pytest

from tests.servers import wait_until

from .conftest import write_notebook
from .running import connect

pytestmark = [pytest.mark.kernel, pytest.mark.network]

SEE = (
    "[__import__('sys').flags.isolated, __import__('sys').prefix != '',"
    " __import__('os').environ.get('PYARTIFACTS_NOTEBOOK')]"
)


def test_a_locked_notebook_in_a_directory(server, lock):
    (server.root / "sub").mkdir()
    path = write_notebook(server.root / "sub" / "n.ipynb", lock=lock)
    kernel = connect(server, server.open("sub/n.ipynb"))
    assert kernel.value(SEE) == [1, True, str(path)]
    assert kernel.value("__import__('pandas').__version__") == "2.2.3"
    assert kernel.value("__import__('os').getcwd()") == str(server.root / "sub")


def test_a_notebook_that_gets_its_lock_while_it_runs(server, lock):
    path = write_notebook(server.root / "n.ipynb")
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    assert kernel.value("__import__('sys').flags.isolated") == 0
    write_notebook(path, lock=lock)
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value(SEE) == [1, True, str(path)]
    write_notebook(path)
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value("__import__('sys').flags.isolated") == 0


def test_after_a_rename_the_restart_reads_the_new_file(server, lock):
    path = write_notebook(server.root / "n.ipynb", lock=lock)
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    assert kernel.value(SEE)[2] == str(path)
    server.request("PATCH", "contents/n.ipynb", {"path": "renamed.ipynb"})
    server.request(
        "PATCH", f"sessions/{session['id']}", {"path": "renamed.ipynb", "name": "renamed.ipynb"}
    )
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value(SEE) == [1, True, str(server.root / "renamed.ipynb")]


def test_a_lock_that_cannot_be_used_is_answered_in_the_cell(server):
    write_notebook(server.root / "n.ipynb", lock={"lock_version": 10**6})
    kernel = connect(server, server.open("n.ipynb"))
    answer = kernel.run("import pandas")
    assert answer.reply["ename"] == "LockError"


def test_the_session_file_goes_with_the_kernel(server, lock, store):
    write_notebook(server.root / "n.ipynb", lock=lock)
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    file = kernel.value("__import__('os').environ['PYARTIFACTS_SESSION']")
    assert os.path.dirname(file) == str(store / "kernels")
    server.request("DELETE", f"sessions/{session['id']}")
    wait_until(lambda: not os.path.exists(file))
    kept = [path.name for path in (store / "kernels").iterdir()]
    assert not any(session["kernel"]["id"] in name for name in kept)
