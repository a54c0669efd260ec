"""VS Code's way with a kernel, as its Jupyter extension (2021 to 2026) does it.

No jupyter_client starts anything: the kernelspec's command is rewritten and spawned, in the
notebook's directory; what the extension runs for itself comes before the first cell.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient

from .running import PATIENCE, Answer, Running
from .test_magic import shown

# The extension's own words, but for the marks that it looks for in the output.
WIDGETS = """\
try:
    import ipywidgets as _VSCODE_ipywidgets
    print("version " + _VSCODE_ipywidgets.__version__)
    del _VSCODE_ipywidgets
except:
    pass
"""
STARTUP = """\
__vsc_ipynb_file__ = "{}"
%config Completer.use_jedi = False"""


def rewritten(argv: list[str], file: Path) -> list[str]:
    """Return a kernelspec's command as it is spawned.

    Where a module with `ipykernel` in its name is run by a Python, `-f` and the file's place are
    cut out and `--f=FILE` is appended, in quotation marks where the path has a space; else the
    file's place is filled in.
    """
    place = next(i for i, word in enumerate(argv) if "{connection_file}" in word)
    executable = Path(argv[0]).name.lower()
    module = argv[argv.index("-m") + 1].lower() if "-m" in argv else ""
    if executable in ("python", "python3") and "ipykernel" in module:
        quoted = f'"{file}"' if " " in str(file) else str(file)
        return [*argv[: place - 1], *argv[place + 1 :], f"--f={quoted}"]
    return [word.replace("{connection_file}", str(file)) for word in argv]


class VSCode(Running):
    """A notebook that is open in VS Code, with a kernel that it has started."""

    def __init__(
        self,
        notebook: Path,
        spec: Mapping[str, Any],
        environ: Mapping[str, str],
        runtime: Path,
    ) -> None:
        runtime.mkdir(parents=True, exist_ok=True)
        file = runtime / f"kernel-v2-{uuid.uuid4().hex}.json"
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(5)]
            for each in sockets:
                each.bind(("127.0.0.1", 0))
            ports = [each.getsockname()[1] for each in sockets]
        names = ("hb_port", "control_port", "shell_port", "stdin_port", "iopub_port")
        connection = {
            "key": str(uuid.uuid4()),
            "signature_scheme": "hmac-sha256",
            "transport": "tcp",
            "ip": "127.0.0.1",
            "kernel_name": "",
            **dict(zip(names, ports, strict=True)),
        }
        file.write_text(json.dumps(connection))
        self.command = rewritten(list(spec["argv"]), file)
        self.log = runtime / f"{file.stem}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=notebook.parent,
                env={**environ, **spec.get("env", {}), "PYDEVD_IPYTHON_COMPATIBLE_DEBUGGING": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        client = BlockingKernelClient(connection_file=str(file))
        client.load_connection_file()
        super().__init__(client)
        self.request(WIDGETS)
        self.request(STARTUP.format(str(notebook).replace("\\", "\\\\")))

    def request(self, code: str) -> Answer:
        """Run what the extension runs for itself: not silent, but kept out of the history."""
        return self.run(code, store_history=False)

    def interrupt(self) -> None:
        """Interrupt as the extension does: a signal to the one process that it spawned."""
        os.kill(self.process.pid, signal.SIGINT)

    def run_saved(self, notebook: Path, code: str) -> Answer:
        """Run a cell that shows something, and save the notebook with that cell alone."""
        answer = self.run(code)
        document = json.loads(notebook.read_text())
        outputs = [{"output_type": "display_data", "data": shown(answer), "metadata": {}}]
        cell = {"cell_type": "code", "id": "run", "metadata": {}, "source": code}
        count = answer.reply["execution_count"]
        document["cells"] = [{**cell, "execution_count": count, "outputs": outputs}]
        notebook.write_text(json.dumps(document))
        return answer

    def shut_down(self) -> None:
        """Shut the kernel down and wait for its end."""
        self.client.shutdown()
        self.process.wait(PATIENCE)

    def close(self) -> None:
        """End the process, as a window does that is closed."""
        self.client.stop_channels()
        self.process.kill()
        self.process.wait()


def environ_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what an editor's process has: nothing of a server or a kernel that it came from."""
    return {key: value for key, value in environ.items() if not key.startswith("JPY_")}
