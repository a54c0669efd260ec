"""Expressions of a setup.py: what each is worth, where that is certain."""

from __future__ import annotations

import ast
from abc import abstractmethod
from typing import Any

from .calls import Calls, File
from .scope import Scope
from .values import (
    MAX_TEXT,
    Bound,
    Called,
    Module,
    Opaque,
    Unknown,
    VersionInfo,
    add,
    compare,
    format_percent,
    method,
    unknown_in,
)

__all__ = ["Expressions", "Scope"]

# Variables that a machine may well have; a project's own are taken as not set.
_COMMON = frozenset(
    [
        "HOME",
        "PATH",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "TERM",
        "PWD",
        "TMPDIR",
        "TEMP",
        "CI",
        "CC",
        "CXX",
        "CFLAGS",
        "LDFLAGS",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "READTHEDOCS",
        "TRAVIS",
        "APPDATA",
    ]
)
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_LINUX = {
    "platform.system": "Linux",
    "sys.platform": "linux",
    "os.name": "posix",
}
_CONSTANTS = {"os.sep": "/", "os.curdir": ".", "setuptools.__version__": "80.9.0"}
_MACHINE = ("platform.", "sys.platform", "os.name", "os.uname", "sysconfig.", "sys.maxsize")


class Expressions(Calls):
    """Evaluates expressions; the calls that only statements can follow are its child's."""

    @abstractmethod
    def call_own(self, function: Opaque, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Follow a call of a function of the script."""

    @abstractmethod
    def call_setup(self, node: ast.Call, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Take down a call of `setup`."""

    @abstractmethod
    def stop(self) -> None:
        """End the script."""

    def truth(self, value: Any) -> bool | Unknown:
        """Return whether a value counts as true."""
        if isinstance(value, Unknown):
            return value
        if isinstance(value, (Module, Called, Bound, Opaque, VersionInfo)):
            return Unknown("whether it is true")
        if isinstance(value, (list, dict)) and unknown_in(value) is not None:
            return unknown_in(value) or False
        return bool(value)

    def value(self, node: ast.expr, scope: Scope) -> Any:
        """Return what an expression is worth; Unknown where that is not certain."""
        result = self._value(node, scope)
        if isinstance(result, Unknown) and not result.line:
            return Unknown(result.reason, result.machine, getattr(node, "lineno", 0))
        return result

    def _value(self, node: ast.expr, scope: Scope) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, (ast.List, ast.Tuple)):
            return self._sequence(node, scope)
        if isinstance(node, ast.Set):
            return Unknown("a set, which has no order")
        if isinstance(node, ast.Dict):
            return self._dictionary(node, scope)
        if isinstance(node, ast.Name):
            if scope.has(node.id):
                return scope.get(node.id)
            return Module(node.id)
        if isinstance(node, ast.Attribute):
            return self._attribute(self.value(node.value, scope), node.attr)
        if isinstance(node, ast.Call):
            return self._call(node, scope)
        if isinstance(node, ast.BinOp):
            return self.operate(
                self.value(node.left, scope), node.op, self.value(node.right, scope)
            )
        if isinstance(node, ast.Compare):
            return self._compare(node, scope)
        if isinstance(node, ast.BoolOp):
            return self._logic(node, scope)
        if isinstance(node, ast.UnaryOp):
            value = self.value(node.operand, scope)
            if isinstance(node.op, ast.Not):
                truth = self.truth(value)
                return truth if isinstance(truth, Unknown) else not truth
            if isinstance(node.op, ast.USub) and isinstance(value, int):
                return -value
            return Unknown("an operation")
        if isinstance(node, ast.IfExp):
            test = self.truth(self.value(node.test, scope))
            if isinstance(test, Unknown):
                return test
            return self.value(node.body if test else node.orelse, scope)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, scope)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node, scope)
        if isinstance(node, ast.ListComp):
            return self._comprehension(node, scope)
        if isinstance(node, ast.GeneratorExp):
            return self._comprehension(node, scope)
        if isinstance(node, ast.Lambda):
            return Opaque(node)
        return Unknown(f"an expression ({type(node).__name__})")

    def _sequence(self, node: ast.List | ast.Tuple, scope: Scope) -> Any:
        items: list[Any] = []
        for each in node.elts:
            if isinstance(each, ast.Starred):
                inside = self.value(each.value, scope)
                items.extend(inside if isinstance(inside, (list, tuple)) else [Unknown("a part")])
            else:
                items.append(self.value(each, scope))
        return items if isinstance(node, ast.List) else tuple(items)

    def _dictionary(self, node: ast.Dict, scope: Scope) -> dict[Any, Any]:
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

    def _attribute(self, value: Any, name: str) -> Any:
        if isinstance(value, Module):
            full = f"{value.name}.{name}"
            if full == "sys.version_info":
                return VersionInfo()
            if full == "sys.argv":
                return ["setup.py", "bdist_wheel"]
            if full in _CONSTANTS:
                return _CONSTANTS[full]
            if self.linux and full in _LINUX and full != "platform.system":
                return _LINUX[full]
            if full == "platform.system":
                return Module(full)
            if full.startswith(_MACHINE) and full != "platform.python_implementation":
                return Unknown(full, machine=True)
            return Module(full)
        if isinstance(value, VersionInfo):
            return value.part({"major": 0, "minor": 1}.get(name))
        if isinstance(value, Unknown):
            return Unknown(value.reason, value.machine, value.line)
        return Bound(value, name)

    def operate(self, left: Any, op: ast.operator, right: Any) -> Any:
        """Return the outcome of `left op right`."""
        if isinstance(op, ast.Add):
            return add(left, right)
        if isinstance(op, ast.Mod) and isinstance(left, str):
            return format_percent(left, right)
        for side in (left, right):
            if isinstance(side, Unknown):
                return side
        return Unknown("an operation")

    def _compare(self, node: ast.Compare, scope: Scope) -> Any:
        left = self.value(node.left, scope)
        for op, other in zip(node.ops, node.comparators, strict=True):
            right = self.value(other, scope)
            operator = _COMPARISONS[type(op)]
            if operator in ("in", "not in") and right == Module("os.environ"):
                known = isinstance(left, str) and left not in _COMMON
                result: Any = (
                    operator == "not in" if known else Unknown("the environment", machine=True)
                )
            else:
                result = compare(left, operator, right)
            if result is not True:
                return result
            left = right
        return True

    def _logic(self, node: ast.BoolOp, scope: Scope) -> Any:
        unsure: Unknown | None = None
        value: Any = None
        wanted = isinstance(node.op, ast.Or)
        for each in node.values:
            value = self.value(each, scope)
            truth = self.truth(value)
            if isinstance(truth, Unknown):
                unsure = unsure or truth
            elif truth == wanted:
                # Whatever an unsure part before it is, the whole is that true, or that false.
                return value if unsure is None else wanted
        return unsure if unsure is not None else value

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Any:
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

    def _joined(self, node: ast.JoinedStr, scope: Scope) -> Any:
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

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> Any:
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

    @abstractmethod
    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Bind a name."""

    # Calls

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        function = self.value(node.func, scope)
        args: list[Any] = []
        for each in node.args:
            if isinstance(each, ast.Starred):
                inside = self.value(each.value, scope)
                args.extend(inside if isinstance(inside, (list, tuple)) else [Unknown("a part")])
            else:
                args.append(self.value(each, scope))
        kwargs: dict[Any, Any] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value, scope)
            if keyword.arg is not None:
                kwargs[keyword.arg] = value
            elif isinstance(value, dict):
                kwargs.update(value)
            else:
                kwargs[Unknown("computed arguments", line=node.lineno)] = value
        if isinstance(function, Opaque):
            return self.call_own(function, args, kwargs)
        if isinstance(function, Bound):
            return self.call_method(function.value, function.name, args, kwargs)
        if isinstance(function, Module):
            return self._call_module(node, function.name, args, kwargs)
        if isinstance(function, Unknown):
            return function
        return Unknown("a call")

    def call_method(self, value: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call a method of a value."""
        if isinstance(value, File):
            text = self.source.text(value.path)
            if text is None:
                return Unknown(f"what is in {value.path}")
            if name == "read" and not args:
                return text
            if name == "readlines" and not args:
                return text.splitlines(keepends=True)
            return None if name == "close" else Unknown(f"a call of {name}")
        return method(value, name, args, kwargs)

    def _call_module(
        self, node: ast.Call, name: str, args: list[Any], kwargs: dict[Any, Any]
    ) -> Any:
        short = name.rpartition(".")[2]
        if short == "setup" and name in ("setup", *_SETUPS):
            self.call_setup(node, args, kwargs)
            return Unknown("what setup returns")
        if name in ("sys.exit", "exit", "quit", "os._exit"):
            self.stop()
        if short in ("find_packages", "find_namespace_packages"):
            return self.find_packages(short, args, kwargs)
        if name in ("os.environ.get", "os.getenv") and args and isinstance(args[0], str):
            if args[0] in _COMMON:
                return Unknown("the environment", machine=True)
            return args[1] if len(args) > 1 else None
        if name == "platform.python_implementation":
            # Locks are for CPython; other implementations have wheels of their own, or none.
            return "CPython"
        if self.linux and name in _LINUX:
            return _LINUX[name]
        if name.startswith(_MACHINE):
            return Unknown(name, machine=True)
        if name == "versioneer.get_cmdclass":
            return {
                **(args[0] if args and isinstance(args[0], dict) else {}),
                name: Called(name, tuple(args), kwargs),
            }
        if name in ("map", "filter") and len(args) == 2 and isinstance(args[1], (list, tuple)):
            return self._mapped(name, args[0], args[1])
        if short == "Extension":
            return Called(name, tuple(args), kwargs)
        unknown = unknown_in([args, list(kwargs.values())])
        if name == "exec" and len(args) > 1 and isinstance(args[1], dict):
            if isinstance(args[0], str):
                return self.execute(args[0], args[1])
            args[1][Unknown("what it executes")] = Unknown("what it executes")
            return None
        if unknown is None:
            result = self.call_known(name, args, kwargs)
            if result is not NotImplemented:
                return result
        elif unknown.machine:
            return unknown
        return Unknown(f"a call of {name}")

    def _mapped(self, name: str, function: Any, items: list[Any] | tuple[Any, ...]) -> Any:
        if not isinstance(function, Opaque):
            return Unknown(f"a call of {name}")
        values = [self.call_own(function, [item], {}) for item in items]
        if name == "map":
            return values
        tests = [self.truth(value) for value in values]
        unsure = next((test for test in tests if isinstance(test, Unknown)), None)
        return unsure or [item for item, test in zip(items, tests, strict=True) if test]


_SETUPS = ("setuptools.setup", "distutils.core.setup", "setuptools.core.setup")
