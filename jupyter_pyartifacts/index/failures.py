"""Failures of fetching that the index layer tells apart."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from ..errors import NetworkError

__all__ = [
    "MISSING",
    "Gone",
    "Hopeless",
    "ProjectNotFound",
    "RangesNotServed",
    "Transient",
    "check_status",
    "pause",
    "unreachable",
]

MISSING = frozenset({404, 410})
_BUSY = frozenset({408, 429, 500, 502, 503, 504})


class RangesNotServed(NetworkError):
    """A server sends whole files only; download the file instead."""


class ProjectNotFound(NetworkError):
    """An index has no project of that name."""


class Gone(NetworkError):
    """A file is not where it was."""


class Transient(Exception):
    """A failure that may pass; `after` is how many seconds a server asks to wait."""

    def __init__(self, text: str, after: float | None = None) -> None:
        super().__init__(text)
        self.after = after


class Hopeless(Exception):
    """A failure to reach a server that no second attempt mends."""


def pause(attempt: int, failure: Transient) -> float:
    """Return how many seconds to wait before the attempt after number `attempt` (from 1)."""
    if failure.after is not None:
        return min(failure.after, 20.0)
    return min(8.0, 0.2 * 2.0**attempt) * (0.5 + random.random())  # noqa: S311


def check_status(
    status: int, allowed: Iterable[int], *, url: str, where: str, retry_after: str = ""
) -> None:
    """Raise what a status of HTTP that is not `allowed` means.

    Transient for a server that is busy, Gone for what is not there, NetworkError for the rest.
    """
    if status in allowed:
        return
    host = urlsplit(url).hostname
    if status in _BUSY:
        raise Transient(
            f"HTTP {status}", after=float(retry_after) if retry_after.isdigit() else None
        )
    if status in MISSING:
        raise Gone(f"{host} no longer has {where}", where=where, hint="lock again")
    if status in (401, 403, 407):
        raise NetworkError(
            f"{host} refuses access",
            where=where,
            found=f"HTTP {status}",
            hint="put user and password for this host into your netrc file, or into the URL of"
            " the configured index",
        )
    raise NetworkError(
        f"{host} answered with an error",
        where=where,
        found=f"HTTP {status}",
        hint="try again later, or set another index: PYARTIFACTS_INDEX_URL",
    )


def unreachable(url: str, where: str, error: Exception) -> NetworkError:
    """Return the failure to reach a server at all; credentials are taken out of its text."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    text = str(error) or type(error).__name__
    return NetworkError(
        f"{host} cannot be reached",
        where=where,
        details=re.sub(r"://[^/@\s]+@", "://***@", text),
        hint="name the file of your certificate authority in SSL_CERT_FILE"
        if "CERTIFICATE_VERIFY_FAILED" in text
        else "check the network and the proxy (HTTPS_PROXY), or work with what is stored:"
        " --offline",
    )
