"""The anchors of an HTML page of the Simple API (PEP 503)."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["Anchors"]


class Anchors(HTMLParser):
    """Collect the anchors of a page and its base."""

    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.anchors: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.anchors.append(dict(attrs))
        elif tag == "base" and self.base is None:
            self.base = dict(attrs).get("href")
