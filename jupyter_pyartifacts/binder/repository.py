"""What a repository says about its image, as repo2docker reads it.

repo2docker takes the files of `binder/` or `.binder/` if there is one, and then none of those at
the root. Of its build packs it takes the first that finds its files.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from ..errors import ForeignFileError

__all__ = ["CANDIDATES", "FOLDERS", "OLDEST_PYTHON", "Pack", "Repository", "parse_repository"]

Pack = Literal["docker", "conda", "python"]
FOLDERS = ("binder", ".binder")
OLDEST_PYTHON = (3, 10)
"""The oldest Python that runs this package; notebooks' own Pythons are another matter."""
CANDIDATES = (
    "Dockerfile",
    "environment.yml",
    "environment.yaml",
    "requirements.txt",
    "runtime.txt",
    "postBuild",
    "start",
    "apt.txt",
    "default.nix",
    "Pipfile",
    "Pipfile.lock",
    "Project.toml",
    "JuliaProject.toml",
    "REQUIRE",
    "install.R",
    "DESCRIPTION",
    "setup.py",
    "pyproject.toml",
)
"""The files that decide what repo2docker does."""
_REFUSED = {"default.nix": "Nix", "Pipfile": "Pipfile", "Pipfile.lock": "Pipfile"}
_BY_HAND = (
    "in what it installs, add {requirement}; at the end of {folder}postBuild, add the line: "
    "jupyter pyartifacts binder --build"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """`files` are the candidates that are there, by their paths from the root.

    `folder` is where repo2docker looks: `binder/`, `.binder/`, or empty for the root.
    """

    files: Mapping[str, str]
    folder: str
    pack: Pack

    def path(self, name: str) -> str:
        """Return the path of a file where repo2docker looks for it."""
        return f"{self.folder}{name}"

    def text(self, name: str) -> str | None:
        """Return a file where repo2docker looks for it, None if it is not there."""
        return self.files.get(self.path(name))

    @property
    def environment(self) -> str:
        """Return the path of the conda environment's file, there or to be made."""
        # repo2docker looks for them in this order.
        other = self.path("environment.yaml")
        first = self.path("environment.yml")
        return other if first not in self.files and other in self.files else first


def parse_repository(
    files: Mapping[str, str],
    folders: Collection[str],
    *,
    requirement: str,
    pack: Pack | None = None,
) -> Repository:
    """Find out where repo2docker looks and which build pack it takes.

    `files` are candidates at the root and in `folders`, those of FOLDERS that exist. `pack` is the
    one to begin with where nothing says so yet. Raises ForeignFileError for what cannot be added
    to, with the way to do it by hand.
    """
    if len(folders) > 1:
        raise ForeignFileError(
            "the repository has both binder/ and .binder/",
            expected="one of them, as Binder refuses to choose",
            found="both",
            hint="move the files of one into the other",
        )
    if folders:
        folder = f"{next(iter(folders))}/"
    else:
        # A folder of our own would hide what is at the root.
        folder = "" if any(map(_counts, files.items())) else "binder/"
    there = {path[len(folder) :] for path in files if path.startswith(folder)}
    repository = Repository(files=files, folder=folder, pack=_pack(there, folder, requirement))
    if pack is not None and pack != repository.pack:
        if there:
            raise ForeignFileError(
                "the repository has another build pack already",
                where=folder or "the root of the repository",
                expected=pack,
                found=repository.pack,
                hint="leave --pack out, or remove the other's files first",
            )
        repository = Repository(files=files, folder=folder, pack=pack)
    _check_python(repository)
    return repository


def _counts(file: tuple[str, str]) -> bool:
    """Tell whether repo2docker does anything for a file at the root."""
    name, text = file
    if name != "pyproject.toml":
        return True
    # It installs a project, and passes by what merely configures tools.
    return all(re.search(rf"(?m)^\[{table}\]", text) for table in ("project", "build-system"))


def _pack(there: Collection[str], folder: str, requirement: str) -> Pack:
    if "Dockerfile" in there:
        return "docker"
    for name, kind in _REFUSED.items():
        if name not in there or (kind == "Pipfile" and _has_environment(there)):
            continue
        raise ForeignFileError(
            f"a {kind} build pack is not added to",
            where=f"{folder}{name}",
            expected="Python (requirements.txt), conda (environment.yml) or a Dockerfile",
            found=kind,
            hint=_BY_HAND.format(requirement=requirement, folder=folder),
        )
    return "conda" if _has_environment(there) else "python"


def _has_environment(there: Collection[str]) -> bool:
    return not {"environment.yml", "environment.yaml"}.isdisjoint(there)


def _check_python(repository: Repository) -> None:
    """Raise for an image whose Python is too old for this package."""
    place, text = repository.path("runtime.txt"), repository.text("runtime.txt")
    pattern = r"python-(\d+)\.(\d+)"
    if repository.pack == "docker":
        return
    if repository.pack == "conda":
        place = repository.environment
        text, pattern = repository.files.get(place), r"(?m)^\s*-\s*python\s*=+\s*(\d+)\.(\d+)"
    found = re.search(pattern, text or "")
    if found and (int(found[1]), int(found[2])) < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise ForeignFileError(
            "the image's Python is too old for jupyter_pyartifacts",
            where=place,
            expected=f"Python {oldest} or newer",
            found=f"Python {found[1]}.{found[2]}",
            hint="name a newer one there: notebooks run on the Pythons of their own locks, "
            "whichever the image has",
        )
