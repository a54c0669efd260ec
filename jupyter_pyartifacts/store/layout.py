"""Where things are in a store: names only, nothing is touched.

STORE/artifacts/SHA256/   an artifact by the digest of its archive
    tree/                 its files, read-only
    MANIFEST              the lines that the tree hash is over
    SIZES                 each file's size in bytes, in the order of MANIFEST
    facts.json            what a view has to know of it
STORE/views/PLAN/         an assembled view by its plan digest
STORE/downloads/SHA256.part
STORE/temporary/          what is being made, under the lock of what it will be
STORE/locks/              lock files
STORE/trees/SHA256        the known tree hash of an archive, here or not
STORE/roots/ kernels/     what keeps artifacts and views from being swept
STORE/cache/              what was learned of indexes; uv/ is the resolver's
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..model import Digest

__all__ = ["Layout", "default_root"]

TREE = "tree"
MANIFEST = "MANIFEST"
SIZES = "SIZES"
FACTS = "facts.json"
CHECKSUMS = "CHECKSUMS"
VIEW_RECORD = "pyartifacts.json"


def default_root(environ: Mapping[str, str], home: str, sys_platform: str) -> Path:
    """Return the store's place in the user's data directory (XDG, or the system's own custom)."""
    if sys_platform == "win32":
        base = environ.get("LOCALAPPDATA") or f"{home}/AppData/Local"
    elif sys_platform == "darwin":
        base = f"{home}/Library/Application Support"
    else:
        base = environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    return Path(base) / "jupyter_pyartifacts"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below one root."""

    root: Path

    def artifact(self, digest: Digest) -> Path:
        """Return the directory of an artifact."""
        return Path(f"{self.root}/artifacts/{digest.hex}")

    def view(self, digest: Digest) -> Path:
        """Return the directory of a view."""
        return self.root / "views" / digest.hex

    def part(self, digest: Digest) -> Path:
        """Return the file that a download grows in."""
        return self.root / "downloads" / f"{digest.hex}.part"

    def temporary(self, key: str) -> Path:
        """Return the directory in which something is made, under the lock of the same key."""
        return self.root / "temporary" / key

    def lock(self, key: str) -> Path:
        """Return the lock file of a key."""
        return self.root / "locks" / f"{key}.lock"

    def known_tree(self, digest: Digest, unpack_version: int) -> Path:
        """Return the file that remembers the tree hash of an archive."""
        return Path(f"{self.root}/trees/{digest.hex}-{unpack_version}")

    @property
    def artifacts(self) -> Path:
        """Return the directory of all artifacts."""
        return self.root / "artifacts"

    @property
    def views(self) -> Path:
        """Return the directory of all views."""
        return self.root / "views"

    @property
    def roots(self) -> Path:
        """Return the directory of what notebooks used."""
        return self.root / "roots"

    @property
    def kernels(self) -> Path:
        """Return the directory of what running kernels use."""
        return self.root / "kernels"

    @property
    def cache(self) -> Path:
        """Return the directory of what indexes and the resolver said; it can be made anew."""
        return self.root / "cache"
