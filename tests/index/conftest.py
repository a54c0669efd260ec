"""An index and clients of it, for the tests of the index layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.index.client import IndexClient
from tests.indexes import IndexServer

ClientMaker = Callable[..., IndexClient]


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


@pytest.fixture
def make_client(index: IndexServer, tmp_path: Path) -> Iterator[ClientMaker]:
    """Return a maker of clients of `index`; keyword arguments go into the configuration."""
    with ExitStack() as stack:

        def make(
            *, environ: dict[str, str] | None = None, directory: Path | None = None, **config: Any
        ) -> IndexClient:
            settings = {"index_url": index.url, "environ": environ or {}, **config}
            return stack.enter_context(
                IndexClient(
                    Config(**settings), cache=tmp_path / "cache", directory=directory or tmp_path
                )
            )

        yield make


@pytest.fixture
def client(make_client: ClientMaker) -> IndexClient:
    return make_client()
