"""Lists, dictionaries and texts as a setup.py writes them, and their parts."""

from __future__ import annotations

import ast
from abc import abstractmethod
from typing import Any

from .calls import Calls
from .scope import Scope
from .values import MAX_TEXT, Bound, Called, Module, Opaque, Unknown, VersionInfo, unknown_in

__all__ = ["Displays"]


class Displays(Calls):
    """Evaluates them; the expressions inside are its child's."""

    @abstractmethod
    def value(self, node: ast.expr, scope: Scope) -> Any:
        """Return what an expression is worth."""

    @abstractmethod
    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Bind a name."""

    def truth(self, value: Any) -> bool | Unknown:
        """Return whether a value counts as true."""
        if isinstance(value, Unknown):
            return value
        if isinstance(value, (Module, Called, Bound, Opaque, VersionInfo)):
            return Unknown("whether it is true")
        if isinstance(value, (list, dict)) and unknown_in(value) is not None:
            return unknown_in(value) or False
        return bool(value)

    def sequence(self, node: ast.List | ast.Tuple, scope: Scope) -> Any:
        """Return a list or tuple."""
        items: list[Any] = []
        for each in node.elts:
            if isinstance(each, ast.Starred):
                inside = self.value(each.value, scope)
                items.extend(inside if isinstance(inside, (list, tuple)) else [Unknown("a part")])
            else:
                items.append(self.value(each, scope))
        return items if isinstance(node, ast.List) else tuple(items)

    def dictionary(self, node: ast.Dict, scope: Scope) -> dict[Any, Any]:
        """Return a dictionary."""
        result: dict[Any, Any] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.value(item, scope)
            if key is None:
                inside = value if isinstance(value, dict) else {Unknown("a part"): Unknown("part")}
                result.update(inside)
                continue
            name = self.value(key, scope)
            result[name if isinstance(name, (str, int, Unknown)) else Unknown("a key")] = value
        return result

    def subscript(self, node: ast.Subscript, scope: Scope) -> Any:
        """Return a part of something."""
        place = self.value(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                None if part is None else self.value(part, scope)
                for part in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            if not all(part is None or isinstance(part, int) for part in bounds):
                return Unknown("a slice")
            key: Any = slice(*bounds)
        else:
            key = self.value(node.slice, scope)
        if isinstance(place, VersionInfo):
            return place.part(key)
        if isinstance(place, Unknown):
            return place
        if isinstance(place, Module) and place.name == "os.environ":
            return Unknown("the environment", machine=True)
        if isinstance(place, (dict, list, tuple, str)) and not isinstance(key, Unknown):
            if isinstance(place, list) and any(isinstance(item, Unknown) for item in place):
                return Unknown("a part of a list that is not known")
            try:
                return place[key]
            except (KeyError, IndexError, TypeError, ValueError):
                return Unknown("a part that is not there")
        return Unknown("a part")

    def joined(self, node: ast.JoinedStr, scope: Scope) -> Any:
        """Return the text of an f-string."""
        parts = []
        for piece in node.values:
            if isinstance(piece, ast.Constant):
                parts.append(str(piece.value))
                continue
            if not isinstance(piece, ast.FormattedValue) or piece.format_spec is not None:
                return Unknown("a formatted text")
            value = self.value(piece.value, scope)
            if isinstance(value, Unknown):
                return value
            if not isinstance(value, (str, int)) or piece.conversion not in (-1, 115):
                return Unknown("a formatted text")
            parts.append(str(value))
        text = "".join(parts)
        return text if len(text) <= MAX_TEXT else Unknown("a long text")

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> Any:
        """Return the list that a comprehension makes."""
        if len(node.generators) != 1:
            return Unknown("a comprehension")
        generator = node.generators[0]
        items = self.value(generator.iter, scope)
        if isinstance(items, dict):
            items = list(items)
        if isinstance(items, Unknown):
            return items
        if not isinstance(items, (list, tuple)):
            return Unknown("a comprehension")
        inner = Scope(scope)
        result = []
        for item in items:
            self.assign(generator.target, item, inner)
            tests = [self.truth(self.value(test, inner)) for test in generator.ifs]
            unsure = next((test for test in tests if isinstance(test, Unknown)), None)
            if unsure is not None:
                return unsure
            if all(tests):
                result.append(self.value(node.elt, inner))
        return result
