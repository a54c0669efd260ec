"""The client of package indexes: pages, files and ranges of files, over HTTP and from disk."""

from __future__ import annotations

import contextlib
import hashlib
import random
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from urllib.request import url2pathname

import httpx
from packaging.utils import canonicalize_name

from .._version import __version__
from ..config import Config
from ..errors import ArtifactError, HashMismatch, LockError, NetworkError
from ..model import Artifact, Index, Lock
from ..requirements import parse_requirement
from .credentials import Credentials
from .locations import file_root, is_root_hint, url_of_hint
from .pages import CachedPage, PageCache
from .policy import LocationPolicy
from .roots import FileRoots
from .settings import default_index
from .simple import ACCEPT, ProjectFile, ProjectPage, parse_page
from .transport import create_ssl_context

__all__ = ["FRESH", "IndexClient", "ProjectNotFound", "RangesNotServed"]

FRESH = 600.0
"""Seconds for which a page is taken as current without asking (what indexes commonly declare)."""
_ATTEMPTS = 5
_MAX_PAGE = 64 << 20
_CHUNK = 1 << 20
_REDIRECTS = {301, 302, 303, 307, 308}


class RangesNotServed(NetworkError):
    """A server sends whole files only; download the file instead."""


class ProjectNotFound(NetworkError):
    """An index has no project of that name."""


