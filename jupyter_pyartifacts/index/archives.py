"""Where an interpreter's archive may be fetched from: a mirror or the table's root, nothing else.

A lock says which archive by its hash and where below a root; the root is never the lock's to
choose. It comes from the settings (a mirror) or from the table of Pythons.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, unquote

from ..config import Config
from ..errors import NotApproved, UsageError
from ..model import Artifact
from .policy import LocationPolicy
from .pythons import PythonTable, locate, parse_table

__all__ = ["InterpreterArchives"]

_BELOW = re.compile(r"(?!.*(?:^|/|%2[fF])(?:\.|%2[eE]){1,2}(?:/|%2[fF]|$))[!-.0-9;-~][!-~]*\Z")
_MAX_TABLE = 64 << 20


class InterpreterArchives:
    """Turn the archives of interpreters into URLs; safe to use from several threads.

    `learn` keeps a URL's credentials and returns it without, `read_url(url, limit, where)` reads a
    small file; `directory` is what `file:` locations are relative to: the notebook's.
    """

    def __init__(
        self,
        config: Config,
        *,
        policy: LocationPolicy,
        directory: Path,
        learn: Callable[[str], str],
        read_url: Callable[[str, int, str], bytes],
    ) -> None:
        self._config = config
        self._policy = policy
        self._directory = directory
        self._learn = learn
        self._read_url = read_url
        self._lock = threading.Lock()
        self._table: PythonTable | None = None

    def table(self) -> PythonTable:
        """Return the table of Pythons, read at the first call. Raises UsageError, NetworkError."""
        with self._lock:
            if self._table is None:
                self._table = self._read_table()
            return self._table

    sought = "nothing, neither in the mirror that is set nor where the table of Pythons says"

    def urls(self, artifact: Artifact) -> Iterator[str]:
        """Yield where an archive may be, likeliest first; raise NotApproved for a foreign place."""
        location, refused = artifact.location, None
        if location.startswith("file:"):
            try:
                yield self._local(artifact)
            except NotApproved as error:
                refused = error
            location = ""
        elif location and (not _BELOW.match(location) or ":" in location.partition("/")[0]):
            raise NotApproved(
                "an interpreter's archive lies outside the places that are allowed, so nothing was"
                " fetched",
                where=artifact.filename,
                expected="a path below the root of a mirror, or file: and a path",
                found=location[:200],
                hint="lock again; archives come from a mirror (PYARTIFACTS_PYTHON_MIRROR), from"
                " the table of Pythons, or from a file that you name by --python",
            )
        yield from self._elsewhere(artifact, location)
        if refused is not None:
            raise refused

    def _elsewhere(self, artifact: Artifact, location: str) -> Iterator[str]:
        if self._mirror is not None:
            if location:
                yield locate(self._mirror, artifact)
            yield f"{self._mirror}{quote(artifact.filename)}"
            return
        listed = self.table().url_of(artifact.digest)
        if listed is not None:
            yield listed
        if location and self.table().root:
            hinted = locate(self.table().root, artifact)
            if hinted != listed:
                yield hinted

    @cached_property
    def _mirror(self) -> str | None:
        """Return the root of the mirror that is configured, as a URL that ends in `/`."""
        text = self._config.python_mirror
        if text is None:
            return None
        return self._learn(_url(text, "PYARTIFACTS_PYTHON_MIRROR")).rstrip("/") + "/"

    def _local(self, artifact: Artifact) -> str:
        """Return the URL of a `file:` location: beside the notebook, or allowed by name."""
        text = artifact.location[len("file:") :]
        path = Path(self._directory, unquote(text.removeprefix("//"))).resolve()
        url = path.as_uri()
        if not url.startswith(self._directory.resolve().as_uri().rstrip("/") + "/"):
            self._policy.check(url, where=artifact.filename)
        return url

    def _read_table(self) -> PythonTable:
        text = self._config.python_table
        if text is None:
            return parse_table(_own_table().read_bytes(), where="pbs_installer/versions.json")
        url = self._learn(_url(text, "PYARTIFACTS_PYTHON_TABLE"))
        return parse_table(self._read_url(url, _MAX_TABLE, url), where=url, base=url)


def _own_table() -> Path:
    """Return the path of the table that comes along; its package itself is not imported."""
    spec = find_spec("pbs_installer")
    if spec is None or spec.origin is None:
        raise UsageError(
            "the table of Pythons is missing",
            expected="the distribution pbs-installer",
            hint="install it again where jupyter_pyartifacts is installed: pip install"
            " pbs-installer",
        )
    return Path(spec.origin).with_name("versions.json")


def _url(text: str, setting: str) -> str:
    if re.match(r"(?i)(https?://|file:)", text):
        return text
    if "://" in text:
        raise UsageError(
            f"{setting} is not a place that can be read",
            expected="https://, http://, file: or the path of a file or directory",
            found=text.rpartition("@")[2][:120],
            hint=f"correct {setting}",
        )
    return Path(text).expanduser().absolute().as_uri()
