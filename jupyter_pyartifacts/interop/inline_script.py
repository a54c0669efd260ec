"""The block `# /// script` of a script or a notebook's cell (PEP 723)."""

from __future__ import annotations

import re

import tomli_w

from ..errors import ForeignFileError
from ..model import Lock
from ..requirements import parse_requirement
from .toml import parse_toml
from .uv_settings import apply_uv_settings
from .wanted import Wanted, check_length

__all__ = ["has_inline_script", "read_inline_script", "write_inline_script"]

_START = "# /// script"
_END = "# ///"


def write_inline_script(lock: Lock, *, requirements: tuple[str, ...]) -> str:
    """Return the block that asks for what the lock's user asked for.

    `requirements` are the lock's, local wheels as `NAME @ file:///...`: the block has no
    directory that a path could be relative to. Indexes are named as uv reads them.
    """
    document: dict[str, object] = {
        "requires-python": f"=={lock.python.minor}.*",
        "dependencies": list(requirements),
    }
    uv: dict[str, object] = {}
    if lock.as_of:
        uv["exclude-newer"] = lock.as_of
    direct = {parse_requirement(text).name for text in requirements}
    tied = {
        name: {"index": index.name}
        for index in lock.indexes
        for name in index.projects
        if name in direct
    }
    if tied:
        uv["index"] = [
            {"name": index.name, "url": index.url, "explicit": True} for index in lock.indexes
        ]
        uv["sources"] = tied
    if uv:
        document["tool"] = {"uv": uv}
    body = tomli_w.dumps(document)
    lines = [f"# {line}".rstrip() for line in body.splitlines()]
    return "\n".join([_START, *lines, _END, ""])


def has_inline_script(text: str) -> bool:
    """Tell whether a text has such a block, whole or not."""
    return any(line.rstrip() == _START for line in text.splitlines())


def read_inline_script(text: str, where: str) -> Wanted:
    """Read the one block of a text; raise ForeignFileError, InvalidRequirement with the place."""
    check_length(text, where)
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.rstrip() == _START]
    if not starts:
        raise ForeignFileError(
            "there is no block of script metadata (PEP 723)",
            where=where,
            expected=f"a line {_START!r}",
            hint="name a file that has one, or another format: --format",
        )
    if len(starts) > 1:
        raise ForeignFileError(
            "there are two blocks of script metadata (PEP 723 allows one)",
            where=f"{where}, line {starts[1] + 1}",
            hint="take one of them out",
        )
    first = starts[0] + 1
    content: list[str] = []
    end = None
    # PEP 723: the block ends with the last `# ///` of its run of comment lines.
    for number in range(first, len(lines)):
        line = lines[number].rstrip()
        if line == _END:
            end = len(content)
        if not re.match(r"#( |$)", line):
            break
        content.append(line[2:] if line.startswith("# ") else line[1:])
    if end is None:
        raise ForeignFileError(
            "a block of script metadata does not end",
            where=f"{where}, line {first}",
            expected=f"a line {_END!r} after lines that begin with '# '",
            hint="close the block",
        )
    table = parse_toml("\n".join(content[:end]), where, first_line=first + 1)
    wanted = Wanted(
        requirements=table.requirements("dependencies"),
        requires_python=table.specifier("requires-python"),
    )
    return apply_uv_settings(wanted, table.table("tool").table("uv"))
