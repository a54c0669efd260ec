"""The platforms that a lock covers: their markers, their tags, and which wheel suits them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from packaging.markers import Marker
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from .errors import PlatformError

__all__ = [
    "DEFAULT_PLATFORMS",
    "PLATFORMS",
    "Platform",
    "best_wheel",
    "identify_platform",
    "marker_environment",
    "marker_for",
    "marker_holds",
    "oldest_system",
    "uv_environment",
    "wheel_parts",
    "wheel_rank",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One operating system on one machine type, with its values of PEP 508 markers."""

    name: str
    sys_platform: str
    platform_machine: str
    platform_system: str
    os_name: str
    tags: re.Pattern[str]


def _platform(name: str, values: str, tags: str) -> Platform:
    sys_platform, machine, system, os_name = values.split()
    return Platform(
        name=name,
        sys_platform=sys_platform,
        platform_machine=machine,
        platform_system=system,
        os_name=os_name,
        tags=re.compile(tags),
    )


# The number pairs in the tags are the oldest system that the wheel runs on (PEP 600, PEP 425).
_LINUX = r"(?:manylinux_(\d+)_(\d+)|manylinux1|manylinux2010|manylinux2014|linux)_"
PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        platform.name: platform
        for platform in (
            _platform("linux-x86_64", "linux x86_64 Linux posix", rf"{_LINUX}x86_64\Z"),
            _platform("linux-aarch64", "linux aarch64 Linux posix", rf"{_LINUX}aarch64\Z"),
            _platform(
                "macos-x86_64",
                "darwin x86_64 Darwin posix",
                r"macosx_(\d+)_(\d+)_(?:x86_64|universal2|intel|fat64|universal)\Z",
            ),
            _platform(
                "macos-arm64",
                "darwin arm64 Darwin posix",
                r"macosx_(\d+)_(\d+)_(?:arm64|universal2)\Z",
            ),
            _platform("windows-amd64", "win32 AMD64 Windows nt", r"win_amd64\Z"),
        )
    }
)
DEFAULT_PLATFORMS: tuple[str, ...] = tuple(sorted(PLATFORMS))
_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
# Systems older than these are rare: glibc 2.28 (RHEL 8, Debian 10), macOS 12.
_BASELINE = {"linux": (2, 28), "darwin": (12, 0), "win32": (0, 0)}
_MACHINES = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64"}


def identify_platform(sys_platform: str, machine: str) -> str:
    """Name the platform of `sys.platform` and `platform.machine()`; raise PlatformError."""
    normal = _MACHINES.get(machine.lower(), machine.lower())
    for platform in PLATFORMS.values():
        own = platform.platform_machine.lower()
        if platform.sys_platform == sys_platform and _MACHINES.get(own, own) == normal:
            return platform.name
    raise PlatformError(
        "this machine is of a platform that locks do not cover",
        expected=", ".join(DEFAULT_PLATFORMS),
        found=f"{sys_platform} on {machine}",
        hint="run the notebook on one of these platforms",
    )


def marker_environment(
    platform: str, python_version: str, implementation: str = "cpython"
) -> dict[str, str]:
    """Return the PEP 508 environment of a platform; `python_version` may be full or a minor."""
    own = PLATFORMS[platform]
    full = python_version if python_version.count(".") >= 2 else f"{python_version}.0"
    return {
        "implementation_name": implementation,
        "implementation_version": full,
        "os_name": own.os_name,
        "platform_machine": own.platform_machine,
        "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(
            implementation, implementation
        ),
        "platform_release": "",
        "platform_system": own.platform_system,
        "platform_version": "",
        "python_full_version": full,
        "python_version": ".".join(full.split(".")[:2]),
        "sys_platform": own.sys_platform,
        "extra": "",
    }


@lru_cache(maxsize=16384)
def marker_holds(
    marker: str, platform: str, python_version: str, implementation: str = "cpython"
) -> bool:
    """Tell whether a marker (PEP 508) holds on a platform; raises InvalidMarker.

    Remembered: locks have few different markers, and each is asked about again and again.
    """
    environment = marker_environment(platform, python_version, implementation)
    return Marker(marker).evaluate(dict(environment))


def uv_environment(platform: str, minor: str, implementation: str = "cpython") -> str:
    """Return the entry of uv's `environments` that stands for a platform and a Python minor."""
    own = PLATFORMS[platform]
    return (
        f"sys_platform == '{own.sys_platform}' and platform_machine == '{own.platform_machine}'"
        f" and python_version == '{minor}' and implementation_name == '{implementation}'"
    )


# Almost every wheel is named like this, and reads the same here as in `packaging`, only sooner.
_TAGS = r"[a-z0-9_]+(?:\.[a-z0-9_]+)*"
_PLAIN = re.compile(
    r"([A-Za-z0-9]+(?:[._][A-Za-z0-9]+)*)-((?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*)"
    rf"-([a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*)*-{_TAGS}-{_TAGS})\.whl",
    re.ASCII,
)


