"""One run of a notebook's cells, in a kernel that our provisioner starts."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

import nbformat
import zmq
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from traitlets import default

from ..errors import CellFailed, PyArtifactsError
from ..notebook import Document
from ..report import Progress, Reporter
from .kernelspec import enabled_spec

__all__ = ["Execution", "IsolatedManager"]

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_DEFAULT = "python3"
_HINT = (
    "mend the cell and run again; if a package is missing, jupyter pyartifacts add NOTEBOOK pins it"
)


class _Specs(KernelSpecManager):
    """The machine's kernelspecs, with our provisioner put in; a name nobody knows is `python3`.

    A notebook names the kernel of the machine it was made on. With a lock that matters no more.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        try:
            spec = super().get_kernel_spec(kernel_name)
        except NoSuchKernel:
            spec = super().get_kernel_spec(_DEFAULT)
        spec.metadata = enabled_spec({"metadata": spec.metadata})["metadata"]
        return spec


class IsolatedManager(AsyncKernelManager):
    """A kernel manager whose kernels our provisioner starts, whatever is enabled here."""

    @default("kernel_spec_manager")
    def _default_specs(self) -> KernelSpecManager:
        return _Specs(parent=self)

    @default("transport_encryption")
    def _default_encryption(self) -> str:
        # Where jupyter_client and libzmq know of it (CurveZMQ): a recent kernel warns otherwise.
        return "auto" if zmq.has("curve") else "disabled"


class Execution:
    """Run the cells of one notebook; `notebook` has the outputs, also after a failure."""

    def __init__(self, document: Document, reporter: Reporter) -> None:
        self._document = document
        self._reporter = reporter
        self._current = 0
        self._interrupted = False
        self.cells = 0
        self.started = False
        read: Callable[..., nbformat.NotebookNode] = nbformat.reads
        self.notebook = read(document.text(), as_version=nbformat.NO_CONVERT)

    def run(self) -> None:
        """Start the kernel, execute every cell, shut it down.

        Raises PyArtifactsError for a cell that fails and a kernel that does not start or dies,
        KeyboardInterrupt where the user interrupts.
        """
        client = self._client()
        try:
            client.execute(**_streams())
        except CellExecutionError as error:
            raise self._cell_error(error) from error
        except (asyncio.CancelledError, DeadKernelError, RuntimeError) as error:
            # nbclient takes the interrupt signal to itself until the kernel is up.
            if self._interrupted or hasattr(client, "_async_cleanup_kernel_future"):
                raise KeyboardInterrupt from error
            if isinstance(error, asyncio.CancelledError):
                raise
            raise PyArtifactsError(
                "the kernel died" if self.started else "the kernel did not start",
                where=self._place() if self.started else str(self._document.path),
                found=str(error),
                hint="see what it wrote above; jupyter pyartifacts verify NOTEBOOK checks its "
                "environment",
            ) from error

    def _client(self) -> NotebookClient:
        path = self._document.path
        wanted = self.notebook["metadata"].get("kernelspec") or {}
        name = str(wanted.get("name") or _DEFAULT)
        language = _Specs().get_kernel_spec(name).language.lower()
        if language != "python":
            raise PyArtifactsError(
                "the notebook is for a kernel that is not Python's",
                where=str(path),
                expected="python",
                found=f"{name} ({language})",
                hint="choose a Python kernel for it in Jupyter, or run it with jupyter execute",
            )
        self._total = sum(map(_is_code, self.notebook["cells"]))
        return NotebookClient(
            self.notebook,
            kernel_name=name,
            kernel_manager_class=IsolatedManager,
            timeout=None,
            # Times of execution would make every run another file.
            record_timing=False,
            resources={"metadata": {"path": str(path.parent), "name": path.stem}},
            on_notebook_start=self._on_start,
            on_cell_start=self._on_cell,
            on_cell_complete=self._on_cell_done,
        )

    def _on_start(self, **_: Any) -> None:
        self.started = True
        task = asyncio.current_task()
        if task is None or sys.platform == "win32":
            return

        def stop() -> None:
            self._interrupted = True
            task.cancel()

        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop)

    def _on_cell(self, cell_index: int, cell: Mapping[str, Any], **_: Any) -> None:
        self._current = cell_index + 1
        if _is_code(cell):
            self._tell(self.cells)

    def _on_cell_done(self, cell: Mapping[str, Any], **_: Any) -> None:
        if _is_code(cell):
            self.cells += 1
            self._tell(self.cells)

    def _tell(self, done: int) -> None:
        self._reporter.progress(Progress(stage="run", done=done, total=self._total, unit="cells"))

    def _place(self) -> str:
        return f"cell {self._current} of {self._document.path}"

    def _cell_error(self, error: CellExecutionError) -> PyArtifactsError:
        value = _plain(error.evalue).strip().partition("\n")[0]
        details, _, last = _plain(error.traceback).rstrip().rpartition("\n")
        if not last.startswith("hint: "):
            # Our own errors, those of a kernel that could not start among them, know better.
            details, last = f"{details}\n{last}", _HINT
        return CellFailed(
            f"a cell failed: {error.ename}: {value}",
            where=self._place(),
            details=details,
            hint=last.removeprefix("hint: "),
        )


def _is_code(cell: Mapping[str, Any]) -> bool:
    return cell.get("cell_type") == "code" and bool(str(cell.get("source", "")).strip())


def _plain(text: str) -> str:
    return _ANSI.sub("", text)


def _streams() -> dict[str, Any]:
    """Send what the kernel's process writes beside its messages to stderr: stdout is for data."""
    try:
        return {"stdout": sys.stderr.fileno()}
    except (OSError, ValueError, AttributeError):
        return {}
