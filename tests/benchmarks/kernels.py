"""Real kernels through jupyter_client: from the start to the reply, and what a kernel prints."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerFactory

TIMEOUT = 180


def stock_manager(python: Path) -> KernelManager:
    """Return a manager of the ipykernel of one environment."""
    manager = _manager()
    manager._kernel_spec = KernelSpec(
        argv=[str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="benchmark",
        language="python",
        metadata={"kernel_provisioner": {"provisioner_name": "local-provisioner"}},
    )
    return manager


def our_manager() -> KernelManager:
    """Return a manager of this environment's `python3` kernel with our provisioner."""
    manager = _manager(kernel_name="python3")
    manager.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": "pyartifacts"}
    return manager


def _manager(**options: Any) -> KernelManager:
    KernelProvisionerFactory.instance()
    # Sockets that find nobody listening try again: ZeroMQ's 100 ms would round both sides up.
    context = zmq.Context()
    context.setsockopt(zmq.RECONNECT_IVL, 4)
    return KernelManager(context=context, **options)


class Kernel:
    """One running kernel that answers code."""

    def __init__(self, manager: KernelManager, environ: Mapping[str, str]) -> None:
        self._manager = manager
        manager.start_kernel(
            env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._client = manager.blocking_client()
        self._client.start_channels()

    def execute(self, code: str) -> str:
        """Run code, wait for its reply, and return the text of its last expression."""
        message = self._client.execute(code, user_expressions={"value": "_value_"})
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            reply = self._client.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == message:
                content = reply["content"]
                if content["status"] != "ok":
                    raise SystemExit(f"{code!r} failed: {content}")
                value = content["user_expressions"]["value"]
                return value["data"]["text/plain"] if value["status"] == "ok" else ""
        raise SystemExit(f"no reply to {code!r}")

    def close(self) -> None:
        """End the kernel."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        self._manager.context.destroy(linger=0)


@contextmanager
def kernel(manager: KernelManager, environ: Mapping[str, str]) -> Iterator[Kernel]:
    """Give a running kernel, ended afterwards."""
    running = Kernel(manager, environ)
    try:
        yield running
    finally:
        running.close()


def start_to_reply(manager: KernelManager, environ: Mapping[str, str], code: str) -> float:
    """Return the seconds from the start of a kernel to its reply to `code`."""
    begin = time.perf_counter()
    with kernel(manager, environ) as running:
        running.execute(code)
        return time.perf_counter() - begin


@contextmanager
def configured(settings: Mapping[str, str]) -> Iterator[None]:
    """Have this process configured as a Jupyter server of our side would be."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
