"""A real Jupyter server on 127.0.0.1 with the extension, as a process of its own."""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PATIENCE", "TOKEN", "Reply", "ServerProcess", "read_notebook", "wait_until"]

PATIENCE = 90.0
TOKEN = "not-a-secret"


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body's JSON, None for an empty one."""
        return json.loads(self.body) if self.body else None


class ServerProcess:
    """A server over the directory `root`; its log is in `log`."""

    def __init__(
        self,
        root: Path,
        environ: Mapping[str, str],
        *,
        config: Mapping[str, Any] | None = None,
        extensions: tuple[str, ...] = ("jupyter_pyartifacts",),
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.root = root
        self.runtime = root.parent / "runtime"
        self.log = root.parent / "server.log"
        directory = root.parent / "config"
        directory.mkdir(exist_ok=True)
        # Installed for the tests that ask for it, it would be on in all of them.
        enabled = {"jupyter_server_ydoc": False, **dict.fromkeys(extensions, True)}
        settings = {"ServerApp": {"jpserver_extensions": enabled}, **(config or {})}
        (directory / "jupyter_server_config.json").write_text(json.dumps(settings))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
                    *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
                    *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}"),
                    *arguments,
                ],
                env={
                    **environ,
                    "JUPYTER_RUNTIME_DIR": str(self.runtime),
                    "JUPYTER_CONFIG_DIR": str(directory),
                    "JUPYTER_DATA_DIR": str(root.parent / "jupyter"),
                },
                # Extensions leave files where they are started.
                cwd=root.parent,
                stdout=log,
                stderr=log,
            )
        self.url = self._wait_until_up()

    def _wait_until_up(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            for path in self.runtime.glob("jpserver-*.json"):
                # The file is there before the server answers.
                with contextlib.suppress(ValueError, urllib.error.URLError):
                    url = str(json.loads(path.read_text())["url"])
                    with urllib.request.urlopen(f"{url}api", timeout=PATIENCE):
                        return url
            time.sleep(0.1)
        self.process.kill()
        raise RuntimeError(self.log.read_text())

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        data: bytes | None = None,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request to a path below the base URL and return what is answered."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"token {token}"
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else data,
            headers=sent,
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return Reply(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, dict(error.headers), error.read())

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to Jupyter's own interface; return the JSON of a good answer."""
        reply = self.send(method, f"api/{path}", body)
        assert reply.status < 400, (reply.status, reply.body)
        return reply.json

    def call(self, name: str, status: int = 200, /, **body: Any) -> Any:
        """Post to an endpoint of ours and return its JSON, whose status has to be this one."""
        reply = self.send("POST", f"pyartifacts/{name}", body)
        assert reply.status == status, (reply.status, reply.body)
        return reply.json

    def finished(self, name: str, /, **body: Any) -> Any:
        """Post to an endpoint that starts a job, and return the job once it ended."""
        return self.wait_for(self.call(name, 202, **body)["job"]["id"])

    def wait_for(self, job: str) -> Any:
        """Return a job once it ended."""
        found: dict[str, Any] = {}

        def ended() -> bool:
            found.update(self.send("GET", f"pyartifacts/jobs/{job}").json)
            return bool(found["state"] != "running")

        wait_until(ended)
        return found

    def login(self, *, token: bool = True) -> dict[str, str]:
        """Log in as a browser does and return its cookies; without the token those of a guest."""
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        # The page sets the XSRF cookie, the token in the address the one that says who it is.
        for path in ("login", *([f"api/status?token={TOKEN}"] if token else [])):
            with opener.open(f"{self.url}{path}", timeout=PATIENCE):
                pass
        return {cookie.name: cookie.value or "" for cookie in jar}

    def open(self, path: str, kind: str = "notebook", **kernel: str) -> dict[str, Any]:
        """Start a session as Lab does; return its model."""
        body = {"path": path, "name": Path(path).name, "type": kind}
        return dict(
            self.request("POST", "sessions", {**body, "kernel": kernel or {"name": "python3"}})
        )

    def restart(self, session: Mapping[str, Any]) -> None:
        """Restart the kernel of a session."""
        self.request("POST", f"kernels/{session['kernel']['id']}/restart")

    def close(self) -> None:
        """Stop the server and all its kernels."""
        self.process.terminate()
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            # That is a failure, and yet nothing may be left running.
            self.process.kill()
            self.process.wait()
            print(self.log.read_text())
            raise


def read_notebook(path: Path) -> Any:
    """Return the notebook in a file as it is now.

    A server writes it in place: a reader may meet half of it, and reads again.
    """
    deadline = time.monotonic() + 5
    while True:
        try:
            return json.loads(path.read_text("utf-8"))
        except ValueError:
            assert time.monotonic() < deadline, f"{path} stays unreadable"
            time.sleep(0.05)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
