"""Resolutions on the real index: what a small one made for tests cannot show."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.errors import NoWheel, UnknownProject
from jupyter_pyartifacts.index.client import IndexClient
from jupyter_pyartifacts.lock import parse_lock, render_lock
from jupyter_pyartifacts.model import Lock, PythonPin
from jupyter_pyartifacts.plan import pins_for
from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS
from jupyter_pyartifacts.report import NullReporter
from jupyter_pyartifacts.resolve import Resolution, ResolveRequest, resolve

pytestmark = pytest.mark.network
PYTHON = platform.python_version()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def client(cache: Path) -> Iterator[IndexClient]:
    with IndexClient(Config.from_environ(os.environ), cache=cache) as own:
        yield own


def run(
    client: IndexClient,
    cache: Path,
    *requirements: str,
    python: str = PYTHON,
    prior: Lock | None = None,
    kernel: tuple[str, ...] = (),
    as_of: str | None = None,
) -> Resolution:
    return resolve(
        ResolveRequest(
            requirements=requirements,
            kernel=kernel,
            python=PythonPin(version=python),
            platforms=DEFAULT_PLATFORMS,
            host_platform="linux-x86_64",
            prior=prior,
            as_of=as_of,
        ),
        config=Config.from_environ(os.environ),
        client=client,
        store_cache=cache,
        reporter=NullReporter(),
    )


def test_pandas_with_a_kernel_for_five_platforms(client: IndexClient, cache: Path) -> None:
    lock = run(client, cache, "pandas", kernel=("ipykernel", "ipywidgets")).lock
    assert lock.platforms == DEFAULT_PLATFORMS
    assert lock.left_out == ()
    for name in DEFAULT_PLATFORMS:
        assert {"pandas", "numpy", "ipykernel", "ipywidgets"} <= {
            pin.distribution.name for pin in pins_for(lock, name)
        }
    locations = [own.location for each in lock.distributions for own in each.artifacts]
    assert all("://" not in location for location in locations)
    assert parse_lock(render_lock(lock)) == lock


def test_the_files_of_a_lock_are_what_it_says(
    client: IndexClient, cache: Path, tmp_path: Path
) -> None:
    lock = run(client, cache, "six").lock
    artifact = lock.distributions[0].artifacts[0]
    told: list[int] = []
    assert client.fetch(artifact, tmp_path / "part", told.append) == artifact.digest.hex
    assert sum(told) == artifact.size == (tmp_path / "part").stat().st_size
    end = client.read_range(artifact, artifact.size - 22, artifact.size)
    assert end == (tmp_path / "part").read_bytes()[-22:]


def test_a_notebook_of_2018_resolves_as_of_then(client: IndexClient, cache: Path) -> None:
    resolution = run(client, cache, "pandas==0.23.4", python="3.7.16", as_of="2019-01-01")
    versions = {own.name: own.version for own in resolution.lock.distributions}
    assert versions["pandas"] == "0.23.4"
    assert versions["pytz"] == "2018.7"
    assert "pandas 0.23.4: read 'pytz (>=2011k)' as 'pytz>=2011'" in resolution.notes


def test_a_fall_back_for_want_of_wheels_is_told(client: IndexClient, cache: Path) -> None:
    resolution = run(client, cache, "hydra-core")
    note = next(text for text in resolution.notes if text.startswith("hydra-core "))
    assert "it needs antlr4-python3-runtime, which has no wheel that fits" in note


def test_what_has_wheels_for_one_system_only(client: IndexClient, cache: Path) -> None:
    lock = run(client, cache, "triton", python="3.11.7").lock
    assert set(lock.platforms) == {"linux-aarch64", "linux-x86_64"}
    assert [own.platform for own in lock.left_out] == [
        "macos-arm64",
        "macos-x86_64",
        "windows-amd64",
    ]


def test_another_python_than_the_one_that_runs(client: IndexClient, cache: Path) -> None:
    for python in ("3.8.18", "3.13.0"):
        lock = run(client, cache, "pandas", python=python).lock
        tag = "cp" + "".join(python.split(".")[:2])
        numpy = next(own for own in lock.distributions if own.name == "numpy")
        assert all(f"-{tag}-{tag}-" in own.filename for own in numpy.artifacts)


def test_no_wheel_at_all(client: IndexClient, cache: Path) -> None:
    with pytest.raises(NoWheel):
        run(client, cache, "docopt")


def test_an_unknown_project(client: IndexClient, cache: Path) -> None:
    with pytest.raises(UnknownProject):
        run(client, cache, "jupyter-pyartifacts-there-is-no-such-project")
