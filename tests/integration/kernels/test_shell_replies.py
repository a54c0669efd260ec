"""A request that arrives while a reply is sent is read: ipykernel 7.0 to 7.3 may miss it."""

from __future__ import annotations

import time

import pytest

from .conftest import write_notebook

pytestmark = [pytest.mark.kernel, pytest.mark.network]

SECONDS = 0.4
SLOW = f"""
import time
from ipykernel.kernelapp import IPKernelApp

class Slow:
    def __init__(self, way):
        self.way = way

    def send_multipart(self, message):
        time.sleep({SECONDS})
        self.way.send_multipart(message)

manager = IPKernelApp.instance().shell_channel_thread.manager
manager._shell_socket = Slow(manager._shell_socket)
"""


@pytest.mark.parametrize("version", ["7.0.1", "7.3.0"])
def test_a_cell_that_is_run_while_a_reply_is_sent(start, make_lock, tmp_path, version):
    lock = make_lock(f"ipykernel=={version}")
    kernel = start(write_notebook(tmp_path / "n.ipynb", lock=lock))
    assert kernel.value("__import__('ipykernel').__version__") == version
    assert kernel.run(SLOW).ok
    time.sleep(2 * SECONDS)
    for _ in range(3):
        first = kernel.send("1")
        time.sleep(SECONDS / 2)
        second = kernel.send("2")
        assert kernel.client._recv_reply(first, timeout=30)["content"]["status"] == "ok"
        assert kernel.client._recv_reply(second, timeout=30)["content"]["status"] == "ok"
