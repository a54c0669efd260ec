"""What a notebook's kernel runs, how that differs from the lock, and whether it wants a restart."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..environment import artifacts_of
from ..errors import PyArtifactsError
from ..lock import lock_digest, parse_lock
from ..model import Digest, Lock
from ..requirements import parse_requirement
from ..service import Engine
from .concealment import conceal
from .kernels import Kernel

__all__ = ["running_state"]


def running_state(engine: Engine, kernel: Kernel, document: object | None) -> dict[str, Any]:
    """Compare a kernel with the lock of its notebook; reads only.

    `drift` lists what the kernel has loaded in another version than the lock pins (`locked` is
    None for what it pins no more). A restart is `required` where what is imported is, or would
    be, something else than the lock says; `recommended` where the kernel merely has more than
    that. `undelivered` holds a lock that the kernel has made and no frontend has saved.
    """
    running = kernel.running()
    wanted = _parsed(document)
    here = wanted if running == document else _parsed(running)
    state: dict[str, Any] = {
        "kernel_id": kernel.id,
        "digest": None if here is None else str(lock_digest(here)),
        "fallback": None,
        "drift": [],
        "restart": None,
    }
    if kernel.news():
        state["undelivered"] = kernel.lock()
    if kernel.failure is not None:
        return {**state, "fallback": conceal(kernel.failure.to_event()), "restart": "required"}
    if kernel.job is not None or (document is not None and wanted is None):
        # It is being prepared; or the state says what is wrong with the lock.
        return state
    pinned = _versions(engine, wanted)
    state["drift"] = [
        {"name": name, "loaded": version, "locked": pinned.get(name)}
        for name, version in sorted(_loaded_versions(engine, kernel).items())
        if wanted is not None and pinned.get(name) != version
    ]
    state["restart"] = _restart(kernel, wanted, pinned, _versions(engine, here), state["drift"])
    return state


def _restart(
    kernel: Kernel,
    wanted: Lock | None,
    there: dict[str, str],
    here: dict[str, str],
    drift: list[dict[str, Any]],
) -> str | None:
    """Decide from what the lock pins (`there`), what the kernel runs (`here`) and has loaded."""
    if wanted is None:
        return "recommended" if kernel.environment is not None else None
    own = _only_kernel(wanted)
    if any(row["locked"] is not None and row["name"] not in own for row in drift):
        return "required"
    if any(here.get(name) != version for name, version in there.items()):
        return "required"
    # A stock kernel began with the system's packages, whatever it has moved to since.
    if drift or kernel.environment is None or here != there:
        return "recommended"
    return None


def _only_kernel(lock: Lock) -> frozenset[str]:
    """Return the distributions that only the kernel's own group needs."""
    needs = {each.name: [other.name for other in each.dependencies] for each in lock.distributions}

    def closure(requirements: tuple[str, ...]) -> set[str]:
        todo = [parse_requirement(text).name for text in requirements]
        seen: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(needs.get(name, ()))
        return seen

    return frozenset(closure(lock.kernel) - closure(lock.requirements))


def _versions(engine: Engine, lock: Lock | None) -> dict[str, str]:
    """Return what a lock pins on this platform."""
    if lock is None:
        return {}
    return {pin.distribution.name: pin.distribution.version for pin in engine.pins_here(lock)}


def _loaded_versions(engine: Engine, kernel: Kernel) -> dict[str, str]:
    """Return the versions of what a kernel says that it has loaded from the store's views."""
    versions: dict[str, str] = {}
    views = [str(layout.views) for layout in engine.store.layers]
    for directory, names in kernel.loaded().items():
        view = _view_of(directory, views)
        if view is None:
            continue
        for top, (name, version) in _tops(engine, view).items():
            if any(loaded == top or loaded.startswith(top + "/") for loaded in names):
                versions.setdefault(name, version)
    return versions


def _view_of(directory: str, views: list[str]) -> Path | None:
    """Return the view that a package directory is in; None if it is in no store of ours."""
    for root in views:
        if directory.startswith(root + os.sep):
            return Path(root, directory[len(root) + 1 :].split(os.sep)[0])
    return None


def _tops(engine: Engine, view: Path) -> dict[str, tuple[str, str]]:
    """Return the distribution of each name in a view's package directory.

    A directory that several share is looked into: there its second level has the names.
    """
    owners: dict[str, list[tuple[str, str, Path]]] = {}
    for digest in artifacts_of(view):
        published = engine.store.find_artifact(Digest(digest))
        if published is None:
            continue
        facts = published.facts
        for top in facts.tops:
            name = parse_requirement(facts.name).name
            owners.setdefault(top.rstrip("/"), []).append((name, facts.version, published.path))
    tops: dict[str, tuple[str, str]] = {}
    for top, found in owners.items():
        if len(found) == 1:
            tops[top] = found[0][:2]
            continue
        for name, version, tree in found:
            try:
                inside = os.listdir(tree / top)
            except OSError:
                continue
            tops.update((f"{top}/{entry}", (name, version)) for entry in inside)
    return tops


def _parsed(document: object | None) -> Lock | None:
    """Return a lock; None for none, and for one that cannot be read."""
    try:
        return None if document is None else parse_lock(document)
    except PyArtifactsError:
        return None
