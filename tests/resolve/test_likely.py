"""What is told to be likely wanted while uv still works: what uv then chooses, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_pyartifacts.plan import Pin
from tests.indexes import IndexServer, project_wheel
from tests.resolve.conftest import Resolver
from tests.resolve.test_resolver import NATIVE


def likely(run: Resolver, *requirements: str, **options: Any) -> list[Pin]:
    """Resolve, check that what was told is what was locked, and return it."""
    told: list[Pin] = []
    lock = run(*requirements, likely=told.append, **options).lock
    locked = {own.name: own for own in lock.distributions}
    for pin in told:
        own = locked[pin.distribution.name]
        assert pin.distribution.version == own.version
        assert pin.artifact in own.artifacts
    return sorted(told, key=lambda pin: pin.distribution.name)


def test_the_newest_wheel_of_what_is_asked_for_anew(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0", ["second"]))
    first = index.add(project_wheel("first", "2.0", ["second"]), metadata=True)
    index.add(project_wheel("second"))
    (pin,) = likely(run, "First>=1")
    assert pin.artifact == first


def test_the_wheel_of_this_platform(index: IndexServer, run: Resolver) -> None:
    wheels = {name: project_wheel("first", tag=tag) for name, tag in NATIVE.items()}
    artifacts = {name: index.add(wheel) for name, wheel in wheels.items()}
    (pin,) = likely(run, "first", host_platform="macos-arm64")
    assert pin.artifact == artifacts["macos-arm64"]


@pytest.mark.parametrize("requirement", ["first<2", "first!=2.0", "first; sys_platform == 'linux'"])
def test_nothing_where_another_one_may_be_chosen(
    index: IndexServer, run: Resolver, requirement: str
) -> None:
    index.add(project_wheel("first", "1.0"), project_wheel("first", "2.0"))
    assert likely(run, requirement) == []


@pytest.mark.parametrize("how", ["prefer", "constraints"])
def test_nothing_where_another_version_is_wished_for(
    index: IndexServer, run: Resolver, how: str
) -> None:
    index.add(project_wheel("first", "1.0"), project_wheel("first", "2.0"))
    assert likely(run, "first", **{how: ("first==1.0",)}) == []


def test_nothing_for_a_platform_that_is_not_locked(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first"))
    assert likely(run, "first", platforms=("macos-arm64",)) == []


def test_nothing_where_pre_releases_are_taken(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first", "1.0"), project_wheel("first", "2.0b1"))
    assert likely(run, "first", prereleases=True) == []


def test_nothing_of_a_file_without_a_hash(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first"), sha256=False)
    assert likely(run, "first") == []


def test_nothing_of_what_is_pinned(index: IndexServer, run: Resolver) -> None:
    index.add(project_wheel("first"))
    second = index.add(project_wheel("second"))
    prior = run("first").lock
    (pin,) = likely(run, "first", "second", prior=prior)
    assert pin.artifact == second
