"""A small index, and resolutions of requirements on it by the real uv."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.index.client import IndexClient
from jupyter_pyartifacts.model import Lock, PythonPin
from jupyter_pyartifacts.plan import Pin
from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS
from jupyter_pyartifacts.resolve import Resolution, ResolveRequest, resolve
from jupyter_pyartifacts.service.workplace import Workplace
from tests.indexes import IndexServer
from tests.wheels import Listener

PYTHON = platform.python_version()
MINOR = f"{sys.version_info[0]}{sys.version_info[1]}"
Resolver = Callable[..., Resolution]


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def run(index: IndexServer, tmp_path: Path, listener: Listener) -> Resolver:
    """Return a function that resolves requirements on `index`; options go into the request.

    With `translate`, sdists are brought into `tmp_path`/store as the product does it.
    """

    def run(
        *requirements: str,
        python: str = PYTHON,
        platforms: tuple[str, ...] = DEFAULT_PLATFORMS,
        offline: bool = False,
        prior: Lock | None = None,
        environ: dict[str, str] | None = None,
        translate: bool = False,
        likely: Callable[[Pin], None] = lambda _: None,
        **options: Any,
    ) -> Resolution:
        config = Config(
            index_url=index.url,
            offline=offline,
            environ={**os.environ, **(environ or {})},
            stores=(str(tmp_path / "store"),),
        )
        request = ResolveRequest(
            requirements=requirements,
            kernel=options.pop("kernel", ()),
            python=PythonPin(version=python),
            platforms=platforms,
            host_platform=options.pop("host_platform", "linux-x86_64"),
            prior=prior,
            directory=options.pop("directory", tmp_path),
            **options,
        )
        cache = tmp_path / "cache"
        with IndexClient(config, cache=cache, directory=request.directory) as client:
            return resolve(
                request,
                config=config,
                client=client,
                store_cache=cache,
                reporter=listener,
                synthetic=Workplace(config, listener).synthetic(client) if translate else None,
                likely=likely,
            )

    return run


def versions(resolution: Resolution) -> dict[str, str]:
    """Return the version of each distribution; each must be locked once."""
    names = [own.name for own in resolution.lock.distributions]
    assert len(names) == len(set(names))
    return {own.name: own.version for own in resolution.lock.distributions}
