"""Where an artifact may be fetched from: its location hint first, then its project's page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from ..errors import LockError
from ..filenames import parse_sdist_name
from ..model import Artifact, Index
from .failures import ProjectNotFound
from .locations import file_root, is_root_hint, url_of_hint
from .policy import LocationPolicy
from .roots import FileRoots
from .simple import ProjectFile, ProjectPage

__all__ = ["ArtifactSources"]


class ArtifactSources:
    """Turn artifacts into URLs, likeliest first, each checked against the policy.

    `read_page(name, index_url)` looks a project up. `directory` is what `file:` locations are
    relative to. Safe to use from several threads.
    """

    def __init__(
        self,
        *,
        policy: LocationPolicy,
        roots: FileRoots,
        default_index: Callable[[], str],
        read_page: Callable[[str, str], ProjectPage],
        directory: Path,
    ) -> None:
        self._policy = policy
        self._roots = roots
        self._default_index = default_index
        self._read_page = read_page
        self._lock = threading.Lock()
        self._indexes: dict[str, Index] = {}
        self._locked: list[Artifact] = []
        self.directory = directory

    # Indexes beside the default one

    def add_index(self, index: Index) -> None:
        """Take an index, whose URL holds no credentials, for the projects tied to it."""
        self._indexes[index.name] = index

    def index_url(self, name: str | None) -> str:
        """Return the URL of an index by name, None for the default; raise LockError."""
        if name is None:
            return self._default_index()
        if name not in self._indexes:
            raise LockError(
                f"the index {name} is not known here",
                expected=", ".join(sorted(self._indexes)) or "only the default index",
                found=name,
                hint="name it: --index NAME=URL, or lock again without it",
            )
        return self._indexes[name].url

    def index_of(self, project: str) -> str | None:
        """Return the name of the index that a project is tied to; None for the default."""
        for index in self._indexes.values():
            if project in {canonicalize_name(own) for own in index.projects}:
                return index.name
        return None

    # Artifacts

    def expect(self, artifacts: Iterable[Artifact]) -> None:
        """Hear of artifacts that may be asked for: any of them can show where all are."""
        self._locked += artifacts

    sought = "nothing, neither at its location nor on its project's page"

    def urls(self, artifact: Artifact) -> Iterator[str]:
        """Yield where an artifact may be; raise NotApproved for a location not allowed.

        The page is looked up only when the caller comes back for more: a hint that leads nowhere
        must not make an artifact unreachable, for its digest is its identity.
        """
        project = _project_of(artifact)
        hinted = self._hinted(artifact, project)
        if hinted is not None:
            yield hinted
        for index in dict.fromkeys((self.index_of(project), None)):
            listed = self._listed(artifact, project, self.index_url(index))
            if listed is not None and listed.url != hinted:
                yield listed.url

    def file_url(self, path: str) -> str:
        """Return the URL of a path that is relative to the notebook's directory."""
        return Path(self.directory, Path(path).expanduser()).resolve().as_uri()

    def learn_root(self, index_url: str, file_url: str) -> None:
        """Keep the file root that a listed URL shows, if it has that layout."""
        root = file_root(file_url)
        if root is not None and self._roots.get(index_url) != root:
            self._roots.put(index_url, root)

    def _hinted(self, artifact: Artifact, project: str) -> str | None:
        location = artifact.location
        if location.startswith("file:"):
            return self._local(artifact)
        default = self._default_index()
        if location.startswith(("https://", "http://")):
            if not self._policy.allows(location) and self.index_of(project) is not None:
                return None  # its own index may list it, wherever that keeps its files
            self._policy.check(location, where=artifact.filename)
            return location
        if not is_root_hint(location) and not location.startswith(("./", "../")):
            raise LockError(
                "an artifact has a location of a kind that is not known",
                where=artifact.filename,
                expected="aa/bb/<60 hexadecimal digits>, ./path, ../path, https: or file:",
                found=location[:120],
                hint="lock again, or restore the lock from the notebook's history",
            )
        root = self._root(artifact, default) if is_root_hint(location) else None
        url = url_of_hint(location, artifact.filename, index_url=default, root=root)
        if url is not None:
            self._policy.check(url, where=artifact.filename, listed_by=default)
        return url

    def _local(self, artifact: Artifact) -> str:
        """Return the URL of a `file:` location: beside the notebook, or allowed by name."""
        if artifact.location.startswith("file:///"):
            url = artifact.location
        else:
            url = self.file_url(unquote(artifact.location[len("file:") :]))
        if not url.startswith(self.directory.resolve().as_uri().rstrip("/") + "/"):
            self._policy.check(url, where=artifact.filename)
        return url

    def _root(self, artifact: Artifact, index_url: str) -> str | None:
        """Return the file root of the default index, learned from one page the first time.

        Everything waits for that page, so it is a short one: small projects have few files.
        """
        root = self._roots.get(index_url)
        if root is None:
            with self._lock:
                root = self._roots.get(index_url)
                if root is None:
                    own = [each for each in self._locked if is_root_hint(each.location)]
                    small = min(own, key=lambda each: each.size, default=artifact)
                    for each in dict.fromkeys((small, artifact)):
                        listed = self._listed(each, _project_of(each), index_url)
                        root = file_root(listed.url) if listed is not None else None
                        if root is not None:
                            self._roots.put(index_url, root)
                            break
        return root

    def _listed(self, artifact: Artifact, project: str, index_url: str) -> ProjectFile | None:
        try:
            page = self._read_page(project, index_url)
        except ProjectNotFound:
            return None
        for file in page.files:
            if file.sha256 == artifact.digest.hex or (
                file.sha256 is None and file.filename == artifact.filename
            ):
                self._policy.check(file.url, where=file.filename, listed_by=index_url)
                return file
        return None


def _project_of(artifact: Artifact) -> str:
    if artifact.kind == "sdist":
        named = parse_sdist_name(artifact.filename)
        if named is not None:
            return named[0]
    return canonicalize_name(artifact.filename.split("-", 1)[0])
