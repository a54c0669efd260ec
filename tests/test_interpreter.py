"""Which interpreter of this machine runs a lock."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import PlatformError
from jupyter_pyartifacts.interpreter import find_interpreter, host_version, system_version
from jupyter_pyartifacts.model import PythonPin

MINOR = ".".join(host_version().split(".")[:2])


def test_this_processs_own_interpreter_is_the_real_one() -> None:
    found = find_interpreter(PythonPin(version=host_version()), os.environ)
    assert found.version == platform.python_version()
    assert found.notes == ()
    assert not os.path.islink(found.path)
    prefix = subprocess.run(
        [found.path, "-I", "-c", "import sys; print(sys.prefix == sys.base_prefix, sys.version)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert prefix.strip() == f"True {sys.version}".strip()


def test_another_patch_release_serves_with_a_note() -> None:
    found = find_interpreter(PythonPin(version=f"{MINOR}.99"), os.environ)
    assert found.version == host_version()
    assert found.notes == (
        f"the lock names Python {MINOR}.99; {host_version()} of this machine is in use",
    )


def test_another_minor_never_serves() -> None:
    with pytest.raises(PlatformError) as caught:
        find_interpreter(PythonPin(version="3.97.1"), os.environ)
    assert str(caught.value) == (
        "the lock is for Python 3.97, and this machine has none\n"
        "  expected: cpython 3.97.1, or another 3.97 release\n"
        f"  found:    cpython {host_version()} only\n"
        "hint: install Python 3.97 (from python.org, pyenv, conda or the system's packages), or "
        f"lock again for this one: jupyter pyartifacts lock NOTEBOOK --python {MINOR}"
    )


def test_an_interpreter_that_does_not_start_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "versions" / "3.97.1" / "bin" / "python3.97"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\necho it is broken >&2\nexit 3\n")
    broken.chmod(0o755)
    environ = {**os.environ, "PYENV_ROOT": str(tmp_path)}
    with pytest.raises(PlatformError) as caught:
        find_interpreter(PythonPin(version="3.97.1"), environ)
    assert str(caught.value) == (
        f"the interpreter that the lock needs does not start ({broken})\n"
        "  it is broken\n"
        "hint: repair or reinstall that Python"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="asks the C library of Linux")
def test_the_system_is_known_by_its_c_library() -> None:
    name, version = platform.libc_ver()
    if name == "glibc":
        assert system_version() == tuple(int(part) for part in version.split(".")[:2])
    else:
        assert system_version() == (0, 0)
