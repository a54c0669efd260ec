"""Where an environment cannot be had, every cell says so, and nothing of the host serves."""

from __future__ import annotations

import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from jupyter_pyartifacts.kernel.fallback import AFTERWARDS, BANNER, DECLINED, QUESTION

from .conftest import write_notebook

pytestmark = [pytest.mark.kernel, pytest.mark.network]


def test_every_cell_is_answered_with_the_reason(start, tmp_path):
    kernel = start(write_notebook(tmp_path / "n.ipynb", lock={"version": 10**6}))
    for code in ("import pandas", "1", ""):
        answer = kernel.run(code)
        assert answer.reply["status"] == "error"
        assert answer.reply["ename"] == "LockError"
        assert answer.error is not None
        assert BANNER in answer.error["traceback"][0]
        assert "hint: " in "\n".join(answer.error["traceback"])
    assert kernel.run("1", silent=True).error is None


def test_a_frontends_other_requests_are_answered(start, tmp_path):
    kernel = start(write_notebook(tmp_path / "n.ipynb", lock={}))
    info = kernel.client.kernel_info(reply=True, timeout=60)["content"]
    assert info["implementation"] == "jupyter_pyartifacts"
    assert info["language_info"]["name"] == "python"
    assert info["banner"].startswith(BANNER)
    assert kernel.client.complete("im", reply=True, timeout=60)["content"]["matches"] == []
    assert kernel.client.inspect("im", reply=True, timeout=60)["content"]["found"] is False
    request = kernel.client.is_complete("for x")
    assert kernel.client._recv_reply(request, timeout=60)["content"] == {"status": "complete"}


def test_a_lock_of_a_wrong_type_is_not_ignored(start, tmp_path):
    kernel = start(write_notebook(tmp_path / "n.ipynb", lock="pandas"))
    assert kernel.run("1").reply["ename"] == "LockError"


def test_a_lock_that_a_merge_has_left_is_seen_on_opening(start, lock, tmp_path):
    merged = {**lock, "requirements": [*lock["requirements"], "theirs"]}
    answer = start(write_notebook(tmp_path / "n.ipynb", lock=merged)).run("1")
    assert answer.reply["evalue"].startswith("the lock is not of one piece: two locks were merged")
    assert "jupyter pyartifacts lock NOTEBOOK --merge" in answer.error["traceback"][-1]


@pytest.fixture
def foreign(start, lock, store, tmp_path, monkeypatch):
    """Start a locked notebook as another user, whose store has this one as a read-only layer."""
    other = {
        "PYARTIFACTS_STORE": os.pathsep.join([str(tmp_path / "store"), str(store)]),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    for key, value in other.items():
        monkeypatch.setenv(key, value)
    return start(write_notebook(tmp_path / "n.ipynb", lock=lock), variables=other)


def test_a_foreign_lock_is_not_run(foreign):
    answer = foreign.run("import pandas")
    assert answer.reply["ename"] == "NotApproved"
    text = "\n".join(answer.reply["traceback"])
    assert "Approving it means trusting it to run code on this machine" in text
    assert "`%pyartifacts trust` in the notebook" in text


def test_a_foreign_lock_is_approved_in_the_notebook(foreign):
    shown = foreign.run("%pyartifacts show")
    assert shown.ok
    assert "pandas" in shown.out
    declined = foreign.run("%pyartifacts trust", answers=("n",))
    assert declined.ok
    assert declined.out.endswith(DECLINED)
    foreign.restart()
    assert foreign.run("1").reply["ename"] == "NotApproved"
    approved = foreign.run("%pyartifacts trust", answers=("y",))
    assert approved.ok
    assert "for Python" in approved.out
    assert approved.out.endswith(AFTERWARDS)
    foreign.restart()
    assert foreign.value("__import__('pandas').__version__") == "2.2.3"


def test_a_cell_does_not_approve_where_nobody_can_answer(foreign):
    assert foreign.run("%pyartifacts trust").reply["ename"] == "NotApproved"
    foreign.restart()
    assert foreign.run("1").reply["ename"] == "NotApproved"


def test_interrupting_the_question_approves_nothing(foreign):
    request = foreign.send("%pyartifacts trust", stdin=True)
    assert foreign.client.get_stdin_msg(timeout=60)["content"]["prompt"] == QUESTION
    foreign.manager.interrupt_kernel()
    answer = foreign.wait(request)
    assert answer.reply["status"] == "error"
    assert foreign.run("1").reply["ename"] == "NotApproved"


def test_a_restart_after_the_cause_is_gone_brings_the_environment(start, lock, tmp_path):
    path = write_notebook(tmp_path / "n.ipynb", lock={"version": 10**6})
    kernel = start(path)
    assert kernel.run("1").reply["status"] == "error"
    write_notebook(path, lock=lock)
    kernel.restart()
    assert kernel.value("__import__('pandas').__version__") == "2.2.3"


def test_a_restart_into_trouble_brings_the_fallback_kernel(start, lock, tmp_path):
    path = write_notebook(tmp_path / "n.ipynb", lock=lock)
    kernel = start(path)
    assert kernel.run("1").ok
    path.write_text("{ not json")
    kernel.restart()
    answer = kernel.run("1")
    assert answer.reply["ename"] == "NotebookError"
    assert answer.reply["evalue"] == f"the notebook is not JSON ({path})"


def test_a_notebook_without_a_lock_is_a_stock_kernel(start, tmp_path):
    kernel = start(write_notebook(tmp_path / "n.ipynb"), variables={"PYTHONHASHSEED": "7"})
    prefix, executable, isolated = kernel.value(
        "[__import__('sys').prefix, __import__('sys').executable, __import__('sys').flags.isolated]"
    )
    assert (prefix, executable, isolated) == (sys.prefix, sys.executable, 0)
    assert kernel.value("__import__('os').environ['PYTHONHASHSEED']") == "7"
    names = "[key for key in __import__('os').environ if key.startswith('PYARTIFACTS_')]"
    assert kernel.value(names) == ["PYARTIFACTS_STORE"]
    kernel.run("import httpx")


def test_a_headless_run_fails_and_says_why(enabled, tmp_path):
    path = write_notebook(tmp_path / "n.ipynb", "import pandas", lock={"version": 10**6})
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "execute", str(path)],
        env=enabled,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert BANNER in done.stderr
    assert "hint: " in done.stderr


def test_nbclient_raises(enabled, tmp_path):
    path = write_notebook(tmp_path / "n.ipynb", "1", lock={})
    with pytest.raises(CellExecutionError, match="LockError"):
        NotebookClient(nbformat.read(path, 4)).execute()


def test_a_pinned_kernel_that_does_not_start_says_why(start, lock, tmp_path):
    """Take the kernel's package out of the view: the bootstrap hands over to the host."""
    kernel = start(write_notebook(tmp_path / "n.ipynb", lock=lock))
    link = os.path.join(kernel.value("__import__('sysconfig').get_path('purelib')"), "ipykernel")
    kernel.close()
    os.rename(link, link + ".away")
    try:
        broken = start(write_notebook(tmp_path / "m.ipynb", lock=lock))
        answer = broken.run("1")
        message = "\n".join(answer.error["traceback"])
        assert answer.reply["evalue"] == "the kernel that this notebook pins does not start"
        assert "No module named 'ipykernel'" in message
        assert "hint: upgrade the kernel's packages" in message
        broken.manager.shutdown_kernel()
        assert not broken.manager.has_kernel
    finally:
        os.rename(link + ".away", link)
