"""pyproject.toml: the dependencies of a project (PEP 621), and groups asked for by name."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.dependency_groups import resolve_dependency_groups
from packaging.errors import ExceptionGroup
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..errors import ForeignFileError, NeedsBuild
from .toml import Table, parse_toml
from .uv_settings import apply_uv_settings
from .wanted import Wanted, check_requirement

__all__ = ["read_pyproject"]


def read_pyproject(
    text: str, where: str, *, extras: Iterable[str] = (), groups: Iterable[str] = ()
) -> Wanted:
    """Read `project.dependencies`, and the named extras and dependency groups (PEP 735).

    Raises ForeignFileError, InvalidRequirement with the path of keys.
    """
    table = parse_toml(text, where)
    project = table.table("project")
    groups = tuple(groups)
    if not project.values and not groups:
        raise ForeignFileError(
            "a pyproject.toml has no dependencies of its own",
            where=where,
            expected="a table [project] (PEP 621)",
            found=", ".join(sorted(table.values))[:120] or "an empty file",
            hint="name a dependency group: --group NAME"
            if "dependency-groups" in table
            else "name another file",
        )
    notes: list[str] = []
    asked: list[str] = []
    dynamic = set(project.texts("dynamic"))
    if "dependencies" in dynamic:
        notes.append(
            f"{project.place('dynamic')}: the dependencies are made by the build, and nothing is"
            " built here: they are left out"
        )
    _take(project, "dependencies", asked, notes)
    name = canonicalize_name(project.text("name") or "")
    _take_extras(project, name, extras, asked, notes)
    for group in groups:
        asked += _group(table, group, notes)
    wanted = Wanted(
        requirements=tuple(dict.fromkeys(asked)),
        requires_python=project.specifier("requires-python"),
        notes=tuple(notes),
    )
    return apply_uv_settings(wanted, table.table("tool").table("uv"))


def _take(table: Table, key: str, asked: list[str], notes: list[str]) -> None:
    for number, text in enumerate(table.texts(key)):
        place = table.place(f"{key}[{number}]")
        try:
            asked.append(check_requirement(text, place))
        except NeedsBuild as error:
            notes.append(f"{place}: {text[:120]} is left out: {error.what}")


def _take_extras(
    project: Table, name: str, extras: Iterable[str], asked: list[str], notes: list[str]
) -> None:
    optional = project.table("optional-dependencies")
    known = {canonicalize_name(each): each for each in optional.values}
    todo = [canonicalize_name(extra) for extra in extras]
    done: set[str] = set()
    while todo:
        extra = todo.pop(0)
        if extra in done:
            continue
        done.add(extra)
        if extra not in known:
            raise _unknown("extra", extra, known, optional.place())
        found: list[str] = []
        _take(optional, known[extra], found, notes)
        for text in found:
            # A project that names itself means another of its own groups.
            if name and canonicalize_name(text.split("[")[0].strip()) == name and "[" in text:
                todo += [canonicalize_name(each) for each in sorted(Requirement(text).extras)]
            else:
                asked.append(text)


def _group(table: Table, group: str, notes: list[str]) -> list[str]:
    groups = table.table("dependency-groups")
    known = {canonicalize_name(each): each for each in groups.values}
    if canonicalize_name(group) not in known:
        raise _unknown("group", group, known, groups.place())
    place = groups.place(known[canonicalize_name(group)])
    try:
        found = resolve_dependency_groups(dict(groups.values), group)
    except (ExceptionGroup, ValueError, LookupError, TypeError, RecursionError) as error:
        faults = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
        raise ForeignFileError(
            "a dependency group is not as PEP 735 has it",
            where=place,
            found="; ".join(str(fault) for fault in faults)[:300],
            hint="mend the group",
        ) from error
    result = []
    for text in found:
        try:
            result.append(check_requirement(text, place))
        except NeedsBuild as error:
            notes.append(f"{place}: {text[:120]} is left out: {error.what}")
    return result


def _unknown(kind: str, name: str, known: Iterable[str], place: str) -> ForeignFileError:
    names = sorted(known)
    return ForeignFileError(
        f"there is no {kind} of that name",
        where=place,
        expected=", ".join(names) or f"no {kind} at all",
        found=name[:80],
        hint=f"name one of these with --{kind}" if names else f"leave --{kind} out",
    )
