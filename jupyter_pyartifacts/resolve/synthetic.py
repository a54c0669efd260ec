"""Synthetic wheels: what uv is shown in the place of an sdist, and what a translation of it says.

An sdist is fetched and translated when uv asks for its metadata, and not before. What came of it
is kept by the archive's digest and the translator's version: metadata and tree, or the refusal.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from packaging.version import Version

from ..errors import ArtifactError, HashMismatch
from ..filenames import SDISTS, sdist_stem
from ..index.simple import ProjectFile
from ..model import Artifact, Digest, Distribution
from ..plan import TRANSLATOR_VERSION, Pin
from ..store.storage import write_file
from .metadata import head_of

if TYPE_CHECKING:
    from ..index.client import IndexClient
    from ..store import Published

__all__ = [
    "REFUSALS",
    "Refusal",
    "SyntheticWheels",
    "Translated",
    "Translation",
    "choose_sdist",
    "synthetic_wheel",
    "underlying_sdist",
]

REFUSALS = 8
"""So many versions of a project are refused at most before uv is told to look no further back."""
_BYTES = 1 << 30
"""Bytes of sdists of one project that are fetched at most in one search."""
_AT_ONCE = 4
_SCHEME = "sdist:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an sdist is not translated: summary, place in the archive, and what to do."""

    what: str
    hint: str
    where: str | None = None

    @property
    def reason(self) -> str:
        """Return the summary without the name and version that it begins with."""
        return self.what.split(": ", 1)[-1]

    @property
    def text(self) -> str:
        """Return reason, place and hint on one line."""
        return f"{self.reason}{f' ({self.where})' if self.where else ''}. hint: {self.hint}"

    @property
    def slug(self) -> str:
        """Return the reason as a part of a project's name, for uv to show."""
        head = re.split(r"[(,;`]", self.reason)[0].lower()
        return re.sub(r"[^a-z0-9]+", "-", head).strip("-")[:60].strip("-") or "its-source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What came of an sdist: its metadata, tree, size in bytes and notes for the user."""

    digest: Digest
    size: int
    tree: Digest
    metadata: bytes
    notes: tuple[str, ...] = ()


Translated = Translation | Refusal


def choose_sdist(files: Iterable[ProjectFile]) -> ProjectFile | None:
    """Choose among the sdists of one release: not yanked, then in the usual form (PEP 625)."""

    def rank(file: ProjectFile) -> tuple[bool, int, str]:
        lower = file.filename.lower()
        form = next(n for n, suffix in enumerate(SDISTS) if lower.endswith(suffix))
        return file.yanked is not None, form, file.filename

    readable = [file for file in files if sdist_stem(file.filename) is not None]
    return min(readable, key=rank, default=None)


def synthetic_wheel(name: str, version: Version, sdist: ProjectFile) -> ProjectFile:
    """Return the entry that stands for an sdist in a page: a wheel for every platform."""
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    url = f"{_SCHEME}{quote(sdist.filename, safe='')}:{sdist.url}"
    return sdist._replace(filename=filename, url=url, metadata=False)


def underlying_sdist(url: str) -> tuple[str, str] | None:
    """Return file name and URL of the sdist behind a synthetic wheel's URL; None of others."""
    if not url.startswith(_SCHEME):
        return None
    filename, _, own = url[len(_SCHEME) :].partition(":")
    return unquote(filename), own


class SyntheticWheels:
    """Translate sdists for one search, and remember what came of each.

    `bring` fetches, checks, translates and publishes the artifact of a pin; `cache` is the
    store's cache directory.
    """

    version = TRANSLATOR_VERSION

    def __init__(
        self, client: IndexClient, *, cache: Path, bring: Callable[[Pin], Published]
    ) -> None:
        self._client = client
        self._cache = cache / "sdists" / str(self.version)
        self._bring = bring
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._spent: dict[str, int] = {}

    def known(self, file: ProjectFile) -> Translated | None:
        """Return what came of an sdist, or of its synthetic wheel, if any search has met it."""
        path = self._path(file)
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            document = json.loads(path.read_bytes())
            if "what" in document:
                return Refusal(**document)
            return Translation(
                digest=Digest(document["digest"]),
                size=int(document["size"]),
                tree=Digest(document["tree"]),
                metadata=str(document["metadata"]).encode(),
                notes=tuple(str(note) for note in document["notes"]),
            )
        return None

    def may_spend(self, name: str) -> bool:
        """Tell whether more of a project may be fetched in this search."""
        with self._lock:
            return self._spent.get(name, 0) < _BYTES

    def translate(
        self,
        name: str,
        version: str,
        file: ProjectFile,
        listed_by: str,
        *,
        is_far: Callable[[], bool] = lambda: False,
    ) -> Translated | None:
        """Return what comes of a synthetic wheel's sdist, which is fetched if it is not known.

        None if it is too far back in the project's versions by then. Raises NetworkError,
        HashMismatch, NotApproved, StoreError: those are no fault of the sdist's, and forgotten.
        """
        known = self.known(file)
        if known is not None:
            return known
        with self._turns:
            known = self.known(file)
            if known is None and is_far():
                return None
            if known is None:
                known = self._translate(name, version, file, listed_by)
                self._remember(file, known)
        return known

    def _translate(self, name: str, version: str, file: ProjectFile, listed_by: str) -> Translated:
        found = underlying_sdist(file.url)
        filename, url = found if found is not None else (file.filename, file.url)
        self._client.policy.check(url, where=filename, listed_by=listed_by)
        self._client.policy.allow_file(url)
        sha256, size = file.sha256, file.size
        if size is None and sha256 is not None:
            size = self._client.size_of(url, where=filename)
        if size is None or sha256 is None:
            sha256, size = measure(self._client, url, filename)
        with self._lock:
            self._spent[name] = self._spent.get(name, 0) + size
        artifact = Artifact(
            filename=filename,
            digest=Digest(sha256),
            size=size,
            location=url,
            translator=self.version,
        )
        own = Distribution(name=name, version=version, artifacts=(artifact,))
        try:
            published = self._bring(Pin(distribution=own, artifact=artifact))
        except HashMismatch:
            raise
        except ArtifactError as error:
            return Refusal(what=error.what, where=error.where, hint=error.hint)
        facts = published.facts
        return Translation(
            digest=artifact.digest,
            size=size,
            tree=published.tree,
            metadata=head_of((published.path / facts.dist_info / "METADATA").read_bytes()),
            notes=facts.notes,
        )

    def _path(self, file: ProjectFile) -> Path:
        # An index that tells no hash vouches for nothing but its URLs.
        found = underlying_sdist(file.url)
        url = file.url if found is None else found[1]
        key = file.sha256 or hashlib.sha256(url.encode()).hexdigest()
        return self._cache / key[:2] / f"{key}.json"

    def _remember(self, file: ProjectFile, translated: Translated) -> None:
        document = asdict(translated)
        if isinstance(translated, Translation):
            document |= {
                "digest": translated.digest.hex,
                "tree": translated.tree.hex,
                "metadata": translated.metadata.decode("utf-8", "replace"),
            }
        path = self._path(file)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, json.dumps(document).encode())


def measure(client: IndexClient, url: str, filename: str) -> tuple[str, int]:
    """Download a file that its index says too little of; return its sha256 hex and size."""
    with tempfile.TemporaryDirectory(prefix="pyartifacts-measure-") as directory:
        part = Path(directory, "file")
        digest = client.download_url(url, part, where=filename)
        return digest, part.stat().st_size
