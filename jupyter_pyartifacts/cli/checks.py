"""The checks of `doctor`: each looks at one thing and says what it found."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packaging.requirements import Requirement

from .._version import __version__
from ..config import Config
from ..errors import PyArtifactsError
from ..sizes import human_size
from ..store.layout import FACTS, Layout
from .call import Call
from .kernelspec import PROVISIONER, KernelSpecFile

if TYPE_CHECKING:
    from ..store import Store

__all__ = ["Finding", "installation_checks", "notebook_checks"]

_LITTLE_SPACE = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found; `hint` says what to do where `state` is not `right`."""

    state: Literal["right", "note", "wrong"]
    what: str
    found: str
    hint: str | None = None


def installation_checks(config: Config) -> Iterator[Finding]:
    """Check the installation and the store, one finding after the other."""
    yield Finding(
        state="right",
        what="jupyter_pyartifacts",
        found=f"{__version__}, Python {sys.version.split()[0]} at {sys.executable}",
    )
    yield from _dependencies()
    yield _uv()
    yield _provisioner()
    yield _kernelspec()
    yield _data_file(
        "server extension",
        Path("etc", "jupyter", "jupyter_server_config.d", "jupyter_pyartifacts.json"),
    )
    yield _data_file(
        "Lab extension", Path("share", "jupyter", "labextensions", "jupyter-pyartifacts")
    )
    yield _data_file(
        "magic in stock kernels", Path("etc", "ipython", "startup", "50-jupyter-pyartifacts.py")
    )
    yield _engine(config)
    yield from _stores(config)
    yield Finding(state="right", what="trust policy", found=config.trust)
    if config.offline:
        yield Finding(
            state="note",
            what="network",
            found="switched off",
            hint="unset PYARTIFACTS_OFFLINE to use it",
        )


def _engine(config: Config) -> Finding:
    from ..engine.address import is_switched_off
    from ..engine.control import find_engines

    if is_switched_off(config.environ):
        found = "switched off by PYARTIFACTS_ENGINE"
    else:
        running = find_engines()
        found = "none is running; commands load everything themselves"
        if running:
            found = f"process {running[0].pid} runs commands, {running[0].served} so far"
    return Finding(state="right", what="engine", found=found)


def notebook_checks(call: Call) -> Iterator[Finding]:
    """Check one notebook: can it be read, does its lock serve here, may it be used."""
    from ..report import NullReporter
    from ..service import Engine

    try:
        document = call.document()
        if document.lock_document is None:
            yield Finding(
                state="note",
                what="notebook",
                found=f"{document.path} has no lock",
                hint="give it one: jupyter pyartifacts add NOTEBOOK REQUIREMENT...",
            )
            return
        engine = Engine(call.config, NullReporter())
        listed = engine.show(document).to_event()
    except PyArtifactsError as error:
        yield Finding(state="wrong", what="notebook", found=error.what, hint=error.hint)
        return
    yield Finding(
        state="right",
        what="notebook",
        found=f"{len(listed['distributions'])} distributions for {listed['python']}",
    )
    here = engine.platform
    covered = here in listed["platforms"]
    yield Finding(
        state="right" if covered else "wrong",
        what="platforms of the lock",
        found=", ".join(listed["platforms"]),
        hint=None
        if covered
        else f"lock again for this machine: jupyter pyartifacts lock NOTEBOOK --platform {here}",
    )
    yield Finding(
        state="right" if listed["trusted"] else "note",
        what="trust",
        found="approved" if listed["trusted"] else "not approved",
        hint=None if listed["trusted"] else "look at it with show; jupyter pyartifacts trust",
    )


def _dependencies() -> Iterator[Finding]:
    """Compare what is installed with what we ask for: an upgrade elsewhere may have broken it."""
    try:
        wanted = requires("jupyter_pyartifacts") or []
    except PackageNotFoundError:
        yield Finding(
            state="wrong",
            what="installation",
            found="jupyter_pyartifacts is not installed, only importable",
            hint="install it: pip install jupyter_pyartifacts",
        )
        return
    for line in wanted:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            found = "not installed"
        if found == "not installed" or not requirement.specifier.contains(found, prereleases=True):
            yield Finding(
                state="wrong",
                what=f"dependency {requirement.name}",
                found=f"{found}, wanted {requirement.specifier}",
                hint="install jupyter_pyartifacts again: pip install --upgrade jupyter_pyartifacts",
            )


def _uv() -> Finding:
    try:
        from uv import find_uv_bin

        return Finding(state="right", what="uv", found=f"{version('uv')} at {find_uv_bin()}")
    except (ImportError, PackageNotFoundError, OSError) as error:
        return Finding(
            state="wrong",
            what="uv",
            found=str(error),
            hint="install it again: pip install --force-reinstall uv",
        )


