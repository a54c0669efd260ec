"""Verifying a notebook's environment whole, and repairing it by fetching again."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from .environment import check_view
from .errors import PyArtifactsError
from .instantiate import instantiate_pins
from .model import Digest, InterpreterInUse
from .outcome import Damage, Verified
from .plan import Fetcher, Pin
from .report import NullReporter, Reporter
from .store import Published, Store, storage_errors
from .store.layout import CHECKSUMS, FACTS, MANIFEST, SIZES
from .store.sharing import owner_of
from .store.verify import Damage as FileDamage
from .store.verify import verify_artifacts
from .translate.pool import default_threads

__all__ = ["find_damage", "verify_archive", "verify_environment"]


def verify_environment(
    pins: Iterable[Pin],
    interpreter: InterpreterInUse,
    *,
    store: Store,
    fetcher: Fetcher,
    reporter: Reporter,
    threads: int | None = None,
) -> Verified:
    """Hash every file of the pins' artifacts, compare the view, and repair what is wrong.

    A damaged file is replaced by one rename, so that running kernels never miss it. What cannot
    be repaired stays in `damaged` without being in `repaired`, and a note says why. Raises
    StoreError if the store cannot be read.
    """
    pins = list(pins)
    with store.using():
        published, verified = _verify(pins, store, fetcher, reporter, threads)
        differing = check_view(pins, published, interpreter, store=store)
    return Verified(
        files=verified.files,
        damaged=(
            *verified.damaged,
            *(
                Damage(path=each.path, expected=each.expected, found=each.found or "no such file")
                for each in differing
            ),
        ),
        repaired=(*verified.repaired, *(each.path for each in differing)),
    )


def verify_archive(pin: Pin, *, store: Store, fetcher: Fetcher, reporter: Reporter) -> Verified:
    """Hash every file of an interpreter in the store and repair what is wrong.

    Nothing is looked at where it is not there. Raises StoreError.
    """
    if store.find_artifact(pin.artifact.key) is None:
        return Verified(files=0, damaged=(), repaired=())
    with store.using():
        return _verify([pin], store, fetcher, reporter, None)[1]


def _verify(
    pins: Iterable[Pin], store: Store, fetcher: Fetcher, reporter: Reporter, threads: int | None
) -> tuple[dict[Digest, Published], Verified]:
    wanted = {pin.artifact.key: pin for pin in pins}
    there = {digest: store.find_artifact(digest) for digest in wanted}
    published = {digest: each for digest, each in there.items() if each is not None}
    missing = [pin for digest, pin in wanted.items() if digest not in published]
    published |= instantiate_pins(missing, store=store, fetcher=fetcher, reporter=reporter)
    damaged = [_missing(pin, store) for pin in missing]
    repaired = [damage.path for damage in damaged]
    files, by_tree = verify_artifacts(
        published.values(), threads=threads or default_threads(), reporter=reporter
    )
    for digest, pin in wanted.items():
        artifact = published[digest]
        found = by_tree.get(artifact.tree)
        if not found:
            continue
        damaged += [_damage(each) for each in found]
        try:
            published[digest] = _repair(pin, artifact, found, store, fetcher)
            layer = artifact.home.parent.parent
            if layer != store.root:
                reporter.note(
                    f"{pin.distribution.name}: a sound copy in your own store takes the place of"
                    f" the damaged one in {layer}, which {owner_of(layer)} can repair: "
                    f"jupyter pyartifacts verify NOTEBOOK --store {layer}"
                )
        except PyArtifactsError as error:
            reporter.note(f"{pin.distribution.name} could not be repaired: {error}")
            continue
        repaired += [each.path for each in found]
    return published, Verified(files=files, damaged=tuple(damaged), repaired=tuple(repaired))


def find_damage(pins: Iterable[Pin], *, store: Store, reporter: Reporter) -> Verified:
    """Hash every file of the pins' artifacts and name what is wrong or missing; mend nothing."""
    published, damaged = [], []
    for pin in {pin.artifact.key: pin for pin in pins}.values():
        found = store.find_artifact(pin.artifact.key)
        if found is None:
            damaged.append(_missing(pin, store))
        else:
            published.append(found)
    files, by_tree = verify_artifacts(published, threads=default_threads(), reporter=reporter)
    damaged += [_damage(each) for found in by_tree.values() for each in found]
    return Verified(files=files, damaged=tuple(damaged), repaired=())


def _missing(pin: Pin, store: Store) -> Damage:
    path = store.layout.artifact(pin.artifact.key)
    return Damage(path=str(path), expected=str(pin.artifact.key), found="no whole artifact")


def _damage(damage: FileDamage) -> Damage:
    return Damage(path=damage.path, expected=damage.expected, found=damage.found)


def _repair(
    pin: Pin, artifact: Published, damage: Iterable[FileDamage], store: Store, fetcher: Fetcher
) -> Published:
    """Unpack the artifact again beside the store, and move its good files over the bad ones."""
    digest = pin.artifact.key
    if artifact.home != store.layout.artifact(digest):
        store.quota.check(artifact.facts.unpacked)
    scratch = store.temporary(f"repair-{digest.hex}")
    try:
        fresh = instantiate_pins(
            [pin], store=Store([scratch]), fetcher=fetcher, reporter=NullReporter()
        )[digest]
        with storage_errors(store.root):
            if artifact.home != store.layout.artifact(digest):
                # In a read-only layer: a good one in the first root is found before it.
                os.rename(fresh.home, store.layout.artifact(digest))
            else:
                with store.hold(digest.hex):
                    _replace(fresh, artifact, list(damage))
    finally:
        store.discard(scratch)
    return store.find_artifact(digest) or artifact


def _replace(fresh: Published, artifact: Published, damage: list[FileDamage]) -> None:
    names = [each.name for each in damage]
    if "" in names:
        # The manifest itself is wrong, so everything is replaced; what is too much goes.
        for name in (MANIFEST, SIZES, FACTS, CHECKSUMS):
            os.replace(fresh.home / name, artifact.home / name)
        names = _files(fresh.path)
        names += sorted(set(_files(artifact.path)) - set(names))
    folders: dict[Path, int] = {}
    try:
        for name in names:
            source, target = fresh.path / name, artifact.path / name
            _make_writable(target.parent, artifact.path, folders)
            _make_writable(source.parent, fresh.path, {})
            if target.is_dir() and not target.is_symlink():
                os.rename(target, fresh.home / f"bad-{len(folders)}-{os.urandom(4).hex()}")
            if os.path.lexists(source):
                os.replace(source, target)
            else:
                target.unlink(missing_ok=True)
    finally:
        for folder, mode in folders.items():
            os.chmod(folder, mode)


def _files(tree: Path) -> list[str]:
    return [
        os.path.relpath(os.path.join(folder, name), tree)
        for folder, folders, names in os.walk(tree)
        if os.path.basename(folder) != "__pycache__"
        for name in (*names, *(each for each in folders if os.path.islink(f"{folder}/{each}")))
    ]


def _make_writable(folder: Path, tree: Path, changed: dict[Path, int]) -> None:
    """Let files be renamed in a read-only directory; make it where it is missing."""
    chain = [folder, *(parent for parent in folder.parents if parent.is_relative_to(tree))]
    for each in reversed(chain):
        if not each.exists():
            os.mkdir(each)
            changed[each] = 0o555
        elif each not in changed:
            mode = stat.S_IMODE(os.stat(each).st_mode)
            changed[each] = mode & ~0o222
            os.chmod(each, mode | stat.S_IWUSR)
