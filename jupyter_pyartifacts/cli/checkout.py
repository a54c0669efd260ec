"""What git knows of a directory: where its repository begins, and where it is pushed to."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..binder import Remote

__all__ = ["Checkout", "read_checkout"]

_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """`top` is the repository's root, None where there is none, or no git to ask."""

    top: Path | None
    remote: Remote


def read_checkout(directory: Path) -> Checkout:
    """Ask git; whatever it does not say is None."""
    top = _git(directory, "rev-parse", "--show-toplevel")
    if top is None:
        return Checkout(top=None, remote=Remote(url=None, branch=None))
    branch = _git(directory, "symbolic-ref", "--quiet", "--short", "HEAD")
    names = (_git(directory, "remote") or "").split()
    tracked = _git(directory, "config", f"branch.{branch}.remote") if branch else None
    likely = [each for each in (tracked, "origin", *names) if each in names]
    name = likely[0] if likely else None
    if name is not None and tracked == name:
        merged = _git(directory, "config", f"branch.{branch}.merge") or ""
        branch = merged.removeprefix("refs/heads/") or branch
    url = _git(directory, "remote", "get-url", name) if name else None
    return Checkout(top=Path(top), remote=Remote(url=url, branch=branch))


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
