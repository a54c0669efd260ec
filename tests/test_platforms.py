"""Which wheel suits which platform, and markers that stand for sets of platforms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from jupyter_pyartifacts.errors import PlatformError
from jupyter_pyartifacts.platforms import (
    DEFAULT_PLATFORMS,
    best_wheel,
    identify_platform,
    marker_environment,
    marker_for,
    oldest_system,
    wheel_rank,
)


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "linux-x86_64"),
        ("linux", "aarch64", "linux-aarch64"),
        ("linux", "arm64", "linux-aarch64"),
        ("darwin", "arm64", "macos-arm64"),
        ("darwin", "x86_64", "macos-x86_64"),
        ("win32", "AMD64", "windows-amd64"),
    ],
)
def test_a_machine_is_identified(system: str, machine: str, name: str) -> None:
    assert identify_platform(system, machine) == name


def test_an_unknown_machine_is_named() -> None:
    with pytest.raises(PlatformError) as caught:
        identify_platform("sunos5", "sparc")
    assert caught.value.found == "sunos5 on sparc"


@pytest.mark.parametrize(
    ("wheels", "platform", "best"),
    [
        (["a-1-py3-none-any.whl", "a-1-cp311-cp311-win_amd64.whl"], "windows-amd64", 1),
        (["a-1-py3-none-any.whl", "a-1-cp311-cp311-win_amd64.whl"], "linux-x86_64", 0),
        # The widest reach: the oldest system wins.
        (
            [
                "a-1-cp311-cp311-manylinux_2_28_x86_64.whl",
                "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            ],
            "linux-x86_64",
            1,
        ),
        (
            ["a-1-cp311-cp311-macosx_14_0_arm64.whl", "a-1-cp311-cp311-macosx_11_0_arm64.whl"],
            "macos-arm64",
            1,
        ),
        (
            ["a-1-cp311-cp311-macosx_10_9_universal2.whl", "a-1-cp311-cp311-macosx_11_0_arm64.whl"],
            "macos-arm64",
            1,
        ),
        (["a-1-cp37-abi3-linux_x86_64.whl", "a-1-cp311-cp311-linux_x86_64.whl"], "linux-x86_64", 1),
        (["a-1-1-py3-none-any.whl", "a-1-2-py3-none-any.whl"], "linux-x86_64", 1),
        # A pure wheel that runs everywhere is better than one for the newest systems only.
        (["a-1-py3-none-any.whl", "a-1-cp311-cp311-manylinux_2_34_x86_64.whl"], "linux-x86_64", 0),
        (["a-1-cp311-cp311-manylinux_2_34_x86_64.whl"], "linux-x86_64", 0),
        (["a-1-cp312-abi3-linux_x86_64.whl"], "linux-x86_64", None),
        (["a-1-cp311-cp311t-linux_x86_64.whl"], "linux-x86_64", None),
        (["a-1-pp311-pypy311_pp73-linux_x86_64.whl"], "linux-x86_64", None),
        (["a-1-cp311-cp311-musllinux_1_2_x86_64.whl"], "linux-x86_64", None),
        (["a-1-py2-none-any.whl"], "linux-x86_64", None),
        (["a-1-py2.py3-none-any.whl"], "linux-x86_64", 0),
        (["not a wheel"], "linux-x86_64", None),
    ],
)
def test_the_best_wheel(wheels: list[str], platform: str, best: int | None) -> None:
    assert best_wheel(wheels, platform, "3.11") == (None if best is None else wheels[best])


def test_an_old_abi_with_its_flags_still_fits() -> None:
    assert wheel_rank("a-1-cp37-cp37m-manylinux1_x86_64.whl", "linux-x86_64", "3.7") is not None


@given(st.sets(st.sampled_from(DEFAULT_PLATFORMS), min_size=1))
def test_a_marker_holds_on_its_platforms_only(subset: set[str]) -> None:
    marker = marker_for(subset, DEFAULT_PLATFORMS)
    holds = {
        name
        for name in DEFAULT_PLATFORMS
        if marker is None or Marker(marker).evaluate(marker_environment(name, "3.11"))
    }
    assert holds == subset


def test_markers_are_short() -> None:
    assert marker_for(["windows-amd64"], DEFAULT_PLATFORMS) == "sys_platform == 'win32'"
    everywhere_else = set(DEFAULT_PLATFORMS) - {"windows-amd64"}
    assert marker_for(everywhere_else, DEFAULT_PLATFORMS) == "sys_platform != 'win32'"
    with pytest.raises(ValueError, match="is no part of"):
        marker_for([], DEFAULT_PLATFORMS)


@pytest.mark.parametrize(
    ("wheel", "platform", "version"),
    [
        ("a-1-py3-none-any.whl", "linux-x86_64", None),
        ("a-1-cp311-cp311-linux_x86_64.whl", "linux-x86_64", (0, 0)),
        ("a-1-cp311-cp311-manylinux_2_28_x86_64.whl", "linux-x86_64", (2, 28)),
        ("a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2010_x86_64.whl", "linux-x86_64", (2, 12)),
        ("a-1-cp311-cp311-macosx_14_0_arm64.whl", "macos-arm64", (14, 0)),
        ("a-1-cp311-cp311-win_amd64.whl", "windows-amd64", (0, 0)),
        ("a-1-cp311-cp311-win_amd64.whl", "linux-x86_64", None),
        ("nonsense", "linux-x86_64", None),
    ],
)
def test_the_oldest_system_of_a_wheel(
    wheel: str, platform: str, version: tuple[int, int] | None
) -> None:
    assert oldest_system(wheel, platform) == version
