"""uv.lock, of a project or of a script; juv keeps one in the notebook's metadata."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from ..errors import ForeignFileError
from .toml import Table, parse_toml
from .wanted import (
    Pinned,
    Wanted,
    bare_url,
    check_requirement,
    check_version,
    hashes_of,
    project_of,
    tie_indexes,
)

__all__ = ["read_uv_lock"]

_MEND = "write it anew: uv lock, or juv lock NOTEBOOK"


def read_uv_lock(text: str, where: str) -> Wanted:
    """Read a uv.lock of version 1; raise ForeignFileError with the path of keys.

    A script's lock has what was asked for in its manifest, a project's in the entry of the
    project itself, which is left out.
    """
    table = parse_toml(text, where)
    version = table.values.get("version")
    if version != 1 or isinstance(version, bool):
        raise ForeignFileError(
            "a uv.lock is of a version that is not known here",
            where=table.place("version"),
            expected="1",
            found=str(version)[:40],
            hint="upgrade jupyter_pyartifacts, or lock with an older uv",
        )
    notes: list[str] = []
    pins: list[Pinned] = []
    own: list[Table] = []
    left_out: set[str] = set()
    for package in table.tables("package"):
        source = package.table("source")
        if "registry" in source:
            pins.append(_pin(package, source))
        elif {"virtual", "editable", "workspace"} & set(source.values):
            own.append(package)
        elif _wheel_of(package, source) is None:
            kind = ", ".join(sorted(source.values)) or "nothing"
            name = package.required("name")
            left_out.add(canonicalize_name(name))
            notes.append(
                f"{package.place()}: {name} is left out: its source would have to be built ({kind})"
            )
    requirements = _manifest(table, notes)
    for package in own:
        requirements += _edges_of(package, notes)
    left_out |= {canonicalize_name(each.required("name")) for each in own}
    by_name: dict[str, Table] = {
        canonicalize_name(each.required("name")): each for each in table.tables("package")
    }
    asked = []
    for requirement in requirements:
        name = project_of(requirement)
        package = by_name.get(name, Table({}, where))
        direct = _wheel_of(package, package.table("source"))
        if direct is not None:
            asked.append(check_requirement(direct, package.place("source")))
        elif name not in left_out:
            asked.append(requirement)
    indexes, ties = tie_indexes(pins, where)
    return Wanted(
        requirements=tuple(dict.fromkeys(asked)) or tuple(sorted({pin.name for pin in pins})),
        pins=tuple(pins),
        hashes=hashes_of(pins),
        complete=bool(asked),
        requires_python=table.specifier("requires-python"),
        indexes=indexes,
        notes=(*notes, *ties),
    )


def _pin(package: Table, source: Table) -> Pinned:
    files = package.tables("wheels")
    if "sdist" in package:
        files.append(package.table("sdist"))
    registry = source.required("registry")
    markers = [f"({each})" for each in package.texts("resolution-markers")]
    return Pinned(
        name=canonicalize_name(package.required("name")),
        version=check_version(package.required("version"), package.place("version")),
        hashes=frozenset(_sha256(each) for each in files if "hash" in each),
        marker=" or ".join(markers) or None,
        index=bare_url(registry) if "://" in registry else None,
    )


def _sha256(file: Table) -> str:
    algorithm, _, value = file.required("hash").partition(":")
    if algorithm != "sha256" or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ForeignFileError(
            "a file's hash is not a sha256",
            where=file.place("hash"),
            expected="sha256:<64 hexadecimal digits>",
            found=file.required("hash")[:100],
            hint=_MEND,
        )
    return value


def _wheel_of(package: Table, source: Table) -> str | None:
    """Return the requirement of a package that is one wheel, given by URL or path."""
    place = source.text("url") or source.text("path")
    if place is None or not re.split(r"[?#]", place)[0].lower().endswith(".whl"):
        return None
    if "://" in place:
        return f"{package.required('name')} @ {place}"
    return place if place.startswith(("/", "./", "../")) else f"./{place}"


def _manifest(table: Table, notes: list[str]) -> list[str]:
    return [
        _requirement(each)
        for each in table.table("manifest").tables("requirements")
        if _is_named(each, notes)
    ]


def _edges_of(package: Table, notes: list[str]) -> list[str]:
    """Return what a project asks for: with its bounds where uv noted them, else by name."""
    listed = package.table("metadata").tables("requires-dist")
    edges = listed or package.tables("dependencies")
    return [
        _requirement(each)
        for each in edges
        if _is_named(each, notes) and "extra ==" not in (each.text("marker") or "")
    ]


def _is_named(each: Table, notes: list[str]) -> bool:
    for kind in ("git", "directory", "editable", "virtual"):
        if kind in each:
            name = each.required("name")
            notes.append(f"{each.place()}: {name} is left out: it would have to be built ({kind})")
            return False
    return True


def _requirement(each: Table) -> str:
    name = each.required("name")
    extras = each.texts("extras") or each.texts("extra")
    text = name + (f"[{','.join(extras)}]" if extras else "")
    text += each.text("specifier") or ""
    if marker := each.text("marker"):
        text += f" ; {marker}"
    return check_requirement(text, each.place())
