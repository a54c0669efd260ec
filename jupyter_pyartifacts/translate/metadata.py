"""What a wheel says of itself: file name, METADATA, WHEEL, entry points (PEP 427, PEP 566)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ..errors import ArtifactError

__all__ = [
    "WheelName",
    "check_metadata",
    "check_wheel_version",
    "find_dist_info",
    "parse_entry_points",
    "parse_wheel_name",
]

_HINT = "ask the project for a file that is whole, and pin another version until then"
_NAME = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelName:
    """Name (canonical, PEP 503) and version (as written) of a wheel's file name."""

    filename: str
    name: str
    version: str

    @property
    def label(self) -> str:
        """Return `name version`, as messages name a distribution."""
        return f"{self.name} {self.version}"


def parse_wheel_name(filename: str) -> WheelName:
    """Read `NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl` leniently; raise ArtifactError."""
    match = _NAME.fullmatch(filename)
    if match is None:
        raise ArtifactError(
            "a wheel has a file name that cannot be read",
            where=filename,
            expected="NAME-VERSION-PYTHON-ABI-PLATFORM.whl",
            found=filename,
            hint="give the file the name it has on its index",
        )
    return WheelName(
        filename=filename, name=canonicalize_name(match["name"]), version=match["version"]
    )


def find_dist_info(tops: Sequence[str], wheel: WheelName) -> str:
    """Choose the `.dist-info` directory among an archive's top-level names; raise ArtifactError.

    There must be exactly one, and it must be this distribution's.
    """
    found = sorted(top for top in tops if top.endswith(".dist-info"))
    name, _, version = found[0][: -len(".dist-info")].partition("-") if found else ("", "", "")
    if (
        len(found) != 1
        or canonicalize_name(name) != wheel.name
        or not _same_version(version, wheel.version)
    ):
        raise ArtifactError(
            f"{wheel.label}: its wheel does not have one .dist-info directory of its own",
            where=wheel.filename,
            expected=f"{wheel.name.replace('-', '_')}-{wheel.version}.dist-info",
            found=", ".join(found) or "none",
            hint=_HINT,
        )
    return found[0]


def check_metadata(data: bytes, wheel: WheelName, where: str) -> tuple[str, str]:
    """Check that METADATA's Name and Version are the file name's; return them as written."""
    headers = _headers(data)
    name, version = headers.get("name", ""), headers.get("version", "")
    for field, found, same, expected in (
        ("name", name, canonicalize_name(name) == wheel.name, wheel.name),
        ("version", version, _same_version(version, wheel.version), wheel.version),
    ):
        if not same:
            raise ArtifactError(
                f"{wheel.label}: the {field} in its METADATA is not its file name's",
                where=where,
                expected=expected,
                found=found or "none",
                hint=_HINT,
            )
    return name, version


def check_wheel_version(data: bytes, wheel: WheelName, where: str) -> None:
    """Check WHEEL's format version: a newer major one must be refused (PEP 427)."""
    found = _headers(data).get("wheel-version", "")
    if found.partition(".")[0] != "1":
        raise ArtifactError(
            f"{wheel.label}: its WHEEL file is not of format 1",
            where=where,
            expected="Wheel-Version: 1.0",
            found=f"Wheel-Version: {found or 'none'}",
            hint="upgrade jupyter_pyartifacts, or pin another version",
        )


def _headers(data: bytes) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.strip():
            break
        key, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            headers.setdefault(key.strip().lower(), value.strip())
    return headers


def _same_version(found: str, expected: str) -> bool:
    try:
        return Version(found.replace("_", "-")) == Version(expected.replace("_", "-"))
    except InvalidVersion:
        return found.replace("-", "_") == expected.replace("-", "_")


def parse_entry_points(data: bytes) -> dict[str, tuple[tuple[str, str], ...]]:
    """Read the script groups of entry_points.txt: group to pairs (script, `module:attribute`).

    Extras are dropped. Lines that name no function are left out: no script can come of them.
    """
    groups: dict[str, dict[str, str]] = {"console_scripts": {}, "gui_scripts": {}}
    current: dict[str, str] | None = None
    for line in data.decode("utf-8", "replace").splitlines():
        line = line.strip()
        if line.startswith("["):
            current = groups.get(line.strip("[] \t"))
        elif current is not None and line and line[0] not in "#;":
            name, _, target = (part.strip() for part in line.partition("="))
            target = target.partition("[")[0].strip()
            module, _, attribute = (part.strip() for part in target.partition(":"))
            parts = (module + "." + attribute).split(".")
            safe = re.fullmatch(r"[\w.+ -]+", name) and name.strip(".")
            if safe and all(part.isidentifier() for part in parts):
                current.setdefault(name, f"{module}:{attribute}")
    return {group: tuple(sorted(pairs.items())) for group, pairs in groups.items() if pairs}
