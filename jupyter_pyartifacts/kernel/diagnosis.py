"""What `doctor` says of the kernel's side: whether a lock would be obeyed, and by whom."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from ..errors import PyArtifactsError
from .registration import PROVISIONER, kernelspec_path, state

__all__ = ["Finding", "kernel_findings"]

_GROUP = "jupyter_client.kernel_provisioners"
_DEFAULT = "JUPYTER_DEFAULT_PROVISIONER_NAME"
_ENABLE = "run: jupyter pyartifacts enable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: all right or not, and if not, what to do."""

    subject: str
    ok: bool
    text: str
    hint: str | None = None


def kernel_findings(environ: Mapping[str, str], *, prefix: str) -> tuple[Finding, ...]:
    """Look at the provisioner, the kernelspec and the fallback kernel of an environment."""
    return (
        _provisioner_finding(),
        _registration_finding(environ, kernelspec_path(prefix)),
        *_shadow_findings(kernelspec_path(prefix)),
        *_default_findings(environ),
        _fallback_finding(),
    )


def _provisioner_finding() -> Finding:
    found = [point.value for point in entry_points(group=_GROUP, name=PROVISIONER)]
    if found:
        return Finding(subject="provisioner", ok=True, text=f"Jupyter finds it: {found[0]}")
    return Finding(
        subject="provisioner",
        ok=False,
        text=f"Jupyter does not find the provisioner {PROVISIONER!r} in this environment",
        hint="install the package again: pip install --force-reinstall jupyter_pyartifacts",
    )


def _registration_finding(environ: Mapping[str, str], path: Path) -> Finding:
    subject = "headless runs"
    try:
        found = state(path)
    except PyArtifactsError as error:
        return Finding(subject=subject, ok=False, text=f"{error.what} ({path})", hint=error.hint)
    if found.state == "enabled":
        return Finding(subject=subject, ok=True, text=f"locks are used, by {path}")
    if environ.get(_DEFAULT) == PROVISIONER:
        return Finding(subject=subject, ok=True, text=f"locks are used, by {_DEFAULT}")
    texts = {
        "disabled": "locks are not used by headless tools",
        "rewritten": f"it was enabled, but {path} was written anew (an upgrade of ipykernel)",
        "foreign": f"{path} names another provisioner: {found.provisioner}",
        "missing": f"this environment has no kernelspec at {path}",
    }
    return Finding(subject=subject, ok=False, text=texts[found.state], hint=_ENABLE)


def _shadow_findings(path: Path) -> tuple[Finding, ...]:
    """Name the kernelspec that hides the environment's own from every tool."""
    from jupyter_client.kernelspec import KernelSpecManager

    directory = KernelSpecManager().find_kernel_specs().get("python3")
    if not path.exists() or directory is None or _same(directory, path.parent):
        return ()
    return (
        Finding(
            subject="kernelspec",
            ok=False,
            text=f"Jupyter starts python3 by {directory}, which hides {path.parent}",
            hint=f"remove {directory}, or set {_DEFAULT}={PROVISIONER}",
        ),
    )


def _same(one: str | Path, other: str | Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _default_findings(environ: Mapping[str, str]) -> tuple[Finding, ...]:
    name = environ.get(_DEFAULT)
    if not name or name == PROVISIONER:
        return ()
    return (
        Finding(
            subject="default provisioner",
            ok=False,
            text=f"{_DEFAULT} is {name}: a server ignores locks",
            hint=f"unset {_DEFAULT}, or set it to {PROVISIONER}",
        ),
    )


def _fallback_finding() -> Finding:
    try:
        return Finding(
            subject="fallback kernel", ok=True, text=f"ipykernel {version('ipykernel')} of the host"
        )
    except PackageNotFoundError:
        return Finding(
            subject="fallback kernel",
            ok=False,
            text="the host has no ipykernel, so failures cannot be shown in the notebook",
            hint="install it: pip install ipykernel",
        )