@lru_cache(maxsize=16384)
def wheel_parts(filename: str) -> tuple[str, str, int, str] | None:
    """Return canonical name, normal version, build number and tags of a wheel's file name.

    The tags are still compressed (`py2.py3-none-any`). None if it is not the name of a wheel
    (binary distribution format).
    """
    plain = _PLAIN.fullmatch(filename)
    if plain is not None:
        return canonicalize_name(plain[1]), plain[2], 0, plain[3]
    try:
        name, version, build, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    tags = "-".join(filename[:-4].lower().split("-")[-3:])
    return str(name), str(version), build[0] if build else 0, tags


@lru_cache(maxsize=16384)
def wheel_rank(filename: str, platform: str, minor: str) -> tuple[int, ...] | None:
    """Rank a wheel for a platform and a CPython minor; None if it does not fit, lower is better.

    Prefers what runs on a system of the last years, then the wheel made for this very
    interpreter, then the stable ABI, then pure Python; among those the one that runs on the
    oldest system: one wheel serves every machine of the platform, so it should serve most of
    them. Free-threaded, PyPy and musllinux wheels never fit.
    """
    parts = wheel_parts(filename)
    rank = _tags_rank(parts[3], platform, minor) if parts is not None else None
    if parts is None or rank is None:
        return None
    # Of two builds of one wheel the higher build number wins (binary distribution format).
    return (*rank, -parts[2])


@lru_cache(maxsize=4096)
def _tags_rank(tags: str, platform: str, minor: str) -> tuple[int, ...] | None:
    major, number = (int(part) for part in minor.split("."))
    baseline = _BASELINE[PLATFORMS[platform].sys_platform]
    interpreters, abis, systems = (part.split(".") for part in tags.split("-"))
    ranks = []
    for tag in systems:
        system = _system_rank(tag, platform)
        if system is None:
            continue
        too_new = int(tag != "any" and system[1:] > baseline)
        for interpreter in interpreters:
            for abi in abis:
                python = _python_rank(interpreter, abi, major, number)
                if python is not None:
                    ranks.append((too_new, python, *system))
    return min(ranks, default=None)


def _python_rank(interpreter: str, abi: str, major: int, minor: int) -> int | None:
    match = re.fullmatch(r"(cp|py)(\d)(\d*)", interpreter)
    if match is None or int(match[2]) != major:
        return None
    own = int(match[3]) if match[3] else None
    if own is not None and own > minor:
        return None
    distance = minor - own if own is not None else 99
    if match[1] == "cp":
        if own == minor and re.fullmatch(rf"cp{major}{minor}m?u?", abi):
            return 0
        if abi == "abi3" and own is not None:
            return 100 + distance
        if abi == "none" and own == minor:
            return 300
        return None
    if abi == "none":
        return 400 + distance
    if abi == "abi3":
        return 200 + distance
    return None


def _system_rank(tag: str, platform: str) -> tuple[int, ...] | None:
    if tag == "any":
        return (9, 0, 0)
    match = PLATFORMS[platform].tags.match(tag)
    if match is None:
        return None
    # A universal archive is larger than one made for the machine, so it comes second.
    general = int(tag.endswith(("universal2", "intel", "fat64", "universal")))
    if match.lastindex:
        return (general, int(match[1]), int(match[2]))
    return (general, *_LEGACY.get(tag.partition("_")[0], (0, 0)))


def oldest_system(filename: str, platform: str) -> tuple[int, int] | None:
    """Return the oldest glibc or macOS version that a wheel runs on; None where any does.

    Of several tags for the platform the most modest counts (PEP 600, PEP 425).
    """
    parts = wheel_parts(filename)
    if parts is None:
        return None
    systems = parts[3].rpartition("-")[2].split(".")
    ranks = [rank for tag in systems if (rank := _system_rank(tag, platform)) is not None]
    versions = [(rank[1], rank[2]) for rank in ranks]
    if not versions or "any" in systems:
        return None
    return min(versions)


def best_wheel(filenames: Iterable[str], platform: str, minor: str) -> str | None:
    """Choose the wheel that suits a platform best; None if none does."""
    ranked = [
        (rank, name)
        for name in filenames
        if (rank := wheel_rank(name, platform, minor)) is not None
    ]
    return min(ranked)[1] if ranked else None


def marker_for(subset: Iterable[str], covered: Iterable[str]) -> str | None:
    """Write the shortest marker that holds on `subset` of the `covered` platforms only.

    None where it holds on all of them. Raises ValueError for an empty subset.
    """
    wanted, every = frozenset(subset), frozenset(covered)
    if not wanted or not wanted <= every:
        raise ValueError(f"{sorted(wanted)} is no part of {sorted(every)}")
    if wanted == every:
        return None
    clauses = [
        clause
        for key, operator in (("sys_platform", "=="), ("sys_platform", "!="))
        for value in sorted({PLATFORMS[name].sys_platform for name in every})
        for clause in [f"{key} {operator} '{value}'"]
    ]
    for clause in clauses:
        if _holds_on(clause, every) == wanted:
            return clause
    return " or ".join(
        f"(sys_platform == '{PLATFORMS[name].sys_platform}'"
        f" and platform_machine == '{PLATFORMS[name].platform_machine}')"
        if len(wanted) > 1
        else f"sys_platform == '{PLATFORMS[name].sys_platform}'"
        f" and platform_machine == '{PLATFORMS[name].platform_machine}'"
        for name in sorted(wanted)
    )


def _holds_on(clause: str, platforms: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in platforms if marker_holds(clause, name, "3.11"))
