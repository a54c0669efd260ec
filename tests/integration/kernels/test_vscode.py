"""VS Code and other frontends that start kernelspecs themselves: what they get of a lock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipykernel.kernelspec import get_kernel_dict

from jupyter_pyartifacts.cli.kernelspec import launched_spec

from .conftest import write_notebook
from .test_headless import outputs, run_tool
from .test_magic import MIME_TYPE, PACKAGE, message_of, shown, silent_index, text_of, views_kept
from .vscode import VSCode, environ_of

pytestmark = [pytest.mark.kernel, pytest.mark.network]

Open = Callable[..., VSCode]
STOCK = get_kernel_dict()
OURS = launched_spec(STOCK)
SEE = "import pandas, sys\nprint(pandas.__version__, sys.flags.isolated)"
NOT_APPROVED = "this lock was made by somebody else, and you have not approved it"


@pytest.fixture
def open_in(environ: dict[str, str], tmp_path: Path) -> Iterator[Open]:
    """Return a function that opens a notebook in VS Code with the kernel of a kernelspec."""
    opened: list[VSCode] = []
    runtime = tmp_path / "run time"

    def open_notebook(notebook: Path, spec: dict[str, Any], **variables: str) -> VSCode:
        environment = {"JUPYTER_RUNTIME_DIR": str(runtime), **environ_of(environ), **variables}
        opened.append(VSCode(notebook, spec, environment, runtime))
        return opened[-1]

    yield open_notebook
    for each in opened:
        each.close()
        print(each.command, each.log.read_text()[-5000:])


@pytest.fixture
def stranger(tmp_path: Path) -> dict[str, str]:
    """Somebody who has approved nothing."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "stranger")}


