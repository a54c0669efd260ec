"""A setup.py, read as data: its statements followed as far as their outcome is certain.

Nothing of it is run. Assignments, loops over known lists, functions of the script itself and the
plain methods of text, lists and dictionaries are followed; everything else is Unknown, and so is
whatever an undecided branch may have changed.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any

from .archive import Source
from .doubts import Doubts, LoopEnd
from .scope import Scope
from .setup import Setup
from .syntax import ACTS, is_name, is_safe, names_in
from .values import Module, Opaque, Unknown

__all__ = ["Setup", "read_script"]


class Stop(Exception):
    """The script ends here."""


class Raised(Exception):
    """The script raises an error."""


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


def read_script(source: Source, path: str = "setup.py", *, linux: bool = False) -> Setup:
    """Follow a setup script of an archive; with `linux`, as on a machine that runs Linux.

    Raises SdistRefused for one that is no Python 3.
    """
    text = source.text(path)
    if text is None:
        source.refuse("its setup.py is too large, or is not UTF-8", path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # One grammar on every machine, whatever newer one its Python has.
            tree = ast.parse(text, feature_version=(3, 10))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        source.refuse("its setup.py is not written in Python 3", path, line=line)
    script = _Script(source, linux=linux)
    script.setup.compiles = any(
        (isinstance(node, ast.keyword) and node.arg == "ext_modules")
        or (isinstance(node, ast.Constant) and node.value == "ext_modules")
        for node in ast.walk(tree)
    )
    try:
        script.block(tree.body, script.top)
    except (Stop, Raised, _Return, LoopEnd):
        pass
    except RecursionError:
        source.refuse("its setup.py is nested too deeply to be read", path)
    return script.setup


class _Script(Doubts):
    """Follows statements; the expressions are its base's."""

    def __init__(self, source: Source, *, linux: bool) -> None:
        super().__init__(source, linux=linux)
        self.top.names["__name__"] = "__main__"
        self.top.names["__file__"] = "setup.py"
        self._depth = 0

    def block(self, body: list[ast.stmt], scope: Scope) -> None:
        for number, statement in enumerate(body):
            if scope.unsure is not None:
                # The function may have returned before.
                self.undecided(body[number:], scope, scope.unsure)
                return
            self.statement(statement, scope)

    def statement(self, node: ast.stmt, scope: Scope) -> None:
        if isinstance(node, ast.Assign):
            value = self.value(node.value, scope)
            for target in node.targets:
                self.assign(target, value, scope)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self.assign(node.target, self.value(node.value, scope), scope)
        elif isinstance(node, ast.AugAssign):
            self._augment(node, scope)
        elif isinstance(node, ast.Expr):
            self._expression(node.value, scope)
        elif isinstance(node, ast.If):
            self._branch(node, scope)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node, scope)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            scope.names[node.name] = Opaque(node)
        elif isinstance(node, ast.Try):
            self._try(node, scope)
        elif isinstance(node, ast.With):
            for item in node.items:
                if item.optional_vars is not None:
                    self.assign(item.optional_vars, self.value(item.context_expr, scope), scope)
            self.block(node.body, scope)
        elif isinstance(node, ast.For):
            self._loop(node, scope)
        elif isinstance(node, ast.Return):
            raise _Return(None if node.value is None else self.value(node.value, scope))
        elif isinstance(node, (ast.Break, ast.Continue)):
            raise LoopEnd
        elif isinstance(node, ast.Raise):
            raise Raised
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                self.assign(target, Unknown("it is deleted", line=node.lineno), scope)
        elif isinstance(node, ast.Global):
            for name in node.names:
                scope.outer.add(name)
        elif not isinstance(node, (ast.Pass, ast.Assert)):
            self.undecided([node], scope, Unknown("a loop", line=node.lineno))

    def _expression(self, node: ast.expr, scope: Scope) -> None:
        """Follow a call whose outcome nobody takes: what it does is all that it is for."""
        value = self.value(node, scope)
        if not isinstance(node, ast.Call) or not isinstance(value, Unknown):
            return
        function = self.value(node.func, scope) if is_name(node.func) else None
        if not isinstance(function, Module):
            return
        top = function.name.partition(".")[0]
        own = self.source.is_file(f"{top}.py") or top in self.source.directories
        if own or function.name in ACTS or top == "subprocess":
            why = Unknown(f"it calls {function.name}", line=node.lineno)
            self.setup.problem = self.setup.problem or why

    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Bind a name, a part of a list or dictionary, or several names."""
        if isinstance(target, ast.Name):
            scope.set(target.id, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            known = isinstance(value, (list, tuple)) and len(value) == len(target.elts)
            for number, part in enumerate(target.elts):
                item = value[number] if known else Unknown("it is unpacked", line=target.lineno)
                self.assign(part, item, scope)
        elif isinstance(target, ast.Subscript):
            place, key = self.value(target.value, scope), self.value(target.slice, scope)
            if isinstance(place, dict) and isinstance(key, (str, int, Unknown)):
                place[key] = value
            elif isinstance(place, dict):
                place[Unknown("a key")] = value
            elif isinstance(place, list):
                place.append(Unknown("an item is replaced", line=target.lineno))
            elif isinstance(place, Unknown):
                self.change_unknown(place)

    def _augment(self, node: ast.AugAssign, scope: Scope) -> None:
        old = self.value(node.target, scope)
        value = self.value(node.value, scope)
        if isinstance(node.op, ast.Add) and isinstance(old, list):
            # In place, as `+=` does it: others may hold the same list.
            if isinstance(value, (list, tuple)):
                self.call_method(old, "extend", [list(value)], {})
            else:
                old.append(value if isinstance(value, Unknown) else Unknown("a sum"))
            return
        if isinstance(old, Unknown):
            self.change_unknown(old)
        self.assign(node.target, self.operate(old, node.op, value), scope)

    def _branch(self, node: ast.If, scope: Scope) -> None:
        test = self.truth(self.value(node.test, scope))
        if isinstance(test, Unknown):
            self.undecided(node.body + node.orelse, scope, test)
        else:
            self.block(node.body if test else node.orelse, scope)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                full = alias.name if alias.asname else name
            else:
                name = alias.asname or alias.name
                full = f"{node.module or ''}.{alias.name}"
            scope.names[name] = Module(full)

    def _try(self, node: ast.Try, scope: Scope) -> None:
        """Follow the body as if nothing failed; what a handler would bind otherwise is unsure."""
        before = self.setup.calls
        safe = not node.handlers or is_safe(node)
        known = {name for name in names_in(node.body) if scope.has(name)}
        why = Unknown("an error that may be caught", line=node.lineno)
        try:
            self.block(node.body, scope)
        except Raised:
            self.undecided([node], scope, why)
            return
        handlers = [statement for handler in node.handlers for statement in handler.body]
        if self.setup.calls == before and not safe:
            # The body may have ended anywhere: what it changes, or binds anew, is unsure.
            self.forget_names(node.body, scope, why, known)
            self.undecided(handlers, scope, why)
        elif self.setup.calls != before and self.setup.arguments.get("ext_modules"):
            self._fall_back(node, scope)
        self.block(node.orelse + node.finalbody, scope)

    def _fall_back(self, node: ast.Try, scope: Scope) -> None:
        """Follow what a script does when its compiled part cannot be built."""
        before = self.setup.calls
        for handler in node.handlers:
            try:
                self.block(handler.body, scope)
            except (Stop, Raised):
                continue
            if self.setup.calls != before:
                self.setup.fell_back = True
                return

    def _loop(self, node: ast.For, scope: Scope) -> None:
        items = self.value(node.iter, scope)
        if isinstance(items, dict):
            items = list(items)
        if not isinstance(items, (list, tuple)) or node.orelse:
            why = items if isinstance(items, Unknown) else Unknown("a loop", line=node.lineno)
            self.undecided([node], scope, why)
            return
        for item in list(items):
            self.assign(node.target, item, scope)
            try:
                self.block(node.body, scope)
            except LoopEnd:
                # `break` and `continue` would have to be told apart.
                self.forget([node], scope, Unknown("a loop", line=node.lineno))
                return

    # Calls

    def call_own(self, function: Opaque, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Follow a call of a function of the script."""
        node = function.node
        if isinstance(node, ast.Lambda) and self._depth <= 12:
            return self._call_lambda(node, args, kwargs)
        if not isinstance(node, ast.FunctionDef) or node.decorator_list or self._depth > 12:
            name = getattr(node, "name", "a function")
            return Unknown(f"a call of {name}", line=node.lineno)
        scope = Scope(self.top)
        names = [each.arg for each in node.args.args]
        defaults = node.args.defaults
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            scope.names[name] = self.value(default, self.top)
        scope.names.update(zip(names, args, strict=False))
        if node.args.vararg is not None:
            scope.names[node.args.vararg.arg] = tuple(args[len(names) :])
        for own, kw_default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
            if kw_default is not None:
                scope.names[own.arg] = self.value(kw_default, self.top)
        rest = {key: value for key, value in kwargs.items() if key not in names}
        scope.names.update({key: value for key, value in kwargs.items() if key in names})
        if node.args.kwarg is not None:
            scope.names[node.args.kwarg.arg] = rest
        else:
            scope.names.update(rest)
        self._depth += 1
        try:
            self.block(node.body, scope)
        except _Return as returned:
            return scope.unsure or returned.value
        except (LoopEnd, Raised):
            return Unknown(f"a call of {node.name}", line=node.lineno)
        finally:
            self._depth -= 1
        return scope.unsure

    def _call_lambda(self, node: ast.Lambda, args: list[Any], kwargs: dict[str, Any]) -> Any:
        names = [each.arg for each in node.args.args]
        if kwargs or len(names) != len(args) or node.args.vararg or node.args.kwarg:
            return Unknown("a call of a function", line=node.lineno)
        scope = Scope(self.top)
        scope.names.update(zip(names, args, strict=True))
        self._depth += 1
        try:
            return self.value(node.body, scope)
        finally:
            self._depth -= 1

    def execute(self, text: str, namespace: Any) -> Any:
        """Follow a text that the script executes, in a dictionary of its own if there is one."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text, feature_version=(3, 10))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return Unknown("what it executes")
        if namespace is None:
            self.block(tree.body, self.top)
        elif isinstance(namespace, dict):
            scope = Scope(None)
            try:
                self.block(tree.body, scope)
            except (Stop, Raised, _Return, LoopEnd):
                return Unknown("what it executes")
            namespace.update(scope.names)
        return None

    def write(self, path: str) -> None:
        """Take down that the script writes a file."""
        self.setup.written.add(path)

    def call_setup(self, node: ast.Call, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Take down what `setup` is called with."""
        setup = self.setup
        setup.calls += 1
        setup.line = node.lineno
        if args:
            setup.hidden = Unknown("arguments by position", line=node.lineno)
        setup.arguments = {}
        for key, value in kwargs.items():
            if isinstance(key, Unknown):
                setup.hidden = key
            else:
                setup.arguments[key] = value

    def stop(self) -> None:
        """End the script: `sys.exit`."""
        raise Stop

    def give_up(self) -> None:
        """End the script, which is too long to be followed."""
        self.setup.problem = Unknown("it does too much to be followed")
        raise Stop
