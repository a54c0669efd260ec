"""The tutorial of the documentation, cell by cell: what it shows is what a kernel answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from .conftest import write_notebook
from .test_magic import message_of, text_of

pytestmark = [pytest.mark.kernel, pytest.mark.network]

PAGE = Path(__file__).parents[3] / ".docs" / "tutorial.md"


def cells() -> list[tuple[str, str]]:
    """Return the cells of the tutorial, each with the output that is shown, if any."""
    found: list[tuple[str, str]] = []
    shown = False
    for token in MarkdownIt("commonmark").parse(PAGE.read_text("utf-8")):
        if token.type == "fence" and token.info == "console":
            shown = True
        elif token.type == "fence":
            if token.info == "python" or token.content.startswith("%pyartifacts"):
                found.append((token.content.strip(), ""))
                shown = False
            elif not shown:
                found[-1] = (found[-1][0], token.content.strip())
                shown = True
    return found


def likeness(text: str) -> str:
    """Return a text without what is another on another day: versions, sizes, spaces."""
    return re.sub(r"\d[\d.]*", "#", " ".join(text.split()))


def test_the_tutorial_is_true(start, tmp_path):
    kernel = start(write_notebook(tmp_path / "tides.ipynb"))
    assert kernel.run("%load_ext jupyter_pyartifacts").ok
    todo = cells()
    assert len(todo) == 8
    for source, expected in todo:
        answer = kernel.run(source)
        if source == "import seaborn":
            assert message_of(answer).splitlines()[-2:] == expected.splitlines()
            continue
        assert answer.ok, answer.error
        found = answer.out or text_of(answer)
        assert likeness(found).startswith(likeness(expected.removesuffix("..."))), source
