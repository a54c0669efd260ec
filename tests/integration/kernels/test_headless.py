"""Tools that know nothing of us run a notebook on its lock, once the kernelspec names us."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from .conftest import write_notebook

pytestmark = [pytest.mark.kernel, pytest.mark.network]

SEE = "import pandas, sys\nprint(pandas.__version__, sys.flags.isolated)"


def outputs(notebook):
    """Return what the first cell brought as one text."""
    return "".join(o.get("text", o.get("evalue", "")) for o in notebook.cells[0].outputs)


def tool(arguments, environ, cwd):
    done = subprocess.run(
        [sys.executable, "-m", *arguments], env=environ, cwd=cwd, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done


TOOLS = {
    "jupyter execute": ["jupyter", "execute", "n.ipynb", "--output=out"],
    "jupyter execute --inplace": ["jupyter", "execute", "n.ipynb", "--inplace"],
    "nbconvert": [
        "jupyter",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "n.ipynb",
        "--output",
        "out",
    ],
    "papermill": ["papermill", "n.ipynb", "out.ipynb"],
    "papermill --engine": ["papermill", "--engine", "pyartifacts", "n.ipynb", "out.ipynb"],
    "nbmake": ["pytest", "-q", "-p", "no:cacheprovider", "--nbmake", "--overwrite", "n.ipynb"],
    "nbclient": ["nbclient_in_code", "n.ipynb", "out.ipynb"],
}
IN_CODE = """\
import sys

import nbclient
import nbformat

notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.execute(notebook)
nbformat.write(notebook, sys.argv[2])
"""


def run_tool(name, directory, environ):
    """Run the notebook `n.ipynb` of a directory by a tool of that name; return what it wrote."""
    (directory / "nbclient_in_code.py").write_text(IN_CODE)
    tool(TOOLS[name], environ, directory)
    inplace = "inplace" in name or name == "nbmake"
    return nbformat.read(directory / ("n.ipynb" if inplace else "out.ipynb"), 4)


def test_a_stock_kernels_lock_reaches_the_output_too(enabled, tmp_path):
    send = (
        "import comm\n"
        "comm.create_comm(target_name='pyartifacts.lock', data={'lock': {'new': [1]}});"
    )
    write_notebook(tmp_path / "n.ipynb", send)
    tool(TOOLS["jupyter execute"], enabled, tmp_path)
    assert nbformat.read(tmp_path / "out.ipynb", 4).metadata.pyartifacts == {"new": [1]}


def test_nbclient_with_its_own_manager(enabled, lock, tmp_path):
    notebook = nbformat.read(write_notebook(tmp_path / "n.ipynb", SEE, lock=lock), 4)
    NotebookClient(notebook).execute()
    assert outputs(notebook) == "2.2.3 1\n"


def test_nbclient_with_a_synchronous_manager(enabled, lock, tmp_path):
    notebook = nbformat.read(write_notebook(tmp_path / "n.ipynb", SEE, lock=lock), 4)
    NotebookClient(notebook, kernel_manager_class=KernelManager).execute()
    assert outputs(notebook) == "2.2.3 1\n"


def test_nbclient_with_a_manager_that_was_made_before(enabled, lock, tmp_path):
    notebook = nbformat.read(write_notebook(tmp_path / "n.ipynb", SEE, lock=lock), 4)
    manager = KernelManager(kernel_name="python3")
    NotebookClient(notebook, km=manager).execute()
    assert outputs(notebook) == "2.2.3 1\n"
    manager.shutdown_kernel(now=True)


def test_several_at_once_in_one_loop(enabled, lock, tmp_path):
    def read(name, cell, lock):
        return nbformat.read(write_notebook(tmp_path / name, cell, lock=lock), 4)

    notebooks = [
        read("stock.ipynb", "import sys\nprint(sys.flags.isolated)", None),
        read("one.ipynb", f"print(1)\n{SEE}", lock),
        read("two.ipynb", f"print(2)\n{SEE}", lock),
    ]

    async def run():
        clients = [NotebookClient(notebook) for notebook in notebooks]
        await asyncio.gather(*(client.async_execute() for client in clients))

    asyncio.run(run())
    assert [outputs(notebook) for notebook in notebooks] == ["0\n", "1\n2.2.3 1\n", "2\n2.2.3 1\n"]


def test_the_tools_notebook_is_named_to_the_kernel(enabled, lock, tmp_path):
    see = "import os\nprint(os.environ.get('PYARTIFACTS_NOTEBOOK'))"
    write_notebook(tmp_path / "n.ipynb", see, lock=lock)
    for name in ("jupyter execute", "nbconvert", "papermill"):
        tool(TOOLS[name], enabled, tmp_path)
        result = nbformat.read(tmp_path / "out.ipynb", 4)
        assert outputs(result) == f"{tmp_path / 'n.ipynb'}\n", name


def test_a_headless_run_from_inside_an_isolated_kernel(enabled, lock, tmp_path):
    """A stock notebook that a locked one runs as a child is not taken for isolated."""
    inner = "import os, sys\nprint(sys.flags.isolated, 'PYARTIFACTS_SESSION' in os.environ)"
    write_notebook(tmp_path / "inner.ipynb", inner)
    outer = (
        "import os, subprocess\n"
        "host = os.environ['PYARTIFACTS_HOST_PYTHON']\n"
        "subprocess.run([host, '-m', 'jupyter', 'execute', 'inner.ipynb', '--output=inner-out'],\n"
        "               check=True, capture_output=True)"
    )
    write_notebook(tmp_path / "n.ipynb", outer, lock=lock)
    tool(TOOLS["jupyter execute"], enabled, tmp_path)
    assert outputs(nbformat.read(tmp_path / "inner-out.ipynb", 4)) == "0 False\n"
