"""The client of package indexes: pages, files and ranges of files, over HTTP and from disk."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, TypeVar, cast

from .._version import __version__
from ..config import Config
from ..errors import NetworkError
from ..model import Artifact, Index, Lock
from ..requirements import parse_requirement
from .archives import InterpreterArchives
from .credentials import Credentials
from .failures import (
    MISSING,
    Gone,
    Hopeless,
    ProjectNotFound,
    RangesNotServed,
    Transient,
)
from .network import Network, Reply, inflate_page
from .pages import PageHead
from .policy import LocationPolicy
from .projects import FRESH, MAX_PAGE, Answer, Projects
from .reading import UrlReader
from .roots import FileRoots
from .settings import default_index
from .simple import ProjectPage
from .sources import ArtifactSources
from .transport import create_ssl_context

if TYPE_CHECKING:
    import ssl

    import httpx

    from .bodies import Bodies

__all__ = ["FRESH", "IndexClient", "ProjectNotFound", "RangesNotServed"]

_MAX_INTERPRETER = 1 << 31
_TIMEOUT = 30.0
_QUICKLY = 3.0
"""Seconds to reach a place that a kernel's start or a lock can do without."""
_USER_AGENT = f"jupyter_pyartifacts/{__version__}"
_LOADING = threading.Lock()
T = TypeVar("T")