class IndexClient:
    """Fetch from the default index and the ones given; implements `plan.Fetcher`.

    `cache` is the store's cache directory. `indexes` are allowed beside the default one.
    `directory` is what `file:` locations are relative to (the notebook's). Safe to use from
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
        self._credentials = Credentials(config.environ)
        self._index_url: str | None = None
        self._lock = threading.RLock()
        self._http: httpx.Client | None = None
        self._pages = PageCache(cache / "pages")
        self._roots = FileRoots(cache / "index.json")
        self._parsed: OrderedDict[tuple[str, str], tuple[str, ProjectPage]] = OrderedDict()
        self._indexes: dict[str, Index] = {}
        self.directory = directory if directory is not None else _directory_of(config.notebook)
        self.policy = LocationPolicy(self._credentials.learn(u) for u in config.allowed_indexes)
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
                self._index_url = self._credentials.learn(default_index(self._config)).rstrip("/")
                self.policy.allow(self._index_url)
            return self._index_url

    def allow_index(self, index: Index) -> None:
        """Allow an index beside the default one, for the projects tied to it."""
        bare = self._credentials.learn(index.url).rstrip("/")
        self._indexes[index.name] = Index(name=index.name, url=bare, projects=index.projects)
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
                self.policy.allow_file(self._file_url(requirement.location))

    def index_url(self, index: str | None) -> str:
        """Return the URL of an index by name, None for the default; raise LockError."""
        if index is None:
            return self.default_index
        if index not in self._indexes:
            raise LockError(
                f"the index {index} is not known here",
                expected=", ".join(sorted(self._indexes)) or "only the default index",
                found=index,
                hint="name it: --index NAME=URL, or lock again without it",
            )
        return self._indexes[index].url

    def index_of(self, name: str) -> str | None:
        """Return the name of the index that a project is tied to; None for the default."""
        for index in self._indexes.values():
            if name in index.projects:
                return index.name
        return None

    def _file_url(self, path: str) -> str:
        return Path(self.directory, Path(path).expanduser()).resolve().as_uri()

    # Pages

    def project(
        self, name: str, index: str | None = None, *, max_age: float = FRESH
    ) -> ProjectPage:
        """Return the page of a project, at most `max_age` seconds old.

        Offline, a page of any age will do. Raises ProjectNotFound, NetworkError.
        """
        return self.read_page(name, self.index_url(index), max_age=max_age)[1]

    def page_age(self, name: str, index_url: str) -> float | None:
        """Return the age in seconds of a page in the cache; None if it is not there."""
        return self._pages.age(index_url, name)

    def read_page(
        self, name: str, index_url: str, *, max_age: float = FRESH
    ) -> tuple[str, ProjectPage]:
        """Return a digest of a page's content, and the page. Raises as `project` does."""
        cached = self._pages.read(index_url, name)
        if cached is None or (cached.age > max_age and not self.offline):
            cached = self._fetch_page(name, index_url, cached)
        digest = cached.digest
        with self._lock:
            known = self._parsed.get((index_url, name))
            if known is not None and known[0] == digest:
                self._parsed.move_to_end((index_url, name))
                return known
        page = parse_page(cached.body, cached.content_type, name=name, url=cached.url)
        with self._lock:
            self._parsed[index_url, name] = digest, page
            while len(self._parsed) > 64:
                self._parsed.popitem(last=False)
        return digest, page

    def _fetch_page(self, name: str, index_url: str, cached: CachedPage | None) -> CachedPage:
        url = f"{index_url}/{quote(name)}/"
        if index_url.startswith("file:"):
            fresh = _read_file_page(index_url, name)
            self._pages.write(index_url, name, fresh)
            return fresh
        headers = {"Accept": ACCEPT}
        if cached is not None and cached.etag:
            headers["If-None-Match"] = cached.etag
        elif cached is not None and cached.last_modified:
            headers["If-Modified-Since"] = cached.last_modified
        with self._stream("GET", url, headers, where=name) as response:
            if response.status_code == 304 and cached is not None:
                self._pages.confirm(index_url, name)
                return cached
            if response.status_code in (404, 410):
                raise ProjectNotFound(
                    f"the index has no project named {name}",
                    where=index_url,
                    hint="check the spelling; the name to import often differs from the project's",
                )
            _expect(response, (200,), name)
            body = b"".join(_limited(response.iter_bytes(), _MAX_PAGE, url))
            fresh = CachedPage(
                url=str(response.url),
                content_type=response.headers.get("content-type", ""),
                etag=response.headers.get("etag"),
                last_modified=response.headers.get("last-modified"),
                body=body,
                age=0.0,
            )
        parse_page(body, fresh.content_type, name=name, url=fresh.url)
        self._pages.write(index_url, name, fresh)
        return fresh

    # Files

    def fetch(self, artifact: Artifact, part: Path, on_bytes: Callable[[int], None], /) -> str:
        """Download into `part`, resuming what is there, and return the sha256 hex of it all.

        `on_bytes` is told the size of each piece, also of what was there already; should the
        download have to begin again, it is told the negative sum first. Raises NetworkError,
        NotApproved, and HashMismatch once more bytes come than the artifact has.
        """
        return self._try_urls(artifact, lambda url: self._download(url, artifact, part, on_bytes))

    def read_range(self, artifact: Artifact, start: int, stop: int, /) -> bytes:
        """Return the bytes `start` up to, not including, `stop`.

        Raises RangesNotServed where only whole files are served, else as `fetch` does.
        """
        return self._try_urls(
            artifact, lambda url: self.read_url_range(url, start, stop, where=artifact.filename)
        )

    def read_url_range(self, url: str, start: int, stop: int, *, where: str) -> bytes:
        """Return the bytes `start` up to `stop` of a URL that was listed or approved.

        A negative `start` with `stop` 0 asks for the last bytes.
        """
        if url.startswith("file:"):
            path = _file_path(url)
            with _open_local(path, where) as stream:
                size = path.stat().st_size
                first = max(0, size + start) if start < 0 else start
                stream.seek(first)
                return bytes(stream.read((size if start < 0 else stop) - first))
        span = f"bytes={start}" if start < 0 else f"bytes={start}-{stop - 1}"
        headers = {"Range": span, "Accept-Encoding": "identity"}
        with self._stream("GET", url, headers, where=where) as response:
            if response.status_code in (200, 416):
                raise RangesNotServed(
                    "the server sends whole files only",
                    where=where,
                    hint="download the whole file",
                )
            _expect(response, (206,), where)
            limit = -start if start < 0 else stop - start
            return b"".join(_limited(response.iter_raw(), limit, url))

    def read_url(self, url: str, *, limit: int, where: str, listed_by: str) -> bytes | None:
        """Return the bytes of a small file beside what `listed_by` listed; None if absent."""
        self.policy.check(url, where=where, listed_by=listed_by)
        if url.startswith("file:"):
            path = _file_path(url)
            return path.read_bytes()[:limit] if path.is_file() else None
        with self._stream("GET", url, {}, where=where) as response:
            if response.status_code in (403, 404, 405, 410):
                return None
            _expect(response, (200,), where)
            return b"".join(_limited(response.iter_bytes(), limit, url))

    def download_url(self, url: str, part: Path, *, where: str, limit: int = 1 << 36) -> str:
        """Download a URL that was listed or approved into `part`; return its sha256 hex."""
        return self._download_bytes(url, part, lambda _: None, where=where, limit=limit, size=None)

    def size_of(self, url: str, *, where: str) -> int | None:
        """Return the size in bytes that the server declares for a URL; None if it doesn't."""
        if url.startswith("file:"):
            return _file_path(url).stat().st_size
        with self._stream("HEAD", url, {"Accept-Encoding": "identity"}, where=where) as response:
            length = response.headers.get("content-length", "")
            return int(length) if response.status_code == 200 and length.isdigit() else None

    def _try_urls(self, artifact: Artifact, action: Callable[[str], Any]) -> Any:
        gone: NetworkError | None = None
        for url in self._urls(artifact):
            try:
                return action(url)
            except _Gone as error:
                gone = error
        raise NetworkError(
            f"{artifact.filename} is on no index that is allowed",
            where=artifact.filename,
            expected=f"a file with sha256:{artifact.digest.hex}",
            found="nothing, neither at its location nor on its project's page",
            hint="ask whoever made the lock for the file, or upgrade the distribution",
        ) from gone

    def _urls(self, artifact: Artifact) -> Iterator[str]:
        """Yield where an artifact may be, likeliest first; check each against the policy."""
        name = canonicalize_name(artifact.filename.split("-", 1)[0])
        hinted = self._hinted_url(artifact, name)
        if hinted is not None:
            yield hinted
        for index in dict.fromkeys((self.index_of(name), None)):
            listed = self._listed(artifact, name, self.index_url(index))
            if listed is not None and listed.url != hinted:
                yield listed.url

    def _hinted_url(self, artifact: Artifact, name: str) -> str | None:
        location = artifact.location
        if location.startswith("file:"):
            url = location
            if not location.startswith("file:///"):
                url = self._file_url(unquote(location[5:]))
                notebook = self.directory.resolve().as_uri() + "/"
                if url.startswith(notebook):
                    return url
            self.policy.check(url, where=artifact.filename)
            return url
        if location.startswith(("https://", "http://")):
            _ = self.default_index
            if not self.policy.allows(location) and self.index_of(name) is not None:
                return None  # its own index may list it, wherever that keeps its files
            self.policy.check(location, where=artifact.filename)
            return location
        if not is_root_hint(location) and not location.startswith(("./", "../")):
            raise LockError(
                "an artifact has a location of a kind that is not known",
                where=artifact.filename,
                expected="aa/bb/<60 hexadecimal digits>, ./path, ../path, https: or file:",
                found=location[:120],
                hint="lock again, or restore the lock from the notebook's history",
            )
        url_or_none = url_of_hint(
            location,
            artifact.filename,
            index_url=self.default_index,
            root=self._root(artifact, name) if is_root_hint(location) else None,
        )
        if url_or_none is not None:
            self.policy.check(url_or_none, where=artifact.filename, listed_by=self.default_index)
        return url_or_none

    def _root(self, artifact: Artifact, name: str) -> str | None:
        """Return the file root of the default index, learned from one page the first time."""
        index_url = self.default_index
        root = self._roots.get(index_url)
        if root is None:
            with self._lock:
                root = self._roots.get(index_url)
                if root is None:
                    listed = self._listed(artifact, name, index_url)
                    root = file_root(listed.url) if listed is not None else None
                    if root is not None:
                        self._roots.put(index_url, root)
        return root

    def learn_root(self, index_url: str, file_url: str) -> None:
        """Keep the file root that a listed URL shows, if it has that layout."""
        root = file_root(file_url)
        if root is not None and self._roots.get(index_url) != root:
            self._roots.put(index_url, root)

    def _listed(self, artifact: Artifact, name: str, index_url: str) -> ProjectFile | None:
        try:
            page = self.read_page(name, index_url, max_age=FRESH)[1]
        except ProjectNotFound:
            return None
        for file in page.files:
            if file.sha256 == artifact.digest.hex or (
                file.sha256 is None and file.filename == artifact.filename
            ):
                self.policy.check(file.url, where=file.filename, listed_by=index_url)
                return file
        return None

    def _download(
        self, url: str, artifact: Artifact, part: Path, on_bytes: Callable[[int], None]
    ) -> str:
        return self._download_bytes(
            url,
            part,
            on_bytes,
            where=artifact.filename,
            limit=artifact.size,
            size=artifact.size,
        )

    def _download_bytes(
        self,
        url: str,
        part: Path,
        on_bytes: Callable[[int], None],
        *,
        where: str,
        limit: int,
        size: int | None,
    ) -> str:
        if url.startswith("file:"):
            return _copy_local(_file_path(url), part, on_bytes, where)
        hasher = hashlib.sha256()
        done = _rehash(part, hasher, limit)
        if done:
            on_bytes(done)
        attempt = 0
        while True:
            before = done
            try:
                if size is not None and done == size:
                    return hasher.hexdigest()
                headers = {"Accept-Encoding": "identity"}
                if done:
                    headers["Range"] = f"bytes={done}-"
                with self._stream("GET", url, headers, where=where, retry=False) as response:
                    status = response.status_code
                    if done and status != 206:
                        # Ranges are not served, or the file is another: begin again.
                        on_bytes(-done)
                        hasher, done = hashlib.sha256(), 0
                        part.unlink(missing_ok=True)
                        if status != 200:
                            raise _Transient(f"HTTP {status} for a range")
                    _expect(response, (200, 206), where)
                    with part.open("ab", buffering=0) as sink:
                        for piece in response.iter_raw():
                            done += len(piece)
                            if done > limit:
                                raise _too_long(where, limit)
                            sink.write(piece)
                            hasher.update(piece)
                            on_bytes(len(piece))
                    declared = response.headers.get("content-length")
                    if size is None and (declared is None or done - before >= int(declared)):
                        return hasher.hexdigest()
                if size is not None and done < size and status in (200, 206) and declared:
                    if done - (before if status == 206 else 0) >= int(declared):
                        return hasher.hexdigest()  # shorter than pinned: the caller says so
            except (httpx.TransportError, _Transient) as error:
                attempt = 1 if done > before else attempt + 1
                if attempt >= _ATTEMPTS:
                    raise _unreachable(url, where, error) from error
                time.sleep(_pause(attempt))

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

    @contextlib.contextmanager
    def _stream(
        self, method: str, url: str, headers: dict[str, str], *, where: str, retry: bool = True
    ) -> Iterator[httpx.Response]:
        """Open one response: redirects followed under the policy, failures to connect retried."""
        if self.offline:
            raise NetworkError(
                f"{where} is not here, and the network is switched off",
                where=where,
                hint="leave --offline out (or unset PYARTIFACTS_OFFLINE) once, with a network",
            )
        attempt = 0
        while True:
            try:
                response = self._send(method, url, headers, where)
                if response.status_code in (429, 500, 502, 503, 504):
                    after = response.headers.get("retry-after", "")
                    response.close()
                    raise _Transient(
                        f"HTTP {response.status_code}",
                        after=min(float(after), 20.0) if after.isdigit() else None,
                    )
                break
            except (httpx.TransportError, _Transient) as error:
                attempt += 1
                if not retry:
                    raise
                if attempt >= _ATTEMPTS or isinstance(error, httpx.UnsupportedProtocol):
                    raise _unreachable(url, where, error) from error
                time.sleep(getattr(error, "after", None) or _pause(attempt))
            except httpx.InvalidURL as error:
                raise _unreachable(url, where, error) from error
        try:
            yield response
        except httpx.TransportError as error:
            if retry:
                raise _unreachable(url, where, error) from error
            raise
        finally:
            response.close()

    def _send(self, method: str, url: str, headers: dict[str, str], where: str) -> httpx.Response:
        client, origin = self._client(), url
        for _ in range(10):
            found = self._credentials.find(url)
            auth = httpx.BasicAuth(*found) if found else None
            request = client.build_request(method, url, headers=headers)
            response = client.send(request, stream=True, auth=auth)
            if response.status_code not in _REDIRECTS or "location" not in response.headers:
                return response
            target = response.url.join(response.headers["location"]).copy_with(fragment=None)
            response.close()
            url = str(target.copy_with(username=None, password=None))
            self.policy.check(url, where=where, listed_by=origin)
        raise NetworkError(
            "a server redirects without end",
            where=where,
            hint="check the URL of the index",
        )


