"""The store of a run: one root that is written and any number of read-only layers below it."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..config import Config, environment_data
from ..errors import LockError, StoreError
from ..model import Digest
from ..plan import UNPACK_VERSION
from .facts import Facts
from .layout import FACTS, Layout, default_root
from .locking import Lock, acquire, acquire_shared
from .publish import Published, publish_directory, read_published, write_artifact
from .quota import Quota
from .sharing import open_up, owner_of, readers
from .storage import remove_tree, storage_errors, write_file

__all__ = ["Store"]

_READ_BY_ALL = ("artifacts", "views", "trees")
_FOLDERS = (*_READ_BY_ALL, "downloads", "temporary", "locks", "roots", "kernels")


class Store:
    """Content by digest. `roots` come in the order of search; only the first is written.

    Nothing is made on disk before something has to be written. `quota` is how many bytes of
    artifacts the first root may hold.
    """

    def __init__(self, roots: Sequence[Path | str], *, quota: int | None = None) -> None:
        if not roots:
            raise ValueError("a store has at least one root")
        self.layers = tuple(
            Layout(Path(os.path.abspath(os.path.expanduser(root)))) for root in roots
        )
        self.quota = Quota(self.layers[0], quota)
        self._made = False
        self._read: dict[Path, tuple[tuple[int, int, int], Published]] = {}
        self._trees: dict[Digest, Digest] = {}

    @classmethod
    def from_config(cls, config: Config, prefix: str = sys.prefix) -> Store:
        """Return the store that a configuration names, else the user's own.

        Below the user's own is that of the environment at `prefix`, if it has one.
        """
        roots: Sequence[str | Path] = config.stores
        if not roots:
            own = default_root(config.environ, os.path.expanduser("~"), sys.platform)
            shared = Path(environment_data(prefix), "store")
            roots = [own, shared] if shared.is_dir() else [own]
        return cls(roots, quota=config.store_quota)

    @property
    def layout(self) -> Layout:
        """Return the layout of the root that is written."""
        return self.layers[0]

    @property
    def root(self) -> Path:
        """Return the root that is written."""
        return self.layers[0].root

    def prepare(self) -> None:
        """Make the root's directories; raise StoreError if it cannot be written."""
        if self._made:
            return
        with storage_errors(self.root):
            for name in _FOLDERS:
                os.makedirs(self.root / name, exist_ok=True)
                if not os.access(self.root / name, os.W_OK | os.X_OK):
                    raise PermissionError(13, os.strerror(13), str(self.root / name))
        for name in _READ_BY_ALL:
            # What belongs to another of those who write here is theirs to open.
            with suppress(PermissionError, FileNotFoundError):
                open_up(self.root / name, readers(self.root))
        self._made = True

    def umask(self) -> int:
        """Return the umask that leaves what is made here to all who may read the root."""
        try:
            return ~readers(self.root) & 0o077
        except OSError:
            return 0o077

    def open_up(self, path: Path) -> None:
        """Let all who may read the root read what was made at a path, whatever umask made it."""
        with storage_errors(self.root):
            open_up(path, readers(self.root))

    def find_artifact(self, digest: Digest) -> Published | None:
        """Return a published artifact; None if it is in no root, or damaged in the first one."""
        for layout in self.layers:
            try:
                found = self._read_artifact(layout.artifact(digest))
            except StoreError:
                # The next publication replaces it; a damaged layer is as good as none.
                continue
            except OSError as error:
                raise self._unreadable(layout, layout.artifact(digest), error) from error
            if found is not None:
                return found
        return None

    def _read_artifact(self, home: Path) -> Published | None:
        """Read an artifact once, and again only if its facts are not the file that was read."""
        try:
            status = os.stat(f"{home}/{FACTS}")
        except (FileNotFoundError, NotADirectoryError):
            return None
        mark = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._read.get(home)
        if known is not None and known[0] == mark:
            return known[1]
        found = read_published(home)
        if found is not None:
            self._read[home] = (mark, found)
            self._trees[Digest(home.name)] = found.tree
        return found

    def _unreadable(self, layout: Layout, path: Path, error: OSError) -> StoreError:
        if layout is self.layout:
            return StoreError(
                "an artifact in the store cannot be read",
                where=str(path),
                details=str(error),
                hint="check the permissions of the store's directory",
            )
        return StoreError(
            "a read-only layer of the store cannot be read",
            where=str(layout.root),
            details=str(error),
            hint=f"{owner_of(layout.root)} can open it to you: chmod -R a+rX {layout.root}; or"
            " leave it out of PYARTIFACTS_STORE",
        )

    def lock(
        self, key: str, *, wait: bool = True, check: Callable[[], None] = lambda: None
    ) -> Lock | None:
        """Take the lock of a key (an artifact's hex digest, `view-` and a plan's).

        Returns None if it is held elsewhere and `wait` is false. Raises StoreError.
        """
        self.prepare()
        with storage_errors(self.root):
            return acquire(self.layout.lock(key), wait=wait, check=check)

    def hold(self, key: str) -> Lock:
        """Wait for the lock of a key and return it. Raises StoreError."""
        lock = self.lock(key)
        if lock is None:
            raise AssertionError("waiting for a lock ends with the lock")
        return lock

    @contextmanager
    def using(self) -> Iterator[None]:
        """Keep `gc` out of the store meanwhile; a store that cannot be written has no `gc`."""
        lock = None
        try:
            self.prepare()
            lock = acquire_shared(self.layout.lock("sweep"))
        except (StoreError, OSError):
            pass
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def temporary(self, key: str) -> Path:
        """Return an empty directory to make something in; the caller holds the key's lock."""
        self.prepare()
        path = self.layout.temporary(key)
        with storage_errors(self.root):
            remove_tree(path)
            os.mkdir(path)
        return path

    def discard(self, temporary: Path) -> None:
        """Remove a temporary directory, as far as that works; `gc` takes the rest."""
        try:
            remove_tree(temporary)
        except OSError:
            pass

    def publish_artifact(
        self, digest: Digest, temporary: Path, facts: Facts, manifest: bytes, sizes: Iterable[int]
    ) -> Published:
        """Publish `temporary`/tree under an archive's digest; the caller holds its lock.

        Raises StoreError, QuotaExceeded if the artifact is too large; then nothing is under the
        digest's name.
        """
        home = self.layout.artifact(digest)
        with storage_errors(self.root):
            write_artifact(temporary, facts, manifest, sizes)
            open_up(temporary, readers(self.root))
            trash = self.layout.temporary(f"{digest.hex}.damaged")
            with self._room(facts.unpacked):
                publish_directory(temporary, home, trash=trash)
        self.remember_tree(digest, facts.tree)
        found = read_published(home)
        if found is None:
            raise StoreError(
                "an artifact went away while it was published",
                where=str(home),
                hint="try again; nothing else may remove things from the store",
            )
        return found

    @contextmanager
    def _room(self, size: int) -> Iterator[None]:
        """Hold everybody else off while something gets its name that counts for the quota."""
        if self.quota.limit is None:
            yield
            return
        with self.hold("quota"):
            self.quota.check(size)
            yield

    def known_tree(self, digest: Digest) -> Digest | None:
        """Return the tree hash of an archive that this store has seen once, else None.

        Read once: what an archive's tree is never changes.
        """
        if digest in self._trees:
            return self._trees[digest]
        for layout in self.layers:
            try:
                text = layout.known_tree(digest, UNPACK_VERSION).read_text("utf-8")
                tree = Digest.parse(text.split()[0])
                if text == _known_tree_line(digest, tree):
                    self._trees[digest] = tree
                    return tree
            except (OSError, ValueError, IndexError, LockError):
                continue
        return None

    def remember_tree(self, digest: Digest, tree: Digest) -> None:
        """Remember the tree hash of an archive. Raises StoreError."""
        self.prepare()
        path = self.layout.known_tree(digest, UNPACK_VERSION)
        if self.known_tree(digest) == tree:
            return
        with storage_errors(self.root):
            write_file(path, _known_tree_line(digest, tree).encode())
            open_up(path, readers(self.root))
        self._trees[digest] = tree


def _known_tree_line(archive: Digest, tree: Digest) -> str:
    # The check tells a line that was damaged from one that was written.
    check = hashlib.sha256(f"{archive} {tree}".encode()).hexdigest()[:16]
    return f"{tree} {check}\n"
