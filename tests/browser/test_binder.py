"""Binder without a Docker engine: build as repo2docker would, then open without a network.

An environment with JupyterLab stands in for the one that repo2docker's images begin with; the
steps that repo2docker renders are run in it as they are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from tests.pythons import Place, Shelf, installed
from tests.repo2docker import render, run_steps, users_steps

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.network]

ROOT = Path(__file__).parent.parent.parent
FOREIGN = ("PYARTIFACTS_", "PYTHON", "JUPYTER", "IPYTHON", "XDG_")
SECONDS = 900


def clean_environ() -> dict[str, str]:
    """Return what of this process's environment a build may see."""
    return {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy this repository as it stands, with Lab's half built so that no Node is needed."""
    copy = tmp_path_factory.mktemp("image") / "home"
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    built = Path("jupyter_pyartifacts", "labextension")
    shutil.copytree(ROOT / built, copy / built)
    return copy


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment that has JupyterLab and nothing of ours."""
    prefix = tmp_path_factory.mktemp("srv") / "notebook"
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    uv = [find_uv_bin(), "pip", "install", "--quiet", "--python", str(prefix / "bin" / "python")]
    subprocess.run([*uv, "jupyterlab"], check=True, timeout=SECONDS)
    return prefix


def open_without_network(
    environment: Path, repository: Path, notebook: str, home: Path
) -> dict[str, Any]:
    """Open a notebook of the image and run its first cell; the home is another than the build's."""
    environ = clean_environ()
    environ["PATH"] = f"{environment}/bin:{environ['PATH']}"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.browser.without_network"),
            *(environment / "bin" / "python", repository, notebook, home),
        ],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_this_repository_opens_in_binder(checkout: Path, environment: Path, tmp_path: Path) -> None:
    dockerfile, said = render(checkout)
    assert "Building conda environment for python=3.12" in said
    steps = users_steps(dockerfile)
    assert steps == [
        '${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"',
        "chmod +x binder/postBuild",
        "./binder/postBuild",
    ]
    log = run_steps(steps, checkout, environment, clean_environ())
    assert "notebooks/quickstart.ipynb: " in log
    store = environment / "share" / "jupyter_pyartifacts" / "store"
    assert f"1 notebook is ready in {store}" in log

    seen = open_without_network(environment, checkout, "notebooks/quickstart.ipynb", tmp_path)
    assert "Python     3.11.7" in seen["output"]
    assert seen["dialogs"] == seen["questions"] == seen["store"] == []


def test_a_repository_of_somebody_opens_on_its_own_python(
    checkout: Path, environment: Path, tmp_path: Path
) -> None:
    # Not the image's, if there is another one here.
    versions = sorted(
        (each for each in installed() if each.startswith(("3.9.", "3.10.", "3.12.", "3.13."))),
        key=lambda version: version in sys.version,
    )
    version = versions[0]
    shelf = Shelf(tmp_path / "shelf")
    shelf.put(version)
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "requirements.txt").write_text("tabulate\n")
    author = {**clean_environ(), "XDG_CONFIG_HOME": str(tmp_path / "author")}
    author |= {"PYARTIFACTS_STORE": str(tmp_path / "store"), "PYARTIFACTS_BYTE_CODE": "0"}

    def jupyter_pyartifacts(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_pyartifacts", *arguments],
            cwd=repository,
            env={**author, "PYARTIFACTS_PYTHON_TABLE": str(shelf.table)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    cell = "import sys, inflection; print(sys.version.split()[0], inflection.__file__, sys.prefix)"
    write_notebook(repository / "own.ipynb", cell)
    jupyter_pyartifacts(
        *("add", "own.ipynb", "inflection", "--python", version, "--platform", "linux-x86_64")
    )
    said = jupyter_pyartifacts("binder", "--install", str(checkout))
    assert said.startswith("added to requirements.txt\nwrote postBuild\nfor own.ipynb\n")

    steps = users_steps(render(repository)[0])
    assert steps[0].endswith('/bin/pip install --no-cache-dir -r "requirements.txt"')
    with Place(shelf.directory) as place:
        variables = {**clean_environ(), "PYARTIFACTS_PYTHON_MIRROR": place.url}
        variables["PYARTIFACTS_PYTHON_POLICY"] = "artifact"
        run_steps(steps, repository, environment, variables)
        assert any(name.startswith("GET cpython-") for name in place.asked)
    shutil.rmtree(shelf.directory)
    shutil.rmtree(tmp_path / "store")

    seen = open_without_network(environment, repository, "own.ipynb", tmp_path / "home")
    number, file, prefix = seen["output"].split()
    store = environment / "share" / "jupyter_pyartifacts" / "store"
    assert number == version
    assert file.startswith(f"{store}/")
    assert prefix.startswith(f"{store}/views/")
    assert seen["dialogs"] == seen["questions"] == seen["store"] == []


def write_notebook(path: Path, source: str) -> None:
    """Write a notebook of one cell."""
    cell = {"cell_type": "code", "id": "one", "metadata": {}, "source": source}
    cell |= {"execution_count": None, "outputs": []}
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {"nbformat": 4, "nbformat_minor": 5, "cells": [cell]}
    path.write_text(json.dumps({**document, "metadata": {"kernelspec": kernelspec}}))
