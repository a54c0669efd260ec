"""Projects of hatchling: files by packages, includes, excludes and .gitignore."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .archive import Source
from .declarative import clean_path, finish_declared, strings, take_licenses
from .gitignore import Patterns
from .layout import Layout
from .packages import match_name

__all__ = ["plan_hatch"]

_SKIPPED = frozenset(
    [
        "__pycache__",
        ".venv",
        ".git",
        ".hg",
        ".hatch",
        ".tox",
        ".nox",
        ".ruff_cache",
        ".pytest_cache",
        ".mypy_cache",
        ".pixi",
    ]
)
_SHEBANG = re.compile(rb"^#!.*(?:pythonw?|pypyw?)[0-9.]*(.*)", re.DOTALL)
# What these hooks would write is in the sdist already.
_WRITTEN = frozenset(("vcs", "version"))


def plan_hatch(source: Source, pyproject: Mapping[str, Any]) -> Layout:
    """Decide what the wheel of a hatchling project holds. Raises SdistRefused."""
    if source.is_file("hatch.toml"):
        source.refuse("it keeps its settings for hatch apart, which is not read", "hatch.toml")
    project = pyproject.get("project", {})
    build = pyproject.get("tool", {}).get("hatch", {}).get("build", {})
    target = build.get("targets", {}).get("wheel", {})
    written = []
    for hooks in (build.get("hooks", {}), target.get("hooks", {})):
        for name, settings in hooks.items():
            if name in _WRITTEN:
                written.append(_written(source, name, settings))
            elif settings.get("enable-by-default", True):
                source.refuse(f"its build runs code of its own (hook {name})", "pyproject.toml")
    if target.get("sbom-files") or target.get("extra-metadata"):
        source.refuse("it adds files to its metadata", "pyproject.toml")
    layout = Layout()
    selection = _Selection(source, build, target, str(project.get("name", "")), written)
    for path, place in selection.files():
        layout.take(source, place, path)
    for path, place in selection.forced():
        layout.take(source, place, path)
    for path, place in selection.mapped("shared-data"):
        layout.take_data(source, "data", place, path)
    for path, place in selection.mapped("shared-scripts"):
        layout.take_data(source, "scripts", place, path, change=_script)
    take_licenses(source, layout, project)
    return finish_declared(source, layout, project)


def _written(source: Source, name: str, settings: Mapping[str, Any]) -> str:
    """Return the file that a hook writes; refuse if the sdist does not have it already."""
    path = settings.get("version-file" if name == "vcs" else "path")
    if not isinstance(path, str) or not source.is_file(posixpath.normpath(path)):
        source.refuse(f"its build writes a file that it does not have ({path})", "pyproject.toml")
    return posixpath.normpath(path)


def _script(data: bytes) -> bytes:
    match = _SHEBANG.match(data)
    return data if match is None else b"#!python" + match[1]


class _Selection:
    """Which files hatchling takes, and where it puts them."""

    def __init__(
        self,
        source: Source,
        build: Mapping[str, Any],
        target: Mapping[str, Any],
        name: str,
        written: list[str],
    ) -> None:
        self._source = source
        self._build = build
        self._target = target
        chosen = {
            key: self._strings(key) for key in ("include", "exclude", "packages", "only-include")
        }
        self._nothing = False
        if not (chosen["include"] or chosen["packages"] or chosen["only-include"]):
            self._guess(name, chosen)
        self._packages = sorted(clean_path(source, path) for path in chosen["packages"])
        self._only = [clean_path(source, path) for path in chosen["only-include"] or self._packages]
        ignored = "" if self._flag("ignore-vcs") else source.text(".gitignore") or ""
        if source.is_file(".hgignore"):
            source.refuse("its files are selected by .hgignore, which is not read", ".hgignore")
        self._exclude = Patterns(["*.py[cdo]", "/dist", *ignored.splitlines(), *chosen["exclude"]])
        includes = [*chosen["include"], *(f"/{path}/" for path in self._packages)]
        self._include = Patterns(includes) if includes else None
        self._artifacts = Patterns([*self._strings("artifacts"), *(f"/{path}" for path in written)])
        self._sources = self._read_sources()

    def _value(self, key: str) -> Any:
        return self._target.get(key, self._build.get(key))

    def _strings(self, key: str) -> list[str]:
        return strings(self._source, self._value(key), key)

    def _flag(self, key: str) -> bool:
        return self._value(key) is True

    def _guess(self, name: str, chosen: dict[str, list[str]]) -> None:
        """Find the project's package by its name, as hatchling does."""
        raw = re.sub(r"[^\w.]+", "_", name)
        for own in dict.fromkeys((raw, re.sub(r"[-_.]+", "_", name).lower())):
            if self._source.is_file(f"{own}/__init__.py"):
                chosen["packages"] = [own]
                return
            if self._source.is_file(f"src/{own}/__init__.py"):
                chosen["packages"] = [f"src/{own}"]
                return
            if self._source.is_file(f"{own}.py"):
                chosen["only-include"] = [f"{own}.py"]
                return
            spaces = [
                path.split("/")[0]
                for path in self._source.files
                if match_name(path, [f"*/{own}/__init__.py"]) and path.count("/") == 2
            ]
            if len(spaces) == 1:
                chosen["packages"] = spaces
                return
        if not self._value("force-include") and not self._value("bypass-selection"):
            self._source.refuse(
                "its source has no package of its name, and names none", "pyproject.toml"
            )
        self._nothing = True

    def _read_sources(self) -> dict[str, str]:
        raw = self._value("sources") or []
        pairs: dict[str, str] = {}
        for own, place in raw.items() if isinstance(raw, dict) else [(path, "") for path in raw]:
            folder = clean_path(self._source, place)
            pairs[f"{clean_path(self._source, own)}/" if own else ""] = (
                f"{folder}/" if folder else ""
            )
        for path in self._packages:
            parent = posixpath.dirname(path)
            if parent and f"{path}/" not in pairs:
                pairs[f"{parent}/"] = ""
        return dict(sorted(pairs.items()))

    def _place(self, path: str) -> str:
        for own, place in self._sources.items():
            if not own or path.startswith(own):
                return place + path[len(own) :]
        return path

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield pairs (path, place in the wheel)."""
        if self._nothing:
            return
        only = {path: path for path in self._only}
        pairs = self._walk(only) if only else ((path, path) for path in sorted(self._source.files))
        for path, inside in pairs:
            if not self._kept(path) or not self._wanted(inside, explicit=bool(only)):
                continue
            yield path, self._place(inside)

    def _kept(self, path: str) -> bool:
        return not _SKIPPED & {*path.split("/")[:-1]} and not path.endswith(".DS_Store")

    def _wanted(self, path: str, *, explicit: bool) -> bool:
        if self._artifacts.match(path):
            return True
        if self._flag("only-packages") and not self._source.is_file(
            posixpath.join(posixpath.dirname(path), "__init__.py")
        ):
            return False
        if self._exclude.match(path):
            # A file that is named as such is taken whatever excludes say.
            return explicit and path in self._only
        return explicit or self._include is None or self._include.match(path)

    def _walk(self, mapping: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for own, place in mapping.items():
            if self._source.is_file(own):
                yield own, place
            for path in self._source.below(own) if own in self._source.directories else []:
                yield path, f"{place}/{path[len(own) + 1 :]}" if place else path[len(own) + 1 :]

    def _mapping(self, key: str) -> dict[str, str]:
        raw = self._value(key) if key == "force-include" else self._target.get(key)
        return {
            clean_path(self._source, own): clean_path(self._source, place)
            for own, place in (raw or {}).items()
        }

    def forced(self) -> Iterator[tuple[str, str]]:
        """Yield pairs (path, place) of `force-include`."""
        mapping = self._mapping("force-include")
        for own in mapping:
            if not self._source.is_file(own) and own not in self._source.directories:
                self._source.refuse(
                    f"its build includes a file that it does not have (`{own}`)", "pyproject.toml"
                )
        for path, place in self._walk(mapping):
            if self._kept(path):
                yield path, self._place(place)

    def mapped(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield pairs (path, place) of `shared-data` or `shared-scripts`."""
        for path, place in self._walk(self._mapping(key)):
            if self._kept(path):
                yield path, place
