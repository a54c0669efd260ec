"""Hashes that a request demands: files of other content are not seen, and refused if met."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..errors import HashMismatch, NetworkError, ResolutionError
from ..index.client import IndexClient
from ..index.simple import parse_version, version_text
from ..model import Lock
from .request import ResolveRequest
from .search import Search

__all__ = ["check_hashes", "explain_by_hashes"]

_HINT = (
    "find out which of the two is right: the index may serve another file under that name, or the"
    " hashes may be of another index"
)


def check_hashes(lock: Lock, hashes: Mapping[str, frozenset[str]]) -> None:
    """Raise HashMismatch if a lock has a file of a project that is not among those demanded."""
    for own in lock.distributions:
        allowed = hashes.get(own.name)
        for artifact in own.artifacts if allowed is not None else ():
            if artifact.digest.hex not in allowed:  # type: ignore[operator]
                raise HashMismatch(
                    f"{own.name} {own.version} is not the file that its hash demands",
                    where=artifact.filename,
                    expected=_list(allowed or frozenset()),
                    found=str(artifact.digest),
                    hint=_HINT,
                )


def explain_by_hashes(
    request: ResolveRequest, search: Search, client: IndexClient, error: ResolutionError
) -> None:
    """Raise HashMismatch from an error if a demanded hash is what left no file of a project.

    Looks at projects whose version is pinned: the index has that version, in other files.
    """
    for text in request.constraints:
        constraint = Requirement(text)
        name = str(canonicalize_name(constraint.name))
        allowed = request.hashes.get(name)
        if allowed is None or name in search.given:
            continue
        try:
            page = client.read_page(name, search.catalog.index_url(name))[1]
        except NetworkError:
            continue
        files = []
        for file in page.files:
            version = parse_version(version_text(file.filename, name) or "")
            if version is not None and constraint.specifier.contains(version, prereleases=True):
                files.append(file)
        if files and not any(file.sha256 is None or file.sha256 in allowed for file in files):
            raise HashMismatch(
                f"no file of {name} {str(constraint.specifier).lstrip('=')} on the index has a"
                " hash that is demanded",
                where=name,
                expected=_list(allowed),
                found=_list({str(file.sha256) for file in files}),
                hint=_HINT,
            ) from error


def _list(digests: frozenset[str] | set[str]) -> str:
    shown = sorted(digests)
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return ", ".join(f"sha256:{digest}" for digest in shown[:3]) + more
