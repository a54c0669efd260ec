"""Whether a file and what was made of it are what the lock pins."""

from __future__ import annotations

from pathlib import Path

from packaging.utils import canonicalize_name

from ..errors import ArtifactError, HashMismatch, StoreError
from ..plan import TRANSLATOR_VERSION, Pin
from ..store import Published
from ..translate.wheel import Tree

__all__ = ["check_facts", "checked", "checked_in_store", "mismatch"]

_HINT = (
    "the file is not the one that was locked: nothing of it was kept; check the index or the"
    " mirror, and lock again only if the project says why it changed"
)


def _label(pin: Pin) -> str:
    return f"{pin.distribution.name} {pin.distribution.version}"


def checked(pin: Pin, published: Published) -> Published:
    """Check that an artifact is the pin's distribution and has the tree that the lock says."""
    facts = published.facts
    if canonicalize_name(facts.name) != canonicalize_name(pin.distribution.name):
        raise ArtifactError(
            f"{_label(pin)}: the file that is pinned is another distribution",
            where=pin.artifact.filename,
            expected=pin.distribution.name,
            found=facts.name,
            hint="lock again: jupyter pyartifacts lock NOTEBOOK",
        )
    if pin.artifact.tree is not None and pin.artifact.tree != published.tree:
        raise HashMismatch(
            f"{_label(pin)}: its tree is not the one that the lock pins",
            where=pin.artifact.filename,
            expected=str(pin.artifact.tree),
            found=str(published.tree),
            hint=_tree_hint(pin),
        )
    return published


def _tree_hint(pin: Pin) -> str:
    made = pin.artifact.translator
    if made is None:
        return "lock again: jupyter pyartifacts lock NOTEBOOK"
    if made == TRANSLATOR_VERSION:
        return (
            "the lock was edited, or an sdist is not translated here as it is elsewhere: report"
            " it, and lock again: jupyter pyartifacts lock NOTEBOOK"
        )
    return (
        f"it was translated by version {made} of the translator, and version {TRANSLATOR_VERSION},"
        " which is here, makes another tree of it: lock again (jupyter pyartifacts lock NOTEBOOK),"
        " or use the version of jupyter_pyartifacts that made the lock"
    )


def checked_in_store(pin: Pin, published: Published) -> Published:
    """Check an artifact that was there before; StoreError where it is damaged, so not the pin's."""
    try:
        return checked(pin, published)
    except ArtifactError as error:
        from ..store.verify import verify_artifact

        damage = verify_artifact(published, quick=True)[1]
        if not damage:
            raise
        raise StoreError(
            "the store is damaged: an artifact is not what was published",
            where=damage[0].path,
            expected=damage[0].expected,
            found=damage[0].found,
            hint="repair it: jupyter pyartifacts verify NOTEBOOK",
        ) from error


def check_facts(pin: Pin, tree: Tree) -> None:
    """Check what was made of an archive, as `checked` does, before it is published."""
    checked(pin, Published(path=Path(), tree=tree.facts.tree, facts=tree.facts))


def mismatch(pin: Pin, what: str, expected: str, found: str) -> HashMismatch:
    """Return the error for a file that is not the one of the pin."""
    return HashMismatch(
        f"{_label(pin)}: the {what} of its file is not the one that the lock pins",
        where=pin.artifact.filename,
        expected=expected,
        found=found,
        hint=_HINT,
    )
