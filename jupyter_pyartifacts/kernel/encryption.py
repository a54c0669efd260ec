"""Whether a pinned kernel can speak the encryption that its manager asks for (CurveZMQ)."""

from __future__ import annotations

import os
from typing import Any

from ..errors import PlatformError

__all__ = ["ENCRYPTION_HINT", "encryption_policy", "supports_curve", "transport_encryption"]

ENCRYPTION_HINT = (
    "upgrade the notebook's kernel: jupyter pyartifacts upgrade NOTEBOOK ipykernel; or set "
    "c.KernelManager.transport_encryption = 'disabled'"
)


def encryption_policy(manager: Any, requested: str | None) -> str:
    """Return jupyter_client's policy: `disabled` (older ones know no other), `auto`, `required`."""
    value = requested or getattr(manager, "transport_encryption", None) or "disabled"
    return str(value).lower()


def supports_curve(site_packages: str) -> bool:
    """Tell whether the ipykernel of an environment reads CurveZMQ keys of a connection file."""
    try:
        with open(
            os.path.join(site_packages, "ipykernel", "kernelapp.py"), encoding="utf-8"
        ) as file:
            return "curve_secretkey" in file.read()
    except OSError:
        return False


def transport_encryption(policy: str, *, supported: bool, keys_exist: bool) -> str:
    """Decide how to launch a kernel: the policy, or `disabled` where it cannot and need not be.

    Raises PlatformError where the kernel cannot be launched as configured: encryption is
    required, or the manager's clients hold keys from an earlier start of the same kernel.
    """
    if supported or (policy == "disabled" and not keys_exist):
        return policy
    if policy == "required" or keys_exist:
        raise PlatformError(
            "the ipykernel that this notebook pins cannot encrypt its connection (CurveZMQ)",
            expected="an ipykernel that reads curve_secretkey",
            found=f"an older one, while transport_encryption is {policy}",
            hint=ENCRYPTION_HINT,
        )
    return "disabled"
