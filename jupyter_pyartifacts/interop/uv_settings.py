"""uv's own settings in pyproject.toml and PEP 723 blocks: what can be honoured of them."""

from __future__ import annotations

from dataclasses import replace

from packaging.utils import canonicalize_name

from ..errors import ForeignFileError, NeedsBuild, UsageError
from ..indexes import parse_index
from ..model import Index
from .toml import Table
from .wanted import Wanted, check_requirement, project_of

__all__ = ["apply_uv_settings"]

_HARMLESS = {
    "index",
    "sources",
    "constraint-dependencies",
    "exclude-newer",
    "prerelease",
    "package",
    "managed",
    "dev-dependencies",
    "default-groups",
    "required-version",
    "cache-keys",
    "environments",
    "required-environments",
    "no-build",
    "link-mode",
    "compile-bytecode",
    "workspace",
}


def apply_uv_settings(wanted: Wanted, settings: Table) -> Wanted:
    """Return what is wanted, with the indexes, bounds and date of `[tool.uv]`.

    Sources that would have to be built are refused for the projects that are asked for; what else
    is not done here is named in the notes.
    """
    if not settings.values:
        return wanted
    notes = list(wanted.notes)
    urls: dict[str, str] = {}
    for each in settings.tables("index"):
        url, name = each.required("url"), each.text("name")
        if name is not None:
            urls[name] = url
        if not each.values.get("explicit") and not each.values.get("default"):
            notes.append(
                f"{each.place()}: the index is used only for the projects that a source ties to it"
            )
        if each.values.get("default"):
            notes.append(f"{each.place()}: this machine's default index is used in its place")
    asked = {project_of(text): text for text in wanted.requirements}
    ties: dict[str, set[str]] = {}
    replaced: dict[str, str] = {}
    left_out: set[str] = set()
    sources = settings.table("sources")
    for given in sources.values:
        name = canonicalize_name(given)
        if name not in asked:
            continue
        if isinstance(sources.values[given], list):
            left_out.add(name)
            notes.append(f"{sources.place(given)}: {name} is left out: it has several sources")
            continue
        source = sources.table(given)
        if index := source.text("index"):
            if index not in urls:
                notes.append(f"{source.place('index')}: no index is named {index}")
            else:
                ties.setdefault(index, set()).add(name)
        else:
            text, reason = _direct(name, source)
            if text is None:
                # Not from an index in its place: a stranger may own the name there.
                left_out.add(name)
                notes.append(f"{source.place()}: {name} is left out: {reason}")
            else:
                replaced[name] = text
    indexes = tuple(
        replace(_index(name, urls[name], settings), projects=tuple(sorted(projects)))
        for name, projects in sorted(ties.items())
    )
    for key in sorted(set(settings.values) - _HARMLESS):
        notes.append(f"{settings.place(key)}: this setting of uv is not used")
    return replace(
        wanted,
        requirements=tuple(
            replaced.get(project_of(text), text)
            for text in wanted.requirements
            if project_of(text) not in left_out
        ),
        constraints=(*wanted.constraints, *settings.requirements("constraint-dependencies")),
        indexes=(*wanted.indexes, *indexes),
        as_of=settings.text("exclude-newer") or wanted.as_of,
        prereleases=wanted.prereleases or settings.text("prerelease") == "allow",
        notes=tuple(notes),
    )


def _direct(name: str, source: Table) -> tuple[str | None, str]:
    """Return the requirement that a source with a URL or a path stands for, or why there is none.

    Raises InvalidRequirement.
    """
    url, path = source.text("url"), source.text("path")
    try:
        if url:
            return check_requirement(f"{name} @ {url}", source.place("url")), ""
        if path:
            text = path if path.startswith(("/", "./", "../")) else f"./{path}"
            return check_requirement(text, source.place("path")), ""
    except NeedsBuild as error:
        return None, error.what
    return None, f"it has a source of another kind ({', '.join(sorted(source.values))})"


def _index(name: str, url: str, settings: Table) -> Index:
    try:
        return parse_index(f"{name}={url}")
    except UsageError as error:
        raise ForeignFileError(
            error.what, where=settings.place("index"), found=error.found, hint=error.hint
        ) from error
