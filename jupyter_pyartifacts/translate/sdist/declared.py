"""What a project declares to setuptools: setup.py, setup.cfg and pyproject.toml as one.

setup.py's arguments come first, setup.cfg fills what they leave open, and what pyproject.toml
declares replaces both, as setuptools has it.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .archive import Source
from .compiled import refuse_compiled
from .packages import find_packages
from .script import Setup, read_script
from .values import Unknown, unknown_in

__all__ = ["Declared", "read_declared"]


@dataclass(slots=True)
class Declared:
    """Keyword of setup() to its value, plain data or Unknown; `place` says which file has it.

    `project` is the table of that name in pyproject.toml, None if there is none.
    """

    values: dict[str, Any] = field(default_factory=dict)
    place: dict[str, tuple[str, int]] = field(default_factory=dict)
    project: Mapping[str, Any] | None = None
    script: Setup | None = None

    def get(self, key: str) -> Any:
        """Return a value, None if it is not declared."""
        return self.values.get(key)

    def where(self, key: str) -> tuple[str, int]:
        """Return the file that declares a value, and its line (0 if not known)."""
        return self.place.get(key, ("setup.py" if self.script else "pyproject.toml", 0))


def read_declared(source: Source, pyproject: Mapping[str, Any]) -> Declared:
    """Read all three. Raises SdistRefused for what cannot be read."""
    declared = Declared()
    if source.is_file("setup.py"):
        _read_setup(source, declared)
    if source.is_file("setup.cfg"):
        _read_config(source, declared)
    _read_pyproject(source, declared, pyproject)
    return declared


def _read_setup(source: Source, declared: Declared) -> None:
    setup = read_script(source)
    declared.script = setup
    problem = setup.problem or setup.hidden
    if setup.compiles and (not setup.calls or problem is not None):
        refuse_compiled(source, "setup.py", setup.line)
    if not setup.calls or problem is not None:
        reason = (
            f"its setup.py decides while it runs what it declares ({problem.reason})"
            if problem is not None
            else "no call of setup() is found in its setup.py"
        )
        source.refuse(reason, "setup.py", line=(problem.line if problem else 0) or setup.line)
    for key, value in setup.arguments.items():
        if value is None:
            continue
        if key == "data_files":
            value = _data_files(source, setup)
        declared.values[key] = value
        line = value.line if isinstance(value, Unknown) else 0
        declared.place[key] = ("setup.py", line or setup.line)


def _read_config(source: Source, declared: Declared) -> None:
    text = source.text("setup.cfg")
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text or "")
        sections = {
            name: {_key(name, key): value for key, value in parser.items(name)}
            for name in parser.sections()
        }
    except (configparser.Error, ValueError) as error:
        source.refuse(f"its setup.cfg cannot be read ({type(error).__name__})", "setup.cfg")
    if text is None or "pbr" in _words(sections.get("options", {}).get("setup_requires", "")):
        source.refuse("its setup.cfg is for a build tool that is not known", "setup.cfg")
    config = _Config(source, sections)
    for key, value in config.values().items():
        # An argument of setup() that says something stays as it is.
        if not declared.values.get(key):
            declared.values[key] = value
            declared.place[key] = ("setup.cfg", 0)


def _data_files(source: Source, setup: Setup) -> Any:
    """Return the files for the prefix; those of Linux where they differ from system to system.

    They are manuals and the like, and one tree has to serve everywhere.
    """
    value = setup.get("data_files")
    unknown = unknown_in(value)
    if unknown is None or not unknown.machine:
        return value
    value = read_script(source, linux=True).get("data_files")
    if unknown_in(value) is None:
        source.notes.append(f"{source.name.label}: its data files are those for Linux")
    return value


def _key(section: str, key: str) -> str:
    plain = (
        section in ("metadata", "options") or section.startswith("options.packages")
    ) and section not in ("options.package_data", "options.entry_points")
    return key.lower().replace("-", "_") if plain else key


def _words(text: str) -> list[str]:
    return re.split(r"[\s,;<>=~!]+", text)


def _listed(text: str, separator: str = ",") -> list[str]:
    parts = text.splitlines() if "\n" in text else text.split(separator)
    return [part.strip() for part in parts if part.strip()]


class _Config:
    """The sections of a setup.cfg that setuptools reads."""

    def __init__(self, source: Source, sections: Mapping[str, Mapping[str, str]]) -> None:
        self._source = source
        self._sections = sections

    def values(self) -> dict[str, Any]:
        """Return keyword to value, for what is declared."""
        options = self._sections.get("options", {})
        metadata = self._sections.get("metadata", {})
        result: dict[str, Any] = {}
        for key in ("py_modules", "scripts", "namespace_packages"):
            if key in options:
                result[key] = _listed(options[key])
        for key in ("include_package_data", "zip_safe", "use_2to3"):
            if key in options:
                result[key] = options[key].strip().lower() in ("1", "true", "yes")
        if "package_dir" in options:
            pairs = (each.partition("=") for each in _listed(options["package_dir"]))
            result["package_dir"] = {key.strip(): value.strip() for key, _, value in pairs}
        if "packages" in options:
            result["packages"] = self._packages(options["packages"].strip(), result)
        for key in ("package_data", "exclude_package_data"):
            section = self._sections.get(f"options.{key}")
            if section is not None:
                result[key] = {
                    "" if name == "*" else name: _listed(value) for name, value in section.items()
                }
        section = self._sections.get("options.data_files")
        if section is not None:
            result["data_files"] = [(name, _listed(value)) for name, value in section.items()]
        if "install_requires" in options:
            result["install_requires"] = self._requirements(options["install_requires"])
        section = self._sections.get("options.extras_require")
        if section is not None:
            result["extras_require"] = {
                name: self._requirements(value) for name, value in section.items()
            }
        section = self._sections.get("options.entry_points")
        if section is not None:
            result["entry_points"] = {name: _listed(value) for name, value in section.items()}
        elif "entry_points" in options:
            result["entry_points"] = self._file(options["entry_points"])
        if "python_requires" in options:
            result["python_requires"] = options["python_requires"].strip()
        if "license_files" in metadata:
            result["license_files"] = _listed(metadata["license_files"])
        if "license_file" in metadata:
            result["license_file"] = metadata["license_file"].strip()
        if "cmdclass" in options:
            result["cmdclass"] = {
                each.partition("=")[0].strip(): Unknown("a class of the archive")
                for each in _listed(options["cmdclass"])
            }
        return result

    def _packages(self, text: str, result: dict[str, Any]) -> Any:
        if text not in ("find:", "find_namespace:"):
            return _listed(text)
        section = self._sections.get("options.packages.find", {})
        where = _listed(section.get("where", ""))
        if len(where) > 1:
            return Unknown("a search in several directories")
        if where and where != ["."]:
            result["package_dir"] = {"": where[0], **result.get("package_dir", {})}
        return find_packages(
            self._source,
            where[0] if where else ".",
            _listed(section.get("exclude", "")),
            _listed(section.get("include", "*")) or ["*"],
            namespaces=text == "find_namespace:",
        )

    def _requirements(self, text: str) -> Any:
        if text.strip().startswith("file:"):
            content = self._file(text)
            if isinstance(content, Unknown):
                return content
            lines = [line.strip() for line in content.splitlines()]
            return [line for line in lines if line and not line.startswith("#")]
        lines = text.splitlines() if "\n" in text else text.split(";")
        return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]

    def _file(self, text: str) -> Any:
        text = text.strip()
        if not text.startswith("file:"):
            return text
        parts = [self._source.text(path.strip()) for path in text[5:].split(",")]
        if any(part is None for part in parts):
            return Unknown(f"what is in {text[5:].strip()}")
        return "\n".join(part for part in parts if part is not None)


def _read_pyproject(source: Source, declared: Declared, pyproject: Mapping[str, Any]) -> None:
    project = pyproject.get("project")
    tool = pyproject.get("tool", {}).get("setuptools", {})
    if not project and not tool:
        return
    values: dict[str, Any] = {}
    for key in ("py-modules", "package-dir", "package-data", "exclude-package-data", "zip-safe"):
        if key in tool:
            values[key.replace("-", "_")] = tool[key]
    for key in ("package_data", "exclude_package_data"):
        if key in values:
            values[key] = {"" if k == "*" else k: list(v) for k, v in values[key].items()}
    for key, name in (
        ("namespace-packages", "namespace_packages"),
        ("script-files", "scripts"),
        ("license-files", "license_files"),
        ("ext-modules", "ext_modules"),
    ):
        if key in tool:
            values[name] = tool[key]
    if "data-files" in tool:
        values["data_files"] = list(tool["data-files"].items())
    if "cmdclass" in tool:
        values["cmdclass"] = {key: Unknown("a class of the archive") for key in tool["cmdclass"]}
    before = declared.get("include_package_data")
    values["include_package_data"] = tool.get(
        "include-package-data", True if before is None else before
    )
    packages = tool.get("packages")
    if isinstance(packages, list):
        values["packages"] = packages
    elif isinstance(packages, dict):
        values["packages"] = _found(source, packages.get("find", {}))
        where = packages.get("find", {}).get("where")
        if where and len(where) == 1 and where != ["."]:
            values.setdefault("package_dir", {"": where[0]} | (values.get("package_dir") or {}))
    for key, value in values.items():
        declared.values[key] = value
        declared.place[key] = ("pyproject.toml", 0)
    if project:
        declared.project = project
        if "license-files" in project and isinstance(project["license-files"], list):
            declared.values["license_files"] = project["license-files"]


def _found(source: Source, find: Mapping[str, Any]) -> Any:
    where = find.get("where", ["."])
    if not isinstance(where, list):
        return Unknown("a search for packages")
    names: list[str] = []
    for each in where:
        names += find_packages(
            source,
            each,
            find.get("exclude", []),
            find.get("include", ["*"]),
            namespaces=find.get("namespaces", True),
        )
    return names if len(where) <= 1 else Unknown("a search in several directories")
