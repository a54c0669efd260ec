"""Kernels too old for CurveZMQ: launched without where that is allowed, refused where not."""

from types import SimpleNamespace

import pytest

from jupyter_pyartifacts.errors import PlatformError
from jupyter_pyartifacts.kernel import encryption


def test_the_policy_of_the_call_then_of_the_manager_then_of_old_managers():
    manager = SimpleNamespace(transport_encryption="auto")
    assert encryption.encryption_policy(manager, "required") == "required"
    assert encryption.encryption_policy(manager, None) == "auto"
    assert encryption.encryption_policy(SimpleNamespace(), None) == "disabled"


def test_an_ipykernel_tells_by_its_source(tmp_path):
    (tmp_path / "ipykernel").mkdir()
    assert not encryption.supports_curve(str(tmp_path))
    source = tmp_path / "ipykernel" / "kernelapp.py"
    source.write_text("class IPKernelApp: ...\n")
    assert not encryption.supports_curve(str(tmp_path))
    source.write_text("self.curve_secretkey = None\n")
    assert encryption.supports_curve(str(tmp_path))


@pytest.mark.parametrize("policy", ["disabled", "auto", "required"])
@pytest.mark.parametrize("keys", [False, True])
def test_a_new_kernel_follows_the_policy(policy, keys):
    decided = encryption.transport_encryption(policy, supported=True, keys_exist=keys)
    assert decided == policy


@pytest.mark.parametrize("policy", ["disabled", "auto"])
def test_an_old_kernel_goes_without(policy):
    decided = encryption.transport_encryption(policy, supported=False, keys_exist=False)
    assert decided == "disabled"


@pytest.mark.parametrize(("policy", "keys"), [("required", False), ("auto", True)])
def test_an_old_kernel_that_must_encrypt_is_refused(policy, keys):
    with pytest.raises(PlatformError) as caught:
        encryption.transport_encryption(policy, supported=False, keys_exist=keys)
    assert str(caught.value) == (
        "the ipykernel that this notebook pins cannot encrypt its connection (CurveZMQ)\n"
        "  expected: an ipykernel that reads curve_secretkey\n"
        f"  found:    an older one, while transport_encryption is {policy}\n"
        f"hint: {encryption.ENCRYPTION_HINT}"
    )
