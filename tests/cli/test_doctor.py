"""`doctor`: what it finds, and that it fails where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.cli import checks, main
from jupyter_pyartifacts.cli.kernelspec import KernelSpecFile
from jupyter_pyartifacts.store import Store
from tests.store.test_store import publish


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of its own, as far as its kernelspec goes, and a store of its own."""
    monkeypatch.setattr(checks.sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PYARTIFACTS_STORE", str(tmp_path / "store"))
    for name in ("PYARTIFACTS_TRUST", "PYARTIFACTS_OFFLINE", "JUPYTER_DEFAULT_PROVISIONER_NAME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def findings(
    capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0
) -> dict[str, dict[str, Any]]:
    assert main(["doctor", *arguments, "--json"]) == code
    found = json.loads(capsys.readouterr().out)["findings"]
    assert all(each["hint"] for each in found if each["state"] != "right")
    return {each["what"]: each for each in found}


def test_a_sound_installation(capsys: pytest.CaptureFixture[str], prefix: Path) -> None:
    found = findings(capsys)
    assert [name for name, each in found.items() if each["state"] == "wrong"] == []
    assert found["kernel provisioner"]["found"] == "registered"
    assert found["headless tools"]["state"] == "note"
    assert found["store"]["found"].startswith(f"{prefix / 'store'}, ")
    assert not (prefix / "store").exists()


def test_a_kernelspec_that_was_written_anew(
    capsys: pytest.CaptureFixture[str], prefix: Path
) -> None:
    file = KernelSpecFile(str(prefix))
    file.enable({"argv": []})
    assert findings(capsys)["headless tools"]["state"] == "right"
    file.path.write_text('{"argv": []}')
    finding = findings(capsys, code=1)["headless tools"]
    assert finding["found"].startswith("no longer enabled: ")
    assert finding["hint"] == "run jupyter pyartifacts enable again"


def test_a_layer_that_is_not_there(capsys: pytest.CaptureFixture[str], prefix: Path) -> None:
    stores = ("--store", str(prefix / "own"), "--store", str(prefix / "missing"))
    finding = findings(capsys, *stores, code=1)["store layer 2"]
    assert finding["found"] == f"no directory {prefix / 'missing'}"


def test_layers_and_quota(
    capsys: pytest.CaptureFixture[str], prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(Store([prefix / "shared"]))
    publish(Store([prefix / "own"]))
    monkeypatch.setenv("PYARTIFACTS_STORE_QUOTA", "1 kB")
    stores = ("--store", str(prefix / "own"), "--store", str(prefix / "shared"))
    found = findings(capsys, *stores)
    assert found["store layer 2"]["found"] == f"{prefix / 'shared'}, 1 artifacts"
    size = Store([prefix / "own"]).quota.used()
    assert found["store quota"] == {
        "state": "right",
        "what": "store quota",
        "found": f"{size} B of 1.0 kB in use",
        "hint": None,
    }
    monkeypatch.setenv("PYARTIFACTS_STORE_QUOTA", str(size))
    quota = findings(capsys, *stores)["store quota"]
    assert (quota["state"], quota["hint"]) == ("note", "free some space: jupyter pyartifacts gc")


def test_notebooks(capsys: pytest.CaptureFixture[str], prefix: Path) -> None:
    path = prefix / "n.ipynb"
    path.write_text("no")
    assert findings(capsys, str(path), code=1)["notebook"]["found"] == "the notebook is not JSON"
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    path.write_text(json.dumps(document))
    assert findings(capsys, str(path))["notebook"]["state"] == "note"
    lock = {
        "lock_version": 1,
        "requirements": [],
        "kernel": [],
        "python": "cpython 3.11.7",
        "platforms": ["windows-amd64"],
        "distributions": [],
        "artifacts": [],
    }
    path.write_text(json.dumps({**document, "metadata": {"pyartifacts": lock}}))
    found = findings(capsys, str(path), "--offline", code=1)
    assert found["platforms of the lock"]["state"] == "wrong"
    assert found["trust"]["found"] == "not approved"
    assert found["network"]["found"] == "switched off"


def test_the_text(capsys: pytest.CaptureFixture[str], prefix: Path) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok    jupyter_pyartifacts: ")
    position = next(n for n, line in enumerate(lines) if line.startswith("note  headless tools"))
    assert lines[position + 1] == (
        "      for nbclient, nbconvert and papermill: jupyter pyartifacts enable"
    )
