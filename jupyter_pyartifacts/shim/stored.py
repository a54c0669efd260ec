"""The results of `store` and `gc`: what the store takes, and what went from it."""

from . import markup
from .result import Result
from .words import count, size

__all__ = ["GcResult", "StoreResult"]


class StoreResult(Result):
    """What the store takes: `path`, `size`, `quota`, `artifacts`, `views`, `free`."""

    def rows(self):
        """Return pairs of what and how much."""
        holds = "{} ({}, {})".format(
            size(self.data.get("size") or 0),
            count(self.data.get("artifacts") or 0, "package"),
            count(self.data.get("views") or 0, "environment"),
        )
        rows = [("directory", str(self.data.get("path"))), ("holds", holds)]
        if self.data.get("quota") is not None:
            rows.append(("quota", size(self.data["quota"])))
        if self.data.get("free") is not None:
            rows.append(("free", size(self.data["free"])))
        return rows

    def text_lines(self):
        """Return a line for each fact."""
        return ["{}  {}".format(name.ljust(9), value) for name, value in self.rows()]

    def html_parts(self):
        """Return a table."""
        return [markup.section("store", "shared by all your notebooks"), markup.facts(self.rows())]


class GcResult(Result):
    """What a sweep took away: `removed`, `size`, `kept`, `dry_run`."""

    def text_lines(self):
        """Return one line."""
        removed = self.data.get("removed") or ()
        if not removed:
            return ["nothing to remove: everything in the store is used"]
        return [
            "{} {}, {}; {} kept".format(
                "would remove" if self.data.get("dry_run") else "removed",
                count(len(removed), "item"),
                size(self.data.get("size") or 0),
                count(self.data.get("kept") or 0, "package"),
            )
        ]

    def html_parts(self):
        """Return one line."""
        return [markup.section(*self.text_lines())]
