"""The server extension: our provisioner as the default one, the REST interface, the events."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from tornado.web import HTTPError

from .contents import Contents
from .events import emit_progress, on_rename, register_schema
from .jobs import Jobs
from .kernels import Kernels
from .settings import PyArtifacts

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp
    from traitlets.config import Configurable

__all__ = ["PROVISIONER", "PyArtifacts"]

PROVISIONER = "pyartifacts"
"""The name of our provisioner's entry point."""

KERNELS = "pyartifacts_kernels"
"""The key in `web_app.settings` under which a provisioner finds its host."""

_NAME_VARIABLE = KernelProvisionerFactory.default_provisioner_name_env


def _load_jupyter_server_extension(app: ServerApp) -> None:
    """Apply the settings to a server; what its administrator set explicitly stays as it is."""
    settings = PyArtifacts(parent=app)
    # For what a terminal of this server runs, too.
    os.environ.update(settings.variables())
    if settings.use_engine:
        _use_engine(app)
    _serve(app, settings)
    if app.gateway_config.gateway_enabled:
        app.log.info("jupyter_pyartifacts: kernels run behind a gateway, nothing to do here")
        return
    if settings.use_provisioner:
        _use_provisioner(app)
    if settings.use_pending_kernels:
        _use_pending_kernels(app)


def _serve(app: ServerApp, settings: PyArtifacts) -> None:
    # What the handlers import takes a while, and a server has much to do when it starts.
    from .collaboration import Collaboration
    from .delivery import Delivery
    from .handlers import handlers
    from .request import SETTING, Service

    events, web, log = app.event_logger, app.web_app, app.log
    assert events is not None  # noqa: S101 - a server makes it before it loads extensions
    register_schema(events)
    jobs = Jobs(lambda job: emit_progress(events, job))
    contents = Contents(lambda: app.contents_manager)
    kernels = Kernels(settings, jobs)
    shared = Collaboration(app)
    delivery = Delivery(
        kernels,
        contents,
        shared,
        connections=lambda kernel_id: _connections(app, kernel_id),
        log=log,
    )
    kernels.on_start = lambda: delivery.watch(app.contents_manager)
    on_rename(events, delivery.moved)
    web.settings[KERNELS] = kernels
    web.settings[SETTING] = Service(
        settings=settings,
        contents=contents,
        jobs=jobs,
        kernels=kernels,
        shared=shared,
        sessions=app.session_manager,
    )
    web.add_handlers(  # type: ignore[no-untyped-call]
        ".*$", handlers(web.settings["base_url"])
    )


def _connections(app: ServerApp, kernel_id: str) -> int:
    """Return how many frontends are connected to a kernel."""
    try:
        kernels: Any = app.kernel_manager
        return int(kernels.kernel_model(kernel_id)["connections"])
    except (KeyError, HTTPError):
        return 0


def _use_engine(app: ServerApp) -> None:
    from ..engine.address import AVAILABLE, is_switched_off
    from ..engine.control import end_engine, start_engine

    if not AVAILABLE or is_switched_off(os.environ):
        return
    try:
        process = start_engine(owned=True)
    except OSError as error:
        app.log.warning("jupyter_pyartifacts: no engine, commands take longer: %s", error)
        return
    # Orderly with the application; should the server be killed, its end of the pipe is closed.
    weakref.finalize(app.web_app, end_engine, process)


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
