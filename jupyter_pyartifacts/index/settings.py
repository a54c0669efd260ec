"""The default index: our own setting, else uv's configuration, else pip's."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..config import Config
from ..errors import NetworkError
from .uv import child_environ, find_uv

__all__ = ["default_index"]

_known: dict[tuple[tuple[str, str], ...], str] = {}


def default_index(config: Config) -> str:
    """Return the URL of the default index, credentials included, without a final slash.

    `config.index_url` wins. Then what uv is told by its variables or its user and system files,
    then pip's (`PIP_INDEX_URL`, `index-url` of its files), then uv's own default. Asking uv
    takes one short process; the answer is kept for this process.
    """
    if config.index_url:
        return _checked(config.index_url)
    environ = config.environ
    key = tuple(
        sorted((k, v) for k, v in environ.items() if k.startswith(("UV_", "PIP_", "XDG_", "HOME")))
    )
    if key not in _known:
        pip = _from_pip(environ)
        if pip is None or _uv_is_configured(environ):
            _known[key] = _checked(_from_uv(environ))
        else:
            _known[key] = _checked(pip)
    return _known[key]


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
    if any(environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE")):
        return True
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    user = environ.get("XDG_CONFIG_HOME") or (home and str(Path(home, ".config")))
    places = [Path(user, "uv", "uv.toml")] if user else []
    if environ.get("APPDATA"):
        places.append(Path(environ["APPDATA"], "uv", "uv.toml"))
    if environ.get("PROGRAMDATA"):
        places.append(Path(environ["PROGRAMDATA"], "uv", "uv.toml"))
    systems = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    places += [Path(system, "uv", "uv.toml") for system in systems if system]
    places.append(Path("/etc/uv/uv.toml"))
    for place in places:
        try:
            if "index" in place.read_text(encoding="utf-8"):
                return True
        except (OSError, UnicodeDecodeError):
            continue
    return False


def _from_uv(environ: Mapping[str, str]) -> str:
    kept = {
        name: environ[name]
        for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE")
        if environ.get(name)
    }
    with tempfile.TemporaryDirectory(prefix="pyartifacts-index-") as directory:
        empty = Path(directory, "empty.in")
        empty.write_text("")
        command = [
            find_uv(environ.get("PATH")),
            "pip",
            "compile",
            "--emit-index-url",
            "--offline",
            "--no-cache",
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
