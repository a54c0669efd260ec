"""Texts of pages: what they ask for is put in, and links are made to fit where they end up."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from .markdown import PageError

__all__ = ["PageError", "expand", "point_into_site"]

_ASKED = re.compile(
    r"^<!-- (generated|file): (\S+) -->\n(?:(?!<!--).*\n)*<!-- end -->$", re.MULTILINE
)
_LEFT = re.compile(r"^<!-- (?:generated|file): .*$", re.MULTILINE)
_LINK = re.compile(r"(\]\()([^)\s#]*)(#[^)\s]*)?(\))")
# Files of the repository that are pages of the site, too.
PAGES = {
    "ARCHITECTURE.md": ".docs/project/architecture.md",
    "CHANGELOG.md": ".docs/project/changelog.md",
    "CONTRIBUTING.md": ".docs/project/contributing.md",
    "README.md": ".docs/index.md",
}


def expand(text: str, path: Path, root: Path, makers: Mapping[str, Callable[[], str]]) -> str:
    """Return a page's text with everything that it asks for, in place of what stands there.

    Raises PageError for what nobody makes, and for what lacks its text in the code.
    """

    def put(asked: re.Match[str]) -> str:
        kind, name = asked.groups()
        if kind == "file":
            return _moved((root / name).read_text("utf-8"), root, path.parent)
        if name not in makers:
            raise PageError(f"nobody makes {name!r}; there is {', '.join(sorted(makers))}")
        return makers[name]()

    expanded = _ASKED.sub(put, text)
    if left := _LEFT.search(expanded):
        raise PageError(f"{left[0]} has no <!-- end --> after it")
    return expanded


def point_into_site(text: str, path: Path, root: Path) -> str:
    """Have links to files of the repository that are pages of the site lead to those pages."""

    def point(link: re.Match[str]) -> str:
        start, target, anchor, end = link.groups()
        if not target or "://" in target:
            return link[0]
        file = os.path.relpath(path.parent / target, root).replace(os.sep, "/")
        page = PAGES.get(file)
        if page is None or (root / page) == path:
            return link[0]
        place = os.path.relpath(root / page, path.parent).replace(os.sep, "/")
        return f"{start}{place}{anchor or ''}{end}"

    return _LINK.sub(point, text)


def _moved(text: str, before: Path, after: Path) -> str:
    """Make the relative links of a text that lies in one directory right for another."""

    def move(link: re.Match[str]) -> str:
        start, target, anchor, end = link.groups()
        if not target or ":" in target:
            return link[0]
        place = os.path.relpath(before / target, after).replace(os.sep, "/")
        return f"{start}{place}{anchor or ''}{end}"

    return _LINK.sub(move, text)
