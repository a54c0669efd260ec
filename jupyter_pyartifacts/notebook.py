"""A notebook file as the carrier of a lock: read it, and write nothing but `metadata.pyartifacts`.

The rules of the room:

* What is written equals `nbformat.write` of the same document, byte for byte, so a notebook that
  Jupyter saved changes in its lock alone. `nbformat` itself takes 0.2 s to import, hence plain
  `json` here and tests that hold the two side by side. One thing is not copied: nbformat gives
  cells without an identifier a random one; cells are none of our business.
* A write replaces the file at once or not at all, and only if it still is what was read.
* Kernels' sessions keep a lock without a notebook: `{"pyartifacts": {...} | null}` in a `*.json`
  file. Every verb takes one in the place of a notebook.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any, Literal, cast

from .diskform import disk_form
from .errors import NotebookError

__all__ = [
    "KEY",
    "PAUSES",
    "Document",
    "code_of",
    "parse_document",
    "parse_json",
    "read_bytes",
    "read_document",
    "render_document",
    "write_notebook",
    "write_text",
]

KEY = "pyartifacts"
"""The key of the lock, in a notebook's metadata and in a session file."""
PAUSES = (0.1, 0.2, 0.4, 0.8)
"""Seconds between attempts to read a notebook: collaboration and some editors write in place, so
that the file is empty or half for a moment."""

Kind = Literal["notebook", "session", "held"]
_LARGEST = 1 << 30
_CONFLICT = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)


class Document:
    """A notebook or session file as it was read, and the way to write its lock.

    `path` is absolute, links not followed; `kind` tells a notebook from a session file (and from
    a lock that a server holds, see `server/document.py`);
    `directory` is what relative `file:` locations start from.
    """

    def __init__(
        self,
        path: Path,
        data: bytes,
        session_directory: Path | None = None,
        caller: int | None = None,
        *,
        seen: bytes | None = None,
    ) -> None:
        """Read `data`; `seen` is the sha256 of what the file holds, if that is something else."""
        self.path = path
        self._caller = caller
        self._content, self.kind = parse_document(data, str(path))
        self._seen = hashlib.sha256(data).digest() if seen is None else seen
        self._differs = seen is not None
        beside = path.parent
        self.directory = (session_directory or beside) if self.kind == "session" else beside

    @property
    def owner(self) -> int | None:
        """Return the process for whose sake work goes on in the background, None for no such.

        A session file is its kernel's, which called us: our parent, unless it is said who.
        """
        return (self._caller or os.getppid()) if self.kind == "session" else None

    @property
    def lock_document(self) -> object | None:
        """Return the lock as plain JSON, not yet checked; None without one."""
        return cast("object | None", self._holder.get(KEY))

    @property
    def content(self) -> dict[str, Any]:
        """Return the whole document as it was read; not to be changed."""
        return self._content

    @property
    def code(self) -> str:
        """Return what its code cells say, as `code_of` does."""
        return code_of(self._content)

    def text(self) -> str:
        """Return the whole document as text, as nbformat reads it."""
        return render_document(self._content, self.kind).decode("utf-8")

    def write_lock(self, rendered: dict[str, Any] | None) -> None:
        """Write this lock, or take the lock out (None), and nothing else; atomic.

        Raises NotebookError if the file is not what was read any more, or cannot be written;
        it is untouched then.
        """
        if rendered == self.lock_document and not self._differs:
            return
        self.write_content(self._with_lock(rendered))

    def write_content(self, content: dict[str, Any]) -> None:
        """Write the whole document, such as one with new outputs; as careful as `write_lock`."""
        data = render_document(content, self.kind)
        _replace_file(self.path, data, seen=self._seen)
        self._content, self._seen = content, hashlib.sha256(data).digest()
        self._differs = False

    def _with_lock(self, rendered: dict[str, Any] | None) -> dict[str, Any]:
        if self.kind == "session":
            return {**self._content, KEY: rendered}
        metadata = {key: value for key, value in self._holder.items() if key != KEY}
        if rendered is not None:
            metadata[KEY] = rendered
        return {**self._content, "metadata": metadata}

    @property
    def _holder(self) -> dict[str, Any]:
        if self.kind == "session":
            return self._content
        return cast("dict[str, Any]", self._content["metadata"])


def read_document(
    path: str | os.PathLike[str],
    *,
    session_directory: Path | None = None,
    caller: int | None = None,
) -> Document:
    """Read the notebook (`*.ipynb`, nbformat 4) or session file (`*.json`) at `path`.

    `session_directory` is the directory of the notebook that a session file stands for, `caller`
    the process that this command belongs to where that is not our parent.

    Raises NotebookError: no such file, not a file, unreadable, larger than 1 GiB, and whatever
    `parse_document` refuses.
    """
    place = Path(os.path.abspath(path))
    return Document(place, read_bytes(place), session_directory, caller)


