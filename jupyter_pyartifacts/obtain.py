"""Obtaining the interpreter of a lock: found here, or its archive fetched like any artifact."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .config import Config
from .errors import NetworkError, NoInterpreter, NotApproved, PyArtifactsError
from .instantiate import instantiate_pins
from .interpreter import PINNED, find_interpreter, in_store, no_interpreter, stand_in
from .model import Artifact, InterpreterInUse, PythonPin
from .plan import python_pin
from .report import Reporter
from .store import Store
from .store.storage import write_file

if TYPE_CHECKING:
    from .index.client import IndexClient

__all__ = ["ABSENT_SECONDS", "expect_interpreter", "obtain_interpreter"]

ABSENT_SECONDS = 600.0
"""How long a place that could not be reached is not tried again, if something else serves."""


def obtain_interpreter(
    pin: PythonPin,
    platform: str,
    *,
    store: Store,
    config: Config,
    client: Callable[[], IndexClient],
    reporter: Reporter,
    again: bool = False,
) -> InterpreterInUse:
    """Return the interpreter of a lock, its archive fetched if it has to be.

    `again` tries a place anew that could not be reached minutes ago. Raises NoInterpreter where
    none can be had, HashMismatch, UnsafeArchive and ArtifactError for an archive that is not what
    it should be, StoreError.
    """
    found = find_interpreter(pin, platform, store=store, config=config)
    if found is not None:
        return found
    archive = pin.archive_for(platform)
    if archive is None:
        return stand_in(pin, platform, config=config, failure=None)
    memory = _memory(archive.artifact, store, config)
    known = None if again else _absent(memory)
    if known is not None:
        failure: PyArtifactsError = NetworkError(known, hint="try again later")
        with contextlib.suppress(NoInterpreter):
            return stand_in(pin, platform, config=config, failure=failure)
    try:
        source = client()
        size = source.probe(archive.artifact)
        _fetch(pin, platform, size, store, source, reporter)
    except (NetworkError, NotApproved) as error:
        _remember(memory, error.what)
        return stand_in(pin, platform, config=config, failure=error)
    found = in_store(pin, platform, store)
    if found is None:
        raise no_interpreter(pin, platform, config=config, failure=None)
    return found


def _fetch(
    pin: PythonPin,
    platform: str,
    size: int | None,
    store: Store,
    source: IndexClient,
    reporter: Reporter,
) -> None:
    wanted = python_pin(pin, platform)
    assert wanted is not None  # noqa: S101 - the caller has its archive
    if not wanted.artifact.size and size:
        # What the place declares is good for the progress bar; the hash decides.
        wanted = replace(wanted, artifact=replace(wanted.artifact, size=size))
    instantiate_pins([wanted], store=store, fetcher=source, reporter=reporter)


def expect_interpreter(
    pin: PythonPin, platform: str, *, store: Store, config: Config
) -> InterpreterInUse:
    """Return the interpreter that a kernel would get now; nothing is fetched.

    Of an archive that is still to be fetched the path is empty. Raises NoInterpreter.
    """
    found = find_interpreter(pin, platform, store=store, config=config)
    if found is not None:
        return found
    archive = pin.archive_for(platform)
    if archive is None:
        return stand_in(pin, platform, config=config, failure=None)
    known = _absent(_memory(archive.artifact, store, config))
    if known is not None or config.offline:
        failure = NetworkError(known or "the network is switched off", hint="try again later")
        return stand_in(pin, platform, config=config, failure=failure)
    return InterpreterInUse(
        path="",
        version=archive.version,
        identity="",
        implementation=pin.implementation,
        source="artifact",
        why=f"{PINNED}, which is still to be fetched",
        artifact=archive.artifact.digest,
    )


def _memory(artifact: Artifact, store: Store, config: Config) -> Path:
    """Return the file that says that an archive could not be reached with these settings."""
    key = f"{artifact.digest} {config.python_mirror} {config.python_table}"
    name = hashlib.sha256(key.encode()).hexdigest()[:32]
    return store.layout.cache / "pythons" / f"{name}.json"


def _absent(memory: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        document = json.loads(memory.read_bytes())
        if 0 <= time.time() - float(document["when"]) < ABSENT_SECONDS:
            return str(document["why"])
    return None


def _remember(memory: Path, why: str) -> None:
    with contextlib.suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        write_file(memory, json.dumps({"when": time.time(), "why": why}).encode())
