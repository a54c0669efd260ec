"""`enable` and `disable`: what they do to an environment's python3 kernelspec."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.cli.kernelspec import (
    LAUNCHER,
    KernelSpecFile,
    disabled_spec,
    enabled_spec,
)
from jupyter_pyartifacts.errors import PyArtifactsError

SPEC: dict[str, Any] = {
    "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "metadata": {"debugger": True},
}
OURS = {"provisioner_name": "pyartifacts"}


def test_the_stanza_comes_and_goes() -> None:
    spec = enabled_spec(SPEC)
    assert spec == {**SPEC, "metadata": {"debugger": True, "kernel_provisioner": OURS}}
    assert disabled_spec(spec) == SPEC
    bare = {"argv": []}
    assert disabled_spec(enabled_spec(bare)) == bare


@pytest.fixture
def file(tmp_path: Path) -> KernelSpecFile:
    file = KernelSpecFile(str(tmp_path))
    file.path.parent.mkdir(parents=True)
    file.path.write_text(json.dumps(SPEC, indent=3))
    return file


def test_disable_brings_the_original_back(file: KernelSpecFile) -> None:
    before = file.path.read_bytes()
    file.path.chmod(0o640)
    assert file.state() == "disabled"
    assert file.enable({})
    assert file.state() == "enabled"
    assert file.read() == enabled_spec(SPEC)
    assert not file.enable({})
    assert file.disable()
    assert file.path.read_bytes() == before
    assert file.path.stat().st_mode & 0o777 == 0o640
    assert not file.backup.exists()
    assert not file.disable()


def test_an_upgrade_of_ipykernel_is_noticed(file: KernelSpecFile) -> None:
    file.enable({})
    file.path.write_text(json.dumps({**SPEC, "display_name": "newer"}))
    assert file.state() == "lost"
    assert file.enable({})
    assert file.disable()
    assert file.read() == {**SPEC, "display_name": "newer"}


def test_disable_after_the_stanza_was_lost(file: KernelSpecFile) -> None:
    file.enable({})
    file.path.write_text(json.dumps(SPEC))
    assert file.disable()
    assert (file.state(), file.read()) == ("disabled", SPEC)


def test_what_a_user_edited_stays(file: KernelSpecFile) -> None:
    file.enable({})
    spec = file.read()
    assert spec is not None
    file.path.write_text(json.dumps({**spec, "env": {"A": "1"}}))
    file.disable()
    assert file.read() == {**SPEC, "env": {"A": "1"}}


def test_an_environment_without_the_kernelspec(tmp_path: Path) -> None:
    file = KernelSpecFile(str(tmp_path))
    assert file.enable(SPEC)
    assert file.read() == enabled_spec(SPEC)
    assert file.disable()
    assert not file.path.parent.exists()


def test_another_provisioner_is_left_alone(file: KernelSpecFile) -> None:
    other = {**SPEC, "metadata": {"kernel_provisioner": {"provisioner_name": "other"}}}
    file.path.write_text(json.dumps(other))
    with pytest.raises(PyArtifactsError) as caught:
        file.enable({})
    assert str(caught.value) == (
        f"this environment's python3 kernel has another provisioner already ({file.path})\n"
        "  expected: none\n  found:    other\n"
        "hint: take it out of the file first, or set "
        "JUPYTER_DEFAULT_PROVISIONER_NAME=pyartifacts where it is wanted"
    )
    assert file.read() == other
    assert not file.disable()


def test_a_malformed_kernelspec_is_left_alone(file: KernelSpecFile) -> None:
    file.path.write_text("[]")
    with pytest.raises(PyArtifactsError) as caught:
        file.enable({})
    assert str(caught.value) == (
        f"the python3 kernelspec is malformed ({file.path})\n"
        "  expected: a kernelspec (a JSON object)\n  found:    no object\n"
        "hint: let ipykernel write it anew: python -m ipykernel install --sys-prefix"
    )
    assert file.path.read_text() == "[]"


def test_the_verbs_in_a_real_environment(tmp_path: Path) -> None:
    """A prefix of its own, entered by `sys.prefix`, stands for an environment."""
    code = (
        "import sys, os; sys.prefix = sys.argv[1]\n"
        "from jupyter_pyartifacts.cli import main\n"
        "sys.exit(main(sys.argv[2:]))"
    )

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), *arguments],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": "/usr/bin:/bin", "JUPYTER_PATH": str(tmp_path / "share" / "jupyter")},
        )
        assert done.stderr == ""
        return done.stdout

    path = tmp_path / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    assert call("enable", "--dry-run") == f"would enable: {path}\n"
    assert not path.exists()
    assert call("enable") == f"enabled: {path}\n"
    assert json.loads(path.read_text())["metadata"]["kernel_provisioner"] == OURS
    assert call("enable") == f"enabled already: {path}\n"
    assert call("disable", "--dry-run") == f"would disable: {path}\n"
    assert path.exists()
    assert json.loads(call("disable", "--json"))["changed"] is True
    assert not path.parent.exists()
    assert call("disable") == f"disabled already: {path}\n"
    own = tmp_path / "share" / "jupyter" / "kernels" / "pyartifacts" / "kernel.json"
    assert call("enable", "--kernelspec", "--dry-run") == f"would enable: {own}\n"
    assert not own.exists()
    assert call("enable", "--kernelspec") == f"enabled: {own}\n"
    assert call("enable", "--kernelspec") == f"enabled already: {own}\n"
    assert not path.exists()
    argv = json.loads(own.read_text())["argv"]
    assert argv[0] == sys.executable
    assert argv[-4:] == ["-m", LAUNCHER, "-f", "{connection_file}"]
    call("enable")
    assert call("disable") == f"disabled: {path}\ndisabled: {own}\n"
    assert not own.parent.exists()
