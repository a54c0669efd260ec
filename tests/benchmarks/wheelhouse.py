"""The wheels of the benchmarks: resolved once from the default index, then kept in a directory.

Beside the wheels it keeps the index's own pages of these projects (every version, every file), so
that resolving costs what it costs against the real index. Pages are cut at `SNAPSHOT`: whoever
runs this later resolves the same versions.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomllib
from packaging.markers import Marker

from jupyter_pyartifacts.index.uv import find_uv
from jupyter_pyartifacts.platforms import (
    DEFAULT_PLATFORMS,
    best_wheel,
    identify_platform,
    marker_environment,
    wheel_rank,
)

SNAPSHOT = "2026-11-20T00:00:00Z"
REQUIREMENTS = Path(__file__).parent / "requirements"
FULL = platform.python_version()
MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
HOST = identify_platform(sys.platform, os.uname().machine)
# What is locked for every platform needs the wheels of every platform; the rest the host's only.
SETS: Mapping[str, tuple[str, ...]] = {
    "science": (HOST,),
    "notebook": (HOST,),
    "large": (HOST,),
    "pandas": DEFAULT_PLATFORMS,
    "hundred": DEFAULT_PLATFORMS,
    "grown": DEFAULT_PLATFORMS,
}
_LAYOUT = "3"
_JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """One wheel that a set needs."""

    project: str
    version: str
    filename: str
    url: str
    sha256: str
    platforms: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Wheelhouse:
    """A directory with `files/`, `pages/` and `sets/`, complete for every set."""

    root: Path

    @property
    def files(self) -> Path:
        """The wheels and, beside each, its metadata."""
        return self.root / "files"

    @property
    def pages(self) -> Path:
        """The index's page of each project, as JSON."""
        return self.root / "pages"

    def hashed(self, name: str) -> Path:
        """Return the requirements file of a set: one `name==version --hash=...` a line."""
        return self.root / "sets" / f"{name}.txt"

    def pins(self, name: str) -> dict[str, str]:
        """Return the versions of a set on this host, by project."""
        lines = self.hashed(name).read_text().split("\n")
        return dict(line.split()[0].split("==") for line in lines if line)


def default_cache() -> Path:
    """Return where the wheelhouse is kept unless told otherwise."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("jupyter-pyartifacts-benchmarks"))


def words(name: str) -> list[str]:
    """Return the requirements of a set as a user would type them."""
    return (REQUIREMENTS / f"{name}.in").read_text().split()


def open_wheelhouse(root: Path) -> Wheelhouse:
    """Open the wheelhouse in `root`, filling it first where it is not there or out of date."""
    wheelhouse = Wheelhouse(root=root)
    stamp = _stamp()
    done = root / "complete"
    if done.is_file() and done.read_text() == stamp:
        return wheelhouse
    for directory in (wheelhouse.files, wheelhouse.pages, root / "sets"):
        directory.mkdir(parents=True, exist_ok=True)
    wheels: dict[str, Wheel] = {}
    for name, platforms in SETS.items():
        chosen = _resolved(root, name, platforms)
        wheels.update({wheel.filename: wheel for wheel in chosen})
        wheelhouse.hashed(name).write_text(
            "".join(
                f"{wheel.project}=={wheel.version} --hash=sha256:{wheel.sha256}\n"
                for wheel in chosen
                if HOST in wheel.platforms
            )
        )
    _download(wheelhouse, wheels.values())
    _record_pages(wheelhouse, sorted({wheel.project for wheel in wheels.values()}))
    done.write_text(stamp)
    return wheelhouse


def _stamp() -> str:
    parts = [_LAYOUT, SNAPSHOT, FULL, HOST]
    parts += [f"{name} {words(name)} {SETS[name]}" for name in SETS]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _uv(*arguments: str, cwd: Path) -> str:
    environ = {key: value for key, value in os.environ.items() if key != "PIP_FIND_LINKS"}
    return subprocess.run(
        [find_uv(), *arguments],
        cwd=cwd,
        env=environ,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def default_index(cwd: Path) -> str:
    """Return the URL of the index that this user's uv is configured for."""
    empty = cwd / "empty.in"
    empty.write_text("")
    told = _uv("pip", "compile", str(empty), "--emit-index-url", "--offline", "-q", cwd=cwd)
    found = re.search(r"^--index-url (\S+)$", told, re.M)
    if found is None:
        raise SystemExit("uv names no default index")
    return found[1].rstrip("/")


