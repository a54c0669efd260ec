"""What one machine needs of a lock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_pyartifacts.errors import LockError, PlatformError
from jupyter_pyartifacts.model import LeftOut
from jupyter_pyartifacts.plan import pins_for, plan_digest

from .locks import small_lock, wheel


def test_markers_choose_the_distributions() -> None:
    lock = small_lock()
    names = [pin.distribution.name for pin in pins_for(lock, "windows-amd64")]
    assert names == ["colorama", "demo"]
    assert [pin.distribution.name for pin in pins_for(lock, "linux-x86_64")] == ["demo"]


def test_a_platform_left_out_says_why() -> None:
    lock = replace(
        small_lock(),
        platforms=("linux-x86_64",),
        left_out=(LeftOut(platform="macos-arm64", reason="triton has no wheel for it"),),
    )
    with pytest.raises(PlatformError) as caught:
        pins_for(lock, "macos-arm64")
    assert str(caught.value) == (
        "the lock does not cover macos-arm64\n"
        "  expected: macos-arm64\n"
        "  found:    linux-x86_64\n"
        "  triton has no wheel for it\n"
        "hint: lock again for it: jupyter pyartifacts lock NOTEBOOK --platform macos-arm64"
    )


def test_a_distribution_without_a_fitting_wheel_is_named() -> None:
    lock = small_lock()
    demo = replace(lock.distributions[1], artifacts=(wheel("demo-1.0", "cp312-cp312-win_amd64"),))
    with pytest.raises(LockError, match=r"no artifact of demo 1\.0 for linux-x86_64"):
        pins_for(replace(lock, distributions=(demo,)), "linux-x86_64")


def test_two_active_versions_of_one_project_are_refused() -> None:
    lock = small_lock()
    demo = lock.distributions[1]
    twice = replace(lock, distributions=(demo, replace(demo, version="2.0")))
    with pytest.raises(LockError, match="the lock pins demo twice for linux-x86_64"):
        pins_for(twice, "linux-x86_64")


def test_the_view_has_another_name_for_another_interpreter_or_pin() -> None:
    pins = pins_for(small_lock(), "windows-amd64")
    digest = plan_digest(pins, "cpython 3.11.7")
    assert plan_digest(reversed(pins), "cpython 3.11.7") == digest
    assert plan_digest(pins, "cpython 3.11.8") != digest
    assert plan_digest(pins[:1], "cpython 3.11.7") != digest
