"""Assembling a view: a venv-shaped directory (PEP 405) of links into the store."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from ..errors import PlatformError, StoreError
from ..model import Digest, Environment, InterpreterInUse
from ..plan import Pin, plan_digest
from ..store import Facts, Published, Store, storage_errors
from ..store.layout import VIEW_RECORD
from .linking import Source, link_file, merge
from .pth import VIEW_PTH, is_startup_file, select_lines
from .scripts import (
    PIP_PACKAGE,
    has_python_shebang,
    render_config,
    render_pip_module,
    render_pip_script,
    render_script,
    rewrite_shebang,
)

__all__ = ["assemble_view", "build_view", "find_view", "view_environment"]

_WINDOWS = sys.platform == "win32"
BIN = "Scripts" if _WINDOWS else "bin"
_EXE = ".exe" if _WINDOWS else ""
INSTALLER = b"pyartifacts\n"


def site_packages(interpreter: InterpreterInUse) -> str:
    """Return the place of site-packages below a view, joined by `/`."""
    if _WINDOWS:
        return "Lib/site-packages"
    name = "pypy" if interpreter.implementation == "pypy" else "python"
    return f"lib/{name}{interpreter.minor}/site-packages"


def view_environment(
    path: Path | str, digest: Digest, interpreter: InterpreterInUse, notes: Iterable[str] = ()
) -> Environment:
    """Describe the view at `path`; nothing is looked up."""
    return Environment(
        path=str(path),
        python=f"{path}/{BIN}/python{_EXE}",
        site_packages=f"{path}/{site_packages(interpreter)}",
        interpreter=interpreter.path,
        version=interpreter.version,
        digest=str(digest),
        notes=tuple(notes),
    )


def find_view(digest: Digest, interpreter: InterpreterInUse, *, store: Store) -> Environment | None:
    """Return the view of a plan if it is there, at the cost of one `stat` for each root.

    A view gets its name whole, so that its interpreter is there says that all of it is.
    """
    for layout in store.layers:
        environment = view_environment(layout.view(digest), digest, interpreter)
        try:
            os.stat(environment.python)
        except OSError:
            continue
        return environment
    return None


def assemble_view(
    pins: Iterable[Pin],
    published: Mapping[Digest, Published],
    interpreter: InterpreterInUse,
    *,
    store: Store,
) -> Environment:
    """Return the view of these pins, assembled if it is not there.

    `published` has each pin's artifact by its archive's digest. Two processes may do it at once:
    one assembles, the other waits for it. Raises ArtifactError where two artifacts have
    different files of the same name, StoreError if the store cannot be written.
    """
    pins = sorted(pins, key=lambda pin: pin.distribution.name)
    digest = plan_digest(pins, interpreter.identity)
    found = find_view(digest, interpreter, store=store)
    if found is not None:
        return found
    key = f"view-{digest.hex}"
    with store.hold(key):
        found = find_view(digest, interpreter, store=store)
        if found is not None:
            return found
        final = store.layout.view(digest)
        temporary = store.temporary(key)
        try:
            with storage_errors(store.root):
                notes = build_view(temporary, final, pins, published, interpreter)
                if os.path.lexists(final):
                    # A view whose interpreter went away.
                    stale = store.temporary(f"{key}.stale")
                    os.rename(final, stale / "view")
                    store.discard(stale)
                os.rename(temporary, final)
        except BaseException:
            store.discard(temporary)
            raise
    return view_environment(final, digest, interpreter, notes)


def build_view(
    here: Path,
    final: Path,
    pins: Iterable[Pin],
    published: Mapping[Digest, Published],
    interpreter: InterpreterInUse,
) -> tuple[str, ...]:
    """Fill the empty directory `here` with what will be the view at `final`; return notes.

    Raises OSError, and ArtifactError where two artifacts have different files of one name.
    """
    assembly = _Assembly(here, final, interpreter)
    assembly.make([(pin, published[pin.artifact.digest]) for pin in pins])
    return tuple(assembly.notes)


class _Assembly:
    """One view in the making at `here`, which will be at `final`."""

    def __init__(self, here: Path, final: Path, interpreter: InterpreterInUse) -> None:
        self._here = str(here)
        self._python = f"{final}/{BIN}/python{_EXE}"
        self._bin = f"{here}/{BIN}"
        self._interpreter = interpreter
        self._site = f"{here}/{site_packages(interpreter)}"
        self._cache_tag = interpreter.cache_tag or (
            f"{interpreter.implementation}-{interpreter.minor.replace('.', '')}"
        )
        self._scripts: dict[str, str] = {}
        self._left_out: list[str] = []
        self.notes: list[str] = []

    def make(self, parts: list[tuple[Pin, Published]]) -> None:
        """Fill the view. Raises OSError, ArtifactError."""
        os.makedirs(self._site)
        os.mkdir(self._bin)
        self._link_interpreter()
        pairs = [(pin.distribution.name, artifact) for pin, artifact in parts]
        self._fill_site(pairs)
        for name, artifact in pairs:
            self._fill_dist_info(artifact)
            self._fill_scripts(name, artifact)
        self._fill_prefix(pairs)
        if not any(canonicalize_name(name) == "pip" for name, _ in pairs):
            self._stand_in_for_pip()
        record = {
            "format": 1,
            "interpreter": self._interpreter.path,
            "version": self._interpreter.version,
            "artifacts": sorted(pin.artifact.digest.hex for pin, _ in parts),
            "notes": self.notes,
            "left_out": self._left_out,
        }
        self._write(f"{self._here}/{VIEW_RECORD}", json.dumps(record, indent=1).encode())

    def _write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        try:
            written = os.write(handle, data)
            while written < len(data):
                written += os.write(handle, data[written:])
        finally:
            os.close(handle)

    def _link_interpreter(self) -> None:
        real = self._interpreter.path
        home = os.path.dirname(real)
        config = render_config(home, real, self._interpreter.version)
        self._write(f"{self._here}/pyvenv.cfg", config)
        if _WINDOWS:  # pragma: no cover - needs Windows
            self._copy_launchers(home)
            return
        os.symlink(real, f"{self._bin}/python")
        for name in ("python3", f"python{self._interpreter.minor}"):
            os.symlink("python", f"{self._bin}/{name}")
        if sys.maxsize > 2**32 and sys.platform == "linux":
            # As `venv` does: some systems look there for platform-dependent modules.
            os.symlink("lib", f"{self._here}/lib64")

    def _copy_launchers(self, home: str) -> None:  # pragma: no cover - needs Windows
        folder = f"{home}/Lib/venv/scripts/nt"
        for name, sources in (
            ("python.exe", ("venvlauncher.exe", "python.exe")),
            ("pythonw.exe", ("venvwlauncher.exe", "pythonw.exe")),
        ):
            source = next((s for s in sources if os.path.exists(f"{folder}/{s}")), None)
            if source is None:
                raise PlatformError(
                    "the interpreter has no launcher for environments",
                    where=folder,
                    hint="use an interpreter that has the module venv",
                )
            link_file(f"{folder}/{source}", f"{self._bin}/{name}")

    def _fill_site(self, pairs: list[tuple[str, Published]]) -> None:
        entries: list[tuple[str, Source]] = []
        real: set[str] = set()
        lines: list[str] = []
        for name, artifact in pairs:
            facts = artifact.facts
            real.update(facts.real)
            tree = str(artifact.path)
            places = [(tree, facts.tops)]
            places += [
                (f"{tree}/{_data_folder(facts)}/{scheme}", names)
                for scheme, names in facts.data
                if scheme in ("purelib", "platlib")
            ]
            folders: list[str] = []
            for folder, names in places:
                folders.append(folder)
                for entry in names:
                    plain = entry.rstrip("/")
                    if is_startup_file(plain):
                        if not plain.endswith(".pth"):
                            self.notes.append(f"{name}: {plain} is not run at start")
                        continue
                    path = f"{folder}/{plain}"
                    entries.append((plain, Source(facts.label, path, entry != plain)))
            for filename, content in facts.pth:
                kept, notes = select_lines(
                    canonicalize_name(name),
                    filename,
                    content,
                    lambda path, folders=folders: any(  # type: ignore[misc]
                        os.path.isdir(f"{folder}/{path}") for folder in folders
                    ),
                )
                lines += kept
                self.notes += notes
        merge(self._site, entries, real=frozenset(real), cache_tag=self._cache_tag)
        if lines:
            text = "".join(f"{line}\n" for line in dict.fromkeys(lines))
            self._write(f"{self._site}/{VIEW_PTH}", text.encode())

    def _fill_dist_info(self, artifact: Published) -> None:
        facts = artifact.facts
        target = f"{self._site}/{facts.dist_info}"
        os.mkdir(target)
        source = f"{artifact.path}/{facts.dist_info}"
        entries = [
            (
                entry.rstrip("/"),
                Source(facts.label, f"{source}/{entry.rstrip('/')}", entry[-1] == "/"),
            )
            for entry in facts.dist_info_entries
            if entry != "INSTALLER"
        ]
        merge(target, entries)
        self._write(f"{target}/INSTALLER", INSTALLER)

    def _fill_scripts(self, name: str, artifact: Published) -> None:
        facts = artifact.facts
        for _, points in facts.entry_points:
            for script, target in points:
                if self._claim(script, name):
                    self._write_script(script, target)
        for script in dict(facts.data).get("scripts", ()):
            if script.endswith("/"):
                self.notes.append(f"{name}: the directory {script} among its scripts is left out")
                continue
            path = f"{artifact.path}/{_data_folder(facts)}/scripts/{script}"
            if not self._claim(script, name):
                self._left_out.append(f"{facts.name}: {BIN}/{script}")
                continue
            with open(path, "rb") as stream:
                head = stream.read(256)
                if has_python_shebang(head):
                    data = rewrite_shebang(head + stream.read(), self._python)
                    self._write(f"{self._bin}/{script}", data, 0o755)
                elif os.access(path, os.X_OK) or _WINDOWS:
                    link_file(path, f"{self._bin}/{script}")
                else:
                    self._write(f"{self._bin}/{script}", head + stream.read(), 0o755)

    def _claim(self, script: str, name: str) -> bool:
        """Take a script's name; what an earlier distribution has stays its own."""
        key = script.lower()
        if key in (".", "..") or key.removesuffix(".exe") in _interpreter_names(self._interpreter):
            self.notes.append(f"{name}: its script {script} would replace the interpreter")
            return False
        owner = self._scripts.setdefault(key, name)
        if owner != name:
            self.notes.append(f"{name}: its script {script} is left out, {owner} has one too")
        return owner == name and not os.path.lexists(f"{self._bin}/{script}")

    def _write_script(self, script: str, target: str) -> None:
        data = render_script(self._python, target)
        if _WINDOWS:  # pragma: no cover - needs Windows
            self._write(f"{self._bin}/{script}-script.py", data)
            command = f'@"%~dp0python.exe" "%~dp0{script}-script.py" %*\r\n'
            self._write(f"{self._bin}/{script}.cmd", command.encode())
            return
        self._write(f"{self._bin}/{script}", data, 0o755)

    def _fill_prefix(self, pairs: list[tuple[str, Published]]) -> None:
        """Spread `.data/data` over the prefix and `.data/headers` below `include`."""
        entries: list[tuple[str, Source]] = []
        headers: list[tuple[str, Source]] = []
        for name, artifact in pairs:
            facts = artifact.facts
            for scheme, names in facts.data:
                folder = f"{artifact.path}/{_data_folder(facts)}/{scheme}"
                if scheme == "data":
                    for entry in names:
                        plain = entry.rstrip("/")
                        source = Source(facts.label, f"{folder}/{plain}", entry != plain)
                        if os.path.lexists(f"{self._here}/{plain}"):
                            self._fill_taken(facts.name, plain, source)
                        else:
                            entries.append((plain, source))
                elif scheme == "headers":
                    headers.append((facts.name, Source(facts.label, folder, True)))
                elif scheme not in ("purelib", "platlib", "scripts"):
                    self.notes.append(f"{name}: its files for {scheme!r} are left out")
        merge(self._here, entries)
        if headers:
            include = f"{self._here}/include/site/python{self._interpreter.minor}"
            os.makedirs(include)
            merge(include, headers)

    def _fill_taken(self, owner: str, name: str, source: Source) -> None:
        """Add what a distribution wants in a directory that the view already has (`bin`)."""
        for folder, folders, files in os.walk(source.path):
            below = os.path.relpath(folder, source.path)
            place = os.path.normpath(f"{self._here}/{name}/{below}")
            for entry in folders:
                os.makedirs(f"{place}/{entry}", exist_ok=True)
            for entry in files:
                if os.path.lexists(f"{place}/{entry}"):
                    inside = os.path.normpath(f"{name}/{below}/{entry}")
                    self.notes.append(f"{source.label}: its {inside} is left out")
                    self._left_out.append(f"{owner}: {inside}")
                else:
                    link_file(f"{folder}/{entry}", f"{place}/{entry}")

    def _stand_in_for_pip(self) -> None:
        if not os.path.lexists(f"{self._site}/pip"):
            os.mkdir(f"{self._site}/pip")
            for name in PIP_PACKAGE:
                self._write(f"{self._site}/pip/{name}", render_pip_module(name))
        for name in ("pip", "pip3", f"pip{self._interpreter.minor}"):
            if self._scripts.setdefault(name, "") == "":
                if _WINDOWS:  # pragma: no cover - needs Windows
                    self._write_script(name, "pip:main")
                else:
                    data = render_pip_script(self._python)
                    self._write(f"{self._bin}/{name}", data, 0o755)


def _data_folder(facts: Facts) -> str:
    return facts.dist_info[: -len(".dist-info")] + ".data"


def _interpreter_names(interpreter: InterpreterInUse) -> tuple[str, ...]:
    return ("python", "pythonw", "python3", f"python{interpreter.minor}")


def artifacts_of(view: Path) -> tuple[str, ...]:
    """Return the sha256 digits of the archives that a view is made of. Raises StoreError."""
    found = read_view_record(view).get("artifacts")
    return tuple(str(digest) for digest in found) if isinstance(found, list) else ()


def read_view_record(view: Path) -> dict[str, object]:
    """Read what a view is made of. Raises StoreError."""
    path = view / VIEW_RECORD
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StoreError(
            "the record of a view cannot be read",
            where=str(path),
            details=str(error),
            hint="remove the view's directory; it will be assembled again",
        ) from error
    if not isinstance(record, dict):
        raise StoreError(
            "the record of a view is no mapping",
            where=str(path),
            hint="remove the view's directory",
        )
    return record
