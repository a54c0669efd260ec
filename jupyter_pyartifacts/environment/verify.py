"""Verifying a view: every file that a wheel's RECORD lists is there and has its bytes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass

from ..model import Environment
from ..store import Published
from ..store.layout import VIEW_RECORD
from ..translate.record import RecordRow, is_byte_code, parse_record
from .pth import is_startup_file
from .scripts import has_python_shebang
from .shape import BIN

__all__ = ["ViewDamage", "verify_view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewDamage:
    """A file of a view that is not what RECORD says; `found` is None where it is missing."""

    path: str
    expected: str
    found: str | None


def verify_view(
    environment: Environment, published: Iterable[Published]
) -> tuple[int, tuple[ViewDamage, ...]]:
    """Hash every file of a view against the RECORD of its wheel.

    Returns how many files were compared, and those that differ. Files that a view never takes
    over as they are stay out: byte code, start-up files, RECORD itself, INSTALLER, scripts whose
    first line is `#!python`, and what gave way to another distribution's, as the notes said.
    """
    left_out = _left_out(environment)
    count = 0
    damage: list[ViewDamage] = []
    for artifact in published:
        facts = artifact.facts
        where = f"{artifact.path}/{facts.dist_info}/RECORD"
        with open(where, "rb") as stream:
            rows = parse_record(stream.read(), label=facts.label, where=where)
        for path, row in sorted(rows.items()):
            place = _place(environment, artifact, path)
            if place is None or row.digest is None:
                continue
            if left_out and f"{facts.name}: {_inside(environment, place)}" in left_out:
                continue
            count += 1
            expected = f"{row.algorithm}:{row.digest.hex()}"
            found = _digest(place, row)
            if found != expected:
                damage.append(ViewDamage(path=place, expected=expected, found=found))
    return count, tuple(damage)


def _left_out(environment: Environment) -> frozenset[str]:
    try:
        with open(f"{environment.path}/{VIEW_RECORD}", "rb") as stream:
            return frozenset(json.load(stream)["left_out"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def _inside(environment: Environment, place: str) -> str:
    return os.path.relpath(place, environment.path)


def _place(environment: Environment, artifact: Published, path: str) -> str | None:
    facts = artifact.facts
    if is_byte_code(path) or path in (f"{facts.dist_info}/RECORD", f"{facts.dist_info}/INSTALLER"):
        return None
    data = facts.dist_info[: -len(".dist-info")] + ".data/"
    site = path
    if path.startswith(data):
        scheme, _, rest = path[len(data) :].partition("/")
        if scheme == "data":
            return f"{environment.path}/{rest}"
        if scheme == "headers":
            minor = ".".join(environment.version.split(".")[:2])
            return f"{environment.path}/include/site/python{minor}/{facts.name}/{rest}"
        if scheme == "scripts":
            return _script_place(environment, artifact, path, rest)
        if scheme not in ("purelib", "platlib"):
            return None
        site = rest
    return (
        None if is_startup_file(site.partition("/")[0]) else f"{environment.site_packages}/{site}"
    )


def _script_place(
    environment: Environment, artifact: Published, path: str, name: str
) -> str | None:
    if "/" in name:
        return None
    with open(f"{artifact.path}/{path}", "rb") as stream:
        if has_python_shebang(stream.read(256)):
            return None
    return f"{environment.path}/{BIN}/{name}"


def _digest(path: str, row: RecordRow) -> str | None:
    hashed = hashlib.new(row.algorithm or "sha256")
    try:
        with open(os.path.realpath(path), "rb") as stream:
            while data := stream.read(1 << 20):
                hashed.update(data)
    except OSError:
        return None
    return f"{row.algorithm}:{hashed.hexdigest()}"
