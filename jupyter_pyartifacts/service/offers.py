"""What an index offers: whether it has a project, and in which versions."""

from __future__ import annotations

from typing import Any

from packaging.specifiers import SpecifierSet

from ..config import TrustPolicy
from ..errors import InvalidRequirement, NetworkError, UsageError
from ..index.client import IndexClient, ProjectNotFound
from ..lock import parse_lock
from ..model import Lock
from ..notebook import Document
from ..outcome import Release, Released
from ..requirements import parse_requirement
from .engine import Engine

__all__ = ["check_indexes", "check_requirement", "released_versions"]


def check_requirement(engine: Engine, document: Document, text: str) -> dict[str, Any]:
    """Tell whether a requirement can be read, and whether an index has its project.

    `exists` is None where nobody can tell: a wheel that is given, an index that does not answer.
    """
    answer: dict[str, Any] = {"valid": False, "name": None, "problem": None, "hint": None}
    answer["exists"] = None
    try:
        requirement = parse_requirement(text)
    except InvalidRequirement as error:
        return {**answer, "problem": error.what, "hint": error.hint}
    answer.update(valid=True, name=requirement.name)
    if requirement.kind != "index":
        return answer
    lock = _approved(engine, document)
    try:
        with _client(engine, document, lock) as client:
            client.project(requirement.name, _index_of(lock, requirement.name))
    except ProjectNotFound as error:
        return {**answer, "exists": False, "problem": error.what, "hint": error.hint}
    except NetworkError as error:
        return {**answer, "problem": error.what, "hint": error.hint}
    return {**answer, "exists": True}


def released_versions(engine: Engine, document: Document, text: str) -> Released:
    """List the versions of a requirement's project that it allows, the newest first.

    Raises InvalidRequirement, UsageError for what is on no index, UnknownProject, NetworkError.
    """
    requirement = parse_requirement(text)
    if requirement.kind != "index":
        raise UsageError(
            "only an index knows of other versions",
            expected="the name of a project, such as pandas",
            found=text[:120],
            hint="name a project of an index",
        )
    lock = _approved(engine, document)
    with _client(engine, document, lock) as client:
        page = client.project(requirement.name, _index_of(lock, requirement.name))
    allowed = SpecifierSet(requirement.specifier)
    versions = []
    for version, files in sorted(page.versions().items(), reverse=True):
        if not allowed.contains(version, prereleases=True):
            continue
        times = [file.upload_time for file in files if file.upload_time]
        versions.append(
            Release(
                version=str(version),
                released=min(times)[:10] if times else None,
                yanked=all(file.yanked is not None for file in files),
                prerelease=version.is_prerelease,
            )
        )
    return Released(name=requirement.name, versions=tuple(versions))


def check_indexes(engine: Engine, document: Document) -> None:
    """Refuse to ask other indexes than the allowed ones for a lock that nobody approved.

    The lock may come with a request: its indexes are then whatever somebody wants asked. Raises
    NotApproved, LockError.
    """
    config = engine.config
    policy: TrustPolicy = "all" if config.trust == "all" else "index"
    engine.trust_store.check(
        engine.lock_of(document), policy, config.allowed_indexes, where=str(document.path)
    )


def _approved(engine: Engine, document: Document) -> Lock | None:
    """Return the lock whose indexes may be asked: none of one that nobody approved."""
    if document.lock_document is None:
        return None
    lock = parse_lock(document.lock_document)
    return lock if engine.trust_store.is_approved(lock) else None


def _client(engine: Engine, document: Document, lock: Lock | None) -> IndexClient:
    if lock is not None:
        return engine.client(lock, document.directory)
    return IndexClient(engine.config, cache=engine.store.layout.cache, directory=document.directory)


def _index_of(lock: Lock | None, name: str) -> str | None:
    """Return the name of the index that a project is tied to, None for the default one."""
    for index in lock.indexes if lock else ():
        if name in index.projects:
            return index.name
    return None
