"""The catalog behind the loopback index: which index answers for a name, and how fresh."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from packaging.utils import canonicalize_name

from ..errors import ArtifactError
from ..index.client import FRESH, IndexClient, RangesNotServed
from ..index.simple import ProjectFile, ProjectPage, parse_version
from .metadata import impossible_metadata, render_metadata
from .offer import FORMAT, decode_source, render_offer, source_path
from .target import Target
from .wheelmeta import read_wheel_metadata

__all__ = ["Catalog", "SyntheticWheels"]

_METADATA_LIMIT = 16 << 20
_NEVER = float("inf")


class SyntheticWheels(Protocol):
    """Offers a wheel in the place of a pure-source sdist, for releases that have no other.

    `offer` is asked for every such sdist and is cheap; its file has the sdist's sha256 and a
    URL that only `metadata` understands. `metadata` may fetch and translate.
    """

    version: int

    def offer(self, page: ProjectPage, sdist: ProjectFile, /) -> ProjectFile | None:
        """Return the synthetic wheel's entry, or None to offer nothing."""

    def metadata(self, digest: str, url: str, /) -> bytes | None:
        """Return the core metadata of a synthetic wheel; None if the URL is not of this kind."""


class Catalog:
    """Answer for every project from exactly one index, or from the wheels the user gave.

    `direct` holds the pages of projects that the user gave wheels of: nothing else is seen of
    them. `ties` maps a project to the index it is taken from. `max_ages` says how old, in
    seconds, a project's page may be. `key` names everything that what is answered depends on.
    """

    def __init__(
        self,
        client: IndexClient,
        target: Target,
        *,
        cache: Path,
        direct: Mapping[str, ProjectPage],
        ties: Mapping[str, str],
        max_age: Callable[[str], float] = lambda _: FRESH,
        synthetic: SyntheticWheels | None = None,
    ) -> None:
        self._client = client
        self._target = target
        self._cache = cache
        self._direct = dict(direct)
        self._ties = dict(ties)
        self._max_age = max_age
        self._synthetic = synthetic
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self._no_metadata: set[str] = set()
        self.notes: dict[str, set[str]] = {}
        self.key = self._make_key()

    def _make_key(self) -> str:
        facts = {
            "format": FORMAT,
            "index": self._client.default_index,
            "python": self._target.python,
            "implementation": self._target.implementation,
            "as_of": self._target.as_of,
            "direct": {
                name: sorted(f"{file.filename} {file.sha256}" for file in page.files)
                for name, page in self._direct.items()
            },
            "ties": self._ties,
            "synthetic": self._synthetic.version if self._synthetic else None,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def index_url(self, name: str) -> str:
        """Return the URL of the one index that answers for a project."""
        return self._ties.get(name) or self._client.default_index

    def read(self, name: str) -> tuple[str, ProjectPage]:
        """Return a digest of a project's page, and the page; once a run it is looked up."""
        if name in self._direct:
            return "direct", self._direct[name]
        with self._lock:
            # Within one run a page does not change, whatever its age.
            age = _NEVER if name in self._asked else self._max_age(name)
            self._asked.add(name)
        return self._client.read_page(name, self.index_url(name), max_age=age)

    def page(self, name: str) -> tuple[str, Callable[[Callable[[str], str]], bytes]]:
        """Return a digest of a page, and how to render what uv sees, given the URLs of paths."""
        digest, page = self.read(name)

        def render(url_of: Callable[[str], str]) -> bytes:
            synthetic = self._synthetic
            return render_offer(
                page,
                self._target,
                address=lambda file: url_of(source_path(file)),
                synthetic=(lambda sdist: synthetic.offer(page, sdist))
                if synthetic is not None
                else (lambda _: None),
            )

        return digest, render

    def metadata(self, digest: str, source: str, filename: str) -> bytes:
        """Return the core metadata that uv reads of a wheel."""
        flagged, size, url = decode_source(source)
        name, number = filename.split("-")[:2]
        name = canonicalize_name(name)
        raw = self._synthetic.metadata(digest, url) if self._synthetic is not None else None
        if raw is None:
            raw = self._kept(digest, url)
        if raw is None:
            try:
                raw = self._read_metadata(name, url, filename, flagged, size)
            except ArtifactError as error:
                # Another version may do, so a bad wheel must not end the whole resolution.
                self._note(name, f"{name} {number}: {error.what}, so it is not used")
                return impossible_metadata(name, number, "a-wheel-that-cannot-be-read")
            self._keep(digest, url, raw)
        return render_metadata(
            raw,
            name=name,
            version=str(parse_version(number) or number),
            python=self._target.python,
            note=lambda text: self._note(name, text),
        )

    def raw_metadata(self, file: ProjectFile) -> bytes | None:
        """Return the core metadata of a file if a run has read it before."""
        return self._kept(file.sha256 or "-", file.url)

    def _note(self, name: str, text: str) -> None:
        with self._lock:
            self.notes.setdefault(name, set()).add(text)

    def _read_metadata(
        self, name: str, url: str, filename: str, flagged: bool, size: int | None
    ) -> bytes:
        listed_by = self.index_url(name)
        if name not in self._direct:
            self._client.policy.check(url, where=filename, listed_by=listed_by)
        host = url.split("/", 3)[2] if "//" in url else url
        if flagged or (host not in self._no_metadata and not url.startswith("file:")):
            beside = self._client.read_url(
                url + ".metadata", limit=_METADATA_LIMIT, where=filename, listed_by=url
            )
            if beside is not None and beside.lstrip()[:1] not in (b"<", b""):
                return beside
            if not flagged:
                # This host does not serve metadata beside its files: do not ask again.
                self._no_metadata.add(host)
        if size is None:
            size = self._client.size_of(url, where=filename)
        try:
            if size is None:
                raise RangesNotServed("no length", where=filename, hint="download the file")
            return read_wheel_metadata(
                lambda start, stop: self._client.read_url_range(url, start, stop, where=filename),
                size,
                filename,
            )
        except RangesNotServed:
            return self._read_whole(url, filename)

    def _read_whole(self, url: str, filename: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="pyartifacts-wheel-") as directory:
            part = Path(directory, "wheel")
            self._client.download_url(url, part, where=filename)
            size = part.stat().st_size
            with part.open("rb") as stream:

                def read(start: int, stop: int) -> bytes:
                    stream.seek(start)
                    return stream.read(stop - start)

                return read_wheel_metadata(read, size, filename)

    def _path(self, digest: str, url: str) -> Path:
        name = digest if len(digest) == 64 else hashlib.sha256(url.encode()).hexdigest() + "-url"
        return self._cache / "metadata" / name[:2] / name

    def _kept(self, digest: str, url: str) -> bytes | None:
        if len(digest) != 64:
            return None
        try:
            return self._path(digest, url).read_bytes()
        except OSError:
            return None

    def _keep(self, digest: str, url: str, raw: bytes) -> None:
        if len(digest) != 64:
            return
        path = self._path(digest, url)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".metadata-")
            with open(handle, "wb") as stream:
                stream.write(raw)
            os.replace(temporary, path)
