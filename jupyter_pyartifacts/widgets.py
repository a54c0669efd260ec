"""Whether this environment's Lab can draw the widgets of a view: their Lab halves, compared.

A widget is drawn by a prebuilt extension of the Lab that shows it (`share/jupyter/labextensions`,
JupyterLab's "prebuilt extensions"), which comes with the widget's own distribution. A view has the
kernel's half; the server's environment has to have the other, of a version that goes with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LabHalf", "compare_halves", "lab_halves", "widget_notes"]

_PLACE = ("share", "jupyter", "labextensions")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabHalf:
    """A prebuilt extension: npm name, version, and the distribution that brings it (or None)."""

    name: str
    version: str
    distribution: str | None

    @property
    def series(self) -> tuple[str, ...]:
        """Return the part of the version that must be equal (semantic versioning)."""
        parts = self.version.split(".")
        return tuple(parts[:2] if parts[0] == "0" else parts[:1])


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


def lab_halves(places: Iterable[Path]) -> Iterator[LabHalf]:
    """Yield the prebuilt extensions below some `labextensions` directories; skip what is broken."""
    for place in places:
        for path in sorted([*place.glob("*/package.json"), *place.glob("@*/*/package.json")]):
            try:
                package = json.loads(path.read_bytes())
                name, version = str(package["name"]), str(package["version"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
            yield LabHalf(name=name, version=version, distribution=_distribution(path.parent))


def _distribution(extension: Path) -> str | None:
    # In a store the way to a file goes through its wheel's `NAME-VERSION.data`; the other place
    # that names it is often wrong (ipympl's says jupyter-matplotlib).
    for part in (extension / "package.json").resolve().parts:
        if part.endswith(".data"):
            return part.partition("-")[0].replace("_", "-")
    try:
        name = json.loads((extension / "install.json").read_bytes())["packageName"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(name)