def command(environ: Mapping[str, str], *arguments: str) -> str:
    """Run the command line as the same user and return its stdout."""
    line = [sys.executable, "-m", "jupyter_pyartifacts", *arguments]
    done = subprocess.run(line, env=environ_of(environ), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("spec", [STOCK, OURS], ids=["python3", "pyartifacts"])
def test_a_stock_kernel_moves_to_the_lock_before_the_first_import(
    open_in, lock, store, tmp_path, spec
):
    notebook = write_notebook(tmp_path / "n.ipynb", lock=lock)
    kernel = open_in(notebook, spec)
    assert kernel.command[-1].startswith('--f="')
    first = kernel.run(SEE)
    assert (first.out, first.err) == ("2.2.3 0\n", "")
    assert text_of(first) == (
        f"pyartifacts: importing from this notebook's {len(lock['distributions'])} pinned packages"
        " (weaker here: the kernel itself is the system's; all as pinned: the kernel of `jupyter"
        " pyartifacts python n.ipynb`)"
    )
    assert kernel.value("__import__('pandas').__file__").startswith(str(store / "views"))
    assert kernel.run("import httpx").error["ename"] == "ModuleNotFoundError"
    second = kernel.run(SEE)
    assert (second.out, second.data) == ("2.2.3 0\n", [])
    assert len(views_kept(kernel, store)) == 1
    request = kernel.send("print('at', flush=True)\nimport time\ntime.sleep(600)")
    kernel.wait_for_output(request, "at")
    kernel.interrupt()
    assert kernel.wait(request).error["ename"] == "KeyboardInterrupt"


def test_our_kernel_is_isolated_where_the_notebook_is_named(open_in, lock, store, tmp_path):
    for name in ("json", "logging", "packaging"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
    notebook = write_notebook(tmp_path / "n.ipynb", lock=lock)
    kernel = open_in(notebook, OURS, JPY_SESSION_NAME=str(notebook))
    answer = kernel.run(SEE)
    assert (answer.out, answer.err, answer.data) == ("2.2.3 1\n", "", [])
    assert kernel.value("__import__('os').getpid()") == kernel.process.pid
    assert len(views_kept(kernel, store)) == 1
    request = kernel.send("print('at', flush=True)\nimport time\ntime.sleep(600)")
    kernel.wait_for_output(request, "at")
    kernel.interrupt()
    assert kernel.wait(request).error["ename"] == "KeyboardInterrupt"
    session = kernel.value("__import__('os').environ['PYARTIFACTS_SESSION']")
    assert os.path.exists(session)
    kernel.shut_down()
    assert not os.path.exists(session)


def test_a_strangers_lock_runs_no_cell_until_it_is_approved(open_in, lock, stranger, tmp_path):
    kernel = open_in(write_notebook(tmp_path / "n.ipynb", lock=lock), STOCK, **stranger)
    for _ in range(2):
        refused = kernel.run("ran = True\nprint('ran')")
        assert (refused.reply["status"], refused.out) == ("error", "")
        lines = message_of(refused).splitlines()
        assert lines[0] == f"PyArtifactsError: {NOT_APPROVED} (this notebook)"
        assert "%pyartifacts trust" in lines[-1]
    assert kernel.run("'ran' in globals()").error["ename"] == "PyArtifactsError"
    # The editor's own requests go on.
    assert kernel.request("print('mine')").out == "mine\n"
    assert "pandas" in text_of(kernel.run("%pyartifacts show"))
    assert text_of(kernel.run("%pyartifacts trust")).startswith("approved: lock ")
    assert kernel.run(SEE).out == "2.2.3 0\n"


def test_our_kernel_says_it_too(open_in, lock, stranger, tmp_path):
    notebook = write_notebook(tmp_path / "n.ipynb", lock=lock)
    kernel = open_in(notebook, OURS, PYARTIFACTS_NOTEBOOK="n.ipynb", **stranger)
    refused = message_of(kernel.run(SEE))
    assert NOT_APPROVED in refused
    kernel.run("%pyartifacts trust", answers=("y",))
    again = open_in(notebook, OURS, PYARTIFACTS_NOTEBOOK="n.ipynb", **stranger)
    assert again.run(SEE).out == "2.2.3 1\n"


def test_a_kernel_for_another_notebook_runs_nothing(open_in, lock, tmp_path):
    other = write_notebook(tmp_path / "other.ipynb", lock=lock)
    kernel = open_in(write_notebook(tmp_path / "n.ipynb"), OURS, PYARTIFACTS_NOTEBOOK=str(other))
    assert message_of(kernel.run(SEE)).splitlines() == [
        f"PyArtifactsError: this kernel was started for another notebook ({tmp_path}/n.ipynb)",
        f"  expected: {tmp_path}/n.ipynb",
        f"  found:    {other}",
        "hint: unset PYARTIFACTS_NOTEBOOK where VS Code starts its kernels (.env), or set it to "
        "this notebook, then restart the kernel",
    ]


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            {"python": "cpython 3.8.1"},
            [
                "PyArtifactsError: this notebook's lock is for another Python than this kernel's",
                "  expected: 3.8.1",
                "  found:    {}.{}.{}".format(*sys.version_info[:3]),
                "hint: in VS Code, choose the interpreter that `jupyter pyartifacts python n.ipynb`"
                " prints as the kernel (Select Kernel, Python Environments...)",
            ],
        ),
        (
            {"lock_version": 99},
            [
                "PyArtifactsError: the lock was written by a newer version of jupyter_pyartifacts"
                " (pyartifacts.lock_version)"
            ],
        ),
    ],
    ids=["another Python", "from the future"],
)
def test_what_cannot_be_used_runs_nothing(open_in, lock, tmp_path, change, lines):
    kernel = open_in(write_notebook(tmp_path / "n.ipynb", lock={**lock, **change}), STOCK)
    refused = kernel.run("print('ran')")
    assert refused.out == ""
    assert message_of(refused).splitlines()[: len(lines)] == lines


