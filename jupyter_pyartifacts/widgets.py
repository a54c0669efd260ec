"""Whether this environment's Lab can draw a notebook's widgets: their Lab halves, compared.

A widget is drawn by a prebuilt extension of the Lab that shows it (`share/jupyter/labextensions`,
JupyterLab's "prebuilt extensions"), which comes with the widget's own distribution. A view has the
kernel's half; the server's environment has to have the other, of a version that goes with it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.utils import canonicalize_name

__all__ = [
    "HalvesBesideLab",
    "LabHalf",
    "compare_halves",
    "drawn_series",
    "lab_halves",
    "widget_notes",
]

_PLACE = ("share", "jupyter", "labextensions")
_MANAGER = "@jupyter-widgets/jupyterlab-manager"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabHalf:
    """A prebuilt extension: npm name, version, and the directory it is in."""

    name: str
    version: str
    place: Path

    @property
    def series(self) -> tuple[str, ...]:
        """Return the part of the version that must be equal (semantic versioning)."""
        parts = self.version.split(".")
        return tuple(parts[:2] if parts[0] == "0" else parts[:1])

    @property
    def distribution(self) -> str | None:
        """Return the distribution that brings it, None if that cannot be told."""
        # In a store the way to a file goes through its wheel's `NAME-VERSION.data`; the other
        # place that names it is often wrong (ipympl's says jupyter-matplotlib).
        for part in (self.place / "package.json").resolve().parts:
            if part.endswith(".data"):
                return part.partition("-")[0].replace("_", "-")
        try:
            name = json.loads((self.place / "install.json").read_bytes())["packageName"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return str(name)


def widget_notes(view: Path) -> tuple[str, ...]:
    """Say which widgets of a view the Lab of this environment cannot draw, or perhaps not."""
    own = list(lab_halves([view.joinpath(*_PLACE)]))
    if not own:
        return ()
    here = list(lab_halves([Path(sys.prefix).joinpath(*_PLACE)]))
    notes = compare_halves(own, here)
    if notes:
        # The other places are asked only now: finding them takes an import.
        from jupyter_core.paths import jupyter_path

        here += lab_halves(Path(text) for text in jupyter_path("labextensions"))
        notes = compare_halves(own, here)
    return notes


def compare_halves(own: Iterable[LabHalf], here: Iterable[LabHalf]) -> tuple[str, ...]:
    """Return a note for each of the kernel's own halves that the ones `here` do not go with."""
    known: dict[str, list[LabHalf]] = {}
    for half in here:
        known.setdefault(half.name, []).append(half)
    notes = []
    for half in sorted(own, key=lambda each: each.name):
        found = known.get(half.name, [])
        if any(half.series == each.series for each in found):
            continue
        what = half.distribution or half.name
        if found:
            notes.append(
                f"the widgets of {what} may show as an empty box: this notebook pins version "
                f"{half.version} of their JupyterLab half {half.name}, and this environment has "
                f"{found[0].version}; have the same series on both sides"
            )
        else:
            notes.append(
                f"the widgets of {what} show as an empty box in this environment's JupyterLab, "
                f"which lacks their half of it ({half.name} {half.version}); install {what} "
                "beside JupyterLab as well, and reload the page"
            )
    return tuple(notes)


class HalvesBesideLab:
    """Know the versions of this environment's distributions that bring widgets' Lab halves.

    Called with a canonical name; None for whatever brings none. What cannot be read is no half.
    """

    def __call__(self, name: str) -> str | None:
        """Return the version of a distribution that brings a half, None of any other."""
        version, metadata = self._installed.get(name, ("", None))
        if metadata is None:
            return None
        try:
            record = (metadata / "RECORD").read_text("utf-8")
        except (OSError, ValueError):
            return None
        for line in record.splitlines() if "labextensions/" in record else ():
            path = line.partition(",")[0]
            is_half = "labextensions/" in path and path.endswith("/package.json")
            if is_half and _is_of_widgets(metadata.parent / path):
                return version
        return None

    @cached_property
    def _installed(self) -> dict[str, tuple[str, Path | None]]:
        """Return version and metadata by name: importlib.metadata takes longer to load."""
        found: dict[str, tuple[str, Path | None]] = {}
        for place in sys.path:
            try:
                names = os.listdir(place) if place else ()
            except OSError:
                continue
            for each in names:
                if each.endswith(".dist-info"):
                    name, _, version = each[: -len(".dist-info")].partition("-")
                    found.setdefault(canonicalize_name(name), (version, Path(place, each)))
        return found


def _is_of_widgets(package: Path) -> bool:
    try:
        text = package.read_text("utf-8")
        name = json.loads(text)["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    # anywidget's half names nothing of the widgets that it draws.
    return name == "anywidget" or "@jupyter-widgets/" in text


def drawn_series(places: Iterable[Path] | None = None) -> int | None:
    """Return which major version of ipywidgets the Lab of this environment draws; None if none.

    Lab's half of ipywidgets 7 is jupyterlab-manager 2 and 3, of ipywidgets 8 it is 5.
    """
    if places is None:
        from jupyter_core.paths import jupyter_path

        places = [Path(sys.prefix).joinpath(*_PLACE)]
        places += [Path(text) for text in jupyter_path("labextensions")]
    for half in lab_halves(places):
        if half.name == _MANAGER:
            major = half.version.partition(".")[0]
            return 7 if major in ("2", "3") else 8
    return None


def lab_halves(places: Iterable[Path]) -> Iterator[LabHalf]:
    """Yield the prebuilt extensions below some `labextensions` directories; skip what is broken."""
    for place in places:
        for path in sorted([*place.glob("*/package.json"), *place.glob("@*/*/package.json")]):
            try:
                package = json.loads(path.read_bytes())
                name, version = str(package["name"]), str(package["version"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
            yield LabHalf(name=name, version=version, place=path.parent)
