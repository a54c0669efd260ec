"""Our lines in a file that may have others: a block between two marks, put in or brought up."""

from __future__ import annotations

import re
import shlex

from ..errors import ForeignFileError

__all__ = ["BEGIN", "BUILD", "END", "with_block", "with_post_build"]

BEGIN = "# >>> written by `jupyter pyartifacts binder`, which also brings it up to date >>>"
END = "# <<< jupyter_pyartifacts <<<"
BUILD = "jupyter pyartifacts binder --build"
_NEW = "#!/bin/bash\nset -euo pipefail\n\n"
# `exec > log` only redirects.
_LEAVES = re.compile(r"(?m)^(?:exit\b|exec[ \t]+[^\s\d<>&]).*")


def with_block(text: str, lines: tuple[str, ...], where: str) -> str:
    """Return the text with these lines between the marks, at its end if it had none.

    Raises ForeignFileError if the marks are not what was written.
    """
    rows = text.splitlines()
    block = [BEGIN, *lines, END]
    begins = [number for number, row in enumerate(rows) if row.strip() == BEGIN]
    ends = [number for number, row in enumerate(rows) if row.strip() == END]
    if len(begins) == len(ends) == 1 and begins[0] < ends[0]:
        rows[begins[0] : ends[0] + 1] = block
    elif begins or ends:
        raise ForeignFileError(
            "the marks of jupyter_pyartifacts in this file are damaged",
            where=where,
            expected=f"one line {BEGIN!r}, then one {END!r}",
            found=f"{len(begins)} and {len(ends)} of them",
            hint="remove these lines and what belongs to them, and run this again",
        )
    else:
        rows += ([""] if rows and rows[-1].strip() else []) + block
    end = "\r\n" if "\r\n" in text else "\n"
    return end.join(rows) + end


def with_post_build(text: str | None, install: str | None, where: str) -> str:
    """Return a postBuild that fills the image at its end, after what it did before.

    `install` is a requirement to install first. One that has the command already is left as it
    is. Raises ForeignFileError for one that is no shell script, or ends before its end.
    """
    lines = (
        ()
        if install is None
        else (f"python3 -m pip install --no-cache-dir {shlex.quote(install)}",)
    )
    # The script may have changed its directory.
    lines = (*lines, f'{BUILD} "${{REPO_DIR:-.}}"')
    if text is None:
        return with_block(_NEW, lines, where)
    if BUILD in text and BEGIN not in text:
        return text
    first = text.partition("\n")[0]
    leaves = _LEAVES.search(text.partition(BEGIN)[0])
    if first.startswith("#!") and not re.search(r"\b(ba|da|z|k)?sh\b", first):
        what, found = "a postBuild that is no shell script is not added to", first
    elif leaves:
        what, found = "a postBuild that leaves before its end is not added to", leaves[0]
    else:
        return with_block(text, lines, where)
    raise ForeignFileError(
        what,
        where=where,
        expected="a shell script that runs to its end",
        found=found,
        hint=f"let it run `{BUILD}` when everything is installed; then this has nothing to add",
    )
