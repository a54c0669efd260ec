"""One call of the command line as its verb sees it, and the shape of a verb's module."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ..config import Config
from ..notebook import Document, read_document
from .console import Console

if TYPE_CHECKING:
    from ..service import Engine, LockOptions

__all__ = ["Call", "Verb", "add_dry_run", "add_index", "add_lock_options", "rebase_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A parsed command line: `notebook` as typed, `words` the rest of the words."""

    console: Console
    config: Config
    options: argparse.Namespace
    notebook: str | None
    words: tuple[str, ...]
    caller: int | None = None

    def document(self) -> Document:
        """Read the notebook that was named; raises NotebookError.

        A kernel's session file stands for the notebook that PYARTIFACTS_NOTEBOOK names: what the
        user's relative paths are relative to is where that one lies, else the current directory.
        """
        assert self.notebook is not None  # noqa: S101 - dispatch saw to it
        named = self.config.notebook
        home = Path(named).absolute().parent if named else Path.cwd()
        return read_document(self.notebook, session_directory=home, caller=self.caller)

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """Give an engine that reports to this call's console."""
        from ..service import Engine

        with self.console.reporter() as reporter:
            yield Engine(self.config, reporter)

    def lock_options(self) -> LockOptions:
        """Return what was said about the lock beside the requirements."""
        from ..service import LockOptions

        given = self.options
        return LockOptions(
            python=getattr(given, "python", None),
            platforms=tuple(getattr(given, "platform", None) or ()) or None,
            indexes=tuple(getattr(given, "index", None) or ()),
            as_of=getattr(given, "as_of", None),
            prereleases=bool(getattr(given, "pre", False)),
            prefer=tuple(getattr(given, "prefer", None) or ()),
            dry_run=bool(getattr(given, "dry_run", False)),
        )

    def finish(self, act: Callable[[Engine], Any]) -> dict[str, Any]:
        """Run one use case, print its result and return the result's event."""
        with self.engine() as engine:
            event: dict[str, Any] = act(engine).to_event()
        self.console.result(event)
        return event


class Verb(Protocol):
    """The module of a verb.

    `ARGUMENTS` is its usage line, `NOTEBOOK` says whether it takes one, `WORDS` how many other
    words (None: any number), `REQUIREMENTS` whether these are requirements; the module's
    docstring is its help, `EXAMPLES` are command lines without the program's name.
    """

    __doc__: str | None
    ARGUMENTS: str
    NOTEBOOK: Literal["required", "optional", "none"]
    WORDS: tuple[int, int | None]
    REQUIREMENTS: bool
    EXAMPLES: tuple[str, ...]

    def configure(self, parser: argparse.ArgumentParser, /) -> None:
        """Add the verb's own options."""

    def run(self, call: Call, /) -> int:
        """Run the verb and return the exit code."""


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add `--dry-run`."""
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would change, and write nothing"
    )


def add_index(parser: argparse.ArgumentParser) -> None:
    """Add `--index`, for a verb that names projects."""
    parser.add_argument(
        "--index",
        action="append",
        type=_index,
        metavar="[NAME=]URL",
        help="another index; the projects named in this call are taken from it (may be repeated)",
    )


def add_lock_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a verb that resolves: for which Python and platforms, and as of when."""
    add_dry_run(parser)
    parser.add_argument(
        "--python",
        metavar="VERSION",
        help="the Python of the lock, such as 3.12 or 3.12.4, or the path of its archive",
    )
    parser.add_argument(
        "--platform",
        action="append",
        metavar="NAME",
        help="a platform to lock for, such as linux-x86_64 (may be repeated)",
    )
    parser.add_argument(
        "--as-of", metavar="DATE", help="as if it were this day (2024-06-30) or time (RFC 3339)"
    )
    parser.add_argument("--pre", action="store_true", help="take pre-releases too")


def _index(text: str) -> str:
    from ..indexes import parse_index

    parse_index(text)
    return text


def rebase_words(words: Sequence[str], document: Document) -> tuple[str, ...]:
    """Rewrite paths of local wheels, typed here, to be relative to the notebook's directory."""
    from ..requirements import rebase_requirement

    here, home = Path.cwd().as_posix(), document.directory.as_posix()
    return tuple(rebase_requirement(word, here, home) for word in words)