class IndexClient(UrlReader):
    """Fetch from the default index and the ones given; implements `plan.Fetcher`.

    `cache` is the store's cache directory. `indexes` are allowed beside the default one.
    `directory` is what `file:` locations are relative to: the notebook's. Safe to use from
    several threads; close it, or use it as a context manager.
    """

    def __init__(
        self,
        config: Config,
        *,
        cache: Path,
        indexes: tuple[Index, ...] = (),
        directory: Path | None = None,
    ) -> None:
        self._config = config
        self._cache = cache
        self._credentials = Credentials(config.environ)
        self._index_url: str | None = None
        self._lock = threading.RLock()
        self._http: httpx.Client | None = None
        self._bodies: Bodies | None = None
        self._projects = Projects(cache / "pages", get=self._get_page, offline=config.offline)
        self.policy = LocationPolicy(self._credentials.learn(u) for u in config.allowed_indexes)
        self._network = Network(
            policy=self.policy,
            credentials=self._credentials,
            offline=config.offline,
            send=self._send,
            bodies=self._open_bodies,
        )
        self._briefly = Network(
            policy=self.policy,
            credentials=self._credentials,
            offline=config.offline,
            send=partial(self._send, timeout=_QUICKLY),
            bodies=self._open_bodies,
            attempts=1,
        )
        if directory is None:
            directory = Path(config.notebook).absolute().parent if config.notebook else Path.cwd()
        self._sources = ArtifactSources(
            policy=self.policy,
            roots=FileRoots(cache / "index.json"),
            default_index=lambda: self.default_index,
            read_page=lambda name, url: self.read_page(name, url)[1],
            directory=directory,
        )
        self.archives = InterpreterArchives(
            config,
            policy=self.policy,
            directory=directory,
            learn=self._credentials.learn,
            read_url=self._read_small,
        )
        self.learn_root = self._sources.learn_root
        self.index_of = self._sources.index_of
        for index in indexes:
            self.allow_index(index)

    @classmethod
    def for_lock(
        cls, config: Config, lock: Lock, *, cache: Path, directory: Path | None
    ) -> IndexClient:
        """Return a client that may fetch what a lock names."""
        client = cls(config, cache=cache, directory=directory)
        client.allow_lock(lock)
        return client

    def __enter__(self) -> IndexClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._bodies is not None:
                self._bodies.close()
                self._bodies = None
            if self._http is not None:
                self._http.close()
                self._http = None

    # Where things are allowed to come from

    @property
    def offline(self) -> bool:
        """Tell whether the network is switched off."""
        return self._config.offline

    @property
    def default_index(self) -> str:
        """Return the URL of the default index, without credentials and final slash."""
        with self._lock:
            if self._index_url is None:
                found = default_index(self._config, cache=self._cache)
                self._index_url = self._credentials.learn(found).rstrip("/")
                self.policy.allow(self._index_url)
            return self._index_url

    def index_url(self, index: str | None) -> str:
        """Return the URL of an index by name, None for the default; raise LockError."""
        return self._sources.index_url(index)

    def learn_credentials(self, url: str) -> None:
        """Use the credentials of a URL for this run; they are never written or shown."""
        self._credentials.learn(url)

    def allow_index(self, index: Index) -> None:
        """Allow an index beside the default one, for the projects tied to it."""
        bare = self._credentials.learn(index.url).rstrip("/")
        self._sources.add_index(replace(index, url=bare))
        self.policy.allow(bare)

    def allow_lock(self, lock: Lock) -> None:
        """Allow what an approved lock names beside the default index: indexes, URLs, files."""
        for index in lock.indexes:
            self.allow_index(index)
        for distribution in lock.distributions:
            self._sources.expect(distribution.artifacts)
        for text in lock.requirements:
            requirement = parse_requirement(text)
            if requirement.kind == "url" and requirement.location:
                self.policy.allow_file(requirement.location)
            elif requirement.kind == "path" and requirement.location:
                self.policy.allow_file(self._sources.file_url(requirement.location))

    # Pages

    def project(
        self, name: str, index: str | None = None, *, max_age: float = FRESH
    ) -> ProjectPage:
        """Return the page of a project, at most `max_age` seconds old.

        Offline, a page of any age will do. Raises ProjectNotFound, NetworkError.
        """
        return self.read_page(name, self.index_url(index), max_age=max_age)[1]

    def cached_head(self, name: str, index_url: str) -> PageHead | None:
        """Return what is known of a page in the cache, without asking its index."""
        return self._projects.head(name, index_url)

    def page_digest(self, name: str, index_url: str, *, max_age: float = FRESH) -> str:
        """Return the sha256 hex of a page's body. Raises as `project` does."""
        return self._projects.digest(name, index_url, max_age=max_age)

    def read_page(
        self, name: str, index_url: str, *, max_age: float = FRESH
    ) -> tuple[str, ProjectPage]:
        """Return the digest of a page's body, and the page. Raises as `project` does."""
        return self._projects.read(name, index_url, max_age=max_age)

    def _get_page(self, url: str, headers: Mapping[str, str], where: str) -> Answer:
        def read(reply: Reply) -> Answer:
            reply.check({200, 304, *MISSING}, where)
            return Answer(
                status=reply.status,
                url=reply.url,
                headers=reply.headers,
                body=inflate_page(reply.read(MAX_PAGE, where), MAX_PAGE, where),
            )

        sent = {**headers, "Accept-Encoding": "gzip"}
        return self._network.ask("GET", url, sent, where, read, plain=True)

    # Artifacts

    def fetch(self, artifact: Artifact, part: Path, on_bytes: Callable[[int], None], /) -> str:
        """Download into `part`, resuming what is there, and return the sha256 hex of it all.

        `on_bytes` is told the size of each piece that comes; should the download have to begin
        again, it is told the negative of all that is thrown away, what was there included. Raises
        NetworkError, NotApproved, and HashMismatch once more bytes come than the artifact has.
        """
        size: int | None = artifact.size
        limit = artifact.size
        if artifact.kind == "interpreter" and not size:
            size, limit = None, _MAX_INTERPRETER
        return self._from_sources(
            artifact,
            lambda url: self._download(url, part, on_bytes, artifact.filename, limit, size),
        )

    def probe(self, artifact: Artifact) -> int | None:
        """Return the size that an artifact's place declares, None if it doesn't; asked once only.

        Raises NetworkError within seconds where the place cannot be reached.
        """
        return self._from_sources(
            artifact, lambda url: self._size_of(self._briefly, url, artifact.filename)
        )

    def read_range(self, artifact: Artifact, start: int, stop: int, /) -> bytes:
        """Return the bytes `start` up to, not including, `stop`.

        Raises RangesNotServed where only whole files are served, else as `fetch` does.
        """
        return self._from_sources(
            artifact, lambda url: self.read_url_range(url, start, stop, where=artifact.filename)
        )

    def url_of(self, artifact: Artifact) -> str:
        """Return the likeliest URL of an artifact. Raises NetworkError, NotApproved."""
        return self._from_sources(artifact, lambda url: url)

    def _from_sources(self, artifact: Artifact, act: Callable[[str], T]) -> T:
        gone: NetworkError | None = None
        places = self.archives if artifact.kind == "interpreter" else self._sources
        for url in places.urls(artifact):
            try:
                return act(url)
            except Gone as error:
                gone = error
        raise NetworkError(
            f"{artifact.filename} is nowhere where it may be fetched from",
            where=artifact.filename,
            expected=f"a file with {artifact.digest}",
            found=places.sought,
            details=None if gone is None else gone.what,
            hint="ask whoever made the lock for the file, or upgrade the distribution",
        ) from gone

    # The general way: compressed pages, HEAD, proxies of every kind

    @contextlib.contextmanager
    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        auth: tuple[str, str] | None,
        timeout: float = _TIMEOUT,
    ) -> Iterator[Reply]:
        """Send a request and yield its answer; the one place where httpx's failures become ours."""
        httpx = _load_httpx()
        try:
            with self._lock:
                if self._http is None:
                    self._http = httpx.Client(
                        verify=self._make_context(),
                        limits=httpx.Limits(max_connections=24, max_keepalive_connections=24),
                        follow_redirects=False,
                        trust_env=True,
                        headers={"User-Agent": _USER_AGENT},
                    )
            patience = httpx.Timeout(timeout, connect=min(timeout, _TIMEOUT / 3))
            request = self._http.build_request(method, url, headers=dict(headers), timeout=patience)
            response = self._http.send(
                request, stream=True, auth=httpx.BasicAuth(*auth) if auth else None
            )
            try:
                yield Reply(
                    status=response.status_code,
                    headers=response.headers,
                    pieces=response.iter_bytes(),
                )
            finally:
                response.close()
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.ProxyError) as error:
            raise Hopeless(str(error)) from error
        except httpx.TransportError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Hopeless(str(error)) from error
            raise Transient(str(error) or type(error).__name__) from error

    def _open_bodies(self) -> Bodies:
        with self._lock:
            if self._bodies is None:
                from .bodies import Bodies

                self._bodies = Bodies(
                    context=self._make_context, timeout=_TIMEOUT, user_agent=_USER_AGENT
                )
            return self._bodies

    def _make_context(self) -> ssl.SSLContext:
        return create_ssl_context(self._config.environ)


def _load_httpx() -> ModuleType:
    """Import httpx without its command line, which alone would import rich, click, pygments."""
    with _LOADING:
        if "httpx" not in sys.modules:
            # httpx is made to do without: what it needs for it is an extra of its own.
            sys.modules["httpx._main"] = cast(ModuleType, None)
            try:
                import httpx
            finally:
                del sys.modules["httpx._main"]
        import httpx
    return httpx