class _Gone(NetworkError):
    """A file is not where it was."""


class _Transient(Exception):
    """A failure that may pass."""

    def __init__(self, text: str, after: float | None = None) -> None:
        super().__init__(text)
        self.after = after


def _pause(attempt: int) -> float:
    return min(8.0, 0.2 * 2**attempt) * (0.5 + random.random())  # noqa: S311


def _expect(response: httpx.Response, allowed: tuple[int, ...], where: str) -> None:
    status = response.status_code
    if status in allowed:
        return
    host = response.url.host
    if status in (404, 410):
        raise _Gone(f"{host} no longer has {where}", where=where, hint="lock again")
    if status in (401, 403, 407):
        raise NetworkError(
            f"{host} refuses access",
            where=where,
            found=f"HTTP {status}",
            hint="put user and password for this host into your netrc file, or into the URL of"
            " the configured index",
        )
    raise NetworkError(
        f"{host} answered with an error",
        where=where,
        found=f"HTTP {status} {response.reason_phrase}".strip(),
        hint="try again later, or set another index: PYARTIFACTS_INDEX_URL",
    )


def _unreachable(url: str, where: str, error: Exception) -> NetworkError:
    host = urlsplit(url).netloc.rpartition("@")[2]
    text = str(error) or type(error).__name__
    certificate = "CERTIFICATE_VERIFY_FAILED" in text
    return NetworkError(
        f"{host} cannot be reached",
        where=where,
        details=re.sub(r"://[^/@\s]+@", "://***@", text),
        hint="name your certificate authority's file in SSL_CERT_FILE"
        if certificate
        else "check the network and the proxy (HTTPS_PROXY), or work from what is stored:"
        " --offline",
    )


