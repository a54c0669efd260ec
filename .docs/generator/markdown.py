"""Pieces of Markdown: cells, tables, code, and help texts of the command line as paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from jupyter_pyartifacts.cli.dispatch import VERBS
from jupyter_pyartifacts.shim.verbs import VERBS as MAGIC_VERBS

__all__ = ["PageError", "code", "need", "one_line", "prose", "table"]

_FLAG = re.compile(r"(?<![\w`-])(--?[a-z][a-z-]*(?:=[A-Z]+)?)(?![\w`])")
_VARIABLE = re.compile(r"(?<![`\w])(PYARTIFACTS_[A-Z_]+(?:=\w+)?)(?![`\w])")
_VERBS = "|".join(sorted({*VERBS, *MAGIC_VERBS}, key=len, reverse=True))
_COMMAND = re.compile(
    rf"(?<![`\w])((?:jupyter py|%py)artifacts (?:{_VERBS})(?: --?[a-z-]+| [A-Z]+(?:\.\.\.)?\b)*)"
    r"(?![`\w])"
)
_ALIGNED = re.compile(r"\S {3,}\S")


class PageError(ValueError):
    """A page cannot be made; the message says what lacks its text."""


def need(text: str | None, what: str) -> str:
    """Return a text that has to be there; raise PageError with what it would describe."""
    if text is None or not text.strip():
        raise PageError(f"{what} has no text; write one beside it in the code")
    return text


def one_line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(text.split())


def code(text: str) -> str:
    """Return a text as code, whatever is in it."""
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; `|` in cells is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        "| " + " | ".join(one_line(cell).replace("|", "\\|") for cell in line) + " |\n"
        for line in lines
    )


def prose(text: str) -> str:
    """Return a help text as Markdown: paragraphs, flags as code, aligned columns left as they are.

    What is between backticks already stays so.
    """
    paragraphs = []
    for paragraph in text.strip().split("\n\n"):
        if _ALIGNED.search(paragraph):
            paragraphs.append(f"```text\n{paragraph}\n```")
        else:
            paragraphs.append(flags(one_line(paragraph)))
    return "\n\n".join(paragraphs) + "\n"


def flags(text: str) -> str:
    """Mark commands, options and variables as code, and escape what Markdown reads as markup."""
    for pattern in (_COMMAND, _FLAG, _VARIABLE):
        text = "`".join(
            part if number % 2 else pattern.sub(r"`\1`", part)
            for number, part in enumerate(text.split("`"))
        )
    return "`".join(
        part if number % 2 else re.sub(r"([*<\[])", r"\\\1", part)
        for number, part in enumerate(text.split("`"))
    )
