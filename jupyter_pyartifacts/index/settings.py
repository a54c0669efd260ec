"""The default index: our own setting, else uv's configuration, else pip's."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..config import Config
from ..errors import NetworkError
from ..store.storage import write_file
from .uv import child_environ, find_uv

__all__ = ["default_index"]

_known: dict[str, str] = {}
_OPTIONS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE")


def default_index(config: Config, *, cache: Path) -> str:
    """Return the URL of the default index, credentials included, without a final slash.

    `config.index_url` wins. Then what uv is told by its variables or its user and system files,
    then pip's (`PIP_INDEX_URL`, `index-url` of its files), then uv's own default. Asking uv
    takes one short process; the answer is kept in `cache` (the store's) for as long as none of
    these changes, unless it holds credentials.
    """
    if config.index_url:
        return _checked(config.index_url)
    environ = config.environ
    key = _fingerprint(environ)
    if key not in _known:
        _known[key] = _remembered(cache, key) or _ask(environ, cache, key)
    return _known[key]


def _ask(environ: Mapping[str, str], cache: Path, key: str) -> str:
    pip = _from_pip(environ)
    if pip is not None and not _uv_is_configured(environ):
        return _checked(pip)
    found = _checked(_from_uv(environ, cache))
    if "@" not in found:
        with contextlib.suppress(OSError):
            cache.mkdir(parents=True, exist_ok=True)
            write_file(
                cache / "default-index.json", json.dumps({"key": key, "url": found}).encode()
            )
    return found


def _remembered(cache: Path, key: str) -> str | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        document = json.loads((cache / "default-index.json").read_text(encoding="utf-8"))
        if document["key"] == key:
            return str(document["url"])
    return None


def _fingerprint(environ: Mapping[str, str]) -> str:
    """Return a digest of all that the answer depends on: variables, and files by their times."""
    facts = [f"{name}={environ[name]}" for name in (*_OPTIONS, "PIP_INDEX_URL") if name in environ]
    facts += [f"{name}={environ.get(name)}" for name in ("PIP_NO_INDEX", "PIP_CONFIG_FILE")]
    files = (*_uv_files(environ), *_pip_files(environ), Path(environ.get("UV_CONFIG_FILE", "")))
    for place in (*files, Path(find_uv(environ.get("PATH")))):
        with contextlib.suppress(OSError):
            status = place.stat()
            facts.append(f"{place} {status.st_mtime_ns} {status.st_size}")
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _checked(url: str) -> str:
    url = url.strip()
    if url.startswith("/"):
        url = Path(url).as_uri()
    if not url.lower().startswith(("https://", "http://", "file:")):
        raise NetworkError(
            "the configured index is not a URL that can be read",
            expected="https://, http:// or file:",
            found=url.split("@")[-1][:100],
            hint="set PYARTIFACTS_INDEX_URL, or --index, to the URL of a Simple API",
        )
    return url.rstrip("/")


def _uv_is_configured(environ: Mapping[str, str]) -> bool:
    if any(environ.get(name) for name in _OPTIONS):
        return True
    for place in _uv_files(environ):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if "index" in place.read_text(encoding="utf-8"):
                return True
    return False


def _uv_files(environ: Mapping[str, str]) -> list[Path]:
    """List the files that uv takes a user's and a machine's settings from."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    user = environ.get("XDG_CONFIG_HOME") or (home and str(Path(home, ".config")))
    systems = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    parents = [user, environ.get("APPDATA"), environ.get("PROGRAMDATA"), *systems, "/etc"]
    return [Path(parent, "uv", "uv.toml") for parent in parents if parent]


def _from_uv(environ: Mapping[str, str], cache: Path) -> str:
    kept = {name: environ[name] for name in _OPTIONS if environ.get(name)}
    with tempfile.TemporaryDirectory(prefix="pyartifacts-index-") as directory:
        empty = Path(directory, "empty.in")
        empty.write_text("")
        command = [
            find_uv(environ.get("PATH")),
            "pip",
            "compile",
            "--emit-index-url",
            "--offline",
            f"--cache-dir={cache / 'uv'}",
            "--no-header",
            "--no-python-downloads",
            "--color=never",
            f"--python={sys.executable}",
            "--",
            str(empty),
        ]
        answer = subprocess.run(
            command,
            cwd=directory,
            env=child_environ(environ, **kept),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    for line in answer.stdout.splitlines():
        option, _, value = line.strip().partition(" ")
        if option == "--index-url" and value:
            return value.strip()
    raise NetworkError(
        "uv does not say which index it is configured for",
        details=answer.stderr,
        hint="set PYARTIFACTS_INDEX_URL, or --index, to the URL of a Simple API",
    )


def _from_pip(environ: Mapping[str, str]) -> str | None:
    if environ.get("PIP_INDEX_URL"):
        return environ["PIP_INDEX_URL"]
    if environ.get("PIP_NO_INDEX"):
        return None
    import configparser

    found: str | None = None
    for place in _pip_files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(place.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, configparser.Error):
            continue
        for section in ("global", "install", "download"):
            for name in ("index-url", "index_url"):
                if parser.has_option(section, name):
                    found = parser.get(section, name).strip() or found
    return found


def _pip_files(environ: Mapping[str, str]) -> list[Path]:
    """List pip's files, the strongest last (pip's documentation, "Location")."""
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    places = [
        Path(system, "pip", "pip.conf")
        for system in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
        if system
    ]
    places.append(Path("/etc/pip.conf"))
    if sys.platform == "darwin":
        places.append(Path("/Library/Application Support/pip/pip.conf"))
    if environ.get("PROGRAMDATA"):
        places.append(Path(environ["PROGRAMDATA"], "pip", "pip.ini"))
    if home:
        places.append(Path(home, ".pip", "pip.conf"))
        user = environ.get("XDG_CONFIG_HOME") or str(Path(home, ".config"))
        places.append(Path(user, "pip", "pip.conf"))
        if sys.platform == "darwin":
            places.append(Path(home, "Library/Application Support/pip/pip.conf"))
    if environ.get("APPDATA"):
        places.append(Path(environ["APPDATA"], "pip", "pip.ini"))
    places.append(Path(sys.prefix, "pip.ini" if os.name == "nt" else "pip.conf"))
    if environ.get("PIP_CONFIG_FILE"):
        if environ["PIP_CONFIG_FILE"] == os.devnull:
            return []
        places.append(Path(environ["PIP_CONFIG_FILE"]))
    return places
