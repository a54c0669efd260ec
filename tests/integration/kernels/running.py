"""A real kernel that a test talks to: what a cell prints, shows and answers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from zmq.utils.monitor import recv_monitor_message

from tests.servers import ServerProcess, wait_until

PATIENCE = 90.0


@dataclass
class Answer:
    """What one cell brought: streams, mime bundles, the error, the reply, other messages."""

    out: str = ""
    err: str = ""
    data: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    reply: dict[str, Any] = field(default_factory=dict)
    others: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether the cell ran to its end."""
        return bool(self.reply["status"] == "ok")


class Running:
    """One started kernel, as a frontend sees it."""

    def __init__(self, client: BlockingKernelClient, manager: KernelManager | None = None) -> None:
        self.client = client
        self._manager = manager
        self.client.start_channels()
        self.wait_until_ready()

    @property
    def manager(self) -> KernelManager:
        """Return the manager of a kernel that the test itself started."""
        assert self._manager is not None
        return self._manager

    def wait_until_ready(self) -> None:
        """Wait until the kernel answers on both channels, however long it takes to start.

        `KernelClient.wait_for_ready` gives up on a kernel that a server still prepares.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            request = self.client.kernel_info()
            try:
                self.client._recv_reply(request, timeout=1)
                while self._next_parent() != request:
                    pass
            except (Empty, TimeoutError):
                continue
            self._connect_stdin()
            return
        raise TimeoutError("the kernel does not answer")

    def _connect_stdin(self) -> None:
        """Connect the stdin channel anew, and wait until it is.

        The channels reconnect each in its own time, 0.1 to 0.2 s apart; a kernel that is asked
        over one before the other is there sends its question to nobody, and waits for ever.
        """
        socket = self.client.stdin_channel.socket
        assert socket is not None
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        endpoint = socket.last_endpoint
        socket.disconnect(endpoint)
        socket.connect(endpoint)
        if not monitor.poll(PATIENCE * 1000):
            raise TimeoutError("the kernel's stdin channel cannot be connected")
        recv_monitor_message(monitor)
        socket.disable_monitor()
        monitor.close()

    def _next_parent(self) -> str | None:
        parent: str | None = self.client.get_iopub_msg(timeout=1)["parent_header"].get("msg_id")
        return parent

    def run(self, code: str, *, answers: tuple[str, ...] = (), **how: bool) -> Answer:
        """Run a cell to its end; `answers` are what the user types into `input()`.

        `how` is of the request: `silent`, `store_history`.
        """
        request = self.send(code, stdin=bool(answers), **how)
        for text in answers:
            message = self.client.get_stdin_msg(timeout=PATIENCE)
            assert message["msg_type"] == "input_request"
            self.client.input(text)
        return self.wait(request)

    def send(self, code: str, *, stdin: bool = False, **how: bool) -> str:
        """Send a cell and return its message id."""
        return self.client.execute(code, allow_stdin=stdin, **how)

    def wait(self, request: str) -> Answer:
        """Collect what a cell brings until it ends."""
        answer = Answer()
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                name = "out" if content["name"] == "stdout" else "err"
                setattr(answer, name, getattr(answer, name) + content["text"])
            elif kind in ("display_data", "execute_result"):
                answer.data.append(content["data"])
            elif kind == "error":
                answer.error = content
            elif kind == "status" and content["execution_state"] == "idle":
                break
            else:
                answer.others.append(message)
        answer.reply = self.client._recv_reply(request, timeout=PATIENCE)["content"]
        return answer

    def wait_for_output(self, request: str, text: str) -> None:
        """Wait until a running cell has printed a text."""
        seen = ""
        while text not in seen:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") == request:
                seen += message["content"].get("text", "")

    def value(self, expression: str) -> Any:
        """Return the value of an expression that `json.dumps` can write."""
        answer = self.run(f"import json as _json\nprint(_json.dumps({expression}))")
        assert answer.ok, answer.error
        return json.loads(answer.out)

    def restart(self) -> None:
        """Restart as a frontend does, and wait until it answers."""
        self.manager.restart_kernel()
        self.wait_until_ready()

    def control(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """Send a request over the control channel and return the reply's content."""
        message = self.client.session.msg(kind, content)
        self.client.control_channel.send(message)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            reply = self.client.get_control_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return dict(reply["content"])
        raise TimeoutError(kind)

    def start_debugger(self) -> None:
        """Start the debugger as a frontend does, in a new kernel where it does not come up.

        debugpy's adapter misses its own start now and then, in stock kernels as well: 7 of 165
        times (ipykernel 7.4, debugpy 1.8.22), where three kernels were at it at once.
        """
        arguments = {
            "clientID": "test",
            "adapterID": "",
            "pathFormat": "path",
            "linesStartAt1": True,
        }
        request = {"type": "request", "seq": 1, "command": "initialize", "arguments": arguments}
        for _ in range(3):
            reply = self.control("debug_request", request)
            if reply["success"]:
                return
            self.restart()
        raise AssertionError(f"the debugger does not start: {reply}")

    def close(self) -> None:
        """Shut the kernel down."""
        self.client.stop_channels()
        if self._manager is not None and self._manager.has_kernel:
            self._manager.shutdown_kernel(now=True)


def connect(server: ServerProcess, session: Mapping[str, Any]) -> Running:
    """Return the kernel of a server's session once it is up."""
    # The server answers at once and starts the kernel in the background.
    file = server.runtime / f"kernel-{session['kernel']['id']}.json"
    wait_until(lambda: _is_json(file))
    client = BlockingKernelClient(connection_file=str(file))
    client.load_connection_file()
    return Running(client)


def _is_json(file: Path) -> bool:
    """Tell whether a file is there, and whole."""
    try:
        json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return True
