"""One view in the making: its interpreter, its site-packages, its record."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from packaging.utils import canonicalize_name

from ..errors import PlatformError
from ..model import InterpreterInUse
from ..plan import Pin
from ..store import Published
from ..store.layout import VIEW_RECORD
from .linking import Source, link_file, link_folder, merge
from .pth import VIEW_PTH, is_startup_file, select_lines
from .scripts import render_config
from .shape import BIN, EXE, WINDOWS, site_packages, write_new
from .spread import Spread, data_folder

__all__ = ["Assembly"]

# Wheels put these into site-packages by mistake; nobody imports them from there.
_OF_NOBODY = frozenset(("test", "tests", "doc", "docs", "example", "examples", "benchmarks"))
_IMPORTED = (".py", ".pyi", ".pyc", ".so", ".pyd", ".dll", ".dylib")
INSTALLER = b"pyartifacts\n"


class Assembly:
    """One view in the making at `here`, which will be at `final`."""

    def __init__(self, here: Path, final: Path, interpreter: InterpreterInUse) -> None:
        self._here = str(here)
        self._final = final
        self._bin = f"{here}/{BIN}"
        self._interpreter = interpreter
        self._site = f"{here}/{site_packages(interpreter)}"
        self._cache_tag = interpreter.cache_tag or (
            f"{interpreter.implementation}-{interpreter.minor.replace('.', '')}"
        )
        self._spread = Spread(self._here, f"{final}/{BIN}/python{EXE}", interpreter)
        self._left_out = self._spread.left_out
        self.notes = self._spread.notes

    def make(self, parts: list[tuple[Pin, Published]]) -> None:
        """Fill the view. Raises OSError, ArtifactError."""
        os.makedirs(self._site)
        os.mkdir(self._bin)
        self._link_interpreter()
        pairs = [(pin.distribution.name, artifact) for pin, artifact in parts]
        self._fill_site(pairs)
        for _, artifact in pairs:
            self._fill_dist_info(artifact)
        self._spread.fill(pairs)
        archive = self._interpreter.artifact
        record: dict[str, object] = {
            "format": 1,
            "interpreter": self._interpreter.path,
            "version": self._interpreter.version,
            "artifacts": sorted(
                [
                    *([archive.hex] if archive else []),
                    *(pin.artifact.key.hex for pin, _ in parts),
                ]
            ),
            "notes": self.notes,
            "left_out": self._left_out,
        }
        borrowed = sorted(
            str(artifact.home)
            for _, artifact in parts
            if artifact.home.parent != self._final.parent.parent / "artifacts"
        )
        if borrowed:
            record["borrowed"] = borrowed
        write_new(f"{self._here}/{VIEW_RECORD}", json.dumps(record, indent=1).encode())

    def _link_interpreter(self) -> None:
        real = self._interpreter.path
        home = os.path.dirname(real)
        config = render_config(home, real, self._interpreter.version)
        write_new(f"{self._here}/pyvenv.cfg", config)
        if WINDOWS:  # pragma: no cover - needs Windows
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
                (f"{tree}/{data_folder(facts)}/{scheme}", names)
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
        merge(
            self._site,
            entries,
            real=frozenset(real),
            cache_tag=self._cache_tag,
            give_way=self._give_way,
        )
        if lines:
            text = "".join(f"{line}\n" for line in dict.fromkeys(lines))
            write_new(f"{self._site}/{VIEW_PTH}", text.encode())

    def _give_way(self, path: str, first: Source, other: Source) -> bool:
        """Let tests and documents go that lie where every distribution may put its own."""
        top, inside, _ = path.partition("/")
        if (top.lower() not in _OF_NOBODY) if inside else path.endswith(_IMPORTED):
            return False
        owner = other.label.rpartition(" ")[0]
        self.notes.append(f"{owner}: its {path} is left out, {first.label} has another one")
        self._left_out.append(f"{owner}: {site_packages(self._interpreter)}/{path}")
        return True

    def _fill_dist_info(self, artifact: Published) -> None:
        facts = artifact.facts
        target = f"{self._site}/{facts.dist_info}"
        os.mkdir(target)
        source = f"{artifact.path}/{facts.dist_info}"
        for entry in facts.dist_info_entries:
            name = entry.rstrip("/")
            if name != "INSTALLER":
                link = link_folder if entry != name else link_file
                link(f"{source}/{name}", f"{target}/{name}")
        write_new(f"{target}/INSTALLER", INSTALLER)