def parse_document(data: bytes, where: str) -> tuple[dict[str, Any], Kind]:
    """Read the bytes of a notebook or session file, `where` being its name in messages.

    Raises NotebookError: empty, not UTF-8, not JSON, merge conflict, not a notebook, another
    nbformat than 4.
    """
    content = parse_json(data, where)
    session = where.endswith(".json")
    if session and isinstance(content, dict) and "nbformat" not in content:
        if not isinstance(content.get(KEY), dict | None):
            raise NotebookError(
                "the session's lock is not an object",
                where=where,
                expected='{"pyartifacts": {...}} or {"pyartifacts": null}',
                found=_kind_of(content[KEY]),
                hint="restart the kernel that owns this file",
            )
        return content, "session"
    return _check_notebook(content, where), "notebook"


def render_document(content: dict[str, Any], kind: Kind) -> bytes:
    """Return the bytes of the document, as nbformat writes them; the argument is not changed."""
    if kind == "notebook":
        content = disk_form(content)
    text = json.dumps(content, indent=1, sort_keys=True, separators=(",", ": "), ensure_ascii=False)
    # A lone surrogate has no UTF-8. JSON can say it as \udXXX, which is what this handler writes.
    return (text + "\n").encode("utf-8", errors="backslashreplace")


def write_notebook(path: str | os.PathLike[str], content: dict[str, Any]) -> None:
    """Write a notebook as a file of its own, in place of what is there; atomic.

    Raises NotebookError.
    """
    place = Path(os.path.realpath(path))
    _write_file(place, render_document(content, "notebook"), shown=place)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file beside notebooks, such as an export, in place of what is there; atomic.

    Raises NotebookError.
    """
    place = Path(os.path.realpath(path))
    _write_file(place, text.encode("utf-8", errors="backslashreplace"), shown=place, what="file")


def parse_json(data: bytes, where: str) -> object:
    """Return what a notebook's bytes hold, whatever it is; raise NotebookError with the place."""
    try:
        # A byte order mark is no JSON (RFC 8259, section 8.1), but editors add it.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotebookError(
            "the notebook is not UTF-8 text",
            where=where,
            found=f"byte 0x{data[error.start]:02x} at offset {error.start}",
            hint="name a notebook (.ipynb); if it is one, restore it from a backup or checkpoint",
        ) from error
    if not text.strip():
        raise NotebookError(
            "the notebook is empty",
            where=where,
            expected="a notebook (nbformat 4)",
            found=f"{len(data)} bytes without content",
            hint="open it in Jupyter and save it once, or restore it from a backup or checkpoint",
        )
    try:
        return cast(object, json.loads(text))
    except (ValueError, RecursionError) as error:
        conflict = _CONFLICT.search(text)
        if conflict:
            line = text.count("\n", 0, conflict.start()) + 1
            raise NotebookError(
                "the notebook has an unresolved merge conflict",
                where=f"{where}, line {line}",
                found=text[conflict.start() :].splitlines()[0][:80],
                hint="if only the lock is in conflict: jupyter pyartifacts lock NOTEBOOK --merge; "
                "else resolve it (`nbdime mergetool`, or `git checkout --ours` or `--theirs` and "
                "the file's name), then try again",
            ) from error
        raise NotebookError(
            "the notebook is not JSON",
            where=where,
            expected="a notebook (nbformat 4)",
            found=str(error) or type(error).__name__,
            hint="name a notebook (.ipynb); if it is one, restore it from a backup or checkpoint",
        ) from error


def _check_notebook(content: object, where: str) -> dict[str, Any]:
    fault = _fault(content)
    if fault:
        raise NotebookError(
            "the file is JSON, but no notebook",
            where=where,
            expected="a notebook (nbformat 4)",
            found=fault,
            hint="name a notebook (.ipynb)",
        )
    notebook = cast("dict[str, Any]", content)
    version = notebook["nbformat"]
    if version < 4:
        raise NotebookError(
            f"the notebook is in the old format {version}",
            where=where,
            expected="nbformat 4",
            found=f"nbformat {version}",
            hint="convert it first: jupyter nbconvert --to notebook --inplace NOTEBOOK",
        )
    if version > 4:
        raise NotebookError(
            f"the notebook is in the format {version}, which this version does not know",
            where=where,
            expected="nbformat 4",
            found=f"nbformat {version}",
            hint="upgrade jupyter_pyartifacts",
        )
    return notebook


