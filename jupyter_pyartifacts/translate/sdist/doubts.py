"""What is not certain about a setup.py: branches that may run or not, and all they may change."""

from __future__ import annotations

import ast
from dataclasses import replace

from .archive import Source
from .expressions import Expressions
from .scope import Scope
from .setup import Setup
from .syntax import changed, fresh_names, names_in
from .values import Module, Opaque, Unknown

__all__ = ["Doubts", "LoopEnd"]


class LoopEnd(Exception):
    """`break` or `continue`."""


class Doubts(Expressions):
    """Forgets what statements that may run or not could change."""

    def __init__(self, source: Source, *, linux: bool) -> None:
        super().__init__(source, linux=linux)
        self.setup = Setup()
        self.top = Scope(None)

    def undecided(self, body: list[ast.stmt], scope: Scope, why: Unknown) -> None:
        """Forget whatever statements that may run or not could change."""
        if self._calls_setup(body):
            self.setup.problem = self.setup.problem or why
        self.forget(body, scope, why)
        inside = {type(node) for each in body for node in ast.walk(each)}
        if ast.Return in inside and scope is not self.top:
            scope.unsure = scope.unsure or why
        if {ast.Break, ast.Continue} & inside and not {ast.For, ast.While} & inside:
            raise LoopEnd

    def _calls_setup(self, body: list[ast.stmt]) -> bool:
        return any(
            isinstance(node, ast.Call)
            and "setup" in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))
            for statement in body
            for node in ast.walk(statement)
        )

    def forget(self, body: list[ast.stmt], scope: Scope, why: Unknown, depth: int = 0) -> None:
        """Make Unknown what these statements bind or change."""
        nodes = [node for statement in body for node in ast.walk(statement)]
        for node in nodes:
            if isinstance(node, ast.Global):
                scope.outer.update(node.names)
        other = replace(why, alias=True)
        fresh = fresh_names(nodes)
        for node in nodes:
            name, inside = changed(node)
            if name is not None:
                old = scope.get(name)
                if inside and isinstance(old, (list, dict)):
                    self.spoil(old, why)
                elif inside and isinstance(old, Unknown):
                    self.change_unknown(old)
                elif not inside or not isinstance(old, (Module, Opaque)):
                    scope.set(name, why if name in fresh else other)
            if isinstance(node, ast.Call):
                self._forget_call(node, scope, why, depth)

    def _forget_call(self, node: ast.Call, scope: Scope, why: Unknown, depth: int) -> None:
        """Make Unknown what a call that may happen or not could change."""
        for each in [*node.args, *(keyword.value for keyword in node.keywords)]:
            for inner in ast.walk(each):
                if isinstance(inner, ast.Name):
                    self.spoil(scope.get(inner.id), why)
        function = scope.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if isinstance(function, Opaque) and isinstance(function.node, ast.FunctionDef):
            if depth > 3:
                self.setup.problem = self.setup.problem or why
            else:
                inner_scope = Scope(self.top)
                inner_scope.names = {each.arg: why for each in function.node.args.args}
                self.forget(function.node.body, inner_scope, why, depth + 1)

    def change_unknown(self, value: Unknown) -> None:
        """Take down that something is changed which may be known by another name."""
        if value.alias:
            self.setup.problem = self.setup.problem or value

    def forget_names(
        self, body: list[ast.stmt], scope: Scope, why: Unknown, known: set[str]
    ) -> None:
        """Make Unknown those of some names that statements bind, and all that they change."""
        kept = {
            name: scope.get(name)
            for name in names_in(body)
            if name not in known and not isinstance(scope.get(name), (list, dict))
        }
        self.forget(body, scope, why)
        for name, value in kept.items():
            scope.set(name, value)
