"""`binder`: real repositories, as git knows them and repo2docker reads them."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import jsonschema
import pytest

from jupyter_pyartifacts import __version__
from jupyter_pyartifacts.binder.scripts import BUILD
from jupyter_pyartifacts.cli import main
from tests.repo2docker import render, users_steps

from .test_events import VALIDATOR

ROOT = Path(__file__).parent.parent.parent
ASK = f"jupyter_pyartifacts>={__version__}"
PLACEHOLDER = (
    "[![Binder](https://mybinder.org/badge_logo.svg)]"
    "(https://mybinder.org/v2/gh/OWNER/REPOSITORY/HEAD?urlpath=lab)"
)
NO_LOCK = (
    "note: no notebook here has a lock yet, so the image would have no packages of theirs: "
    "jupyter pyartifacts add NOTEBOOK REQUIREMENT...\n"
)


def git(directory: Path, *arguments: str) -> None:
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *arguments], cwd=directory, env=environ, check=True, capture_output=True)


def files_below(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): path.read_text()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def test_an_empty_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["binder", str(tmp_path), "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "would write binder/requirements.txt\nwould write binder/postBuild\n"
        f"the badge for your README:\n{PLACEHOLDER}\n{NO_LOCK}"
        "note: git knows no remote here: in the badge, put yours in place of OWNER/REPOSITORY\n"
    )
    assert files_below(tmp_path) == {}
    assert main(["binder", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(
        "wrote binder/requirements.txt\nwrote binder/postBuild\n"
        f"commit and push this; then put the badge into your README:\n{PLACEHOLDER}\n"
    )
    written = files_below(tmp_path)
    assert written["binder/requirements.txt"] == f"{ASK}\n"
    assert (tmp_path / "binder" / "postBuild").stat().st_mode & stat.S_IXUSR
    assert main(["binder", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("kept binder/requirements.txt\nkept binder/postB")
    assert files_below(tmp_path) == written


PIP = "${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r"
MAMBA = "${MAMBA_EXE} env update -p ${NB_PYTHON_PREFIX} --file"
PACKS = {
    "nothing": ({}, f'{PIP} "binder/requirements.txt"', "binder/postBuild", "3."),
    "python": (
        {"requirements.txt": "pandas\n", "runtime.txt": "python-3.12", "postBuild": "make\n"},
        f'{PIP} "requirements.txt"',
        "postBuild",
        "3.12",
    ),
    "hashes": (
        {"binder/requirements.txt": "a==1 --hash=sha256:00\n"},
        f'{PIP} "binder/requirements.txt"',
        "binder/postBuild",
        "3.",
    ),
    "conda": (
        {".binder/environment.yml": "dependencies:\n  - python=3.11\n  - numpy\n"},
        f'{MAMBA} ".binder/environment.yml"',
        ".binder/postBuild",
        "3.11",
    ),
}


@pytest.mark.parametrize(("files", "step", "post_build", "python"), PACKS.values(), ids=PACKS)
def test_repo2docker_takes_what_is_written(
    files: dict[str, str], step: str, post_build: str, python: str, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert main(["binder", str(tmp_path)]) == 0
    dockerfile, log = render(tmp_path)
    assert f"Building conda environment for python={python}" in log
    first, *rest = users_steps(dockerfile)
    assert step in first
    assert rest == [f"chmod +x {post_build}", f"./{post_build}"]
    written = files_below(tmp_path)
    for name, text in files.items():
        assert written[name].startswith(text), "what was there stays"
    lines = written[post_build].splitlines()
    assert lines[-2] == f'{BUILD} "${{REPO_DIR:-.}}"'
    by_hand = f"python3 -m pip install --no-cache-dir '{ASK}'"
    assert (lines[-3] == by_hand) == ("--hash" in str(files))


def test_a_dockerfile_is_rendered_as_it_is(tmp_path: Path) -> None:
    before = "FROM quay.io/jupyter/base-notebook\nCOPY . ${HOME}\nUSER root\nUSER ${NB_UID}\n"
    (tmp_path / "Dockerfile").write_text(before)
    assert main(["binder", str(tmp_path)]) == 0
    assert list(files_below(tmp_path)) == ["Dockerfile"]
    dockerfile = render(tmp_path)[0]
    assert dockerfile.startswith(before)
    assert dockerfile.strip() == (tmp_path / "Dockerfile").read_text().strip()
    steps = users_steps(dockerfile.replace("USER root", "USER ${NB_USER}"))
    assert steps == [f"python3 -m pip install --no-cache-dir '{ASK}' && {BUILD} \"${{HOME}}\""]


def test_this_repository_has_what_the_verb_writes(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "binder", copy / "binder")
    before = files_below(copy)
    assert main(["binder", str(copy), "--install", "."]) == 0
    assert files_below(copy) == before
    assert sorted(before) == ["binder/postBuild", "binder/requirements.txt", "binder/runtime.txt"]


def test_the_badge_is_of_the_branch_that_is_pushed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "-q", "-b", "mine")
    git(tmp_path, "remote", "add", "other", "https://codes.example/a/b")
    git(tmp_path, "remote", "add", "up", "https://token@github.com/me/work.git")
    git(tmp_path, "config", "branch.mine.remote", "up")
    git(tmp_path, "config", "branch.mine.merge", "refs/heads/theirs")
    assert main(["binder", str(tmp_path), "--json", "--hub", "https://hub.example"]) == 0
    event = json.loads(capsys.readouterr().out)
    VALIDATOR.validate(event)
    assert event["url"] == "https://hub.example/v2/gh/me/work/theirs?urlpath=lab"
    assert event["files"] == [
        {"path": "binder/requirements.txt", "state": "new"},
        {"path": "binder/postBuild", "state": "new"},
    ]
    assert "token" not in json.dumps(event)


def test_a_directory_that_is_not_the_root(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "below").mkdir()
    assert main(["binder", str(tmp_path / "below")]) == 2
    assert capsys.readouterr().err == (
        "error: this is not the root of its repository, and Binder looks nowhere else "
        f"({tmp_path}/below)\n  expected: {tmp_path}\n"
        f"hint: run it there: jupyter pyartifacts binder {tmp_path}\n"
    )
    assert main(["binder", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err == (
        f"error: there is no such directory ({tmp_path}/nowhere)\n"
        "hint: name the root of the repository: jupyter pyartifacts binder DIR\n"
    )


@pytest.mark.parametrize("requirement", ["", " ", "a\nb"])
def test_a_requirement_is_one_line(
    requirement: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["binder", str(tmp_path), "--install", requirement]) == 2
    assert capsys.readouterr().err == (
        "error: --install has no requirement\n"
        f"  expected: one line that pip can install, such as {ASK}\n"
        f"  found:    {requirement!r}\n"
        "hint: leave it out for the released package\n"
    )
    assert files_below(tmp_path) == {}


def test_nothing_is_written_where_one_file_cannot_be_added_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "requirements.txt").write_text("pandas\n")
    (tmp_path / "postBuild").write_bytes(b"#!/bin/sh\n\xff\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert main(["binder", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"error: a file of the repository cannot be read ({tmp_path}/postBuild)\n"
        "  expected: text in UTF-8\n  found:    byte 0xff at offset 10\n"
        "hint: nothing was written; make it readable, and save it as UTF-8\n"
    )
    (tmp_path / "postBuild").write_bytes(b"#!/usr/bin/perl\n")
    before["postBuild"] = b"#!/usr/bin/perl\n"
    assert main(["binder", str(tmp_path)]) == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_build_of_notebooks_without_locks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.ipynb", "sub/b.ipynb", ".hidden/c.ipynb", "env/d.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
        )
    (tmp_path / "env" / "pyvenv.cfg").touch()
    store = tmp_path / "store"
    command = ["binder", "--build", str(tmp_path), "--store", str(store)]
    assert main([*command, "--json"]) == 0
    event = json.loads(capsys.readouterr().out)
    VALIDATOR.validate(event)
    assert event["without"] == ["a.ipynb", "sub/b.ipynb"]
    assert main(command) == 0
    assert capsys.readouterr().out == f"0 notebooks are ready in {store}\n"


def test_a_build_names_every_notebook_that_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {"nbformat": 4, "nbformat_minor": 5, "cells": []}
    for name, lock in (("a.ipynb", {"lock_version": 99}), ("b.ipynb", 3)):
        document["metadata"] = {"pyartifacts": lock}
        (tmp_path / name).write_text(json.dumps(document))
    assert main(["binder", "--build", str(tmp_path), "--store", str(tmp_path / "store")]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: 2 of 2 notebooks did not come into the image\n  a.ipynb: ")
    assert "\n  b.ipynb: " in err
    assert err.endswith("hint: try it where you are: jupyter pyartifacts instantiate NOTEBOOK\n")


def test_the_schema_refuses_another_event() -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({"event": "result", "verb": "binder", "build": False})
