"""Take over what another tool's file pins or asks for, and write the lock into the notebook.

FILE is a pylock.toml, a requirements.txt, a pyproject.toml, a uv.lock, a script with a block
`# /// script` (PEP 723), or another notebook: its lock, or else juv's lock, the PEP 723 block and
the %pip lines in it. Without --from the notebook's own cells are read.

Its requirements join those of the notebook, as add does it; with --replace they take their place.
Versions that the file pins are taken, and where it has hashes, no file with another hash. The
lock of another notebook is taken as it is where the notebook has none yet.
"""

from __future__ import annotations

import argparse
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ForeignFileError, LockError, UsageError
from ..notebook import Document, read_document
from .call import Call, add_index, add_lock_options

if TYPE_CHECKING:
    from ..interop.requirements_txt import Include
    from ..interop.wanted import Wanted
    from ..model import Lock

LARGEST = 128 << 20
ARGUMENTS = "NOTEBOOK [--from FILE]"
NOTEBOOK = "required"
WORDS = (0, 0)
REQUIREMENTS = False
EXAMPLES = (
    "import analysis.ipynb --from requirements.txt --dry-run",
    "import analysis.ipynb --from pyproject.toml --extra plot --group test",
    "import analysis.ipynb --from other.ipynb",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    from ..interop.formats import IMPORTS

    parser.add_argument("--from", dest="source", metavar="FILE", help="the file to take over")
    parser.add_argument("--format", choices=IMPORTS, help="the file's format")
    parser.add_argument(
        "--replace", action="store_true", help="forget the notebook's own requirements"
    )
    parser.add_argument(
        "--extra", action="append", default=[], metavar="NAME", help="an extra of pyproject.toml"
    )
    parser.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="NAME",
        help="a dependency group of pyproject.toml",
    )
    add_lock_options(parser)
    add_index(parser)


def run(call: Call) -> int:
    """Import the file."""
    document, given, options = call.document(), call.options, call.lock_options()
    source = _source(call, document)
    found = _read(call, document, source)
    call.finish(
        lambda engine: engine.import_file(
            document,
            found,
            source=source.name,
            base=source.parent,
            fresh=given.replace,
            options=options,
        )
    )
    return 0


def _source(call: Call, document: Document) -> Path:
    """Return the file to read: the one given, else the notebook, a kernel's as it was saved."""
    if call.options.source is not None:
        return Path(call.options.source).absolute()
    if document.kind == "notebook":
        return document.path
    if call.config.notebook is None:
        raise _no_cells(document.path)
    return Path(call.config.notebook).absolute()


def _no_cells(path: Path) -> UsageError:
    return UsageError(
        "a kernel's session has no cells to read",
        where=str(path),
        hint="name a file: --from FILE",
    )


def _read(call: Call, document: Document, source: Path) -> Wanted | Lock:
    from ..interop.cells import read_cells
    from ..interop.formats import detect_format, read_file

    given = call.options
    same = given.source is None or os.path.realpath(source) == os.path.realpath(document.path)
    text = "" if source.suffix == ".ipynb" else _read_text(source)
    kind = given.format or detect_format(source.name, text)
    if (given.extra or given.group) and kind != "pyproject":
        raise UsageError(
            "extras and groups are of a pyproject.toml",
            where=str(source),
            found=kind,
            hint="leave --extra and --group out, or import --from pyproject.toml",
        )
    if kind != "notebook":
        return read_file(
            text or _read_text(source),
            source.name,
            kind,
            include=_include_beside(source.parent),
            extras=given.extra,
            groups=given.group,
        )
    other = document if source == document.path else read_document(source)
    if other.kind != "notebook":
        raise _no_cells(source)
    if not same and other.lock_document is not None:
        from ..lock import parse_lock

        try:
            return parse_lock(other.lock_document)
        except LockError as error:
            raise LockError(
                error.what,
                where=f"{source.name}, {error.where}",
                expected=error.expected,
                found=error.found,
                hint=error.hint,
            ) from error
    return read_cells(other.content, source.name, include=_include_beside(source.parent))


def _include_beside(base: Path) -> Include:
    """Return what reads the files that a file beside `base` names."""

    def include(name: str, place: str) -> tuple[str, str]:
        # A file's names are relative to itself, and its own name is relative to `base`.
        folder = os.path.dirname(place.rpartition(", line ")[0])
        path = Path(base, folder, name)
        return _read_text(path, place), Path(os.path.relpath(path, base)).as_posix()

    return include


def _read_text(path: Path, place: str | None = None) -> str:
    """Read a text file; raise ForeignFileError with where it was named."""
    where = str(path) if place is None else f"{place}: {path}"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            found = "a directory" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
            raise ForeignFileError(
                "this is not a file", where=where, found=found, hint="name a file: --from FILE"
            )
        if status.st_size > LARGEST:
            raise ForeignFileError(
                "a file is too large to be what it says",
                where=where,
                expected=f"at most {LARGEST} bytes",
                found=f"{status.st_size}",
                hint="see whether it is the right file",
            )
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ForeignFileError(
            "a file is not UTF-8 text",
            where=f"{where}, line {line}",
            found=f"byte 0x{error.object[error.start]:02x}",
            hint="name a text file, saved as UTF-8",
        ) from error
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise ForeignFileError(
            "there is no such file" if missing else "a file cannot be read",
            where=where,
            found=None if missing else getattr(error, "strerror", None) or str(error),
            hint="name a file that exists and that you may read: --from FILE",
        ) from error
