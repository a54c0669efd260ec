"""Publishing: what was made in a temporary directory gets its name by one rename."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import StoreError
from ..model import Digest
from .facts import Facts, parse_facts, render_facts
from .layout import CHECKSUMS, FACTS, MANIFEST, SIZES, TREE
from .storage import remove_tree

__all__ = ["Published", "publish_directory", "read_published", "write_artifact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An artifact in a store: the path of its tree, its tree hash, its facts."""

    path: Path
    tree: Digest
    facts: Facts

    @property
    def home(self) -> Path:
        """Return the artifact's own directory, which holds the tree."""
        return self.path.parent


def read_published(home: Path) -> Published | None:
    """Read the artifact at `home`; None if there is none. Raises StoreError if it is damaged."""
    name = f"{home}/{FACTS}"
    try:
        handle = os.open(name, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        data = os.read(handle, 1 << 16)
        while more := os.read(handle, 1 << 20):
            data += more
    finally:
        os.close(handle)
    facts = parse_facts(data, where=name)
    return Published(path=Path(f"{home}/{TREE}"), tree=facts.tree, facts=facts)


def write_artifact(temporary: Path, facts: Facts, manifest: bytes, sizes: Iterable[int]) -> None:
    """Write what belongs beside the tree at `temporary`/tree. Raises OSError."""
    text = "".join(f"{size}\n" for size in sizes).encode()
    files = {MANIFEST: manifest, SIZES: text, FACTS: render_facts(facts)}
    files[CHECKSUMS] = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()
    ).encode()
    for name, data in files.items():
        handle = os.open(temporary / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444)
        try:
            written = 0
            while written < len(data):
                written += os.write(handle, data[written:])
        finally:
            os.close(handle)


def publish_directory(temporary: Path, final: Path, *, trash: Path) -> bool:
    """Rename a whole directory to its name; return False if somebody else was first.

    What is there is taken for good if it has facts that can be read or is no artifact; a damaged
    one is moved to `trash` and replaced. Raises OSError.
    """
    try:
        os.rename(temporary, final)
    except OSError:
        if not final.is_dir():
            raise
        if not (temporary / FACTS).exists() or _is_whole(final):
            remove_tree(temporary)
            return False
        os.rename(final, trash)
        os.rename(temporary, final)
        remove_tree(trash)
    return True


def _is_whole(home: Path) -> bool:
    try:
        return read_published(home) is not None
    except StoreError:
        return False