def _too_long(where: str, limit: int) -> HashMismatch:
    return HashMismatch(
        f"{where} is longer than its lock says",
        where=where,
        expected=f"{limit} bytes",
        found=f"more than {limit} bytes",
        hint="do not trust this index; lock again if the lock is wrong",
    )


def _limited(pieces: Iterator[bytes], limit: int, url: str) -> Iterator[bytes]:
    done = 0
    for piece in pieces:
        done += len(piece)
        if done > limit:
            raise NetworkError(
                "an index sends more than it should",
                where=url.rsplit("/", 2)[-1] or urlsplit(url).path,
                expected=f"at most {limit} bytes",
                found="more",
                hint="check that the configured index is one",
            )
        yield piece


def _rehash(part: Path, hasher: Any, limit: int) -> int:
    """Hash what an earlier download left; return its length, 0 if there is nothing of use."""
    try:
        if part.stat().st_size > limit:
            part.unlink()
            return 0
        done = 0
        with part.open("rb", buffering=0) as stream:
            while piece := stream.read(_CHUNK):
                hasher.update(piece)
                done += len(piece)
        return done
    except FileNotFoundError:
        return 0


def _directory_of(notebook: str | None) -> Path:
    return Path(notebook).absolute().parent if notebook else Path.cwd()


