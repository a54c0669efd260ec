"""What a frontend's process becomes, as far as that needs no environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_pyartifacts.cli import kernelspec
from jupyter_pyartifacts.kernel import launch
from jupyter_pyartifacts.kernel.ipykernel_launcher import plan_start

COMMAND = ["python", "-m", launch.LAUNCHER, "--f=/run/kernel-v2-1.json"]


def write(path: Path, **metadata: object) -> Path:
    document = {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document))
    return path


def test_the_kernelspec_runs_this_module() -> None:
    assert kernelspec.LAUNCHER == launch.LAUNCHER


@pytest.mark.parametrize("named", [{}, {"JPY_SESSION_NAME": "/nowhere/n.ipynb"}])
def test_an_unknown_notebook_is_left_to_the_first_cell(named: dict[str, str]) -> None:
    start = plan_start(COMMAND, {**named, "PYARTIFACTS_VIEW": "kept"}, parent=1)
    assert start.command == [
        sys.executable,
        *("-m", "ipykernel_launcher", "-f", "/run/kernel-v2-1.json", "--ext=jupyter_pyartifacts"),
    ]
    assert start.environ == {**named, "PYARTIFACTS_VIEW": "kept"}


def test_a_notebook_without_a_lock_gets_a_stock_kernel(tmp_path: Path) -> None:
    notebook = write(tmp_path / "n.ipynb")
    start = plan_start(COMMAND, {"PYARTIFACTS_NOTEBOOK": str(notebook)}, parent=1)
    assert "ipykernel_launcher" in start.command


def test_a_servers_path_begins_at_its_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "n.ipynb", pyartifacts=1)
    monkeypatch.chdir(tmp_path)
    environ = {"JPY_SESSION_NAME": "deep/down/n.ipynb", "PYARTIFACTS_STORE": str(tmp_path / "s")}
    start = plan_start(COMMAND, environ, parent=1)
    assert start.environ["PYARTIFACTS_NOTEBOOK"] == str(tmp_path / "n.ipynb")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the notebook cannot be read"),
        ("{", "the notebook is not JSON"),
        ('{"metadata": {"pyartifacts": 1}}', "the lock is malformed: unexpected integer"),
    ],
)
def test_what_is_wrong_is_told_by_the_fallback_kernel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, message: str
) -> None:
    notebook = tmp_path / "n.ipynb"
    if content is not None:
        notebook.write_text(content)
    store = {"PYARTIFACTS_STORE": str(tmp_path / "store")}
    start = plan_start(COMMAND, {**store, "PYARTIFACTS_NOTEBOOK": str(notebook)}, parent=1)
    assert start.command[:2] == [sys.executable, launch.FALLBACK]
    name, text = launch.parse_failure(start.environ[launch.FALLBACK_VARIABLE])
    assert name in ("NotebookError", "LockError")
    assert text.startswith(message)
    assert message in capsys.readouterr().err


def test_files_beside_the_notebook_are_not_imported(tmp_path: Path) -> None:
    for name in ("dataclasses", "json", "traceback", "pathlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("JPY_", "PYARTIFACTS_"))}
    done = subprocess.run(
        [sys.executable, "-m", launch.LAUNCHER, "--version"],
        cwd=tmp_path,
        env={**environ, "PYTHONSAFEPATH": "", "PYARTIFACTS_NOTEBOOK": "gone.ipynb"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=100,
        check=False,
    )
    assert done.stderr.startswith("pyartifacts: the notebook cannot be read")
