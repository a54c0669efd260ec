"""The links of the repository's Markdown files: files, anchors, and the form of what is outside.

Nothing is fetched. What is checked is what a reader of the repository meets; the site's own links
are checked by its build.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["anchors", "find_faults", "markdown_files", "slug"]

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+\Z")
_PARSER = MarkdownIt("commonmark").enable("table")


def markdown_files(root: Path) -> list[Path]:
    """Return the Markdown files that are read in the repository."""
    return sorted([*root.glob("*.md"), *(root / ".docs").rglob("*.md")])


def find_faults(root: Path, text_of: Callable[[Path], str]) -> list[str]:
    """Return a line for each link that leads nowhere; `text_of` reads a Markdown file."""
    text = cache(text_of)
    headings = cache(lambda path: anchors(text(path)))
    faults = []
    for path in markdown_files(root):
        for target in links(text(path)):
            if problem := _problem(target, path, root, headings):
                faults.append(f"{path.relative_to(root)}: {target}: {problem}")
    return faults


def _problem(
    target: str, path: Path, root: Path, headings: Callable[[Path], set[str]]
) -> str | None:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        if parts.scheme == "https" and _HOST.match(parts.hostname or ""):
            return None
        return "not a link of the form https://HOST/..."
    file = path
    if parts.path:
        file = Path(os.path.normpath(path.parent / unquote(parts.path)))
        if root not in (file, *file.parents):
            return "leads out of the repository"
        if not file.exists():
            return "there is no such file"
    if parts.fragment and file.suffix == ".md" and parts.fragment not in headings(file):
        return "there is no such heading"
    return None


def links(text: str) -> Iterator[str]:
    """Yield the targets of links and pictures."""
    for token in _inline(text):
        if token.type == "link_open":
            yield str(token.attrGet("href"))
        elif token.type == "image":
            yield str(token.attrGet("src"))


def anchors(text: str) -> set[str]:
    """Return the anchors of headings, as GitHub and the site make them."""
    found: set[str] = set()
    tokens = _PARSER.parse(text)
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open":
            own = plain = slug("".join(each.content for each in content.children or ()))
            number = 0
            while own in found:
                number += 1
                own = f"{plain}-{number}"
            found.add(own)
    return found | set(re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE))


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _inline(text: str) -> Iterator[Token]:
    for token in _PARSER.parse(text):
        yield from token.children or ()
