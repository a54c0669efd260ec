"""Expressions of a setup.py: what each is worth, where that is certain."""

from __future__ import annotations

import ast
from abc import abstractmethod
from dataclasses import replace
from typing import Any

from .calls import File
from .displays import Displays
from .scope import Scope
from .values import (
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
# These change nothing that they are given.
_HARMLESS = (
    *("isinstance", "print", "repr", "type", "str", "len", "sorted", "any", "all", "enumerate"),
    *("zip", "range", "set", "tuple", "list", "dict", "min", "max", "sum", "int", "bool", "open"),
    *("map", "filter", "iter", "next", "frozenset"),
)
_CONSTANTS = {"os.sep": "/", "os.curdir": ".", "setuptools.__version__": "80.9.0"}
_MACHINE = ("platform.", "sys.platform", "os.name", "os.uname", "sysconfig.", "sys.maxsize")


class Expressions(Displays):
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

    @abstractmethod
    def give_up(self) -> None:
        """End a script that is too long to be followed."""

    def value(self, node: ast.expr, scope: Scope) -> Any:
        """Return what an expression is worth; Unknown where that is not certain."""
        result = self._value(node, scope)
        self._left -= 1 + (len(result) // 32 if isinstance(result, (list, dict, tuple)) else 0)
        if self._left < 0:
            self.give_up()
        if isinstance(result, Unknown) and not result.line:
            return replace(result, line=getattr(node, "lineno", 0))
        return result

    def _value(self, node: ast.expr, scope: Scope) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, (ast.List, ast.Tuple)):
            return self.sequence(node, scope)
        if isinstance(node, ast.Set):
            return Unknown("a set, which has no order")
        if isinstance(node, ast.Dict):
            return self.dictionary(node, scope)
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
            return self.subscript(node, scope)
        if isinstance(node, ast.JoinedStr):
            return self.joined(node, scope)
        if isinstance(node, ast.ListComp):
            return self.comprehension(node, scope)
        if isinstance(node, ast.GeneratorExp):
            return self.comprehension(node, scope)
        if isinstance(node, ast.Lambda):
            return Opaque(node)
        return Unknown(f"an expression ({type(node).__name__})")

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

    @abstractmethod
    def change_unknown(self, value: Unknown) -> None:
        """Take down that something is changed which may be known by another name."""

    def spoil(self, value: Any, why: Unknown) -> None:
        """Make a list or dictionary Unknown, under whatever names it is known."""
        if isinstance(value, list):
            value.append(why)
        elif isinstance(value, dict):
            value[why] = why

    def call_method(self, value: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call a method of a value."""
        if isinstance(value, Unknown):
            self.change_unknown(value)
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
        if name not in _HARMLESS:
            for each in [*args, *kwargs.values()]:
                self.spoil(each, Unknown(f"a call of {name}"))
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