def _fault(content: object) -> str | None:
    """Name the first thing that keeps this from being a notebook, None for a notebook."""
    if not isinstance(content, dict):
        return _kind_of(content)
    version = content.get("nbformat")
    if not isinstance(version, int) or isinstance(version, bool):
        return "no nbformat" if version is None else f"{_kind_of(version)} as nbformat"
    if version != 4:
        return None
    if not isinstance(content.get("metadata"), dict):
        return f"{_kind_of(content.get('metadata'))} as metadata"
    cells = content.get("cells")
    if not isinstance(cells, list):
        return f"{_kind_of(cells)} as cells"
    for number, cell in enumerate(cells):
        if not isinstance(cell, dict):
            return f"{_kind_of(cell)} as cells[{number}]"
        if not isinstance(cell.get("metadata"), dict):
            return f"{_kind_of(cell.get('metadata'))} as cells[{number}].metadata"
    return None


def _kind_of(value: object) -> str:
    if value is None:
        return "nothing"
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return names.get(type(value), "a number")


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a notebook file. Raises NotebookError as `read_document` does."""
    hint = "name a notebook (.ipynb) that exists and that you may read"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            found = "a directory" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
            raise NotebookError("this is not a file", where=str(path), found=found, hint=hint)
        if status.st_size > _LARGEST:
            raise NotebookError(
                "the notebook is too large",
                where=str(path),
                expected="at most 1 GiB",
                found=f"{status.st_size / (1 << 30):.1f} GiB",
                hint="clear its outputs: jupyter nbconvert --clear-output --inplace NOTEBOOK",
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotebookError(
            "there is no such notebook",
            where=str(path),
            hint=_similar_name(path),
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NotebookError(
            "the notebook cannot be read", where=str(path), found=reason, hint=hint
        ) from error


def _similar_name(path: Path) -> str:
    general = "the notebook's path comes first: jupyter pyartifacts VERB NOTEBOOK ..."
    with contextlib.suppress(OSError):
        with_suffix = path.with_name(path.name + ".ipynb")
        if path.name and with_suffix.is_file():
            return f"did you mean {with_suffix.name}?"
        import difflib

        names = [other.name for other in path.parent.glob("*.ipynb")]
        close = difflib.get_close_matches(path.name, names, n=1)
        if close:
            return f"did you mean {close[0]}?"
    return general


def _replace_file(path: Path, data: bytes, *, seen: bytes) -> None:
    """Replace the file behind `path` at once, if its sha256 still is `seen`.

    Mode, owner and extended attributes are kept, and so is a symbolic link: its target is what
    is replaced.
    """
    target = Path(os.path.realpath(path))
    try:
        current = read_bytes(target)
    except NotebookError as error:
        raise NotebookError(
            "the notebook is gone since it was read",
            where=str(path),
            hint="nothing was written; put the notebook back and try again",
        ) from error
    if hashlib.sha256(current).digest() != seen:
        raise NotebookError(
            "the notebook was changed on disk meanwhile",
            where=str(path),
            hint="nothing was written; if the notebook is open in Jupyter, save it there and use "
            "%pyartifacts in the notebook, or close it; then try again",
        )
    _write_file(target, data, shown=path)


def _write_file(target: Path, data: bytes, *, shown: Path, what: str = "notebook") -> None:
    temporary = None
    try:
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(13, "the file is read-only")
        handle, temporary = tempfile.mkstemp(prefix=f".~{target.name[:100]}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _keep_attributes(target, temporary)
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        raise NotebookError(
            f"the {what} cannot be written",
            where=str(shown),
            found=error.strerror or str(error),
            hint="nothing was written; make the file and its directory writable, with room for a "
            "copy of it",
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _keep_attributes(target: Path, temporary: str) -> None:
    """Give the new file the mode, owner and extended attributes of the one that it replaces."""
    try:
        before = target.stat()
    except FileNotFoundError:
        # mkstemp makes private files; a new notebook is as open as any new file.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        return
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(temporary, before.st_uid, before.st_gid)
    shutil.copystat(target, temporary)
    os.utime(temporary)


def code_of(content: object) -> str:
    """Return the source of a notebook's code cells in their order, each ended by a line feed.

    Nothing is validated: what is no code cell has no code.
    """
    cells = content.get("cells") if isinstance(content, dict) else None
    sources = [
        cell.get("source")
        for cell in (cells if isinstance(cells, list) else ())
        if isinstance(cell, dict) and cell.get("cell_type") == "code"
    ]
    return "".join(
        f"{''.join(map(str, source)) if isinstance(source, list) else source}\n"
        for source in sources
        if isinstance(source, (str, list))
    )