def test_an_interrupt_while_packages_are_fetched_stops_the_cell(open_in, lock, tmp_path):
    with silent_index() as (url, came):
        kernel = open_in(
            write_notebook(tmp_path / "n.ipynb", lock=lock),
            STOCK,
            PYARTIFACTS_INDEX_URL=url,
            PYARTIFACTS_STORE=str(tmp_path / "empty"),
            PYARTIFACTS_TRUST="all",
        )
        request = kernel.send("print('ran')")
        assert came.wait(60)
        kernel.interrupt()
        answer = kernel.wait(request)
    assert (answer.reply["status"], answer.out) == ("error", "")
    assert message_of(answer).splitlines() == [
        "PyArtifactsError: instantiate: stopped, nothing was changed",
        "hint: run the cell again",
    ]


def test_what_is_added_is_there_after_a_restart_and_in_the_notebook(open_in, environ, tmp_path):
    notebook = write_notebook(tmp_path / "n.ipynb")
    kernel = open_in(notebook, STOCK)
    # Without a lock nothing is done, and nothing of the gate is loaded but its one look.
    assert kernel.run("import httpx").data == []
    added = kernel.run_saved(notebook, f"%pyartifacts add {PACKAGE} --platform linux-x86_64")
    assert text_of(added).splitlines()[-1] == (
        "  VS Code keeps the lock in this output alone: save the notebook, then run `jupyter "
        "pyartifacts lock NOTEBOOK --recover` in a terminal"
    )
    lock = shown(added)[MIME_TYPE]["lock"]
    assert kernel.run("import inflection").ok
    kernel.close()
    again = open_in(notebook, STOCK)
    assert again.run("import inflection; print(inflection.__version__)").out == "0.5.0\n"
    # A later change beats the one that is in the notebook by now.
    command(environ, "lock", str(notebook), "--recover")
    assert json.loads(notebook.read_text())["metadata"]["pyartifacts"] == lock
    again.run_saved(notebook, "%pyartifacts add inflection==0.5.1")
    again.close()
    third = open_in(notebook, STOCK)
    assert third.run("import inflection; print(inflection.__version__)").out == "0.5.1\n"
    command(environ, "lock", str(notebook), "--recover")
    assert (
        "inflection==0.5.1"
        in json.loads(notebook.read_text())["metadata"]["pyartifacts"]["requirements"]
    )


def test_the_notebooks_own_interpreter_as_the_kernel(open_in, environ, lock, tmp_path):
    """What `jupyter pyartifacts python` prints, chosen as a Python environment."""
    notebook = write_notebook(tmp_path / "n.ipynb", lock=lock)
    python = command(environ, "python", str(notebook)).strip()
    spec = {**STOCK, "argv": [python, *STOCK["argv"][1:]]}
    kernel = open_in(notebook, spec)
    assert kernel.run(SEE).out == "2.2.3 0\n"
    assert kernel.run("import httpx").error["ename"] == "ModuleNotFoundError"
    version = "__import__('ipykernel').__version__"
    assert f"ipykernel {kernel.value(version)} " in "\n".join(lock["distributions"]) + " "


def test_headless_tools_and_our_kernel(environ, lock, tmp_path):
    """A notebook that VS Code saved names the kernel that was chosen there."""
    folder = tmp_path / "jupyter" / "kernels" / "pyartifacts"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(OURS))
    notebook = nbformat.read(write_notebook(tmp_path / "n.ipynb", SEE, lock=lock), 4)
    notebook.metadata.kernelspec.name = "pyartifacts"
    nbformat.write(notebook, tmp_path / "n.ipynb")
    written = run_tool(
        "jupyter execute", tmp_path, {**environ, "JUPYTER_PATH": str(tmp_path / "jupyter")}
    )
    assert outputs(written) == "2.2.3 1\n"


def test_elsewhere_the_gate_is_gone_after_one_look(start, tmp_path):
    kernel = start(write_notebook(tmp_path / "n.ipynb"))
    kernel.run("x = 1")
    assert kernel.value("'jupyter_pyartifacts.shim.gate' in __import__('sys').modules") is False
    callbacks = "[str(c) for c in get_ipython().events.callbacks['pre_run_cell']]"
    assert not [each for each in kernel.value(callbacks) if "_first_cell" in each]
