"""Our block in a postBuild: where it goes, and where it may not."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.binder.scripts import BEGIN, BUILD, END, with_block, with_post_build
from jupyter_pyartifacts.errors import ForeignFileError

LINE = f'{BUILD} "${{REPO_DIR:-.}}"'
BLOCK = f"{BEGIN}\n{LINE}\n{END}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, f"#!/bin/bash\nset -euo pipefail\n\n{BLOCK}"),
        ("", BLOCK),
        ("#!/bin/sh\nmake", f"#!/bin/sh\nmake\n\n{BLOCK}"),
        (
            "#!/usr/bin/env bash\nexec > log 2>&1\n\n",
            f"#!/usr/bin/env bash\nexec > log 2>&1\n\n{BLOCK}",
        ),
        ("if x; then\n  exit 1\nfi\n", f"if x; then\n  exit 1\nfi\n\n{BLOCK}"),
        (f"a\n{BEGIN}\nold\n{END}\nb\n", f"a\n{BLOCK}b\n"),
        (f"#!/usr/bin/python3\nrun('{BUILD}')\n", f"#!/usr/bin/python3\nrun('{BUILD}')\n"),
    ],
)
def test_it_comes_after_what_was_there(before: str | None, after: str) -> None:
    assert with_post_build(before, None, "postBuild") == after
    assert with_post_build(after, None, "postBuild") == after


def test_it_installs_first_what_nothing_else_could() -> None:
    text = with_post_build(None, "jupyter_pyartifacts>=0.1", "postBuild")
    line = "python3 -m pip install --no-cache-dir 'jupyter_pyartifacts>=0.1'"
    assert text.splitlines()[4:6] == [line, LINE]
    # What was installed here is in requirements.txt now.
    assert with_post_build(text, None, "postBuild") == f"#!/bin/bash\nset -euo pipefail\n\n{BLOCK}"


@pytest.mark.parametrize(
    ("text", "what", "found"),
    [
        (
            "#!/usr/bin/env python3\nprint(1)\n",
            "a postBuild that is no shell script is not added to",
            "#!/usr/bin/env python3",
        ),
        (
            "#!/bin/bash\nmake\nexit 0\n",
            "a postBuild that leaves before its end is not added to",
            "exit 0",
        ),
        (
            "exec make all\n",
            "a postBuild that leaves before its end is not added to",
            "exec make all",
        ),
    ],
)
def test_a_script_that_would_not_come_to_it_is_refused(text: str, what: str, found: str) -> None:
    with pytest.raises(ForeignFileError) as caught:
        with_post_build(text, None, "binder/postBuild")
    assert str(caught.value) == (
        f"{what} (binder/postBuild)\n"
        f"  expected: a shell script that runs to its end\n  found:    {found}\n"
        "hint: let it run `jupyter pyartifacts binder --build` when everything is installed; "
        "then this has nothing to add"
    )


def test_damaged_marks_are_not_guessed_at() -> None:
    with pytest.raises(ForeignFileError) as caught:
        with_block(f"{BEGIN}\nx\n", ("y",), "postBuild")
    assert str(caught.value) == (
        "the marks of jupyter_pyartifacts in this file are damaged (postBuild)\n"
        f"  expected: one line {BEGIN!r}, then one {END!r}\n  found:    1 and 0 of them\n"
        "hint: remove these lines and what belongs to them, and run this again"
    )
