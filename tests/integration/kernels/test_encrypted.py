"""Encrypted connections (CurveZMQ): used where the pinned kernel knows them, else left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from jupyter_pyartifacts.kernel.encryption import ENCRYPTION_HINT

from .conftest import write_notebook

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.network,
    pytest.mark.skipif(
        not hasattr(KernelManager, "transport_encryption"),
        reason="this jupyter_client does not encrypt",
    ),
]


@pytest.fixture(scope="module")
def old_lock(make_lock):
    """Lock a kernel from before encryption."""
    return make_lock("ipykernel==6.29.5")


def keys(kernel):
    return "curve_secretkey" in json.loads(Path(kernel.manager.connection_file).read_text())


@pytest.mark.parametrize("policy", ["auto", "required"])
def test_a_new_kernel_encrypts(start, lock, tmp_path, policy):
    kernel = start(
        write_notebook(tmp_path / "n.ipynb", lock=lock), options={"transport_encryption": policy}
    )
    assert keys(kernel)
    assert kernel.value("__import__('sys').flags.isolated") == 1
    kernel.restart()
    assert kernel.value("__import__('sys').flags.isolated") == 1


def test_an_old_kernel_goes_without(start, old_lock, tmp_path):
    kernel = start(
        write_notebook(tmp_path / "n.ipynb", lock=old_lock),
        options={"transport_encryption": "auto"},
    )
    assert not keys(kernel)
    assert kernel.value("__import__('ipykernel').__version__") == "6.29.5"


def test_an_old_kernel_that_has_to_encrypt_says_so(start, old_lock, tmp_path):
    kernel = start(
        write_notebook(tmp_path / "n.ipynb", lock=old_lock),
        options={"transport_encryption": "required"},
    )
    assert keys(kernel)
    answer = kernel.run("1")
    assert answer.reply["ename"] == "PlatformError"
    assert f"hint: {ENCRYPTION_HINT}" in answer.reply["traceback"][-1]


def test_a_restart_from_encrypted_into_an_old_kernel_says_so(start, old_lock, lock, tmp_path):
    path = write_notebook(tmp_path / "n.ipynb", lock=lock)
    kernel = start(path, options={"transport_encryption": "auto"})
    write_notebook(path, lock=old_lock)
    kernel.restart()
    assert kernel.run("1").reply["ename"] == "PlatformError"
