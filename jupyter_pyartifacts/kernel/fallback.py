"""The kernel that starts where an environment cannot be had: it answers every cell with why.

Run as a script by the host's interpreter: `python fallback.py -f CONNECTION_FILE`. No package of
the host serves the notebook. The one thing it does is what mends the failure: a cell that is
`%pyartifacts show`, `trust` or `verify` and nothing else runs the host's engine.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # The script's directory would offer our modules under wrong names; the package's parent is
    # missing where PYTHONPATH had it and was taken away for the sake of an isolated kernel.
    _root = __file__.replace("\\", "/").rsplit("/", 3)[0]
    sys.path[:1] = []
    if _root not in sys.path:
        sys.path.append(_root)

import os
import re
import subprocess
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

from jupyter_pyartifacts._version import __version__
from jupyter_pyartifacts.kernel.launch import FALLBACK_VARIABLE, parse_failure

__all__ = ["AFTERWARDS", "BANNER", "DECLINED", "QUESTION", "FallbackKernel", "engine_verb"]

BANNER = "The environment of this notebook is not there, so no cell can run."
QUESTION = "Approve this lock, and so let its packages run code on this machine? [y/N] "
DECLINED = "Not approved.\n"
AFTERWARDS = "Restart the kernel to run this notebook on its own packages.\n"

# `-m` would put the notebook's directory in front of what the engine imports.
_ENTRY = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; from runpy import run_module; "
    "run_module('jupyter_pyartifacts', run_name='__main__', alter_sys=True)"
)
_COMMAND = re.compile(r"\s*%pyartifacts\s+(show|trust|verify)\s*")


def engine_verb(code: str) -> str | None:
    """Return the verb of a cell that is one command the fallback kernel runs, None for others."""
    match = _COMMAND.fullmatch(code)
    return match[1] if match else None


class FallbackKernel(Kernel):
    """Answer every execute request with an error that says what is wrong and what to do."""

    implementation = "jupyter_pyartifacts"
    implementation_version = __version__
    language_info: dict[str, object] = {  # noqa: RUF012 - as the base class declares it
        "name": "python",
        "version": ".".join(map(str, sys.version_info[:3])),
        "mimetype": "text/x-python",
        "file_extension": ".py",
        "codemirror_mode": {"name": "ipython", "version": 3},
        "pygments_lexer": "ipython3",
        "nbconvert_exporter": "python",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self._name, self._message = parse_failure(os.environ.get(FALLBACK_VARIABLE))
        self._session = os.environ.get("PYARTIFACTS_SESSION")
        self.banner: str = f"{BANNER}\n{self._message}"

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool = False,
        **more: Any,
    ) -> dict[str, Any]:
        """Answer with the failure, or run the engine's verb that may mend it."""
        verb = engine_verb(code)
        # A cell may say `trust` on behalf of the notebook's maker: only a person's answer counts.
        if self._session and (verb in ("show", "verify") or (verb == "trust" and allow_stdin)):
            self._allow_stdin = allow_stdin
            try:
                if self._serve(verb, self._session):
                    return {"status": "ok", "execution_count": self.execution_count}
            except KeyboardInterrupt:
                self._print("stdout", "Interrupted.\n")
        return self._failure(silent)

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        """Say that any input is complete, so that a console sends it."""
        return {"status": "complete"}

    def _serve(self, verb: str, session: str) -> bool:
        """Run a verb of the engine on the notebook's lock; tell whether it was done."""
        if verb == "trust":
            self._print("stdout", self._message.partition("\nhint:")[0] + "\n")
            answer = self.raw_input(QUESTION)  # type: ignore[no-untyped-call]
            if answer.strip().lower() not in ("y", "yes"):
                self._print("stdout", DECLINED)
                return True
        done = self._run(verb, session)
        if done and verb != "show":
            self._print("stdout", AFTERWARDS)
        return done

    def _run(self, verb: str, session: str) -> bool:
        environ = {k: v for k, v in os.environ.items() if k != FALLBACK_VARIABLE}
        with subprocess.Popen(
            [sys.executable, "-c", _ENTRY, verb, "--", session],
            env={**environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as child:
            for line in child.stdout or ():
                self._print("stdout", line)
        return child.returncode == 0

    def _failure(self, silent: bool) -> dict[str, Any]:
        first, _, rest = self._message.partition("\n")
        content = {
            "ename": self._name,
            "evalue": first,
            "traceback": [
                f"\x1b[31m{BANNER}\x1b[0m",
                f"\x1b[31m{self._name}\x1b[0m: {first}",
                rest,
            ],
        }
        if not silent:
            self._send("error", content)
        return {"status": "error", "execution_count": self.execution_count, **content}

    def _print(self, stream: str, text: str) -> None:
        self._send("stream", {"name": stream, "text": text})

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        self.send_response(self.iopub_socket, kind, content)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.argv[0] = "jupyter_pyartifacts"
    IPKernelApp.launch_instance(kernel_class=FallbackKernel)
