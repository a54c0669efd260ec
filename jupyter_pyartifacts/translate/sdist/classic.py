"""Projects of setuptools and distutils: which files their wheel has."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from .archive import Source
from .commands import check_commands
from .declared import Declared, read_declared
from .egginfo import egg_info_of
from .entrypoints import parse_entry_points, project_entry_points, render_entry_points
from .extensions import check_extensions
from .globs import expand
from .layout import Layout
from .manifest import manifest_files
from .needs import decide_requirements
from .packages import discover_flat, discover_flat_modules, find_modules, find_packages, match_name
from .values import Unknown, unknown_in

__all__ = ["plan_setuptools"]

_SHEBANG = re.compile(rb"^#!.*python[0-9.]*([ \t].*)?$")
_LICENSES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")


def plan_setuptools(source: Source, pyproject: Mapping[str, Any]) -> Layout:
    """Decide what the wheel of a setuptools project holds. Raises SdistRefused."""
    declared = read_declared(source, pyproject)
    layout = Layout()
    check_extensions(source, declared, pyproject, layout)
    check_commands(source, declared)
    for key, reason in (
        ("use_2to3", "is written in Python 2 and converted while it is built (use_2to3)"),
        ("pbr", "is built by pbr, which takes its file lists from version control"),
        ("distclass", "is built by a class of its own (distclass)"),
        ("headers", "brings C headers"),
        ("libraries", "has a C library to compile"),
    ):
        if declared.get(key):
            where, line = declared.where(key)
            source.refuse(f"its source {reason}", where, line=line)
    egg_info = egg_info_of(source)
    files = _Files(source, declared, layout, egg_info)
    files.plan()
    _check_written(source, declared, layout)
    _entry_points(source, declared, layout, egg_info)
    _licenses(source, declared, layout)
    decide_requirements(source, declared, layout, egg_info)
    return layout


def _check_written(source: Source, declared: Declared, layout: Layout) -> None:
    """Refuse a project whose setup.py writes a file that is installed."""
    taken = {take.source for take in [*layout.takes.values(), *layout.data.values()]}
    for path in declared.script.written if declared.script is not None else ():
        if path in taken:
            source.refuse(f"its setup.py writes a file of it (`{path}`)", "setup.py")


def known(source: Source, declared: Declared, key: str, kinds: tuple[type, ...]) -> Any:
    """Return a declared value, None if there is none; refuse one that cannot be known."""
    value = declared.get(key)
    if value is None:
        return None
    unknown = unknown_in(value)
    where, line = declared.where(key)
    if unknown is not None:
        why = unknown.reason
        source.refuse(
            f"its {key} are computed while it is built ({why})", where, line=unknown.line or line
        )
    if not isinstance(value, kinds):
        source.refuse(f"its {key} are nothing that a build takes", where, line=line)
    return value


class _Files:
    """The files of packages, modules, scripts and data."""

    def __init__(
        self, source: Source, declared: Declared, layout: Layout, egg_info: str | None
    ) -> None:
        self.source = source
        self.declared = declared
        self.layout = layout
        self.egg_info = egg_info
        folders = known(source, declared, "package_dir", (dict,)) or {}
        self.package_dir = {key: _clean(value) for key, value in folders.items()}
        self.packages: list[str] = []
        self.modules: list[str] = []

    def _list(self, key: str) -> list[str] | None:
        value = known(self.source, self.declared, key, (list, tuple, str))
        if isinstance(value, str):
            value = [part for part in re.split(r"[\s,]+", value) if part]
        return None if value is None else list(value)

    def plan(self) -> None:
        packages, modules = self._list("packages"), self._list("py_modules")
        if packages is None and modules is None:
            self._discover()
        else:
            self.packages, self.modules = packages or [], modules or []
        namespaces = set(self._list("namespace_packages") or ())
        hidden = {
            ".".join(name.split(".")[:size])
            for name in namespaces
            for size in range(1, name.count(".") + 2)
        }
        defaults: set[str] = set()
        for package in self.packages:
            folder = self.folder(package)
            if folder and folder not in self.source.directories:
                where, line = self.declared.where("packages")
                self.source.refuse(
                    f"its source declares a package {package}, and has no directory {folder}",
                    where,
                    line=line,
                )
            for name in find_every_module(self.source, folder):
                path = f"{folder}/{name}" if folder else name
                if path == "setup.py":
                    continue
                defaults.add(path)
                if name == "__init__.py" and package in hidden:
                    continue
                self._put(f"{package.replace('.', '/')}/{name}", path, executable=False)
        self._take_modules(defaults)
        self._take_data(defaults)
        self._take_scripts(defaults)
        self._take_data_files(defaults)
        self._take_package_data(defaults)
        self._names(namespaces)
        if not self.layout.takes and not self.layout.data:
            self.source.refuse("no file of its source is part of what it installs", "setup.py")

    def _discover(self) -> None:
        """Find packages as setuptools does when a project names none."""
        explicit = {key: value for key, value in self.package_dir.items() if key}
        if explicit:
            for package, folder in explicit.items():
                inside = find_packages(self.source, folder, namespaces=True)
                self.packages += [package, *(f"{package}.{name}" for name in inside)]
            return
        folder = self.package_dir.get("", "src")
        if folder in self.source.directories:
            self.package_dir.setdefault("", folder)
            self.packages = find_packages(self.source, folder, namespaces=True)
            self.modules = find_modules(self.source, folder)
            return
        self.packages = discover_flat(self.source)
        tops = {name.split(".")[0] for name in self.packages}
        tops = {name for name in tops if not name.endswith("-stubs")}
        if not tops:
            self.packages = []
            self.modules = discover_flat_modules(self.source)
        if len(tops) > 1 or len(self.modules) > 1:
            found = ", ".join(sorted(tops) or self.modules)
            self.source.refuse(
                f"its source declares no packages, and has several ({found})", "setup.py"
            )

    def folder(self, package: str) -> str:
        """Return the directory of a package, "" for the root (`package_dir`)."""
        parts = package.split(".")
        tail: list[str] = []
        while parts:
            place = self.package_dir.get(".".join(parts))
            if place is not None:
                return _clean(posixpath.join(place, *tail))
            tail.insert(0, parts.pop())
        return _clean(posixpath.join(self.package_dir.get("", ""), *tail))

    def _put(self, target: str, path: str, *, executable: bool | None = None) -> None:
        self.layout.take(self.source, target, path, executable=executable)

    def _take_modules(self, defaults: set[str]) -> None:
        for module in self.modules:
            package, _, name = module.rpartition(".")
            folder = self.folder(package) if package else _clean(self.package_dir.get("", ""))
            path = f"{folder}/{name}.py" if folder else f"{name}.py"
            inside = f"{package.replace('.', '/')}/" if package else ""
            if package and package not in self.packages:
                init = f"{folder}/__init__.py" if folder else "__init__.py"
                if self.source.is_file(init):
                    self._put(f"{inside}__init__.py", init, executable=False)
            if not self.source.is_file(path):
                # setuptools warns of it and goes on.
                self.layout.notes.append(
                    f"{self.source.name.label}: its module {module} is declared and not there"
                )
                continue
            defaults.add(path)
            self._put(f"{inside}{name}.py", path, executable=False)

    def _patterns(self, key: str, package: str) -> list[str]:
        value = known(self.source, self.declared, key, (dict,)) or {}
        patterns: list[str] = []
        for name in ("", package):
            given = value.get(name, [])
            patterns += [given] if isinstance(given, str) else list(given)
        return [pattern for pattern in patterns if isinstance(pattern, str)]

    def _take_data(self, defaults: set[str]) -> None:
        """Take `package_data`, and what every package may bring without a word."""
        for package in self.packages:
            folder = self.folder(package)
            for pattern in ["*.pyi", "py.typed", *self._patterns("package_data", package)]:
                whole = f"{folder}/{pattern}" if folder else pattern
                for path in expand(self.source, whole, recursive=True):
                    defaults.add(path)
                    self._take_one(package, folder, path)

    def _take_one(self, package: str, folder: str, path: str) -> None:
        for pattern in self._patterns("exclude_package_data", package):
            whole = f"{folder}/{pattern}" if folder else pattern
            if match_name(path, [whole]):
                return
        inside = posixpath.relpath(path, folder) if folder else path
        target = f"{package.replace('.', '/')}/{inside}"
        if posixpath.normpath(target) not in self.layout.takes:
            self._put(target, path)

    def _take_package_data(self, defaults: set[str]) -> None:
        """Take what the manifest has inside of packages (`include_package_data`)."""
        include = known(
            self.source, self.declared, "include_package_data", (bool, int, str, list, tuple, dict)
        )
        if not include:
            return
        egg_info = self.egg_info or ""
        folders = {self.folder(package): package for package in self.packages}
        for path in manifest_files(self.source, egg_info, defaults):
            folder = posixpath.dirname(path)
            while folder and folder not in folders:
                folder = posixpath.dirname(folder)
            if folder not in folders:
                continue
            inside = path[len(folder) + 1 :] if folder else path
            if "/" not in inside and inside.endswith(".py") and inside[:-3].isidentifier():
                continue
            self._take_one(folders[folder], folder, path)

    def _take_scripts(self, defaults: set[str]) -> None:
        for script in self._list("scripts") or []:
            path = _clean(script)
            if not self.source.is_file(path):
                where, line = self.declared.where("scripts")
                self.source.refuse(
                    f"its source declares a script that it does not have (`{path}`)",
                    where,
                    line=line,
                )
            defaults.add(path)
            if self.source.sizes[path]:
                self.layout.take_data(
                    self.source,
                    "scripts",
                    posixpath.basename(path),
                    path,
                    executable=True,
                    change=render_script,
                )

    def _take_data_files(self, defaults: set[str]) -> None:
        entries = known(self.source, self.declared, "data_files", (list, tuple)) or []
        where, line = self.declared.where("data_files")
        for entry in entries:
            folder, paths = ("", [entry]) if isinstance(entry, str) else tuple(entry)[:2]
            if folder.startswith(("/", "..")) or ":" in folder:
                self.source.refuse(
                    f"its source installs files at a place of the system ({folder})",
                    where,
                    line=line,
                )
            for each in [paths] if isinstance(paths, str) else paths:
                found = [_clean(each)]
                if where != "setup.py" and re.search(r"[*?\[]", each):
                    found = expand(self.source, each, recursive=True)
                for path in found:
                    if not self.source.is_file(path):
                        self.source.refuse(
                            f"its source declares a file that it does not have (`{path}`)",
                            where,
                            line=line,
                        )
                    defaults.add(path)
                    target = posixpath.join(_clean(folder), posixpath.basename(path))
                    self.layout.take_data(self.source, "data", target, path)

    def _names(self, namespaces: set[str]) -> None:
        tops = {name.split(".")[0] for name in [*self.packages, *self.modules]}
        self.layout.texts["top_level.txt"] = ("\n".join(sorted(tops)) + "\n").encode()
        if namespaces:
            listed = "\n".join(self._list("namespace_packages") or ()) + "\n"
            self.layout.texts["namespace_packages.txt"] = listed.encode()
        if self.declared.get("zip_safe") is True:
            self.layout.texts["zip-safe"] = b"\n"


def _clean(path: str) -> str:
    path = posixpath.normpath(path.strip()) if path else ""
    return "" if path == "." else path


def find_every_module(source: Source, folder: str) -> list[str]:
    """Return the names of all `*.py` right in a directory, sorted."""
    prefix = f"{folder}/" if folder else ""
    names = (path[len(prefix) :] for path in source.files if path.startswith(prefix))
    return sorted(n for n in names if n.endswith(".py") and "/" not in n and n[0] != ".")


def render_script(data: bytes) -> bytes:
    """Return a script with the first line that wheels have (PEP 427: `#!python`)."""
    first, _newline, rest = data.partition(b"\n")
    match = _SHEBANG.match(first.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r"))
    if match is None:
        return data
    rest = rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"#!python" + (match[1] or b"") + b"\n" + rest


def _entry_points(source: Source, declared: Declared, layout: Layout, egg_info: str | None) -> None:
    value = declared.get("entry_points")
    project = declared.project
    groups: dict[str, dict[str, str]] = {}
    dynamic = list(project.get("dynamic", [])) if project is not None else []
    static = project is not None and not {"scripts", "gui-scripts", "entry-points"} & {*dynamic}
    if project is not None:
        groups = project_entry_points(project)
    if not static and value is not None:
        if unknown_in(value) is not None:
            backup = source.text(f"{egg_info}/entry_points.txt") if egg_info else None
            unknown = unknown_in(value)
            where, line = declared.where("entry_points")
            if backup is None or (unknown is not None and unknown.machine):
                source.refuse("its entry points are computed while it is built", where, line=line)
            value = backup
        groups |= parse_entry_points(value)
    if any(groups.values()):
        layout.texts["entry_points.txt"] = render_entry_points(groups)


def _licenses(source: Source, declared: Declared, layout: Layout) -> None:
    given = declared.get("license_files")
    one = declared.get("license_file")
    if isinstance(given, Unknown) or isinstance(one, Unknown):
        given = one = None
    patterns = [given] if isinstance(given, str) else list(given or [])
    if isinstance(one, str) and one not in patterns:
        patterns.append(one)
    if given is None and one is None:
        patterns = list(_LICENSES)
    for pattern in patterns:
        if not isinstance(pattern, str):
            continue
        for path in expand(source, pattern, recursive=True, hidden=False):
            if not path.endswith("~"):
                layout.licenses[path] = path
