"""The kernel that starts where an environment cannot be had: it answers every cell with why.

Run as a script by the host's interpreter: `python fallback.py -f CONNECTION_FILE`. It imports
nothing of ours but the command line's words in `launch.py`, and nothing for the notebook.
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
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

from jupyter_pyartifacts._version import __version__
from jupyter_pyartifacts.kernel.launch import FALLBACK_VARIABLE, parse_failure

__all__ = ["BANNER", "FallbackKernel"]

BANNER = "The environment of this notebook is not there, so no cell can run."


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
        self.banner = f"{BANNER}\n{self._message}"

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool = False,
        **more: Any,
    ) -> dict[str, Any]:
        """Answer with the failure, whatever the code is."""
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
            self.send_response(self.iopub_socket, "error", content)  # type: ignore[no-untyped-call]
        return {"status": "error", "execution_count": self.execution_count, **content}

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        """Say that any input is complete, so that a console sends it."""
        return {"status": "complete"}


if __name__ == "__main__":
    sys.argv[0] = "jupyter_pyartifacts"
    IPKernelApp.launch_instance(kernel_class=FallbackKernel)