def _resolved(root: Path, name: str, platforms: Iterable[str]) -> list[Wheel]:
    print(f"resolving {name}", file=sys.stderr, flush=True)
    output = root / "sets" / f"pylock.{name}.toml"
    output.unlink(missing_ok=True)  # uv would prefer what it finds there
    source = REQUIREMENTS / f"{name}.in"
    _uv(
        *("pip", "compile", "-q", "--universal", "--python-version", FULL, "--no-build"),
        *("--exclude-newer", SNAPSHOT, "--format", "pylock.toml", "-o", str(output)),
        str(source),
        cwd=root,
    )
    wheels = []
    for package in tomllib.loads(output.read_text())["packages"]:
        wheels += _chosen(package, platforms)
    return sorted(wheels, key=lambda wheel: (wheel.project, wheel.filename))


def _chosen(package: Mapping[str, Any], platforms: Iterable[str]) -> list[Wheel]:
    by_name = {urlsplit(each["url"]).path.rsplit("/")[-1]: each for each in package["wheels"]}
    users: dict[str, set[str]] = {}
    for name in platforms:
        environment = marker_environment(name, FULL, sys.implementation.name)
        if "marker" in package and not Marker(package["marker"]).evaluate(environment):
            continue
        best = best_wheel(by_name, name, MINOR)
        if best is not None:
            users.setdefault(best, set()).add(name)
    return [
        Wheel(
            project=package["name"],
            version=package["version"],
            filename=filename,
            url=by_name[filename]["url"],
            sha256=by_name[filename]["hashes"]["sha256"],
            platforms=frozenset(platforms),
        )
        for filename, platforms in users.items()
    ]


def _download(wheelhouse: Wheelhouse, wheels: Iterable[Wheel]) -> None:
    import httpx

    missing = [wheel for wheel in wheels if not (wheelhouse.files / wheel.filename).is_file()]
    print(f"downloading {len(missing)} wheels", file=sys.stderr, flush=True)
    with httpx.Client(timeout=60, follow_redirects=True) as client:

        def fetch(wheel: Wheel) -> None:
            content = client.get(wheel.url).raise_for_status().content
            found = hashlib.sha256(content).hexdigest()
            if found != wheel.sha256:
                raise SystemExit(f"{wheel.filename}: expected {wheel.sha256}, found {found}")
            target = wheelhouse.files / wheel.filename
            part = target.with_suffix(".part")
            part.write_bytes(content)
            target.with_name(f"{wheel.filename}.metadata").write_bytes(_metadata(part))
            part.rename(target)

        with ThreadPoolExecutor(4) as pool:
            for _ in pool.map(fetch, missing):
                pass


def _metadata(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        (name,) = (
            name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)
        )
        return archive.read(name)


def _record_pages(wheelhouse: Wheelhouse, projects: Iterable[str]) -> None:
    import httpx

    index = default_index(wheelhouse.root)
    print("recording pages", file=sys.stderr, flush=True)
    with httpx.Client(headers={"Accept": _JSON}, timeout=60, follow_redirects=True) as client:
        for project in projects:
            answer = client.get(f"{index}/{project}/").raise_for_status()
            page = _cut(answer.json(), wheelhouse.files)
            (wheelhouse.pages / f"{project}.json").write_text(json.dumps(page))


def _cut(page: dict[str, Any], files: Path) -> dict[str, Any]:
    """Drop what is newer than the snapshot, and name the files by their path on the host.

    Of a release that is here only the host's wheel that is here stays, so that both sides take it
    (uv would take one for a newer glibc where there is one).
    A release's wheels have the same metadata but for oddities, so each wheel without its own here
    is given that of a wheel of the same version; `_metadata` tells the server which.
    """
    kept = [each for each in page["files"] if each.get("upload-time", "") <= SNAPSHOT]
    here = {_version(each) for each in kept if (files / each["filename"]).is_file()}
    kept = [
        each
        for each in kept
        if _version(each) not in here
        or (files / each["filename"]).is_file()
        or wheel_rank(each["filename"], HOST, MINOR) is None
    ]
    known: dict[str, tuple[str, str]] = {}
    for each in kept:
        each["url"] = urlsplit(each["url"]).path
        metadata = files / f"{each['filename']}.metadata"
        if metadata.is_file():
            digest = hashlib.sha256(metadata.read_bytes()).hexdigest()
            known[_version(each)] = known[each["filename"]] = (metadata.name, digest)
    for each in kept:
        found = known.get(each["filename"]) or known.get(_version(each))
        if found and each["filename"].endswith(".whl"):
            each["_metadata"], each["core-metadata"] = found[0], {"sha256": found[1]}
    return {**page, "files": kept}


def _version(file: Mapping[str, Any]) -> str:
    return "-".join(str(file["filename"]).split("-")[:2]).lower()
