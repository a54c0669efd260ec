"""Spreading what wheels bring for the prefix: scripts, data, headers, and a stand-in for pip."""

from __future__ import annotations

import os

from packaging.utils import canonicalize_name

from ..model import InterpreterInUse
from ..store import Facts, Published
from .linking import Source, link_file, merge
from .scripts import (
    PIP_PACKAGE,
    has_python_shebang,
    render_pip_module,
    render_pip_script,
    render_script,
    rewrite_shebang,
)
from .shape import BIN, WINDOWS, site_packages, write_new

__all__ = ["Spread", "data_folder"]

Pairs = list[tuple[str, Published]]


def data_folder(facts: Facts) -> str:
    """Return the name of a wheel's `.data` directory (PEP 427)."""
    return facts.dist_info[: -len(".dist-info")] + ".data"


class Spread:
    """Fill the prefix of the view at `here`; its scripts run `python`.

    `notes` are for the user, `left_out` names what gave way: `DISTRIBUTION: PATH`.
    """

    def __init__(self, here: str, python: str, interpreter: InterpreterInUse) -> None:
        self._here = here
        self._python = python
        self._bin = f"{here}/{BIN}"
        self._site = f"{here}/{site_packages(interpreter)}"
        self._interpreter = interpreter
        self._scripts: dict[str, str] = {}
        self.notes: list[str] = []
        self.left_out: list[str] = []

    def fill(self, pairs: Pairs) -> None:
        """Fill the view with what pairs (name, artifact) bring. Raises OSError, ArtifactError."""
        for name, artifact in pairs:
            self._fill_scripts(name, artifact)
        self._fill_headers(pairs)
        self._fill_prefix(pairs)
        if not any(canonicalize_name(name) == "pip" for name, _ in pairs):
            self._stand_in_for_pip()

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
            path = f"{artifact.path}/{data_folder(facts)}/scripts/{script}"
            if not self._claim(script, name):
                self.left_out.append(f"{facts.name}: {BIN}/{script}")
                continue
            with open(path, "rb") as stream:
                head = stream.read(256)
                if has_python_shebang(head):
                    data = rewrite_shebang(head + stream.read(), self._python)
                    write_new(f"{self._bin}/{script}", data, 0o755)
                elif os.access(path, os.X_OK) or WINDOWS:
                    link_file(path, f"{self._bin}/{script}")
                else:
                    write_new(f"{self._bin}/{script}", head + stream.read(), 0o755)

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
        if WINDOWS:  # pragma: no cover - needs Windows
            write_new(f"{self._bin}/{script}-script.py", data)
            command = f'@"%~dp0python.exe" "%~dp0{script}-script.py" %*\r\n'
            write_new(f"{self._bin}/{script}.cmd", command.encode())
            return
        write_new(f"{self._bin}/{script}", data, 0o755)

    def _fill_headers(self, pairs: Pairs) -> None:
        """Link `.data/headers` below `include`, each under its distribution's name."""
        headers = [
            (facts.name, Source(facts.label, f"{artifact.path}/{data_folder(facts)}/headers", True))
            for _, artifact in pairs
            for facts in [artifact.facts]
            if "headers" in dict(facts.data)
        ]
        if headers:
            include = f"{self._here}/include/site/python{self._interpreter.minor}"
            os.makedirs(include)
            merge(include, headers)

    def _fill_prefix(self, pairs: Pairs) -> None:
        """Spread `.data/data` over the prefix."""
        entries: list[tuple[str, Source]] = []
        for name, artifact in pairs:
            facts = artifact.facts
            for scheme, names in facts.data:
                if scheme not in ("data", "headers", "purelib", "platlib", "scripts"):
                    self.notes.append(f"{name}: its files for {scheme!r} are left out")
                if scheme != "data":
                    continue
                folder = f"{artifact.path}/{data_folder(facts)}/data"
                for entry in names:
                    plain = entry.rstrip("/")
                    source = Source(facts.label, f"{folder}/{plain}", entry != plain)
                    if os.path.lexists(f"{self._here}/{plain}"):
                        self._fill_taken(facts.name, plain, source)
                    else:
                        entries.append((plain, source))
        merge(self._here, entries)

    def _fill_taken(self, owner: str, name: str, source: Source) -> None:
        """Add what a distribution wants in a directory that the view already has (`bin`, `lib`).

        Nothing that is there gives way, and nothing is added behind a link: that is the store.
        """
        if not source.folder:
            self._leave_out(owner, name)
            return
        for folder, folders, files in os.walk(source.path):
            below = os.path.relpath(folder, source.path)
            inside = os.path.normpath(f"{name}/{below}")
            place = f"{self._here}/{inside}"
            if not self._is_own(place):
                folders.clear()
                for deep, _, names in os.walk(folder):
                    within = os.path.relpath(deep, source.path)
                    for each in names:
                        self._leave_out(owner, os.path.normpath(f"{name}/{within}/{each}"))
                continue
            os.makedirs(place, exist_ok=True)
            for each in files:
                if os.path.lexists(f"{place}/{each}"):
                    self._leave_out(owner, f"{inside}/{each}")
                else:
                    link_file(f"{folder}/{each}", f"{place}/{each}")

    def _is_own(self, place: str) -> bool:
        real, here = os.path.realpath(place), os.path.realpath(self._here)
        kept = not os.path.lexists(place) or os.path.isdir(place)
        return kept and (real == here or real.startswith(here + os.sep))

    def _leave_out(self, owner: str, inside: str) -> None:
        self.notes.append(f"{owner}: its {inside} is left out")
        self.left_out.append(f"{owner}: {inside}")

    def _stand_in_for_pip(self) -> None:
        if not os.path.lexists(f"{self._site}/pip"):
            os.mkdir(f"{self._site}/pip")
            for name in PIP_PACKAGE:
                write_new(f"{self._site}/pip/{name}", render_pip_module(name))
        for name in ("pip", "pip3", f"pip{self._interpreter.minor}"):
            if self._scripts.setdefault(name, "") == "":
                if WINDOWS:  # pragma: no cover - needs Windows
                    self._write_script(name, "pip:main")
                else:
                    data = render_pip_script(self._python)
                    write_new(f"{self._bin}/{name}", data, 0o755)


def _interpreter_names(interpreter: InterpreterInUse) -> tuple[str, ...]:
    return ("python", "pythonw", "python3", f"python{interpreter.minor}")
