"""Wheels made in a test, honest or lying, and a source that serves them from a directory."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_pyartifacts.errors import NetworkError
from jupyter_pyartifacts.model import Artifact, Digest, Distribution
from jupyter_pyartifacts.plan import Pin
from jupyter_pyartifacts.report import Progress

Content = bytes | str


def record_hash(data: bytes, algorithm: str = "sha256") -> str:
    """Return the digest as RECORD writes it."""
    digest = hashlib.new(algorithm, data).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def wheel_files(
    name: str = "demo",
    version: str = "1.0",
    files: Mapping[str, Content] | None = None,
    *,
    metadata: str | None = None,
    wheel: str | None = None,
    entry_points: str | None = None,
) -> dict[str, bytes]:
    """Return the members of an honest wheel but for RECORD."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    members: dict[str, Content] = dict(
        {f"{name.replace('-', '_')}/__init__.py": f"VERSION = {version!r}\n"}
        if files is None
        else files
    )
    members[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        if metadata is None
        else metadata
    )
    members[f"{info}/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        if wheel is None
        else wheel
    )
    if entry_points is not None:
        members[f"{info}/entry_points.txt"] = entry_points
    return {
        path: data.encode() if isinstance(data, str) else data for path, data in members.items()
    }


def record_of(members: Mapping[str, bytes], info: str) -> str:
    """Return an honest RECORD."""
    rows = [f'"{path}",{record_hash(data)},{len(data)}' for path, data in members.items()]
    return "\n".join([*rows, f"{info}/RECORD,,", ""])


def zip_bytes(
    members: Mapping[str, bytes],
    *,
    modes: Mapping[str, int] | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Return a zip archive of these members in this order; `modes` are Unix modes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, data in members.items():
            entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = compression
            entry.create_system = 3
            entry.external_attr = (modes or {}).get(path, 0o100644) << 16
            archive.writestr(entry, data)
    return stream.getvalue()


@dataclass(frozen=True)
class Wheel:
    """A wheel file: its name and its bytes."""

    filename: str
    data: bytes
    name: str = "demo"
    version: str = "1.0"

    @property
    def digest(self) -> Digest:
        return Digest(hashlib.sha256(self.data).hexdigest())

    def artifact(self, **changes: object) -> Artifact:
        fields: dict[str, object] = {
            "filename": self.filename,
            "digest": self.digest,
            "size": len(self.data),
            "location": f"file:{self.filename}",
        }
        return Artifact(**{**fields, **changes})  # type: ignore[arg-type]

    def pin(self, **changes: object) -> Pin:
        artifact = self.artifact(**changes)
        distribution = Distribution(name=self.name, version=self.version, artifacts=(artifact,))
        return Pin(distribution=distribution, artifact=artifact)

    def write(self, folder: Path) -> Path:
        path = folder / self.filename
        path.write_bytes(self.data)
        return path


def build_wheel(
    name: str = "demo",
    version: str = "1.0",
    files: Mapping[str, Content] | None = None,
    *,
    metadata: str | None = None,
    wheel: str | None = None,
    entry_points: str | None = None,
    record: str | Callable[[str], str] | None = None,
    modes: Mapping[str, int] | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
    tag: str = "py3-none-any",
) -> Wheel:
    """Build a wheel; every part of it may be made to lie. `record` may edit the honest one."""
    members = wheel_files(
        name, version, files, metadata=metadata, wheel=wheel, entry_points=entry_points
    )
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    honest = record_of(members, info)
    text = honest if record is None else record if isinstance(record, str) else record(honest)
    members[f"{info}/RECORD"] = text.encode()
    return Wheel(
        filename=f"{name.replace('-', '_')}-{version}-{tag}.whl",
        data=zip_bytes(members, modes=modes, compression=compression),
        name=name,
        version=version,
    )


@dataclass
class Source:
    """A fetcher that serves wheels from memory, counts, and can be told to fail."""

    wheels: dict[Digest, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    ranges: list[tuple[int, int]] = field(default_factory=list)
    piece: int = 1 << 16
    before_piece: Callable[[Artifact, int], None] = lambda artifact, done: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, *wheels: Wheel) -> Source:
        for wheel in wheels:
            self.wheels[wheel.digest] = wheel.data
        return self

    def data(self, artifact: Artifact) -> bytes:
        try:
            return self.wheels[artifact.digest]
        except KeyError:
            raise NetworkError(
                "a file is not to be had", where=artifact.filename, hint="check the network"
            ) from None

    def fetch(self, artifact: Artifact, part: Path, on_bytes: Callable[[int], None], /) -> str:
        data = self.data(artifact)
        with self.lock:
            self.fetched.append(artifact.filename)
        done = part.stat().st_size if part.exists() else 0
        with open(part, "ab") as stream:
            while done < len(data):
                self.before_piece(artifact, done)
                piece = data[done : done + self.piece]
                stream.write(piece)
                stream.flush()
                done += len(piece)
                on_bytes(len(piece))
        return hashlib.sha256(part.read_bytes()).hexdigest()

    def read_range(self, artifact: Artifact, start: int, stop: int, /) -> bytes:
        self.ranges.append((start, stop))
        return self.data(artifact)[start:stop]


@dataclass
class Listener:
    """A reporter that keeps everything it is told."""

    events: list[Progress] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def progress(self, event: Progress, /) -> None:
        self.events.append(event)

    def note(self, text: str, /) -> None:
        self.notes.append(text)