def _provisioner() -> Finding:
    names = {point.name for point in entry_points(group="jupyter_client.kernel_provisioners")}
    there = PROVISIONER in names
    return Finding(
        state="right" if there else "wrong",
        what="kernel provisioner",
        found="registered" if there else "not registered",
        hint=None if there else "install jupyter_pyartifacts again: its entry points are missing",
    )


def _kernelspec() -> Finding:
    file = KernelSpecFile(sys.prefix)
    try:
        state = file.state()
    except PyArtifactsError as error:
        return Finding(state="wrong", what="headless tools", found=error.what, hint=error.hint)
    if os.environ.get("JUPYTER_DEFAULT_PROVISIONER_NAME") == PROVISIONER:
        return Finding(
            state="right",
            what="headless tools",
            found=f"enabled by JUPYTER_DEFAULT_PROVISIONER_NAME={PROVISIONER}",
        )
    if state == "enabled":
        return Finding(state="right", what="headless tools", found=f"enabled in {file.path}")
    if state == "lost":
        return Finding(
            state="wrong",
            what="headless tools",
            found=f"no longer enabled: {file.path} was written anew, as an upgrade of ipykernel "
            "does",
            hint="run jupyter pyartifacts enable again",
        )
    found = "another provisioner is set" if state == "foreign" else "not enabled"
    return Finding(
        state="note",
        what="headless tools",
        found=f"{found} in {file.path}",
        hint="for nbclient, nbconvert and papermill: jupyter pyartifacts enable",
    )


def _data_file(what: str, path: Path) -> Finding:
    place = Path(sysconfig.get_path("data"), path)
    if place.exists():
        return Finding(state="right", what=what, found=str(place))
    return Finding(
        state="note",
        what=what,
        found=f"not there: {place}",
        hint="an editable install has no data files; pip install jupyter_pyartifacts brings them",
    )


def _stores(config: Config) -> Iterator[Finding]:
    from ..store import Store

    store = Store.from_config(config)
    for number, layout in enumerate(store.layers[1:], 2):
        # Without stores of one's own, the one below is the environment's.
        yield _layer(
            f"store layer {number}" if config.stores else "store of this environment", layout
        )
    yield from _writable(store.root)
    yield from _quota(store)


def _layer(what: str, layout: Layout) -> Finding:
    """Look into a read-only layer: is it there, and may this user read what is in it."""
    from ..store.sharing import owner_of

    try:
        os.listdir(layout.root)
        names = os.listdir(layout.artifacts) if layout.artifacts.is_dir() else []
        for name in names[:1]:
            (layout.artifacts / name / FACTS).read_bytes()
    except FileNotFoundError:
        return Finding(
            state="wrong",
            what=what,
            found=f"no directory {layout.root}",
            hint="correct PYARTIFACTS_STORE or --store",
        )
    except OSError as error:
        return Finding(
            state="wrong",
            what=what,
            found=f"{layout.root} cannot be read: {error.strerror}",
            hint=f"{owner_of(layout.root)} can open it to you: chmod -R a+rX {layout.root}",
        )
    return Finding(state="right", what=what, found=f"{layout.root}, {len(names)} artifacts")


def _quota(store: Store) -> Iterator[Finding]:
    limit = store.quota.limit
    if limit is None:
        return
    used = store.quota.used()
    tight = used > limit * 0.9
    yield Finding(
        state="note" if tight else "right",
        what="store quota",
        found=f"{human_size(used)} of {human_size(limit)} in use",
        hint="free some space: jupyter pyartifacts gc" if tight else None,
    )


def _writable(root: Path) -> Iterator[Finding]:
    place = root
    while not place.exists():
        place = place.parent
    try:
        with tempfile.NamedTemporaryFile(prefix=".pyartifacts-", dir=place) as file:
            linked = f"{file.name}-link"
            os.link(file.name, linked)
            os.unlink(linked)
        links = "hard links work"
    except PermissionError:
        yield Finding(
            state="wrong",
            what="store",
            found=f"{place} is read-only",
            hint="make it writable, or choose another store with PYARTIFACTS_STORE",
        )
        return
    except OSError:
        links = "no hard links: files are copied"
    free = shutil.disk_usage(place).free
    little = free < _LITTLE_SPACE
    yield Finding(
        state="note" if little else "right",
        what="store",
        found=f"{root}, {free / 1e9:.1f} GB free, {links}",
        hint="free some space: jupyter pyartifacts gc" if little else None,
    )
