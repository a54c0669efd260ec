"""The state of a notebook: what it pins, what of it is here, and what its kernel runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..errors import PyArtifactsError
from ..interpreter import host_version
from ..model import Lock
from ..outcome import in_use
from ..plan import Pin, pins_for
from ..service import Engine
from .document import HeldDocument

__all__ = ["lock_state"]


def lock_state(engine: Engine, document: HeldDocument) -> dict[str, Any]:
    """Return everything about the lock of a notebook; reads only, and uses no network.

    Raises LockError for a lock that cannot be read.
    """
    if document.lock_document is None:
        return _without_lock(engine)
    listed = engine.show(document)
    lock, event = listed.lock, listed.to_event()
    notes = list(event["notes"])
    pins: tuple[Pin, ...] = ()
    try:
        pins = pins_for(lock, engine.platform)
    except PyArtifactsError as error:
        notes.append(f"{error.what}; {error.hint}")
    kinds = {pin.distribution.name: pin.artifact.kind for pin in pins}
    indexes = {each.name: each.index for each in lock.distributions}
    question = event["question"]
    here = {each["name"]: each for each in event["distributions"] if each["name"] in kinds}
    present = [each for each in here.values() if each["instantiated"]]
    size = sum(each["size"] for each in here.values())
    return {
        "digest": event["digest"],
        "trusted": question is None,
        "question": question,
        "requirements": event["requirements"],
        "kernel": event["kernel"],
        "python": _python(engine, lock),
        "platform": engine.platform,
        "platforms": event["platforms"],
        "left_out": event["left_out"],
        "indexes": [asdict(index) for index in lock.indexes],
        "as_of": event["as_of"],
        "distributions": [
            {
                **distribution,
                "index": indexes[distribution["name"]],
                "kind": kinds.get(distribution["name"]),
            }
            for distribution in event["distributions"]
        ],
        "artifacts": {
            "total": len(pins),
            "present": len(present),
            "bytes": size,
            "bytes_missing": size - sum(each["size"] for each in present),
        },
        "history": [{"when": each.when, "what": each.what} for each in lock.history],
        "notes": notes,
    }


def _without_lock(engine: Engine) -> dict[str, Any]:
    return {
        "digest": None,
        "trusted": True,
        "question": None,
        "requirements": [],
        "kernel": [],
        "python": {
            "implementation": "cpython",
            "version": host_version(),
            "in_use": None,
            "problem": None,
        },
        "platform": engine.platform,
        "platforms": [],
        "left_out": [],
        "indexes": [],
        "as_of": None,
        "distributions": [],
        "artifacts": {"total": 0, "present": 0, "bytes": 0, "bytes_missing": 0},
        "history": [],
        "notes": [],
    }


def _python(engine: Engine, lock: Lock) -> dict[str, Any]:
    pin = lock.python
    found, problem = engine.interpreter_of(lock)
    return {
        "implementation": pin.implementation,
        "version": pin.version,
        "in_use": in_use(found),
        "problem": problem,
    }
