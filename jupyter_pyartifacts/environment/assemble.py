"""Assembling a view: a venv-shaped directory (PEP 405) of links into the store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..errors import StoreError
from ..model import Digest, Environment, InterpreterInUse
from ..plan import Pin, plan_digest
from ..store import Published, Store, storage_errors
from .assembly import Assembly
from .shape import borrowed_of, view_environment

__all__ = ["assemble_view", "build_view", "find_view"]


def find_view(digest: Digest, interpreter: InterpreterInUse, *, store: Store) -> Environment | None:
    """Return the view of a plan if it is there, at the cost of one `stat` for each root.

    A view gets its name whole, so that its interpreter is there says that all of it is; but for
    what it has of other layers, whose keepers may have taken it away.
    """
    for layout in store.layers:
        environment = view_environment(layout.view(digest), digest, interpreter)
        try:
            os.stat(environment.python)
            if layout is store.layout and len(store.layers) > 1:
                for home in borrowed_of(layout.view(digest)):
                    os.stat(home)
        except (OSError, StoreError):
            continue
        return environment
    return None


def assemble_view(
    pins: Iterable[Pin],
    published: Mapping[Digest, Published],
    interpreter: InterpreterInUse,
    *,
    store: Store,
) -> Environment:
    """Return the view of these pins, assembled if it is not there.

    `published` has each pin's artifact by its archive's digest. Two processes may do it at once:
    one assembles, the other waits for it. Raises ArtifactError where two artifacts have
    different files of the same name, StoreError if the store cannot be written.
    """
    pins = sorted(pins, key=lambda pin: pin.distribution.name)
    digest = plan_digest(pins, interpreter.identity)
    found = find_view(digest, interpreter, store=store)
    if found is not None:
        return found
    key = f"view-{digest.hex}"
    with store.hold(key):
        found = find_view(digest, interpreter, store=store)
        if found is not None:
            return found
        final = store.layout.view(digest)
        temporary = store.temporary(key)
        try:
            with storage_errors(store.root):
                notes = build_view(temporary, final, pins, published, interpreter)
                store.open_up(temporary)
                if os.path.lexists(final):
                    # A view whose interpreter went away.
                    stale = store.temporary(f"{key}.stale")
                    os.rename(final, stale / "view")
                    store.discard(stale)
                os.rename(temporary, final)
        except BaseException:
            store.discard(temporary)
            raise
    return view_environment(final, digest, interpreter, notes)


def build_view(
    here: Path,
    final: Path,
    pins: Iterable[Pin],
    published: Mapping[Digest, Published],
    interpreter: InterpreterInUse,
) -> tuple[str, ...]:
    """Fill the empty directory `here` with what will be the view at `final`; return notes.

    Raises OSError, and ArtifactError where two artifacts have different files of one name.
    """
    assembly = Assembly(here, final, interpreter)
    assembly.make([(pin, published[pin.artifact.key]) for pin in pins])
    return tuple(assembly.notes)