def _file_path(url: str) -> Path:
    return Path(url2pathname(urlsplit(url).path))


def _open_local(path: Path, where: str) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise _Gone(
            f"{where} cannot be read",
            where=str(path),
            details=str(error),
            hint="put the file back, or upgrade the distribution",
        ) from error


def _copy_local(path: Path, part: Path, on_bytes: Callable[[int], None], where: str) -> str:
    hasher = hashlib.sha256()
    with _open_local(path, where) as stream, part.open("wb", buffering=0) as sink:
        while piece := stream.read(_CHUNK):
            sink.write(piece)
            hasher.update(piece)
            on_bytes(len(piece))
    return hasher.hexdigest()


def _read_file_page(index_url: str, name: str) -> CachedPage:
    base = _file_path(index_url)
    for candidate, kind in (
        (base / name / "index.json", "application/vnd.pypi.simple.v1+json"),
        (base / name / "index.html", "text/html"),
    ):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return CachedPage(
                url=f"{index_url}/{quote(name)}/",
                content_type=kind,
                etag=None,
                last_modified=None,
                body=candidate.read_bytes(),
                age=0.0,
            )
    if not base.is_dir():
        raise ArtifactError(
            "the configured index is no directory",
            where=str(base),
            hint="set PYARTIFACTS_INDEX_URL to a directory that holds NAME/index.html",
        )
    raise ProjectNotFound(
        f"the index has no project named {name}",
        where=index_url,
        hint="check the spelling; the name to import often differs from the project's",
    )
