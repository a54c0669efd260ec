"""The client of package indexes: pages, files and ranges of files, over HTTP and from disk."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from .._version import __version__
from ..config import Config
from ..errors import NetworkError, OfflineError
from ..model import Artifact, Index, Lock
from ..requirements import parse_requirement
from .credentials import Credentials
from .download import ATTEMPTS, Body, download
from .failures import (
    MISSING,
    Gone,
    ProjectNotFound,
    RangesNotServed,
    Transient,
    check_status,
    pause,
    unreachable,
)
from .files import copy_file, open_file, path_of
from .pages import PageHead
from .policy import LocationPolicy
from .projects import FRESH, MAX_PAGE, Answer, Projects
from .roots import FileRoots
from .settings import default_index
from .simple import ProjectPage
from .sources import ArtifactSources
from .transport import create_ssl_context

__all__ = ["FRESH", "IndexClient", "ProjectNotFound", "RangesNotServed"]

_MAX_FILE = 1 << 36
_REDIRECTS = {301, 302, 303, 307, 308}
T = TypeVar("T")


class IndexClient:
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
        self._projects = Projects(cache / "pages", get=self._get_page, offline=config.offline)
        self.policy = LocationPolicy(self._credentials.learn(u) for u in config.allowed_indexes)
        if directory is None:
            directory = Path(config.notebook).absolute().parent if config.notebook else Path.cwd()
        self._sources = ArtifactSources(
            policy=self.policy,
            roots=FileRoots(cache / "index.json"),
            default_index=lambda: self.default_index,
            read_page=lambda name, url: self.read_page(name, url)[1],
            directory=directory,
        )
        self.learn_root = self._sources.learn_root
        self.index_of = self._sources.index_of
        for index in indexes:
            self.allow_index(index)

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

    def allow_index(self, index: Index) -> None:
        """Allow an index beside the default one, for the projects tied to it."""
        bare = self._credentials.learn(index.url).rstrip("/")
        self._sources.add_index(replace(index, url=bare))
        self.policy.allow(bare)

    def allow_lock(self, lock: Lock) -> None:
        """Allow what an approved lock names beside the default index: indexes, URLs, files."""
        for index in lock.indexes:
            self.allow_index(index)
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
        def act() -> Answer:
            with self._open("GET", url, headers, where) as response:
                _check(response, {200, 304, *MISSING}, where)
                return Answer(
                    status=response.status_code,
                    url=_bare(response.url),
                    headers=response.headers,
                    body=_read(response.iter_bytes(), MAX_PAGE, where),
                )

        return self._retry(act, where, url)

    # Artifacts

    def fetch(self, artifact: Artifact, part: Path, on_bytes: Callable[[int], None], /) -> str:
        """Download into `part`, resuming what is there, and return the sha256 hex of it all.

        `on_bytes` is told the size of each piece that comes; should the download have to begin
        again, it is told the negative of all that is thrown away, what was there included. Raises
        NetworkError, NotApproved, and HashMismatch once more bytes come than the artifact has.
        """
        return self._from_sources(
            artifact,
            lambda url: self._download(
                url, part, on_bytes, artifact.filename, artifact.size, artifact.size
            ),
        )

    def read_range(self, artifact: Artifact, start: int, stop: int, /) -> bytes:
        """Return the bytes `start` up to, not including, `stop`.

        Raises RangesNotServed where only whole files are served, else as `fetch` does.
        """
        return self._from_sources(
            artifact, lambda url: self.read_url_range(url, start, stop, where=artifact.filename)
        )

    def _from_sources(self, artifact: Artifact, act: Callable[[str], T]) -> T:
        gone: NetworkError | None = None
        for url in self._sources.urls(artifact):
            try:
                return act(url)
            except Gone as error:
                gone = error
        raise NetworkError(
            f"{artifact.filename} is on no index that is allowed",
            where=artifact.filename,
            expected=f"a file with {artifact.digest}",
            found="nothing, neither at its location nor on its project's page",
            details=None if gone is None else gone.what,
            hint="ask whoever made the lock for the file, or upgrade the distribution",
        ) from gone

    # URLs that were listed by an index, or approved

    def read_url_range(self, url: str, start: int, stop: int, *, where: str) -> bytes:
        """Return the bytes `start` up to `stop` of a URL. Raises as `read_range` does."""
        if url.startswith("file:"):
            with open_file(url, where) as stream:
                stream.seek(start)
                return stream.read(stop - start)
        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}

        def act() -> bytes:
            with self._open("GET", url, headers, where) as response:
                if response.status_code in (200, 416):
                    raise RangesNotServed(
                        "the server sends whole files only",
                        where=where,
                        hint="download the whole file",
                    )
                _check(response, {206}, where)
                return _read(response.iter_raw(), stop - start, where)

        return self._retry(act, where, url)

    def read_url(self, url: str, *, limit: int, where: str, listed_by: str) -> bytes | None:
        """Return a small file beside what `listed_by` listed; None if it is not there."""
        self.policy.check(url, where=where, listed_by=listed_by)
        if url.startswith("file:"):
            return path_of(url).read_bytes()[:limit] if path_of(url).is_file() else None

        def act() -> bytes | None:
            with self._open("GET", url, {}, where) as response:
                if response.status_code in {403, 405, *MISSING}:
                    return None
                _check(response, {200}, where)
                return _read(response.iter_bytes(), limit, where)

        return self._retry(act, where, url)

    def size_of(self, url: str, *, where: str) -> int | None:
        """Return the size in bytes that the server declares for a URL; None if it doesn't."""
        if url.startswith("file:"):
            with open_file(url, where) as stream:
                return stream.seek(0, 2)

        def act() -> int | None:
            with self._open("HEAD", url, {"Accept-Encoding": "identity"}, where) as response:
                _check(response, {200, 403, 405, 501, *MISSING}, where)
                length = response.headers.get("content-length", "")
                return int(length) if response.status_code == 200 and length.isdigit() else None

        return self._retry(act, where, url)

    def download_url(self, url: str, part: Path, *, where: str) -> str:
        """Download a URL into `part`; return its sha256 hex."""
        return self._download(url, part, lambda _: None, where, _MAX_FILE, None)

    def _download(
        self,
        url: str,
        part: Path,
        on_bytes: Callable[[int], None],
        where: str,
        limit: int,
        size: int | None,
    ) -> str:
        if url.startswith("file:"):
            return copy_file(url, part, on_bytes, where)

        @contextlib.contextmanager
        def open_at(start: int) -> Iterator[Body]:
            headers = {"Accept-Encoding": "identity"}
            if start:
                headers["Range"] = f"bytes={start}-"
            with self._open("GET", url, headers, where) as response:
                if start and response.status_code == 416:
                    raise RangesNotServed("it is shorter", where=where, hint="begin again")
                _check(response, {200, 206} if start else {200}, where)
                length = response.headers.get("content-length", "")
                yield Body(
                    start=start if response.status_code == 206 else 0,
                    length=int(length) if length.isdigit() else None,
                    pieces=response.iter_raw(),
                )

        try:
            return download(open_at, part, on_bytes, where=where, limit=limit, size=size)
        except Transient as error:
            raise unreachable(url, where, error) from error

    # The network

    def _client(self) -> httpx.Client:
        with self._lock:
            if self._http is None:
                self._http = httpx.Client(
                    verify=create_ssl_context(self._config.environ),
                    timeout=httpx.Timeout(30.0, connect=15.0),
                    limits=httpx.Limits(max_connections=24, max_keepalive_connections=24),
                    follow_redirects=False,
                    trust_env=True,
                    headers={"User-Agent": f"jupyter_pyartifacts/{__version__}"},
                )
            return self._http

    def _retry(self, act: Callable[[], T], where: str, url: str) -> T:
        """Call `act` until it raises nothing that may pass; raise NetworkError at the end."""
        attempt = 0
        while True:
            try:
                return act()
            except Transient as failure:
                attempt += 1
                if attempt >= ATTEMPTS:
                    raise unreachable(url, where, failure) from failure
                time.sleep(pause(attempt, failure))

    @contextlib.contextmanager
    def _open(
        self, method: str, url: str, headers: Mapping[str, str], where: str
    ) -> Iterator[httpx.Response]:
        """Open one response, redirects followed under the policy.

        The one place where httpx's failures become ours: Transient for what may pass.
        """
        if self.offline:
            raise OfflineError(
                f"{where} was never fetched, and the network is switched off",
                hint="leave --offline out (or unset PYARTIFACTS_OFFLINE) once, with a network",
            )
        try:
            response = self._send(method, url, headers, where)
            try:
                yield response
            finally:
                response.close()
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.ProxyError) as error:
            raise unreachable(url, where, error) from error
        except httpx.TransportError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise unreachable(url, where, error) from error
            raise Transient(str(error) or type(error).__name__) from error

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], where: str
    ) -> httpx.Response:
        client, origin = self._client(), url
        for _ in range(10):
            found = self._credentials.find(url)
            auth = httpx.BasicAuth(*found) if found else None
            request = client.build_request(method, url, headers=headers)
            response = client.send(request, stream=True, auth=auth)
            if response.status_code not in _REDIRECTS or "location" not in response.headers:
                return response
            response.close()
            url = _bare(response.url.join(response.headers["location"]))
            self.policy.check(url, where=where, listed_by=origin)
        raise NetworkError(
            f"{urlsplit(origin).hostname} redirects without end",
            where=where,
            hint="check the URL of the index",
        )


def _bare(url: httpx.URL) -> str:
    return str(url.copy_with(username=None, password=None, fragment=None))


def _read(pieces: Iterator[bytes], limit: int, where: str) -> bytes:
    found: list[bytes] = []
    done = 0
    for piece in pieces:
        done += len(piece)
        if done > limit:
            raise NetworkError(
                "an index sends more than it should",
                where=where,
                expected=f"at most {limit} bytes",
                found="more",
                hint="check that the configured index is one",
            )
        found.append(piece)
    return b"".join(found)


def _check(response: httpx.Response, allowed: set[int], where: str) -> None:
    check_status(
        response.status_code,
        allowed,
        url=str(response.url),
        where=where,
        retry_after=response.headers.get("retry-after", ""),
    )
