"""The server extension: makes our provisioner the default one of a Jupyter server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from traitlets import Bool
from traitlets.config import Configurable

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

__all__ = ["PROVISIONER", "PyArtifacts"]

PROVISIONER = "pyartifacts"
"""The name of our provisioner's entry point."""

_NAME_VARIABLE = KernelProvisionerFactory.default_provisioner_name_env


class PyArtifacts(Configurable):
    """Settings of a server, as `c.PyArtifacts.NAME` in its configuration."""

    use_provisioner = Bool(
        True,
        help="""Start kernels whose kernelspec names no provisioner of its own by ours. A notebook
        without a lock is started as the stock provisioner does. Without it, locks are ignored.""",
    ).tag(config=True)

    use_pending_kernels = Bool(
        True,
        help="""Let the server answer at once while a kernel is being prepared. Without it Lab
        drops the cells that are run while packages download.""",
    ).tag(config=True)


def _load_jupyter_server_extension(app: ServerApp) -> None:
    """Apply the settings to a server; what its administrator set explicitly stays as it is."""
    settings = PyArtifacts(parent=app)
    if app.gateway_config.gateway_enabled:
        app.log.info("jupyter_pyartifacts: kernels run behind a gateway, nothing to do here")
        return
    if settings.use_provisioner:
        _use_provisioner(app)
    if settings.use_pending_kernels:
        _use_pending_kernels(app)


def _use_provisioner(app: ServerApp) -> None:
    factory = KernelProvisionerFactory.instance(parent=app)
    if _NAME_VARIABLE in os.environ or _is_configured(factory, "default_provisioner_name"):
        if factory.default_provisioner_name != PROVISIONER:
            app.log.warning(
                "jupyter_pyartifacts: the default provisioner is configured to be %r, so locks "
                "in notebooks are ignored",
                factory.default_provisioner_name,
            )
        return
    factory.default_provisioner_name = PROVISIONER


def _use_pending_kernels(app: ServerApp) -> None:
    kernels = app.kernel_manager
    if kernels.has_trait("use_pending_kernels") and not _is_configured(
        kernels, "use_pending_kernels"
    ):
        kernels.set_trait("use_pending_kernels", True)


def _is_configured(target: Configurable, trait: str) -> bool:
    """Tell whether a trait was set in the configuration, under any class that has it."""
    return any(trait in target.config.get(cls.__name__, {}) for cls in type(target).__mro__)
