"""What a setup script gives to `setup`, as far as that is known."""

from __future__ import annotations

from typing import Any

from .values import Unknown

__all__ = ["Setup"]


class Setup:
    """What the script's last call of `setup` was given: keyword to value.

    `hidden` is set where not all keywords are known, `problem` where it is not certain that the
    call is the one that counts. `calls` counts the calls. `fell_back` tells that it is the call
    for machines where the compiled part cannot be built; `compiles` that the script speaks of a
    compiled part anywhere. `written` are files that the script writes itself.
    """

    def __init__(self) -> None:
        self.arguments: dict[str, Any] = {}
        self.hidden: Unknown | None = None
        self.calls = 0
        self.line = 0
        self.problem: Unknown | None = None
        self.fell_back = False
        self.written: set[str] = set()
        self.compiles = False

    def get(self, key: str) -> Any:
        """Return an argument, None if it is not given."""
        if key not in self.arguments and self.hidden is not None:
            return self.hidden
        return self.arguments.get(key)
