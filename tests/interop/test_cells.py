"""What a notebook's cells say of its packages: pip lines, PEP 723, juv's lock."""

from __future__ import annotations

import json

import pytest

from jupyter_pyartifacts.errors import ForeignFileError
from jupyter_pyartifacts.interop.cells import notebook_with_block, read_cells
from jupyter_pyartifacts.interop.pip_lines import read_pip_lines

from .test_projects import BLOCK, SCRIPT_LOCK


def notebook(*sources, **metadata):
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


@pytest.mark.parametrize(
    "line",
    [
        "%pip install pandas>=2 six",
        "!pip install -q 'pandas>=2' six",
        "!pip3 install pandas>=2 --upgrade six",
        "  %pip -q install pandas>=2 six  # needed",
        "!python -m pip install pandas>=2 six --user",
        "!{sys.executable} -m pip install -U pandas>=2 six",
        '!"{sys.executable}" -m pip install pandas>=2 six',
        "%uv pip install pandas>=2 six",
        "!uv pip install --system pandas>=2 six",
        "!sudo /usr/bin/pip3.11 install pandas>=2 six;",
        "%pip install pandas>=2 \\\n   six",
        "%%capture\n%pip install 'pandas>=2' \"six\"",
        "!pip install pandas>=2 six > /dev/null 2>&1",
    ],
)
def test_pip_lines(line):
    assert read_pip_lines(line, "c").requirements == ("pandas>=2", "six")


@pytest.mark.parametrize(
    "line", ["pip install pandas", "# %pip install pandas", "x = '!pip install'", "%pip list"]
)
def test_other_lines(line):
    assert read_pip_lines(line, "c").is_empty


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("!conda install -y pandas", "conda installs nothing here: add what you need of that line"),
        ("%pip install {name}", "{name} is left out: it is known only when the cell runs"),
        ("%pip install six --no-deps", "--no-deps is not used"),
        ("%pip install -t /tmp six", "-t is not used"),
        ("%pip install six && ls", "&& ls is not read"),
        (
            "%pip install git+https://me:secret@host.example/x",
            "git+https://***@host.example/x is left out: a version control URL cannot be pinned:"
            " it would have to be built here",
        ),
        (
            "%pip install -i https://host.example/simple six",
            "-i https://host.example/simple is not used: this machine's default index is used;"
            " for another one name its projects: jupyter pyartifacts add NOTEBOOK PROJECT"
            " --index URL",
        ),
        ("%pip install 'six", "'six is left out: No closing quotation"),
        (
            "%pip install a==b",
            "a==b is left out: a requirement cannot be read",
        ),
    ],
)
def test_what_is_not_done_is_named(line, note):
    assert f"c, line 2: {note}" in read_pip_lines(f"import x\n{line}", "c").notes


def test_a_notebook_of_everything():
    content = notebook(
        "%pip install six",
        BLOCK.splitlines(keepends=True),
        "!pip install --pre six==1.0",
        **{"uv.lock": SCRIPT_LOCK},
    )
    wanted = read_cells(content, "n.ipynb")
    # The block says what is wanted, the lock which versions; a later line wins.
    assert wanted.requirements == ("six==1.0", "pandas>=2")
    assert wanted.pins[0].constraint == "pandas==2.2"
    assert wanted.prereleases


def test_juvs_lock_alone():
    wanted = read_cells(notebook("x", **{"uv.lock": SCRIPT_LOCK}), "n.ipynb")
    assert wanted.requirements == ("pandas[excel]>=2", "torch")


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (notebook(**{"uv.lock": 1}), 'n.ipynb, metadata["uv.lock"]'),
        (
            notebook(**{"uv.lock": "version ="}),
            'n.ipynb, metadata["uv.lock"], line 1, at its end',
        ),
        (notebook("", "# /// script\n# x\n# ///"), "n.ipynb, cells[1], line 2, at its end"),
        (notebook("", "# /// script\n# = 1\n# ///"), "n.ipynb, cells[1], line 2, column 1"),
    ],
)
def test_a_fault_names_its_cell(content, where):
    with pytest.raises(ForeignFileError) as info:
        read_cells(content, "n.ipynb")
    assert info.value.where == where


def test_a_copy_with_a_block():
    content = notebook("import six", BLOCK, pyartifacts={"x": 1}, kernelspec={"name": "python3"})
    copy = json.loads(notebook_with_block(content, "# /// script\n# ///\n"))
    assert copy["metadata"] == {"kernelspec": {"name": "python3"}}
    assert ["".join(cell["source"]) for cell in copy["cells"]] == [
        "# /// script\n# ///",
        "import six",
    ]
