"""A real JupyterHub on 127.0.0.1: its proxy, one server a user, and people who use them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from jupyter_pyartifacts.server.events import SCHEMA_ID
from tests.servers import wait_until
from tests.uids import FIRST_UID, OWN_UIDS, opening

__all__ = ["Hub", "Person"]

PATIENCE = 120.0
PASSWORD = "not-a-secret"
ANSI = re.compile(r"\x1b\[[0-9;]*m")
# What other tests brought; each server would load it.
NOT_NEEDED = ("jupyter_server_ydoc", "jupyter_lsp", "jupytext", "nbdime", "notebook")
DOCUMENTED = Path(__file__).parent.parent / ".docs" / "howto" / "jupyterhub"


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens at just now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Hub:
    """A hub below `root`, with the documented configuration and what is different here.

    `names` are its users, whose homes are below `root`/home. `settings` is Python that follows
    the documented settings of their servers. Its log is in `log`.
    """

    def __init__(
        self, root: Path, environ: Mapping[str, str], names: tuple[str, ...], settings: str
    ) -> None:
        self.root = root
        self.log = root / "hub.log"
        self._environ = dict(environ)
        self._etc = root / "etc"
        (root / "hub").mkdir()
        self._etc.mkdir()
        uids = {name: FIRST_UID + number for number, name in enumerate(names)}
        for name in names:
            home = root / "home" / name
            home.mkdir(parents=True)
            home.chmod(0o700)
            if OWN_UIDS:
                os.chown(home, uids[name], uids[name])
        (self._etc / "jupyter_server_config.py").write_text(
            f"load_subconfig({str(DOCUMENTED / 'jupyter_server_config.py')!r})\n{settings}\n"
            f"c.ServerApp.jpserver_extensions = {dict.fromkeys(NOT_NEEDED, False)!r}\n"
        )
        self._write_config(uids)
        config = str(root / "hub" / "config.py")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*opening(root), sys.executable, "-m", "jupyterhub", "-f", config],
                env={**self._environ, "CONFIGPROXY_AUTH_TOKEN": uuid.uuid4().hex},
                cwd=root / "hub",
                stdout=log,
                stderr=log,
            )
        self._wait_until_up()

    def _write_config(self, uids: Mapping[str, int]) -> None:
        public, hub, api = free_ports(3)
        self.url = f"http://127.0.0.1:{public}/"
        proxy = Path(sys.executable).parent / "configurable-http-proxy"
        (self.root / "hub" / "config.py").write_text(f"""
import os
from jupyterhub.spawner import SimpleLocalProcessSpawner

load_subconfig({str(DOCUMENTED / "jupyterhub_config.py")!r})
UIDS = {dict(uids)!r}

class OwnUids(SimpleLocalProcessSpawner):
    # As LocalProcessSpawner does it for users of the system, which a test does not make.
    def make_preexec_fn(self, name):
        uid, home = UIDS[name], self.home_dir
        def preexec():
            if {OWN_UIDS}:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            os.umask(0o022)
            os.chdir(home)
        return preexec

