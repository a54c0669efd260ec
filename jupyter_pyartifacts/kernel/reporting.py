"""Where the news of a starting kernel go: the server's events, or the log of a headless run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from ..config import Config
from ..errors import PyArtifactsError
from ..model import Environment
from ..report import Progress, Reporter

__all__ = ["SERVER_SETTING", "KernelHost", "LogReporter", "kernel_host"]

SERVER_SETTING = "pyartifacts_kernels"
"""The key in a Jupyter server's `web_app.settings` under which its KernelHost lies."""


class KernelHost(Protocol):
    """What a server gives to the kernels that it starts; called on its event loop's thread.

    `path` is a notebook's path in the contents manager, None where it is not known.
    """

    def config(self) -> Config:
        """Return the settings of the engine."""

    def environ(self) -> Mapping[str, str]:
        """Return the variables that tell a kernel's own engine of these settings."""

    def reporter(self, kernel_id: str, path: str | None) -> Reporter:
        """Return what takes the progress of one kernel's preparation."""

    async def cancelled(self, kernel_id: str) -> PyArtifactsError:
        """Wait until somebody cancels a preparation; return what it fails with."""

    def failed(self, kernel_id: str, path: str | None, error: PyArtifactsError) -> None:
        """Take the failure that made one kernel a fallback kernel."""

    def started(
        self,
        kernel_id: str,
        path: str | None,
        *,
        session: str | None,
        saved: object | None,
        used: object | None,
        environment: Environment | None,
    ) -> None:
        """Take what a kernel is started with.

        `session` is its session file, `saved` the lock that its notebook has as saved, `used` the
        one that it gets; `environment` is None for a stock kernel.
        """

    def known_lock(self, kernel_id: str, saved: object | None) -> object | None:
        """Return the lock that the frontends of a kernel's notebook are known to have.

        `saved` is what the notebook had when the kernel started.
        """

    def abandoned(self, kernel_id: str) -> None:
        """Take the end of a kernel that never was up."""

    async def ended(self, kernel_id: str) -> None:
        """Take the end of a kernel, while its session file is still there."""


def kernel_host(manager: Any) -> KernelHost | None:
    """Return the KernelHost of the server that a kernel manager belongs to, None outside one."""
    server = getattr(getattr(manager, "parent", None), "parent", None)
    settings = getattr(getattr(server, "web_app", None), "settings", None)
    return settings.get(SERVER_SETTING) if isinstance(settings, dict) else None


class LogReporter:
    """Log each stage once, and every note: for headless runs, where a log is all there is."""

    def __init__(self, log: logging.Logger | logging.LoggerAdapter[Any]) -> None:
        self._log = log
        self._stage: str | None = None

    def progress(self, event: Progress, /) -> None:
        """Log the event if it begins another stage."""
        if event.stage != self._stage:
            self._stage = event.stage
            self._log.info("pyartifacts: %s", event.stage)

    def note(self, text: str, /) -> None:
        """Log the note."""
        self._log.info("pyartifacts: %s", text)
