"""Functions that a setup.py calls and whose outcome follows from the archive alone."""

from __future__ import annotations

import posixpath
from abc import ABC, abstractmethod
from typing import Any

from .archive import Source
from .globs import expand
from .packages import find_packages
from .values import MAX_ITEMS, Module, Unknown, unknown_in

__all__ = ["Calls", "File"]

_STEPS = 200_000
"""So many expressions of a script are worked out; the longest known takes a few thousand."""
_COPIES = ("shutil.copyfile", "shutil.copy", "shutil.copy2")


class File:
    """A file of the archive that the script has opened."""

    def __init__(self, path: str) -> None:
        self.path = path


class Calls(ABC):
    """Calls such functions; what a script executes or writes is its child's to follow."""

    def __init__(self, source: Source, *, linux: bool = False) -> None:
        self.source = source
        self.linux = linux
        self._left = _STEPS

    @abstractmethod
    def execute(self, text: str, namespace: Any) -> Any:
        """Follow a text that the script executes, in a dictionary of its own if there is one."""

    @abstractmethod
    def write(self, path: str) -> None:
        """Take down that the script writes a file."""

    def find_packages(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Search for packages as setuptools does."""
        given = dict(zip(("where", "exclude", "include"), args, strict=False)) | kwargs
        unknown = unknown_in(given)
        if unknown is not None:
            return unknown
        where = given.get("where", ".")
        exclude, include = given.get("exclude", ()), given.get("include", ("*",))
        if not isinstance(where, str) or any(isinstance(each, str) for each in (exclude, include)):
            return Unknown("a search for packages")
        return find_packages(
            self.source, where, exclude, include, namespaces=name == "find_namespace_packages"
        )

    def call_known(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call a function whose outcome follows from its arguments and the archive."""
        texts = all(isinstance(each, str) for each in args)
        if name == "os.path.join" and args and texts:
            return posixpath.join(*args)
        if name in ("os.path.abspath", "os.path.realpath", "os.path.normpath") and texts:
            return posixpath.normpath(args[0])
        if name in ("os.path.dirname", "os.path.basename") and texts and args:
            return getattr(posixpath, name[8:])(args[0])
        if name == "os.path.splitext" and texts and args:
            return posixpath.splitext(args[0])
        if name == "os.getcwd":
            return "."
        if name in ("os.path.exists", "os.path.isfile", "os.path.isdir") and args and texts:
            path = posixpath.normpath(args[0])
            is_file = self.source.is_file(path) and name != "os.path.isdir"
            is_folder = path in self.source.directories or path == "."
            return is_file or (is_folder and name != "os.path.isfile")
        if name in ("open", "io.open", "codecs.open") and args and isinstance(args[0], str):
            path = posixpath.normpath(args[0])
            mode = args[1] if len(args) > 1 else kwargs.get("mode", "r")
            if isinstance(mode, str) and set(mode) & set("wax+"):
                self.write(path)
                return Unknown("a file that it writes")
            return File(path) if self.source.is_file(path) else Unknown(f"what is in {path}")
        if name == "exec" and args and isinstance(args[0], str):
            return self.execute(args[0], args[1] if len(args) > 1 else None)
        if name == "compile" and args and isinstance(args[0], str):
            return args[0]
        if name in _COPIES and len(args) == 2 and texts:
            path, target = (posixpath.normpath(each) for each in args)
            if self.source.is_file(path) and not target.startswith(("..", "/")):
                self.source.copy(path, target)
                return None
        if name == "os.listdir" and len(args) <= 1 and texts:
            folder = posixpath.normpath(args[0]) if args else "."
            prefix = "" if folder == "." else f"{folder}/"
            inside = (own for own in (*self.source.files, *self.source.directories))
            found = {own[len(prefix) :].split("/")[0] for own in inside if own.startswith(prefix)}
            return sorted(found) or Unknown(f"what is in {folder}")
        if name == "__import__" and len(args) == 1 and texts:
            return Module(args[0])
        if name == "int" and len(args) == 1 and isinstance(args[0], (str, int)):
            text = str(args[0]).strip()
            return int(text) if text.isdecimal() and len(text) < 12 else NotImplemented
        if name == "glob.glob" and len(args) == 1 and texts and not kwargs:
            return expand(self.source, args[0], recursive=False, hidden=False)
        if name in ("list", "tuple", "sorted") and len(args) == 1 and not kwargs:
            return self._listed(name, args[0])
        if name == "dict" and len(args) <= 1 and (not args or isinstance(args[0], dict)):
            return {**(args[0] if args else {}), **kwargs}
        if name == "list" and not args:
            return []
        if name == "str" and len(args) == 1 and isinstance(args[0], (str, int)):
            return str(args[0])
        if name == "len" and len(args) == 1 and isinstance(args[0], (str, list, tuple, dict)):
            return len(args[0])
        if name == "bool" and len(args) == 1:
            return bool(args[0])
        if name == "hasattr" and args and args[0] == Module("sys"):
            return False if str(args[1]).startswith("pypy") else Unknown(f"a call of {name}")
        if name == "print":
            return None
        return NotImplemented

    def _listed(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            value = list(value)
        if not isinstance(value, (list, tuple)) or len(value) > MAX_ITEMS:
            return NotImplemented
        if name == "tuple":
            return tuple(value)
        if name == "list":
            return list(value)
        try:
            return sorted(value)
        except TypeError:
            return Unknown("a sorted list")
