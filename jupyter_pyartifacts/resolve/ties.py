"""Which index a project is taken from: exactly one, as the request ties them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from packaging.utils import canonicalize_name

from ..errors import UsageError
from ..index.credentials import split_credentials
from ..model import Index

__all__ = ["bare_indexes", "tied_projects"]


def tied_projects(indexes: Iterable[Index]) -> Mapping[str, str]:
    """Map canonical project names to the name of their index; raise UsageError for two."""
    ties: dict[str, str] = {}
    for index in indexes:
        for project in index.projects:
            name = canonicalize_name(project)
            if ties.setdefault(name, index.name) != index.name:
                raise UsageError(
                    f"{name} is tied to two indexes",
                    expected="one index for each project",
                    found=f"{ties[name]} and {index.name}",
                    hint="name the project with one of them only",
                )
    return ties


def bare_indexes(indexes: Iterable[Index]) -> tuple[Index, ...]:
    """Return indexes as a lock keeps them: sorted, without credentials."""
    return tuple(
        replace(
            index,
            url=split_credentials(index.url)[0].rstrip("/"),
            projects=tuple(sorted({canonicalize_name(project) for project in index.projects})),
        )
        for index in sorted(indexes, key=lambda own: own.name)
    )
