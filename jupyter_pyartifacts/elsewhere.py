"""Tree hashes of artifacts that only other platforms use, from RECORD and directory alone."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from .model import Artifact, Digest
from .plan import Fetcher
from .report import Progress, Reporter
from .store import Store

__all__ = ["hash_elsewhere"]

_CONNECTIONS = 8


def hash_elsewhere(
    artifacts: Iterable[Artifact], *, store: Store, fetcher: Fetcher, reporter: Reporter
) -> dict[Digest, Digest]:
    """Return the tree hash of each archive, over a few range requests where it is not known.

    What is learned is remembered in the store. Raises NetworkError and ArtifactError.
    """
    trees: dict[Digest, Digest] = {}
    unknown: dict[Digest, Artifact] = {}
    for artifact in artifacts:
        known = artifact.tree or store.known_tree(artifact.digest)
        if known is None:
            unknown[artifact.digest] = artifact
        else:
            trees[artifact.digest] = known
    if not unknown:
        return trees
    from .translate.remote import remote_tree_hash

    with ThreadPoolExecutor(min(_CONNECTIONS, len(unknown))) as pool:
        hashed = pool.map(lambda each: remote_tree_hash(each, fetcher, store), unknown.values())
        for number, (artifact, tree) in enumerate(zip(unknown.values(), hashed, strict=True), 1):
            store.remember_tree(artifact.digest, tree)
            trees[artifact.digest] = tree
            reporter.progress(
                Progress(stage="metadata", done=number, total=len(unknown), item=artifact.filename)
            )
    return trees
