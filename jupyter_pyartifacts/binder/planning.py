"""From what a repository has to what is written into it: decisions only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..model import Lock
from .dockerfile import with_docker_block
from .environment_yml import with_pip_requirement
from .repository import Repository
from .requirements_txt import has_hashes, with_requirement
from .scripts import with_post_build

__all__ = ["IMAGE_PLATFORM", "Change", "Plan", "notebook_notes", "plan_files"]

IMAGE_PLATFORM = "linux-x86_64"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file: `before` None makes it; equal texts leave it alone."""

    path: str
    before: str | None
    after: str
    executable: bool = False

    @property
    def state(self) -> str:
        """Return `new`, `changed` or `same`."""
        if self.before is None:
            return "new"
        return "same" if self.before == self.after else "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is written into a repository, and what has to be said of it."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


def plan_files(repository: Repository, requirement: str) -> Plan:
    """Return the files that make an image which has this package and all notebooks' artifacts.

    Raises ForeignFileError for a file that cannot be added to; then nothing may be written.
    """
    if repository.pack == "docker":
        path = repository.path("Dockerfile")
        before = repository.files.get(path)
        after = with_docker_block(before or "", requirement, path)
        return Plan(changes=(Change(path=path, before=before, after=after),))
    notes: tuple[str, ...] = ()
    install = None
    if repository.pack == "conda":
        path = repository.environment
        before = repository.files.get(path)
        after = with_pip_requirement(before or "", requirement, path)
        first: tuple[Change, ...] = (Change(path=path, before=before, after=after),)
    else:
        path = repository.path("requirements.txt")
        before = repository.files.get(path)
        if before is not None and has_hashes(before):
            first, install = (), requirement
            notes = (
                f"{path} has hashes, and pip takes nothing beside them without one: postBuild "
                "installs jupyter_pyartifacts",
            )
        else:
            after = with_requirement(before or "", requirement)
            first = (Change(path=path, before=before, after=after),)
    path = repository.path("postBuild")
    before = repository.files.get(path)
    script = with_post_build(before, install, path)
    build = Change(path=path, before=before, after=script, executable=True)
    return Plan(changes=(*first, build), notes=notes)


def notebook_notes(locks: Mapping[str, Lock]) -> Iterator[str]:
    """Yield what of these notebooks' locks would not come into an image."""
    if not locks:
        yield (
            "no notebook here has a lock yet, so the image would have no packages of theirs: "
            "jupyter pyartifacts add NOTEBOOK REQUIREMENT..."
        )
    for path, lock in locks.items():
        if IMAGE_PLATFORM not in lock.platforms:
            yield (
                f"{path} is not locked for {IMAGE_PLATFORM}, on which Binder runs: lock it again "
                f"with --platform {IMAGE_PLATFORM}, and name the others, too"
            )
        artifacts = [one for each in lock.distributions for one in each.artifacts]
        for artifact in (*artifacts, *(each.artifact for each in lock.python.interpreters)):
            where = artifact.location.removeprefix("file:")
            if where != artifact.location and where.startswith(("/", "..")):
                yield f"{path} needs {where}, which is outside of the repository"
