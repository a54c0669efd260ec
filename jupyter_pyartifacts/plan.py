"""What of a lock one machine needs: the pins of a platform, and the digest that names a view."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .errors import LockError, PlatformError
from .model import Artifact, Digest, Distribution, Lock, PythonPin
from .platforms import best_wheel, marker_holds

__all__ = [
    "TRANSLATOR_VERSION",
    "UNPACK_VERSION",
    "VIEW_VERSION",
    "Fetcher",
    "Pin",
    "pins_for",
    "plan_digest",
    "python_pin",
]

UNPACK_VERSION = 1
"""Version of the rule that makes a tree of a wheel. Another rule is another number, forever."""
TRANSLATOR_VERSION = 1
"""Version of the rules that make a tree of an sdist: another number for any change of a tree."""
VIEW_VERSION = 1
"""Version of the layout of a view; part of its name, so that a new layout is a new view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One distribution and the one artifact of it that a platform uses."""

    distribution: Distribution
    artifact: Artifact


class Fetcher(Protocol):
    """A source of artifacts: digest in, bytes out."""

    def fetch(self, artifact: Artifact, part: Path, on_bytes: Callable[[int], None], /) -> str:
        """Download into `part` (resuming what is there) and return the sha256 hex of it all.

        `on_bytes` is told the number of bytes of each piece. Raises NetworkError.
        """

    def read_range(self, artifact: Artifact, start: int, stop: int, /) -> bytes:
        """Return the bytes `start` up to, not including, `stop`. Raises NetworkError."""


def pins_for(lock: Lock, platform: str) -> tuple[Pin, ...]:
    """Choose the pins of one platform, sorted by name.

    Raises PlatformError if the lock does not cover the platform, LockError if a distribution
    has no artifact for it or two versions of one project are active at once.
    """
    if platform not in lock.platforms:
        reasons = {left.platform: left.reason for left in lock.left_out}
        raise PlatformError(
            f"the lock does not cover {platform}",
            expected=platform,
            found=", ".join(lock.platforms) or "no platform at all",
            details=reasons.get(platform),
            hint=f"lock again for it: jupyter pyartifacts lock NOTEBOOK --platform {platform}",
        )
    python, implementation = lock.python.version, lock.python.implementation
    pins: dict[str, Pin] = {}
    for distribution in lock.distributions:
        if distribution.marker and not marker_holds(
            distribution.marker, platform, python, implementation
        ):
            continue
        if distribution.name in pins:
            raise LockError(
                f"the lock pins {distribution.name} twice for {platform}",
                found=f"{pins[distribution.name].distribution.version} and {distribution.version}",
                hint="lock again: jupyter pyartifacts lock NOTEBOOK",
            )
        pins[distribution.name] = Pin(
            distribution=distribution, artifact=_artifact_for(distribution, lock, platform)
        )
    return tuple(pins[name] for name in sorted(pins))


def _artifact_for(distribution: Distribution, lock: Lock, platform: str) -> Artifact:
    by_name = {artifact.filename: artifact for artifact in distribution.artifacts}
    wheels = [artifact.filename for artifact in distribution.artifacts if artifact.kind == "wheel"]
    best = best_wheel(wheels, platform, lock.python.minor)
    if best is not None:
        return by_name[best]
    for artifact in distribution.artifacts:
        if artifact.kind == "sdist":
            return artifact
    raise LockError(
        f"the lock has no artifact of {distribution.name} {distribution.version} for {platform}",
        found=", ".join(sorted(by_name)) or "none",
        hint="lock again: jupyter pyartifacts lock NOTEBOOK",
    )


def python_pin(python: PythonPin, platform: str) -> Pin | None:
    """Return the archive of a lock's interpreter as a pin; None if it has none for a platform."""
    archive = python.archive_for(platform)
    if archive is None:
        return None
    distribution = Distribution(
        name=python.implementation, version=archive.version, artifacts=(archive.artifact,)
    )
    return Pin(distribution=distribution, artifact=archive.artifact)


def plan_digest(pins: Iterable[Pin], interpreter: str) -> Digest:
    """Name the view of these pins on this interpreter.

    `interpreter` is its identity (tree hash of the archive, or real path and full version). An
    archive's tree follows from its sha256 and the unpack rule, so these two stand for it.
    """
    lines = sorted(
        f"{pin.artifact.digest} {pin.artifact.tree or ''} {pin.artifact.translator or ''}"
        for pin in pins
    )
    head = f"view {VIEW_VERSION}\nunpack {UNPACK_VERSION}\ninterpreter {interpreter}\n"
    return Digest(hashlib.sha256((head + "\n".join(lines) + "\n").encode()).hexdigest())
