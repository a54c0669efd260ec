"""The kernelspec of an environment: naming our provisioner in it, and taking the name out again.

Headless tools know no server extension; what they read is `python3/kernel.json`. That file
belongs to ipykernel, whose upgrade rewrites it: the original is kept beside, and `state` tells.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import PyArtifactsError

__all__ = [
    "ORIGINAL_NAME",
    "PROVISIONER",
    "Registration",
    "State",
    "disable",
    "enable",
    "kernelspec_path",
    "state",
]

PROVISIONER = "pyartifacts"
"""The name of our provisioner's entry point."""
ORIGINAL_NAME = "kernel.json.before-pyartifacts"
"""The file beside `kernel.json` that keeps the original; empty if there was none."""

State = Literal["enabled", "disabled", "rewritten", "foreign", "missing"]
"""`rewritten`: it was enabled, and something (ipykernel's upgrade) has written the file anew.
`foreign`: it names another provisioner. `missing`: the environment has no such kernelspec."""

_WRITABLE_HINT = (
    "run this as the owner of the environment, or set "
    f"JUPYTER_DEFAULT_PROVISIONER_NAME={PROVISIONER} instead"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Where a kernelspec lies, how it stands, and whether the call changed that."""

    path: str
    state: State
    changed: bool = False
    provisioner: str | None = None


def kernelspec_path(prefix: str = sys.prefix, kernel: str = "python3") -> Path:
    """Return the path of an environment's `kernel.json`."""
    return Path(prefix) / "share" / "jupyter" / "kernels" / kernel / "kernel.json"


def state(path: Path) -> Registration:
    """Tell how a kernelspec stands; raise PyArtifactsError if it cannot be read."""
    if not path.exists():
        return Registration(path=str(path), state="missing")
    name = _provisioner_name(_read(path))
    kept = (path.parent / ORIGINAL_NAME).exists()
    if name == PROVISIONER:
        return Registration(path=str(path), state="enabled", provisioner=name)
    if name not in (None, "local-provisioner"):
        return Registration(path=str(path), state="foreign", provisioner=name)
    return Registration(path=str(path), state="rewritten" if kept else "disabled", provisioner=name)


def enable(path: Path) -> Registration:
    """Name our provisioner in a kernelspec, the original kept beside; make one if there is none.

    Does nothing if it is enabled already. Raises PyArtifactsError if the kernelspec names
    another provisioner, is malformed or cannot be written.
    """
    before = state(path)
    if before.state == "enabled":
        return before
    if before.state == "foreign":
        raise PyArtifactsError(
            "the kernelspec names another provisioner",
            where=str(path),
            expected="none, or local-provisioner",
            found=str(before.provisioner),
            hint="take its kernel_provisioner out of the file's metadata if it may go",
        )
    try:
        if before.state == "missing":
            _make_kernelspec(path)
        else:
            _write(path.parent / ORIGINAL_NAME, path.read_bytes(), like=path)
        _write(path, _render(_with_provisioner(_read(path))), like=path)
    except OSError as error:
        raise _not_writable(path, error) from error
    return Registration(path=str(path), state="enabled", changed=True, provisioner=PROVISIONER)


def disable(path: Path) -> Registration:
    """Bring a kernelspec back to what it was before `enable`, byte for byte if only that changed.

    Does nothing if it is not enabled. Raises PyArtifactsError if it is malformed or cannot be
    written.
    """
    before = state(path)
    if before.state in ("disabled", "foreign", "missing"):
        return before
    kept = path.parent / ORIGINAL_NAME
    try:
        if before.state == "enabled":
            original = kept.read_bytes() if kept.exists() else None
            if original == b"":
                shutil.rmtree(path.parent)
                return Registration(path=str(path), state="missing", changed=True)
            current = _read(path)
            if original is None or _with_provisioner(json.loads(original)) != current:
                original = _render(_without_provisioner(current))
            _write(path, original, like=path)
        kept.unlink(missing_ok=True)
    except OSError as error:
        raise _not_writable(path, error) from error
    after = state(path)
    return Registration(
        path=after.path, state=after.state, changed=True, provisioner=after.provisioner
    )


def _make_kernelspec(path: Path) -> None:
    """Write ipykernel's own kernelspec where an environment has none (it is found elsewhere)."""
    from ipykernel.kernelspec import write_kernel_spec

    path.parent.parent.mkdir(parents=True, exist_ok=True)
    write_kernel_spec(path.parent)
    _write(path.parent / ORIGINAL_NAME, b"", like=path)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise PyArtifactsError(
            "the kernelspec cannot be read",
            where=str(path),
            found=error.strerror or str(error),
            hint="make the file readable, or install ipykernel again",
        ) from error
    except ValueError as error:
        raise PyArtifactsError(
            "the kernelspec is not JSON",
            where=str(path),
            found=str(error),
            hint="install ipykernel again: pip install --force-reinstall ipykernel",
        ) from error
    if not isinstance(document, dict):
        raise PyArtifactsError(
            "the kernelspec is no JSON object",
            where=str(path),
            found=type(document).__name__,
            hint="install ipykernel again: pip install --force-reinstall ipykernel",
        )
    return document


def _provisioner_name(document: dict[str, Any]) -> str | None:
    metadata = document.get("metadata")
    stanza = metadata.get("kernel_provisioner") if isinstance(metadata, dict) else None
    name = stanza.get("provisioner_name") if isinstance(stanza, dict) else None
    return name if isinstance(name, str) else None


def _with_provisioner(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document.get("metadata")
    kept = metadata if isinstance(metadata, dict) else {}
    stanza = {"provisioner_name": PROVISIONER}
    return {**document, "metadata": {**kept, "kernel_provisioner": stanza}}


def _without_provisioner(document: dict[str, Any]) -> dict[str, Any]:
    metadata = {k: v for k, v in document["metadata"].items() if k != "kernel_provisioner"}
    return {**document, "metadata": metadata}


def _render(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _write(path: Path, content: bytes, *, like: Path) -> None:
    """Write a file at once under its name, with another one's permissions.

    Never in place: installers hard-link such files from their caches.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, like.stat().st_mode & 0o777)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _not_writable(path: Path, error: OSError) -> PyArtifactsError:
    return PyArtifactsError(
        "the kernelspec cannot be changed",
        where=str(path),
        found=error.strerror or str(error),
        hint=_WRITABLE_HINT,
    )
