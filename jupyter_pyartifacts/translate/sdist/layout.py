"""What a wheel of a source archive holds: the decision, before anything is written."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field

from ..record import is_byte_code
from .archive import Source

__all__ = ["Layout", "Take"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A file of the archive that the tree has; `change` rewrites its bytes."""

    source: str
    executable: bool
    change: Callable[[bytes], bytes] | None = None


@dataclass(slots=True)
class Layout:
    """The files of the tree by their paths.

    `takes` come from the archive. `data` are files of `.data/`, by `SCHEME/PATH`; `texts` are
    files of `.dist-info` that are written new, `licenses` those of its `licenses/` by the path
    they have there. `requires` and `extras` are what the backend writes into METADATA, None
    where PKG-INFO has them. `notes` are for the user.
    """

    takes: dict[str, Take] = field(default_factory=dict)
    data: dict[str, Take] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    licenses: dict[str, str] = field(default_factory=dict)
    requires: list[str] | None = None
    extras: list[str] | None = None
    requires_python: str | None = None
    notes: list[str] = field(default_factory=list)

    def take(
        self, source: Source, target: str, path: str, *, executable: bool | None = None
    ) -> None:
        """Put a file of the archive at `target`, where no other may be."""
        target = posixpath.normpath(target)
        if is_byte_code(target):
            return
        if target.startswith(("..", "/")):
            source.refuse(f"its source puts a file outside of its packages (`{path}`)", path)
        if executable is None:
            executable = source.files[path]
        other = self.takes.get(target)
        if other is not None and other.source != path:
            source.refuse(f"its source has two files for {target} (`{path}`)", path)
        if other is None:
            self.takes[target] = Take(source=path, executable=executable)

    def take_data(
        self,
        source: Source,
        scheme: str,
        target: str,
        path: str,
        *,
        executable: bool | None = None,
        change: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """Put a file of the archive below `.data/SCHEME/`."""
        name = f"{scheme}/{posixpath.normpath(target)}"
        if executable is None:
            executable = source.files[path]
        other = self.data.get(name)
        if other is not None and other.source != path:
            source.refuse(f"its source has two files for {name} (`{path}`)", path)
        self.data[name] = Take(source=path, executable=executable, change=change)
