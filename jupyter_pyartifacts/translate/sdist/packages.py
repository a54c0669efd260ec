"""Which packages and modules a source tree has, as setuptools' own searches find them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from .archive import Source

__all__ = [
    "discover_flat",
    "discover_flat_modules",
    "find_modules",
    "find_packages",
    "match_name",
]

_FLAT = [
    "ci",
    "bin",
    "debian",
    "doc",
    "docs",
    "documentation",
    "manpages",
    "news",
    "newsfragments",
    "changelog",
    "test",
    "tests",
    "unit_test",
    "unit_tests",
    "example",
    "examples",
    "scripts",
    "tools",
    "util",
    "utils",
    "python",
    "build",
    "dist",
    "venv",
    "env",
    "requirements",
    "tasks",
    "fabfile",
    "site_scons",
    "benchmark",
    "benchmarks",
    "exercise",
    "exercises",
    "htmlcov",
    "[._]*",
]
_FLAT_PACKAGES = tuple(pattern for name in _FLAT for pattern in (name, f"{name}.*"))
_FLAT_MODULES = (
    "setup",
    "conftest",
    "test",
    "tests",
    "example",
    "examples",
    "build",
    "toxfile",
    "noxfile",
    "pavement",
    "dodo",
    "tasks",
    "fabfile",
    "[Ss][Cc]onstruct",
    "conanfile",
    "manage",
    "benchmark",
    "benchmarks",
    "exercise",
    "exercises",
    "[._]*",
)
_ALWAYS = ("ez_setup", "*__pycache__")


@lru_cache(maxsize=512)
def _pattern(pattern: str) -> re.Pattern[str]:
    """Translate a shell pattern (`*`, `?`, `[...]`); the same on every Python."""
    result, at = "", 0
    while at < len(pattern):
        letter = pattern[at]
        at += 1
        if letter == "*":
            result += ".*"
        elif letter == "?":
            result += "."
        elif (
            letter == "[" and (end := pattern.find("]", at + 1 + (pattern[at : at + 1] == "!"))) > 0
        ):
            inside = pattern[at:end]
            negated = inside.startswith("!")
            body = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside[1:] if negated else inside)
            result += f"[{'^' if negated else ''}{body}]"
            at = end + 1
        else:
            result += re.escape(letter)
    try:
        return re.compile(result, re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))


def match_name(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a name matches one of some shell patterns, by case."""
    return any(_pattern(pattern).fullmatch(name) is not None for pattern in patterns)


def find_packages(
    source: Source,
    where: str = ".",
    exclude: Iterable[str] = (),
    include: Iterable[str] = ("*",),
    *,
    namespaces: bool = False,
) -> list[str]:
    """Return the dotted names of the packages below a directory, sorted.

    A package has an `__init__.py`; with `namespaces` every directory is one (PEP 420).
    """
    base = posixpath.normpath(where or ".")
    base = "" if base == "." else base

    def looks(path: str, name: str) -> bool:
        return namespaces or source.is_file(f"{path}/__init__.py")

    return _search(source, base, (*_ALWAYS, *exclude), tuple(include), looks)


def discover_flat(source: Source) -> list[str]:
    """Return the packages that are found at the root when a project names none."""

    def looks(path: str, name: str) -> bool:
        first, *rest = name.split(".")
        valid = first.isidentifier() or first.endswith("-stubs")
        return valid and all(part.isidentifier() for part in rest)

    return _search(source, "", (*_ALWAYS, *_FLAT_PACKAGES), ("*",), looks)


def _search(
    source: Source,
    base: str,
    exclude: tuple[str, ...],
    include: tuple[str, ...],
    looks: Callable[[str, str], bool],
) -> list[str]:
    children: dict[str, list[str]] = {}
    for folder in sorted(source.directories):
        parent, _, name = folder.rpartition("/")
        children.setdefault(parent, []).append(name)
    found: list[str] = []

    def walk(folder: str, prefix: str) -> None:
        for child in children.get(folder, ()):
            path = f"{folder}/{child}" if folder else child
            name = f"{prefix}{child}"
            if "." in child or not looks(path, name):
                continue
            if match_name(name, include) and not match_name(name, exclude):
                found.append(name)
            if f"{name}*" in exclude or f"{name}.*" in exclude:
                continue
            walk(path, f"{name}.")

    walk(base, "")
    return sorted(found)


def find_modules(source: Source, where: str = ".", exclude: Iterable[str] = ()) -> list[str]:
    """Return the names of the modules right in a directory, sorted."""
    base = posixpath.normpath(where or ".")
    prefix = "" if base == "." else f"{base}/"
    names = (
        path[len(prefix) : -3]
        for path in source.files
        if path.startswith(prefix) and path.endswith(".py") and "/" not in path[len(prefix) :]
    )
    patterns = tuple(exclude)
    return sorted(name for name in names if name.isidentifier() and not match_name(name, patterns))


def discover_flat_modules(source: Source) -> list[str]:
    """Return the modules that are found at the root when a project names none."""
    return find_modules(source, ".", _FLAT_MODULES)
