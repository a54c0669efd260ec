"""What has something newer: compatible, at all, yanked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.index.client import IndexClient
from jupyter_pyartifacts.model import Lock
from jupyter_pyartifacts.outcome import Outdated, OutdatedRow
from jupyter_pyartifacts.resolve import ResolveRequest
from jupyter_pyartifacts.resolve.outdated import outdated_rows
from tests.indexes import IndexServer, project_wheel
from tests.resolve.conftest import Resolver
from tests.wheels import Listener


@pytest.fixture
def outdated(index: IndexServer, tmp_path: Path):  # type: ignore[no-untyped-def]
    def ask(lock: Lock, *, offline: bool = False) -> Outdated:
        config = Config(index_url=index.url, environ=dict(os.environ), offline=offline)
        cache = tmp_path / "cache"
        request = ResolveRequest(
            requirements=lock.requirements,
            kernel=lock.kernel,
            python=lock.python,
            platforms=lock.platforms,
            host_platform="linux-x86_64",
            upgrade="all",
            directory=tmp_path,
            indexes=lock.indexes,
        )
        with IndexClient(config, cache=cache, directory=tmp_path) as client:
            return outdated_rows(
                request, lock, config=config, client=client, store_cache=cache, reporter=Listener()
            )

    return ask


def test_nothing_newer(index: IndexServer, run: Resolver, outdated) -> None:  # type: ignore[no-untyped-def]
    index.add(project_wheel("first", "1.0"), project_wheel("first", "2.0rc1"))
    assert outdated(run("first").lock) == Outdated(rows=())


def test_rows(index: IndexServer, run: Resolver, outdated) -> None:  # type: ignore[no-untyped-def]
    index.add(project_wheel("first", "1.0", ["second<3"]), project_wheel("second", "1.0"))
    lock = run("first").lock
    index.add(project_wheel("second", "2.0"), upload_time="2024-02-01T00:00:00Z")
    index.add(project_wheel("second", "3.0"), upload_time="2024-03-01T00:00:00Z")
    index.projects["first"][0].entry["yanked"] = "broken"
    index.add(project_wheel("first", "0.9", ["second<3"]))
    assert outdated(lock).rows == (
        OutdatedRow(
            name="first",
            current="1.0",
            compatible="0.9",
            latest="0.9",
            released="2024-01-01",
            yanked=True,
            direct=True,
        ),
        OutdatedRow(
            name="second",
            current="1.0",
            compatible="2.0",
            latest="3.0",
            released="2024-03-01",
            yanked=False,
            direct=False,
        ),
    )


def test_what_can_no_longer_be_resolved_is_said(
    index: IndexServer, run: Resolver, outdated
) -> None:  # type: ignore[no-untyped-def]
    index.add(project_wheel("first", "1.0"))
    lock = run("first").lock
    index.projects["first"].clear()
    index.add_file("first-2.0.tar.gz", b"sdist", name="first")
    result = outdated(lock)
    assert [(row.name, row.compatible, row.latest) for row in result.rows] == [
        ("first", None, "2.0")
    ]
    assert result.notes[0].startswith("what is compatible cannot be told: first has no wheel")


def test_offline_it_says_that_it_may_not_know(index: IndexServer, run: Resolver, outdated) -> None:  # type: ignore[no-untyped-def]
    index.add(project_wheel("first", "1.0"))
    lock = run("first").lock
    index.requests.clear()
    assert outdated(lock, offline=True).notes == (
        "the network is switched off: newer releases may not be known here",
    )
    assert index.requests == []


def test_wheels_of_the_users_own_have_no_row(
    index: IndexServer,
    run: Resolver,
    outdated,
    tmp_path: Path,  # type: ignore[no-untyped-def]
) -> None:
    project_wheel("first", "1.0").write(tmp_path)
    lock = run("./first-1.0-py3-none-any.whl").lock
    assert outdated(lock).rows == ()
