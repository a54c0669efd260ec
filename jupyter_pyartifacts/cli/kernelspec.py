"""The environment's kernelspecs: our provisioner in `python3`, and one of our own beside it.

Only a kernelspec's stanza reaches tools that start kernels without a server (nbclient, nbconvert,
papermill). The file belongs to ipykernel, whose upgrades write it anew; so the original is kept
beside it, and `state` tells when the stanza was lost. Frontends that start kernels themselves know
nothing of provisioners: for them there is a kernelspec whose command is our launcher.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from ..errors import PyArtifactsError

__all__ = [
    "LAUNCHER",
    "PROVISIONER",
    "KernelSpecFile",
    "OwnKernelSpec",
    "disabled_spec",
    "enabled_spec",
    "launched_spec",
    "provisioner_of",
]

DISPLAY_NAME = "Python 3 (the notebook's own packages)"
LAUNCHER = "jupyter_pyartifacts.kernel.ipykernel_launcher"
PROVISIONER = "pyartifacts"
_STANZA = "kernel_provisioner"
State = Literal["enabled", "disabled", "lost", "foreign"]


def provisioner_of(spec: dict[str, Any]) -> str | None:
    """Return the name of the provisioner that a kernelspec asks for, None for the default."""
    metadata = spec.get("metadata")
    stanza = metadata.get(_STANZA) if isinstance(metadata, dict) else None
    return str(stanza.get("provisioner_name")) if isinstance(stanza, dict) else None


def enabled_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a kernelspec with our provisioner, everything else as it was."""
    metadata = spec.get("metadata")
    stanza = {_STANZA: {"provisioner_name": PROVISIONER}}
    return {**spec, "metadata": {**(metadata if isinstance(metadata, dict) else {}), **stanza}}


def disabled_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a kernelspec without our provisioner, everything else as it was."""
    metadata = {key: value for key, value in spec.get("metadata", {}).items() if key != _STANZA}
    rest = {key: value for key, value in spec.items() if key != "metadata"}
    return {**rest, "metadata": metadata} if metadata else rest


def launched_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """Return ipykernel's kernelspec as one that runs our launcher in the place of ipykernel.

    Who knows provisioners gets ours, which finds more notebooks than a launcher can. Encryption is
    not announced: what a lock pins may be too old for it.
    """
    metadata = {k: v for k, v in spec.get("metadata", {}).items() if k != "supported_encryption"}
    argv = [LAUNCHER if word == "ipykernel_launcher" else word for word in spec["argv"]]
    ours = {**spec, "argv": argv, "display_name": DISPLAY_NAME, "metadata": metadata}
    return enabled_spec(ours)


@dataclass(frozen=True, slots=True)
class OwnKernelSpec:
    """`kernel.json` of our own kernelspec `pyartifacts` in one environment (`prefix`)."""

    prefix: str

    @property
    def path(self) -> Path:
        """Return where the file is, or would be."""
        return Path(self.prefix, "share", "jupyter", "kernels", PROVISIONER, "kernel.json")

    def is_there(self, wanted: dict[str, Any]) -> bool:
        """Tell whether the file says this; what cannot be read does not."""
        try:
            return bool(json.loads(self.path.read_bytes()) == wanted)
        except (OSError, ValueError):
            return False

    def write(self, wanted: dict[str, Any]) -> None:
        """Write the file; raise PyArtifactsError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _replace(self.path, _dump(wanted))
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def remove(self) -> None:
        """Remove the file, and the directory if nothing else is in it; raise PyArtifactsError."""
        try:
            self.path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.path.parent.rmdir()
        except OSError as error:
            raise _unwritable(self.path, error) from error


@dataclass(frozen=True, slots=True)
class KernelSpecFile:
    """`kernel.json` of the `python3` kernelspec in one environment (`prefix`)."""

    prefix: str

    @property
    def path(self) -> Path:
        """Return where the file is, or would be."""
        return Path(self.prefix, "share", "jupyter", "kernels", "python3", "kernel.json")

    @property
    def backup(self) -> Path:
        """Return where the original is kept while ours is in place."""
        return self.path.with_name("kernel.json.before-pyartifacts")

    def read(self) -> dict[str, Any] | None:
        """Read the kernelspec; None if there is none. Raises PyArtifactsError."""
        return _read(self.path)

    def state(self) -> State:
        """Tell whether ours is in place; `lost`: it was, until something rewrote the file."""
        spec = self.read()
        name = None if spec is None else provisioner_of(spec)
        if name == PROVISIONER:
            return "enabled"
        if name not in (None, "local-provisioner"):
            return "foreign"
        return "lost" if self.backup.exists() else "disabled"

    def enable(self, fallback: dict[str, Any]) -> bool:
        """Put our provisioner in, keeping the original; return False if it is in already.

        `fallback` is the kernelspec to begin with where this environment has none. Raises
        PyArtifactsError if another provisioner is there, or the file cannot be written.
        """
        spec, state = self.read(), self.state()
        if state == "enabled":
            return False
        if state == "foreign":
            raise PyArtifactsError(
                "this environment's python3 kernel has another provisioner already",
                where=str(self.path),
                expected="none",
                found=provisioner_of(spec or {}),
                hint="take it out of the file first, or set "
                f"JUPYTER_DEFAULT_PROVISIONER_NAME={PROVISIONER} where it is wanted",
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # An empty original stands for none: then `disable` removes the kernelspec.
            _replace(self.backup, b"" if spec is None else self.path.read_bytes())
            _replace(self.path, _dump(enabled_spec(fallback if spec is None else spec)))
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return True

    def disable(self) -> bool:
        """Put the original back; return False if there was nothing to undo."""
        spec, state = self.read(), self.state()
        try:
            if state == "enabled":
                self._restore(cast("dict[str, Any]", spec))
            with contextlib.suppress(FileNotFoundError):
                self.backup.unlink()
            with contextlib.suppress(OSError):
                self.path.parent.rmdir()
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return state in ("enabled", "lost")

    def _restore(self, spec: dict[str, Any]) -> None:
        try:
            original = self.backup.read_bytes()
        except FileNotFoundError:
            original = None
        if original == b"":
            self.path.unlink()
        elif original is not None and enabled_spec(_parse(original, self.backup)) == spec:
            _replace(self.path, original)
        else:
            # Somebody edited the file meanwhile: take out what is ours and nothing else.
            _replace(self.path, _dump(disabled_spec(spec)))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PyArtifactsError(
            "the python3 kernelspec cannot be read",
            where=str(path),
            found=error.strerror or str(error),
            hint="make the file readable",
        ) from error
    return _parse(data, path)


def _parse(data: bytes, path: Path) -> dict[str, Any]:
    try:
        spec = json.loads(data)
        if isinstance(spec, dict):
            return spec
        found = "no object"
    except ValueError as error:
        found = str(error)
    raise PyArtifactsError(
        "the python3 kernelspec is malformed",
        where=str(path),
        expected="a kernelspec (a JSON object)",
        found=found,
        hint="let ipykernel write it anew: python -m ipykernel install --sys-prefix",
    )


def _dump(spec: dict[str, Any]) -> bytes:
    return (json.dumps(spec, indent=1, ensure_ascii=False) + "\n").encode()


def _replace(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _unwritable(path: Path, error: OSError) -> PyArtifactsError:
    return PyArtifactsError(
        "the kernelspec cannot be written",
        where=str(path),
        found=error.strerror or str(error),
        hint="run this as somebody who may change this environment, or set "
        f"JUPYTER_DEFAULT_PROVISIONER_NAME={PROVISIONER} where notebooks are run",
    )
