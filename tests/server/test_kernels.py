"""What the server knows of a kernel: the lock it runs, and what it has loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_pyartifacts.server.kernels import Kernel
from jupyter_pyartifacts.shim.session import Session

OLD: dict[str, Any] = {"lock_version": 1, "requirements": ["six"]}
NEW: dict[str, Any] = {"lock_version": 1, "requirements": ["six", "attrs"]}


def kernel_of(path: Path) -> Kernel:
    path.write_text(json.dumps({"pyartifacts": OLD}))
    return Kernel("k", "n.ipynb", session=str(path), known=OLD, used=OLD)


def test_a_lock_that_a_frontend_made_runs_once_the_kernel_has_moved_to_it(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    kernel = kernel_of(path)
    kernel.push(NEW)
    assert kernel.lock() == NEW
    assert kernel.running() == OLD

    session = Session(str(path), "/host/python", True)
    session.write_lock(NEW)
    session.note_moved()
    assert kernel.running() == NEW

    kernel.push(OLD)
    assert kernel.running() == NEW
    assert kernel.lock() == OLD


def test_what_a_kernel_had_loaded_before_a_restart_is_forgotten(tmp_path: Path) -> None:
    kernel = kernel_of(tmp_path / "k.json")
    kernel.forget_loaded()
    (tmp_path / "k.loaded").write_text(json.dumps({"/views/a": ["six"]}))
    assert kernel.loaded() == {"/views/a": ["six"]}
    kernel.forget_loaded()
    assert kernel.loaded() == {}
