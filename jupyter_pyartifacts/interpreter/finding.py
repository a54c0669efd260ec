"""Which interpreter runs a lock: the archive that it pins, else one of this machine.

The order: the archive, if it is in the store; this machine's interpreter of exactly the lock's
version; the archive, fetched (`obtain.py` does that); another patch release of this machine, with
a note. Another minor version never.
"""

from __future__ import annotations

from ..config import Config
from ..errors import NoInterpreter, PyArtifactsError
from ..model import InterpreterInUse, PythonPin
from ..store import Store
from .machine import exact_on_machine, host_minor, host_version, other_patch_on_machine

__all__ = ["PINNED", "find_interpreter", "in_store", "no_interpreter", "stand_in"]

PINNED = "the archive that the lock pins"


def find_interpreter(
    pin: PythonPin, platform: str, *, store: Store, config: Config
) -> InterpreterInUse | None:
    """Return the interpreter that is here already: from the store, or of exactly that version.

    Raises NoInterpreter if the machine has it and it does not start, StoreError.
    """
    found = in_store(pin, platform, store)
    if found is not None:
        return found
    if config.python_policy == "artifact" and pin.archive_for(platform) is not None:
        return None
    return exact_on_machine(pin, config.environ)


def in_store(pin: PythonPin, platform: str, store: Store) -> InterpreterInUse | None:
    """Return the interpreter of a lock's archive if it is in the store, at the cost of one file."""
    archive = pin.archive_for(platform)
    if archive is None:
        return None
    published = store.find_artifact(archive.artifact.digest)
    if published is None or not published.facts.python:
        return None
    python = published.facts.python
    library = f"lib/python{pin.minor}" if python.startswith("bin/") else "Lib"
    return InterpreterInUse(
        path=f"{published.path}/{python}",
        version=archive.version,
        identity=str(published.tree),
        implementation=pin.implementation,
        cache_tag=f"{pin.implementation}-{pin.minor.replace('.', '')}",
        source="artifact",
        why=PINNED,
        artifact=archive.artifact.digest,
        library=f"{published.path}/{library}",
    )


def stand_in(
    pin: PythonPin, platform: str, *, config: Config, failure: PyArtifactsError | None
) -> InterpreterInUse:
    """Return another patch release of this machine, where the archive cannot be had.

    `failure` says why not; None where the lock has no archive for the platform. Raises
    NoInterpreter where the policy forbids it or there is none.
    """
    why = f"the lock has no archive of it for {platform}" if failure is None else failure.what
    archived = pin.archive_for(platform) is not None
    if config.python_policy == "any" or not archived:
        found = other_patch_on_machine(pin, config.environ, why)
        if found is not None:
            return found
    raise no_interpreter(pin, platform, config=config, failure=failure)


def no_interpreter(
    pin: PythonPin, platform: str, *, config: Config, failure: PyArtifactsError | None
) -> NoInterpreter:
    """Return the error that names the version which is wanted, and the ways to get it."""
    archive = pin.archive_for(platform)
    if archive is None:
        why = f"the lock has no archive of it for {platform}"
        named = f"cpython-{pin.version}+BUILD-...-install_only.tar.gz"
        way = "lock again where the table of Pythons has it"
    else:
        why = "its archive is not in the store"
        named = archive.artifact.filename
        way = "let it be downloaded (with a network, without --offline)"
    if failure is not None:
        why = str(failure).rpartition("\nhint: ")[0]
    return NoInterpreter(
        f"Python {pin.version}, which the lock is for, is not on this machine",
        expected=f"{pin.implementation} {pin.version}"
        + (f", or another {pin.minor} release" if config.python_policy == "any" else ""),
        found=f"{host_version()}, which runs jupyter_pyartifacts",
        details=why,
        hint=f"one of three: {way}; name a directory or URL that has {named} in"
        f" PYARTIFACTS_PYTHON_MIRROR; or install Python {pin.version}, or lock for another one:"
        f" jupyter pyartifacts lock NOTEBOOK --python {host_minor()}",
    )
