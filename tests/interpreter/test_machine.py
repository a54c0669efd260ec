"""The interpreters of this machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from jupyter_pyartifacts.interpreter import ask_interpreter, host_version, system_version
from jupyter_pyartifacts.interpreter.machine import exact_on_machine, other_patch_on_machine
from jupyter_pyartifacts.model import PythonPin

MINOR = ".".join(host_version().split(".")[:2])


def test_this_processs_own_interpreter_is_the_real_one() -> None:
    found = exact_on_machine(PythonPin(version=host_version()), os.environ)
    assert found is not None
    assert found.version == platform.python_version()
    assert (found.source, found.notes) == ("exact", ())
    assert not os.path.islink(found.path)
    prefix = subprocess.run(
        [found.path, "-I", "-c", "import sys; print(sys.prefix == sys.base_prefix, sys.version)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert prefix.strip() == f"True {sys.version}".strip()
    assert ask_interpreter(found, os.environ) == found


def test_another_patch_release_serves_with_a_note() -> None:
    pin = PythonPin(version=f"{MINOR}.99")
    assert exact_on_machine(pin, os.environ) is None
    found = other_patch_on_machine(pin, os.environ, "it is for a test")
    assert found is not None
    assert (found.source, found.version) == ("other-patch", host_version())
    assert found.notes == (
        f"the lock names Python {MINOR}.99; {host_version()} of this machine is in use:"
        " it is for a test",
    )


def test_what_is_not_there_is_not_found() -> None:
    assert exact_on_machine(PythonPin(version="3.97.1"), os.environ) is None
    assert other_patch_on_machine(PythonPin(version="3.97.1"), os.environ, "") is None


@pytest.mark.skipif(sys.platform != "linux", reason="asks the C library of Linux")
def test_the_system_is_known_by_its_c_library() -> None:
    name, version = platform.libc_ver()
    if name == "glibc":
        assert system_version() == tuple(int(part) for part in version.split(".")[:2])
    else:
        assert system_version() == (0, 0)
