"""Where the news of a starting kernel go: the server's events, or the log of a headless run."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from ..config import Config
from ..errors import PyArtifactsError
from ..report import Progress, Reporter

__all__ = ["SERVER_SETTING", "KernelHost", "LogReporter", "kernel_host"]

SERVER_SETTING = "pyartifacts_kernels"
"""The key in a Jupyter server's `web_app.settings` under which its KernelHost lies."""


class KernelHost(Protocol):
    """What a server gives to the kernels it starts. Methods may be called from any thread."""

    def config(self) -> Config:
        """Return the settings of the engine."""

    def reporter(self, kernel_id: str, notebook: str | None) -> Reporter:
        """Return what takes the progress of one kernel's preparation."""

    def failed(self, kernel_id: str, notebook: str | None, error: PyArtifactsError) -> None:
        """Take the failure that made one kernel a fallback kernel."""


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