c.JupyterHub.spawner_class = OwnUids
c.SimpleLocalProcessSpawner.home_dir_template = {str(self.root / "home")!r} + "/{{username}}"
c.Spawner.cmd = [{sys.executable!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.env_keep = ["PATH", "LANG", "LC_ALL"]
c.Spawner.environment = {{
    "JUPYTER_CONFIG_PATH": {str(self._etc)!r},
    "PYARTIFACTS_BYTE_CODE": "0",
    "PYARTIFACTS_ENGINE": "0",
}}
c.Spawner.notebook_dir = {str(self.root / "notebooks")!r}
c.Spawner.start_timeout = c.Spawner.http_timeout = {int(PATIENCE)}
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {PASSWORD!r}
c.Authenticator.allowed_users = {set(uids)!r}
c.JupyterHub.bind_url = {self.url!r}
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = [{str(proxy)!r}]
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret_file = {str(self.root / "hub" / "secret")!r}
""")

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{self.url}hub/api/", timeout=PATIENCE).status_code == 200:
                    return
            time.sleep(0.2)
        self.close()
        raise RuntimeError(self.log.read_text())

    def close(self) -> None:
        """Stop the hub, its proxy and its users' servers."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            print(self.log.read_text()[-30_000:])


@dataclass
class Person:
    """A user of a hub, logged in as in a browser: with cookies and nothing else."""

    hub: Hub
    name: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        page = self.session.get(f"{self.hub.url}hub/login", timeout=PATIENCE)
        form = {"username": self.name, "password": PASSWORD, "_xsrf": self._xsrf("/hub/")}
        page = self.session.post(f"{self.hub.url}hub/login", data=form, timeout=PATIENCE)
        page.raise_for_status()

    def _xsrf(self, path: str) -> str:
        found = [
            str(cookie.value)
            for cookie in self.session.cookies
            if cookie.name == "_xsrf" and cookie.path == path
        ]
        return found[-1]

    @property
    def base(self) -> str:
        """Return the path of this person's server, as the proxy has it."""
        return f"/user/{self.name}/"

    @property
    def url(self) -> str:
        """Return the address of this person's server."""
        return self.hub.url.rstrip("/") + self.base

    def enter(self) -> None:
        """Open the server, which the login has started; that gives it cookies of its own."""

        def is_up() -> bool:
            answer = self.session.get(f"{self.hub.url}hub/api/users/{self.name}", timeout=PATIENCE)
            assert answer.status_code == 200, answer.text
            time.sleep(0.5)
            return bool(answer.json()["servers"].get("", {}).get("ready"))

        wait_until(is_up)
        self.session.get(f"{self.url}lab", timeout=PATIENCE).raise_for_status()

    def send(
        self, method: str, path: str, body: object = None, *, xsrf: bool = True
    ) -> requests.Response:
        """Send a request to a path of the server, as Lab does it."""
        headers = {"X-XSRFToken": self._xsrf(self.base)} if xsrf else {}
        return self.session.request(
            method, f"{self.url}{path}", json=body, headers=headers, timeout=PATIENCE
        )

    def call(self, name: str, status: int = 200, /, **body: Any) -> Any:
        """Post to an endpoint of ours and return its JSON, whose status has to be this one."""
        answer = self.send("POST", f"pyartifacts/{name}", body)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json()

    def get(self, name: str) -> Any:
        """Get from an endpoint of ours."""
        answer = self.send("GET", f"pyartifacts/{name}")
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def finished(self, name: str, /, **body: Any) -> Any:
        """Post to an endpoint that starts a job, and return the job once it ended."""
        job = self.call(name, 202, **body)["job"]["id"]
        wait_until(lambda: self.get(f"jobs/{job}")["state"] != "running")
        return self.get(f"jobs/{job}")

    def open(self, path: str) -> str:
        """Start the kernel of a notebook, as Lab does; return its id."""
        body = {"path": path, "name": Path(path).name, "type": "notebook"}
        answer = self.send("POST", "api/sessions", {**body, "kernel": {"name": "python3"}})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["kernel"]["id"])

    def socket(self, path: str) -> HTTPRequest:
        """Return the request for a websocket of the server, with this person's cookies."""
        address = f"{self.url}{path}"
        request = requests.Request("GET", address)
        cookies = self.session.prepare_request(request).headers["Cookie"]
        place = urlsplit(self.hub.url)
        return HTTPRequest(
            address.replace("http", "ws", 1),
            headers={"Cookie": cookies, "Origin": f"{place.scheme}://{place.netloc}"},
            request_timeout=PATIENCE,
        )

    def run(self, kernel: str, code: str) -> str:
        """Run a cell over the proxy; return what it printed, or its error's text."""
        return asyncio.run(asyncio.wait_for(self._run(kernel, code), PATIENCE))

    async def _run(self, kernel: str, code: str) -> str:
        channels = await websocket_connect(self.socket(f"api/kernels/{kernel}/channels"))
        try:
            return await _execute(channels, code)
        finally:
            await _hang_up(channels)

    def terminal(self, command: str, ends_with: str) -> str:
        """Type a command into a terminal of the server; return what is shown up to a text."""
        name = self.send("POST", "api/terminals").json()["name"]
        return asyncio.run(asyncio.wait_for(self._terminal(name, command, ends_with), PATIENCE))

    async def _terminal(self, name: str, command: str, ends_with: str) -> str:
        screen = await websocket_connect(self.socket(f"terminals/websocket/{name}"))
        try:
            await screen.write_message(json.dumps(["stdin", f"{command}\r"]))
            shown = ""
            while ends_with not in shown:
                kind, *content = json.loads(str(await screen.read_message()))
                shown += content[0] if kind == "stdout" else ""
            return shown
        finally:
            await _hang_up(screen)

    def listen(self, name: str, /, **body: Any) -> list[dict[str, Any]]:
        """Post to an endpoint that starts a job; return what the server's events tell of it."""
        return asyncio.run(asyncio.wait_for(self._listen(name, body), PATIENCE))

    async def _listen(self, name: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        stream = await websocket_connect(self.socket("api/events/subscribe"))
        try:
            job = (await asyncio.to_thread(self.call, name, 202, **body))["job"]["id"]
            events: list[dict[str, Any]] = []
            while not events or events[-1]["state"] == "running":
                event = json.loads(str(await stream.read_message()))
                if event["schema_id"] == SCHEMA_ID and event["job"] == job:
                    events.append(event)
            return events
        finally:
            await _hang_up(stream)

    def close(self) -> None:
        """End this person's connections."""
        self.session.close()


async def _hang_up(connection: WebSocketClientConnection) -> None:
    """Close a connection and wait until it is closed: the loop ends with its last task."""
    connection.close()
    while await connection.read_message() is not None:
        pass


async def _execute(channels: WebSocketClientConnection, code: str) -> str:
    request = uuid.uuid4().hex
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
    }
    header = {
        "msg_id": request,
        "msg_type": "execute_request",
        "session": uuid.uuid4().hex,
        "username": "",
        "version": "5.3",
        "date": "2024-01-01T00:00:00Z",
    }
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    await channels.write_message(json.dumps({**message, "channel": "shell", "buffers": []}))
    printed = ""
    while True:
        text = await channels.read_message()
        assert isinstance(text, str), "the connection to the kernel ended"
        answer = json.loads(text)
        if answer["parent_header"].get("msg_id") != request:
            continue
        kind, content = answer["msg_type"], answer["content"]
        if kind == "stream":
            printed += content["text"]
        elif kind == "error":
            printed += ANSI.sub("", "\n".join(content["traceback"]))
        elif kind == "status" and content["execution_state"] == "idle":
            return printed
