"""The names that a setup.py has bound where its reader is."""

from __future__ import annotations

from typing import Any

from .values import Unknown

__all__ = ["Scope"]


class Scope:
    """The names of the script's top, or of one call of one of its functions.

    `unsure` is set where a function may have returned before what was followed.
    """

    def __init__(self, parent: Scope | None) -> None:
        self.parent = parent
        self.names: dict[str, Any] = {}
        self.outer: set[str] = set()
        self.unsure: Unknown | None = None

    def get(self, name: str) -> Any:
        """Return what a name is bound to, None if it is not."""
        if name in self.names:
            return self.names[name]
        return self.parent.get(name) if self.parent is not None else None

    def has(self, name: str) -> bool:
        """Tell whether a name is bound."""
        return name in self.names or (self.parent is not None and self.parent.has(name))

    def set(self, name: str, value: Any) -> None:
        """Bind a name, here or, where it is global, at the top."""
        if name in self.outer and self.parent is not None:
            self.parent.set(name, value)
        else:
            self.names[name] = value
