"""The catalog behind the loopback index: which index answers for a name, and how fresh."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name
from packaging.version import Version

from ..errors import ArtifactError, NetworkError, PyArtifactsError
from ..filenames import parse_version, sdist_stem
from ..index.client import IndexClient, ProjectNotFound, RangesNotServed
from ..index.simple import ProjectFile, ProjectPage
from ..store.storage import write_file
from .freshness import Freshness
from .metadata import head_of, impossible_metadata, is_reason, render_metadata
from .offer import (
    FORMAT,
    Facts,
    Offer,
    best_wheels,
    by_version,
    decode_source,
    encode_source,
    make_offer,
)
from .served import Served
from .synthetic import (
    REFUSALS,
    Refusal,
    SyntheticWheels,
    Translated,
    choose_sdist,
    underlying_sdist,
)
from .target import Target

__all__ = ["Catalog"]

_METADATA_LIMIT = 16 << 20
_NAMED = 300
"""How many projects are named on one command line, whose length systems limit."""


class Catalog:
    """Answer for every project from exactly one index, or from the wheels the user gave.

    `direct` holds the pages of projects that the user gave wheels of: nothing else is seen of
    them. `ties` maps a project to the URL of the index it is taken from. `slot` is the secret of
    the port it is served on. `key` names everything that what is answered depends on.
    """

    def __init__(
        self,
        client: IndexClient,
        target: Target,
        *,
        cache: Path,
        direct: Mapping[str, ProjectPage],
        ties: Mapping[str, str],
        freshness: Freshness,
        hashes: Mapping[str, frozenset[str]] = MappingProxyType({}),
        slot: str = "",
        synthetic: SyntheticWheels | None = None,
    ) -> None:
        self.target = target
        self._client = client
        self._cache = cache / "metadata"
        self._direct = dict(direct)
        self._ties = dict(ties)
        self._freshness = freshness
        self._hashes = dict(hashes)
        self._synthetic = synthetic
        self._lock = threading.Lock()
        self._reading: dict[str, threading.Lock] = {}
        self._bare_hosts: set[str] = set()
        self.key = self._make_key()
        place = hashlib.sha256(slot.encode()).hexdigest()[:8]
        self.served = Served(cache / "served" / f"{self.key}-{place}.json")

    def _make_key(self) -> str:
        facts = {
            "format": FORMAT,
            "index": self._client.default_index,
            "python": self.target.python,
            "implementation": self.target.implementation,
            "as_of": self.target.as_of,
            "direct": {
                name: sorted(f"{file.filename} {file.sha256}" for file in page.files)
                for name, page in self._direct.items()
            },
            "ties": self._ties,
            "synthetic": self._synthetic.version if self._synthetic else None,
        }
        if self._hashes:
            facts["hashes"] = {name: sorted(own) for name, own in self._hashes.items()}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    # Pages

    def index_url(self, name: str) -> str:
        """Return the URL of the one index that answers for a project."""
        return self._ties.get(name) or self._client.default_index

    def page_digest(self, name: str) -> str:
        """Return the digest of a project's page, made current first."""
        if name in self._direct:
            return "direct"
        age = self._freshness.ask(name)
        return self._client.page_digest(name, self.index_url(name), max_age=age)

    def offer(self, name: str) -> tuple[str, Offer]:
        """Return the digest of a project's page, and what uv may be shown of it."""
        digest, page = self.page(name)
        offer = make_offer(
            page, self.target, translates=self._translates if self._synthetic is not None else None
        )
        return digest, offer

    def _translates(self, sdist: ProjectFile, beside: bool) -> bool:
        """Tell whether uv is shown a synthetic wheel: beside wheels only until it is refused."""
        return not (beside and self.refusal(sdist) is not None)

    def page(self, name: str) -> tuple[str, ProjectPage]:
        """Return the digest of a project's page, and the page."""
        if is_reason(name):
            raise ProjectNotFound(
                f"{name} is no project", hint="it says why another one cannot be used"
            )
        if name in self._direct:
            return "direct", self._direct[name]
        age = self._freshness.ask(name)
        digest, page = self._client.read_page(name, self.index_url(name), max_age=age)
        allowed = self._hashes.get(name)
        if allowed is None:
            return digest, page
        # A file whose hash the index does not tell is hashed later, and refused then.
        kept = (file for file in page.files if file.sha256 is None or file.sha256 in allowed)
        return digest, page._replace(files=tuple(kept))

    def is_current(self, name: str) -> bool:
        """Tell whether uv last saw a project's page as fresh as it has to be."""
        if name in self._direct:
            return True
        seen, index_url = self.served.get(name), self.index_url(name)
        if index_url.startswith("file:"):
            try:
                return seen is not None and self._client.page_digest(name, index_url) == seen[0]
            except NetworkError:
                return False
        head = self._client.cached_head(name, index_url)
        if seen is None or head is None or seen[0] != head.digest:
            return False
        return self._client.offline or self._freshness.accepts(name, head.age)

    def to_refresh(self) -> tuple[str, ...] | None:
        """Return the projects whose page uv must not take from its cache; None for all of them.

        uv's copies never age by themselves, so that it need not ask about every one each time.
        """
        if not self.served.is_sure:
            return None
        names = tuple(
            name
            for name in self.served.names()
            if not self._freshness.keeps(name) and not self.is_current(name)
        )
        return names if len(names) <= _NAMED else None

    def facts(self, name: str) -> Facts:
        """Return the facts of what uv saw of a project."""
        seen = self.served.get(name)
        return seen[1] if seen is not None else Facts()

    def newest(self, name: str) -> str | None:
        """Return the newest version that uv may choose, as far as refusals are known."""
        facts = self.facts(name)
        usable = (
            own.version for own in facts.made if not own.beside and self.refusal(own.file) is None
        )
        found = [v for v in (facts.newest, next(usable, None)) if v is not None]
        return max(found, key=Version, default=None)

    # Sdists

    def translate(self, name: str, version: str, file: ProjectFile) -> Translated | None:
        """Return what comes of a synthetic wheel's sdist; None of any other file.

        Raises as `SyntheticWheels.translate` does.
        """
        if self._synthetic is None or underlying_sdist(file.url) is None:
            return None
        return self._synthetic.translate(name, version, file, self.index_url(name))

    def translates(self, file: ProjectFile) -> bool:
        """Tell whether a file is an sdist that may do where there is no wheel."""
        readable = sdist_stem(file.filename) is not None
        return readable and self._synthetic is not None and self.refusal(file) is None

    def refusal(self, file: ProjectFile) -> Refusal | None:
        """Return why an sdist, or the one behind a synthetic wheel, was refused if it was."""
        known = self._synthetic.known(file) if self._synthetic is not None else None
        return known if isinstance(known, Refusal) else None

    def refused(self, name: str) -> tuple[tuple[str, Refusal], ...]:
        """Return the newest versions of a project that are known to be refused, newest first."""
        every = ((own.version, self.refusal(own.file)) for own in self.facts(name).made)
        return tuple((version, why) for version, why in every if why is not None)

    def all_refused(self, name: str) -> tuple[tuple[str, Refusal], ...]:
        """Return all versions of a project that are known to be refused, newest first."""
        try:
            _, page = self.page(name)
        except PyArtifactsError:
            return ()
        every = by_version(page, self.target)
        newest_first = sorted(every, reverse=True)
        sdists = ((v, choose_sdist(f for f in every[v] if f.is_sdist)) for v in newest_first)
        known = ((str(v), self.refusal(sdist)) for v, sdist in sdists if sdist is not None)
        return tuple((version, why) for version, why in known if why is not None)

    def withhold(self, name: str) -> None:
        """Have uv see the page anew, without what was refused since it saw it."""
        self._freshness.release({name})
        self.served.put(name, "", self.facts(name))

    def _synthetic_metadata(self, name: str, number: str, file: ProjectFile) -> tuple[bytes, bool]:
        wheels, _ = best_wheels(self._files_of(name, number), self.target.minor)
        if wheels:
            # The wheels beside it say the same, and whether it is needed is not known yet.
            beside = wheels[0]
            return self.metadata(beside.sha256 or "-", encode_source(beside), beside.filename)
        if self._synthetic is None:
            return impossible_metadata(name, number, "source-is-not-translated"), False
        made = self._synthetic.translate(
            name,
            number,
            file,
            self.index_url(name),
            is_far=lambda: self._is_far_back(name, number),
        )
        if made is None:
            return impossible_metadata(name, number, "too-many-newer-versions-are-refused"), False
        if isinstance(made, Refusal):
            return impossible_metadata(name, number, made.slug), True
        digest = made.digest.hex
        self._keep(digest, "", made.metadata)
        return self._render(made.metadata, name, number, digest, made.notes), True

    def _files_of(self, name: str, number: str) -> tuple[ProjectFile, ...]:
        return tuple(self.page(name)[1].versions().get(Version(number), ()))

    def _is_far_back(self, name: str, number: str) -> bool:
        """Tell whether so many newer versions are refused that looking on would have no end."""
        if self._synthetic is None or not self._synthetic.may_spend(name):
            return True
        newer = [own for own, _ in self.refused(name) if Version(own) > Version(number)]
        return len(newer) >= REFUSALS

    # Metadata

    def metadata(self, digest: str, source: str, filename: str) -> tuple[bytes, bool]:
        """Return the core metadata that uv reads of a wheel, and whether that stays so."""
        flagged, size, url = decode_source(source)
        name, number = _project(filename)
        if underlying_sdist(url) is not None:
            own = ProjectFile(filename, url, digest if len(digest) == 64 else None, size)
            return self._synthetic_metadata(name, number, own)
        # What is got ready for uv and what uv asks for meanwhile may be the same.
        with self._lock:
            key = digest if len(digest) == 64 else url
            reading = self._reading.setdefault(key, threading.Lock())
        with reading:
            raw = self._kept(digest)
            if raw is None:
                try:
                    raw = self._read_metadata(name, url, filename, flagged, size)
                except ArtifactError as error:
                    # Another version may do: a bad wheel must not end the whole resolution.
                    self._keep(digest, ".notes", f"{error.what}, so it is not used".encode())
                    return impossible_metadata(name, number, "a-wheel-that-cannot-be-read"), True
                # Descriptions are most of the bytes, and nobody asks for them here.
                self._keep(digest, "", head_of(raw))
        return self._render(raw, name, number, digest, ()), True

    def _render(
        self, raw: bytes, name: str, number: str, digest: str, remarks: tuple[str, ...]
    ) -> bytes:
        notes = list(remarks)
        answer = render_metadata(
            raw, name=name, version=number, python=self.target.python, note=notes.append
        )
        if notes:
            self._keep(digest, ".notes", "\n".join(notes).encode())
        return answer

    def kept_metadata(self, digest: str) -> bytes | None:
        """Return the core metadata of the wheel with a sha256, if any run has read it."""
        return self._kept(digest)

    def kept_notes(self, digest: str) -> tuple[str, ...]:
        """Return what was changed about a wheel's metadata so that uv could read it."""
        try:
            text = self._path(digest, ".notes").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ()
        return tuple(text.splitlines())

    def _read_metadata(
        self, name: str, url: str, filename: str, flagged: bool, size: int | None
    ) -> bytes:
        from .wheelmeta import read_wheel_metadata

        if name not in self._direct:
            self._client.policy.check(url, where=filename, listed_by=self.index_url(name))
        host = urlsplit(url).netloc
        if flagged or (host and host not in self._bare_hosts):
            beside = self._client.read_url(
                url + ".metadata", limit=_METADATA_LIMIT, where=filename, listed_by=url
            )
            if beside is not None and beside.lstrip()[:1] not in (b"<", b"{", b""):
                return beside
            if not flagged:
                # This host does not serve metadata beside its files (PEP 658): don't ask again.
                self._bare_hosts.add(host)
        try:
            if size is None:
                size = self._client.size_of(url, where=filename)
            if size is None:
                return self._read_whole(url, filename)
            return read_wheel_metadata(
                lambda start, stop: self._client.read_url_range(url, start, stop, where=filename),
                size,
                filename,
            )
        except RangesNotServed:
            return self._read_whole(url, filename)

    def _read_whole(self, url: str, filename: str) -> bytes:
        from .wheelmeta import read_wheel_metadata

        with tempfile.TemporaryDirectory(prefix="pyartifacts-wheel-") as directory:
            part = Path(directory, "wheel")
            self._client.download_url(url, part, where=filename)
            size = part.stat().st_size
            with part.open("rb") as stream:

                def read(start: int, stop: int) -> bytes:
                    stream.seek(start)
                    return stream.read(stop - start)

                return read_wheel_metadata(read, size, filename)

    def _path(self, digest: str, suffix: str) -> Path:
        return self._cache / digest[:2] / f"{digest}{suffix}"

    def _kept(self, digest: str) -> bytes | None:
        if len(digest) != 64:
            return None
        try:
            return self._path(digest, "").read_bytes()
        except OSError:
            return None

    def _keep(self, digest: str, suffix: str, content: bytes) -> None:
        if len(digest) != 64:
            return
        path = self._path(digest, suffix)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, content)


def _project(filename: str) -> tuple[str, str]:
    """Return the canonical name and the version of a wheel's file name."""
    name, number = filename.split("-")[:2]
    version = parse_version(number)
    return canonicalize_name(name), number if version is None else str(version)
