"""The reference of errors: what each code means, and every message that the code can give.

The messages are read from the sources, not written down twice: each place that makes an error of
our tree has its summary and its hint in the call. What is only known when it happens is shown as
`…`.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import jupyter_pyartifacts
from jupyter_pyartifacts import errors
from jupyter_pyartifacts.cli import INTERRUPTED
from jupyter_pyartifacts.errors import PyArtifactsError
from jupyter_pyartifacts.server.refusal import status_of

from .markdown import code, flags, need, one_line, table

__all__ = ["make", "messages"]

PACKAGE = Path(jupyter_pyartifacts.__file__).parent
_UNKNOWN = "…"
_SEE = "as the message says"


def make() -> str:
    """Return a section for each code, with its messages."""
    classes = _classes()
    known = messages()
    text = [table(("code", "what it means", "exit code", "HTTP status"), map(_row, classes))]
    for kind in classes:
        about, _, advice = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")
        need(advice, f"what to do about the error code {kind.code}")
        text.append(f"## {kind.code}\n")
        text.append(f"{flags(one_line(need(about, f'the error code {kind.code}')))}\n")
        text.append(f"**What to do.** {flags(one_line(advice))}\n")
        if rows := known.get(kind.__name__):
            text.append(table(("message", "hint"), sorted(rows)))
    text.append("## error\n\nWhat has no kind of its own.\n")
    text.append(table(("message", "hint"), sorted(known.get("PyArtifactsError", ()))))
    return "\n".join(text)


def _classes() -> list[type[PyArtifactsError]]:
    """Return the classes that have a code of their own, by that."""
    found = [getattr(errors, name) for name in errors.__all__]
    own = [each for each in found if "code" in vars(each) and each is not PyArtifactsError]
    return sorted(own, key=lambda each: each.code)


def _row(kind: type[PyArtifactsError]) -> tuple[str, ...]:
    about = need(inspect.cleandoc(kind.__doc__ or ""), f"the error code {kind.code}")
    exit_code = INTERRUPTED if kind is errors.Interrupted else kind.exit_code
    alone = kind in (errors.CellFailed, errors.ForeignFileError, errors.Interrupted)
    status = "" if alone else str(status_of(kind("", hint="-")))
    link = f"[{code(kind.code)}](#{kind.code})"
    return link, flags(about.partition("\n\n")[0]), str(exit_code), status


@cache
def messages() -> Mapping[str, set[tuple[str, str]]]:
    """Return by class the (message, hint) of each place that makes one; both as Markdown."""
    # NeedsBuild has the code of the class that it narrows, and its messages stand there.
    owners = {
        each.__name__: next(base.__name__ for base in each.__mro__ if "code" in vars(base))
        for each in (getattr(errors, name) for name in errors.__all__)
    }
    found: dict[str, set[tuple[str, str]]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        constants = dict(_constants(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                called = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
                if owner := owners.get(called or ""):
                    found.setdefault(owner, set()).update(_rows(node, constants))
    return found


def _rows(call: ast.Call, constants: Mapping[str, ast.expr]) -> Iterator[tuple[str, str]]:
    hint = next((each.value for each in call.keywords if each.arg == "hint"), None)
    hints = [_UNKNOWN] if hint is None else _texts(hint, constants)
    for message in _texts(call.args[0], constants):
        if message.strip(f"{_UNKNOWN} :"):
            for advice in hints:
                yield flags(message), flags(_SEE if advice == _UNKNOWN else advice)


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _texts(node: ast.expr, constants: Mapping[str, ast.expr]) -> list[str]:
    """Return what an expression can be as a text, with `…` for what is not known before."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [one_line(node.value)]
    if isinstance(node, ast.JoinedStr):
        parts = []
        for value in node.values:
            if isinstance(value, ast.Constant):
                parts.append(str(value.value))
            else:
                inner = value.value if isinstance(value, ast.FormattedValue) else value
                known = constants.get(inner.id) if isinstance(inner, ast.Name) else None
                parts.append(_texts(known, constants)[0] if known is not None else _UNKNOWN)
        return [one_line("".join(parts))]
    if isinstance(node, ast.Name) and node.id in constants:
        return _texts(constants[node.id], constants)
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, constants), *_texts(node.orelse, constants)]
    return [_UNKNOWN]
