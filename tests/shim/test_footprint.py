"""What a kernel says that it has loaded."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jupyter_pyartifacts.shim.footprint import Footprint, footprint
from jupyter_pyartifacts.shim.hotadd import site_packages_of
from jupyter_pyartifacts.shim.session import Session


def module(path: str | None) -> Any:
    return SimpleNamespace(__file__=path)


def test_names_are_two_levels_deep() -> None:
    modules = {
        "six": module("/view/site-packages/six.py"),
        "pandas": module("/view/site-packages/pandas/__init__.py"),
        "pandas.core.api": module("/view/site-packages/pandas/core/api.py"),
        "google.protobuf.any": module("/view/site-packages/google/protobuf/any/x.py"),
        "other": module("/view/site-packages-other/x.py"),
        "json": module("/usr/lib/json/__init__.py"),
        "builtin": module(None),
    }
    assert footprint(["/view/site-packages", "/none"], modules) == {
        "/view/site-packages": ["google/protobuf", "pandas/__init__.py", "pandas/core", "six.py"]
    }


def test_it_is_written_once_for_each_change(tmp_path: Path, monkeypatch: Any) -> None:
    import sys

    view = str(tmp_path / "view")
    session = Session(str(tmp_path / "k.json"), "/host/python", True, view=view)
    written = tmp_path / "k.loaded"
    watch = Footprint(session)
    watch.look()
    assert json.loads(written.read_text()) == {}
    packages = site_packages_of(view)
    monkeypatch.setitem(sys.modules, "_made_up", module(f"{packages}/made_up/__init__.py"))
    watch.look()
    assert json.loads(written.read_text()) == {packages: ["made_up/__init__.py"]}
    written.unlink()
    watch.look()
    assert not written.exists()


def test_a_directory_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    session = Session(str(tmp_path / "gone" / "k.json"), "/host/python", True, view="/view")
    Footprint(session).look()
    assert not (tmp_path / "gone").exists()
