"""Facts of one artifact: what its translator learned of it, kept beside its tree as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

from ..errors import StoreError
from ..model import Digest

__all__ = ["Facts", "parse_facts", "render_facts"]

FORMAT = 1
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a view has to know of an artifact without looking into its tree.

    `name` and `version` are METADATA's. `tops` are the entries of the tree's root that belong
    into site-packages (a directory ends in `/`), `dist_info` the name of that directory and
    `dist_info_entries` what is in it. `data` maps a scheme of `.data/` (`scripts`, `data`,
    `purelib`, ...) to the entries of that directory. `entry_points` maps `console_scripts` and
    `gui_scripts` to pairs (script, `module:attribute`). `pth` maps a top-level `.pth` file to
    its lines. `real` are directories that a view must not link whole. `notes` are for the user.
    `python` is the executable's path in an interpreter's tree, empty for everything else.
    `files` and `unpacked` count the tree's files and their bytes, `size` the archive's bytes.
    """

    filename: str
    name: str
    version: str
    tree: Digest
    size: int
    files: int
    unpacked: int
    tops: tuple[str, ...]
    dist_info: str
    dist_info_entries: tuple[str, ...]
    data: tuple[tuple[str, tuple[str, ...]], ...] = ()
    entry_points: tuple[tuple[str, Pairs], ...] = ()
    pth: tuple[tuple[str, tuple[str, ...]], ...] = ()
    real: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    python: str = ""

    @property
    def label(self) -> str:
        """Return `name version`."""
        return f"{self.name} {self.version}"


def render_facts(facts: Facts) -> bytes:
    """Return the JSON form."""
    document: dict[str, object] = {"format": FORMAT}
    for field in fields(facts):
        value = getattr(facts, field.name)
        document[field.name] = str(value) if isinstance(value, Digest) else value
    return (json.dumps(document, separators=(",", ":")) + "\n").encode()


def parse_facts(data: bytes, *, where: str) -> Facts:
    """Read the JSON form; raise StoreError for what `render_facts` would not have written."""
    try:
        document = json.loads(data)
        if document.pop("format") != FORMAT:
            raise ValueError("another format")
        document["tree"] = Digest.parse(document["tree"])
        for key, value in document.items():
            if type(value) is list:
                document[key] = _frozen(value)
        return Facts(**document)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(
            "the store is damaged: the facts of an artifact cannot be read",
            where=where,
            details=str(error),
            hint="remove the artifact's directory; it will be fetched again",
        ) from error


def _frozen(value: list[object]) -> tuple[object, ...]:
    return tuple(_frozen(item) if type(item) is list else item for item in value)
