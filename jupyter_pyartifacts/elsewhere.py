"""Tree hashes of artifacts that only other platforms use, from RECORD and directory alone."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from .errors import HashMismatch
from .index.client import RangesNotServed
from .model import Artifact, Digest
from .plan import Fetcher
from .report import Progress, Reporter
from .store import Store
from .translate.codec import choose_inflate
from .translate.mapping import map_file
from .translate.remote import local_tree_hash, remote_tree_hash
from .translate.wheel import plan_wheel

__all__ = ["hash_elsewhere"]

_CONNECTIONS = 8


def hash_elsewhere(
    artifacts: Iterable[Artifact], *, store: Store, fetcher: Fetcher, reporter: Reporter
) -> dict[Digest, Digest]:
    """Return the tree hash of each archive by its key, over a few range requests where unknown.

    An sdist brings its own: its translation is the same everywhere, and the lock pins it.
    What is learned is remembered in the store. Raises NetworkError and ArtifactError.
    """
    trees: dict[Digest, Digest] = {}
    unknown: dict[Digest, Artifact] = {}
    for artifact in artifacts:
        known = artifact.tree or store.known_tree(artifact.key)
        if known is None:
            unknown[artifact.key] = artifact
        else:
            trees[artifact.key] = known
    if not unknown:
        return trees
    with ThreadPoolExecutor(min(_CONNECTIONS, len(unknown))) as pool:
        hashed = pool.map(lambda each: _hash_one(each, store, fetcher), unknown.values())
        for number, (artifact, tree) in enumerate(zip(unknown.values(), hashed, strict=True), 1):
            store.remember_tree(artifact.key, tree)
            trees[artifact.key] = tree
            reporter.progress(
                Progress(stage="metadata", done=number, total=len(unknown), item=artifact.filename)
            )
    return trees


def _hash_one(artifact: Artifact, store: Store, fetcher: Fetcher) -> Digest:
    tree = None
    try:
        tree = remote_tree_hash(
            artifact.filename,
            artifact.size,
            lambda start, stop: fetcher.read_range(artifact, start, stop),
        )
    except RangesNotServed:
        pass
    if tree is not None:
        return tree
    part = store.layout.part(artifact.digest)
    with store.hold(artifact.digest.hex):
        try:
            found = fetcher.fetch(artifact, part, lambda _: None)
            if found != artifact.digest.hex:
                raise HashMismatch(
                    f"{artifact.filename} is not the file that the index announces",
                    expected=str(artifact.digest),
                    found=f"sha256:{found}",
                    hint="try again later; if it stays so, tell the index's maintainers",
                )
            return local_tree_hash(plan_wheel(map_file(part), artifact.filename, choose_inflate()))
        finally:
            part.unlink(missing_ok=True)
