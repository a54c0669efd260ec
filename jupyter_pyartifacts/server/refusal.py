"""Refusing a request: which status an error has, and the JSON that says it."""

from __future__ import annotations

from typing import Any

from tornado.web import HTTPError

from .. import errors
from ..errors import PyArtifactsError
from .concealment import conceal

__all__ = ["Refused", "error_body", "refused", "status_of"]

_STATUS: tuple[tuple[type[PyArtifactsError], int], ...] = (
    (errors.UsageError, 400),
    (errors.InvalidRequirement, 400),
    (errors.NotApproved, 403),
    (errors.NotebookError, 400),
    (errors.Cancelled, 409),
    (errors.OfflineError, 503),
    (errors.NetworkError, 502),
    (errors.QuotaExceeded, 507),
    (errors.StoreError, 500),
    (errors.ResolutionError, 422),
    (errors.LockError, 422),
    (errors.PlatformError, 422),
    (errors.ArtifactError, 422),
)


class Refused(HTTPError):
    """Answer a request with an error of ours and nothing else."""

    def __init__(self, status: int, error: PyArtifactsError) -> None:
        super().__init__(status, "%s", str(error))
        self.error = error


def status_of(error: PyArtifactsError) -> int:
    """Return the HTTP status of an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def refused(error: PyArtifactsError) -> Refused:
    """Return the refusal that an error makes."""
    return Refused(status_of(error), error)


def error_body(error: PyArtifactsError) -> dict[str, Any]:
    """Return what a refused request is answered with."""
    event = conceal(error.to_event())
    return {"message": event["message"], "error": event}
