"""The server extension, loaded by a real server application that is not started."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.serverapp import ServerApp
from traitlets.config import Config

from jupyter_pyartifacts.server.extension import PROVISIONER
from jupyter_pyartifacts.server.extension import _load_jupyter_server_extension as load

MakeServer = Callable[..., ServerApp]
VARIABLE = "JUPYTER_DEFAULT_PROVISIONER_NAME"


@pytest.fixture(autouse=True)
def fresh_singletons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Forget what exists once for a process, before and after a test."""
    monkeypatch.delenv(VARIABLE, raising=False)
    for name in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name.lower()))
    for once in (KernelProvisionerFactory, GatewayClient):
        once.clear_instance()
    yield
    for once in (KernelProvisionerFactory, GatewayClient):
        once.clear_instance()


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[MakeServer]:
    """Make servers with a configuration, without their extensions, not listening."""
    made: list[ServerApp] = []

    def make(**configuration: dict[str, object]) -> ServerApp:
        app = ServerApp(
            config=Config(configuration), root_dir=str(tmp_path), log_level=logging.INFO
        )
        app.init_configurables()
        app.init_event_logger()
        app.init_webapp()
        made.append(app)
        return app

    yield make
    for app in made:
        app.contents_manager.notary.store.close()
        app.session_manager.close()


def provisioner_of(app: ServerApp) -> str:
    """Return the provisioner that a kernelspec without a word about it gets."""
    name: str = KernelProvisionerFactory.instance(parent=app).default_provisioner_name
    return name


def test_ours_becomes_the_default_and_kernels_may_be_pending(
    make_server: MakeServer,
) -> None:
    app = make_server()
    load(app)
    assert provisioner_of(app) == PROVISIONER
    assert PROVISIONER in KernelProvisionerFactory.instance().provisioners
    assert app.kernel_manager.use_pending_kernels is True


def test_both_can_be_switched_off(make_server: MakeServer) -> None:
    settings = {"use_provisioner": False, "use_pending_kernels": False}
    app = make_server(PyArtifacts=settings)
    load(app)
    assert provisioner_of(app) == "local-provisioner"
    assert app.kernel_manager.use_pending_kernels is False


@pytest.mark.parametrize("by", ["configuration", "environment"])
def test_what_the_administrator_chose_stays(
    make_server: MakeServer,
    by: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    configuration: dict[str, dict[str, object]] = {}
    if by == "configuration":
        configuration["KernelProvisionerFactory"] = {"default_provisioner_name": "theirs"}
    else:
        monkeypatch.setenv(VARIABLE, "theirs")
    configuration["AsyncMappingKernelManager"] = {"use_pending_kernels": False}
    app = make_server(**configuration)
    app.log.propagate = True
    with caplog.at_level(logging.WARNING, logger=app.log.name):
        load(app)
    assert provisioner_of(app) == "theirs"
    assert app.kernel_manager.use_pending_kernels is False
    assert [record.getMessage() for record in caplog.records] == [
        "jupyter_pyartifacts: the default provisioner is configured to be 'theirs', so locks in "
        "notebooks are ignored"
    ]


def test_behind_a_gateway_nothing_changes(make_server: MakeServer) -> None:
    app = make_server(GatewayClient={"url": "http://127.0.0.1:1"})
    load(app)
    assert provisioner_of(app) == "local-provisioner"
    assert app.kernel_manager.use_pending_kernels is False


def test_the_hooks_name_this_package() -> None:
    import jupyter_pyartifacts as package

    assert package._jupyter_server_extension_points() == [
        {"module": "jupyter_pyartifacts.server.extension"}
    ]
    assert package._jupyter_labextension_paths() == [
        {"src": "labextension", "dest": "jupyter-pyartifacts"}
    ]
