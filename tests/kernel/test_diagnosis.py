"""What doctor says of an environment's kernels."""

import shutil

import pytest
from ipykernel.kernelspec import write_kernel_spec

from jupyter_pyartifacts.kernel import registration
from jupyter_pyartifacts.kernel.diagnosis import Finding, kernel_findings


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """Make an environment that Jupyter takes kernelspecs from before all others."""
    path = registration.kernelspec_path(str(tmp_path))
    path.parent.parent.mkdir(parents=True)
    write_kernel_spec(path.parent)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    return tmp_path


def findings(prefix, environ=None):
    return {one.subject: one for one in kernel_findings(environ or {}, prefix=str(prefix))}


def test_all_is_well_once_enabled(prefix):
    path = registration.kernelspec_path(str(prefix))
    registration.enable(path)
    found = findings(prefix)
    assert set(found) == {"provisioner", "headless runs", "fallback kernel"}
    assert all(one.ok and one.hint is None for one in found.values())
    assert found["headless runs"].text == f"locks are used, by {path}"
    assert found["provisioner"].text == (
        "Jupyter finds it: jupyter_pyartifacts.kernel.provisioner:PyArtifactsProvisioner"
    )


def test_not_enabled(prefix):
    assert findings(prefix)["headless runs"] == Finding(
        subject="headless runs",
        ok=False,
        text="locks are not used by headless tools",
        hint="run: jupyter pyartifacts enable",
    )


def test_the_variable_serves_as_well(prefix):
    found = findings(prefix, {"JUPYTER_DEFAULT_PROVISIONER_NAME": "pyartifacts"})
    assert found["headless runs"].ok
    assert "default provisioner" not in found


def test_an_upgrade_of_ipykernel_is_noticed(prefix):
    path = registration.kernelspec_path(str(prefix))
    original = path.read_bytes()
    registration.enable(path)
    path.write_bytes(original)
    found = findings(prefix)["headless runs"]
    assert (found.ok, found.hint) == (False, "run: jupyter pyartifacts enable")
    assert found.text == f"it was enabled, but {path} was written anew (an upgrade of ipykernel)"


def test_another_default_provisioner_is_named(prefix):
    found = findings(prefix, {"JUPYTER_DEFAULT_PROVISIONER_NAME": "local-provisioner"})
    assert found["default provisioner"] == Finding(
        subject="default provisioner",
        ok=False,
        text="JUPYTER_DEFAULT_PROVISIONER_NAME is local-provisioner: a server ignores locks",
        hint="unset JUPYTER_DEFAULT_PROVISIONER_NAME, or set it to pyartifacts",
    )


def test_a_kernelspec_that_hides_the_environments_own(prefix, tmp_path, monkeypatch):
    own = registration.kernelspec_path(str(prefix)).parent
    hiding = tmp_path / "user" / "kernels" / "python3"
    shutil.copytree(own, hiding)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "user"))
    assert findings(prefix)["kernelspec"] == Finding(
        subject="kernelspec",
        ok=False,
        text=f"Jupyter starts python3 by {hiding}, which hides {own}",
        hint=f"remove {hiding}, or set JUPYTER_DEFAULT_PROVISIONER_NAME=pyartifacts",
    )


def test_a_broken_kernelspec_is_a_finding_not_a_crash(prefix):
    path = registration.kernelspec_path(str(prefix))
    path.write_text("[]")
    found = findings(prefix)["headless runs"]
    assert (found.ok, found.text) == (False, f"the kernelspec is no JSON object ({path})")
