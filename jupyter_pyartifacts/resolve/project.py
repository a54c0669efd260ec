"""The throw-away project that uv resolves: its `pyproject.toml`, and prior pins as a lock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..model import Distribution
from ..platforms import uv_environment

__all__ = ["ROOT", "Project", "project_options", "render_prior", "render_project"]

ROOT = "pyartifacts-notebook"
"""The project's name; not one that anybody could ask for, since it is never on an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What uv is to resolve, in uv's own terms.

    `lower` is the least Python minor of the project: the older of the target's and of the
    interpreter's that uv runs with, so that no other interpreter is needed. The target itself is
    in the environments. `constraints` hold for every project, asked for or not.
    """

    requirements: tuple[str, ...]
    platforms: tuple[str, ...]
    minor: str
    implementation: str
    lower: str
    index_url: str
    constraints: tuple[str, ...] = ()
    prereleases: bool = False

    @property
    def environments(self) -> tuple[str, ...]:
        """Return one marker for each platform."""
        return tuple(
            uv_environment(platform, self.minor, self.implementation) for platform in self.platforms
        )


def project_options(project: Project) -> tuple[str, ...]:
    """Return the options of `uv lock` that go with the project.

    They are options, not settings of `pyproject.toml`, since `--no-config` (which keeps the
    user's own settings out) leaves out those as well.
    """
    prerelease = "allow" if project.prereleases else "if-necessary-or-explicit"
    return (
        "--no-build",
        f"--prerelease={prerelease}",
        f"--default-index={project.index_url}",
    )


def render_project(project: Project) -> str:
    """Return the project's `pyproject.toml`."""
    lines = [
        "[project]",
        f"name = {_text(ROOT)}",
        'version = "0"',
        f"requires-python = {_text('>=' + project.lower)}",
        f"dependencies = {_list(project.requirements)}",
        "",
        "[tool.uv]",
        "package = false",
        "managed = true",
        f"environments = {_list(project.environments)}",
        f"constraint-dependencies = {_list(project.constraints)}",
        "",
    ]
    return "\n".join(lines)


def render_prior(
    project: Project,
    distributions: Iterable[Distribution],
    active: Mapping[tuple[str, str], tuple[str, ...]],
) -> str:
    """Return a `uv.lock` that makes uv prefer the versions of `distributions`.

    `active` names the platforms on which a distribution (by name and version) is needed; where
    two versions of a project are pinned, that is how uv tells which to prefer where. No file and
    no hash is in it: these come fresh from the index.
    """
    lines = ["version = 1", f"requires-python = {_text('>=' + project.lower)}"]
    if project.prereleases:
        lines += ["", "[options]", 'prerelease-mode = "allow"']
    known = sorted(distributions, key=lambda own: (own.name, own.version))
    names = [own.name for own in known]
    for own in known:
        lines += [
            "",
            "[[package]]",
            f"name = {_text(own.name)}",
            f"version = {_text(own.version)}",
            f"source = {{ registry = {_text(project.index_url)} }}",
        ]
        platforms = active.get((own.name, own.version), ())
        if names.count(own.name) > 1 and platforms:
            markers = [
                uv_environment(platform, project.minor, project.implementation)
                for platform in platforms
            ]
            lines.append(f"resolution-markers = {_list(markers)}")
    return "\n".join([*lines, ""])


def _text(value: str) -> str:
    """Return a TOML basic string; JSON's escapes are a part of TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
