"""The result of `versions`: which versions of a project there are."""

from . import markup
from .grid import text_table
from .result import Result
from .words import count

__all__ = ["VersionsResult"]

_SHOWN = 30


class VersionsResult(Result):
    """The versions that a requirement allows, newest first: `name`, `versions`."""

    def usual(self):
        """Return the versions that are neither yanked nor pre-releases; all if none is."""
        rows = list(self.data.get("versions") or ())
        kept = [row for row in rows if not row.get("yanked") and not row.get("prerelease")]
        return kept or rows

    def _rows(self):
        return list(self.data.get("versions") or ())[:_SHOWN]

    def _more(self):
        hidden = len(self.data.get("versions") or ()) - _SHOWN
        return "and {} older".format(count(hidden, "version")) if hidden > 0 else ""

    def text_lines(self):
        """Return a table."""
        if not self._rows():
            return ["no version of {} is allowed".format(self.data.get("name"))]
        rows = [[row["version"], row.get("released") or "", marks(row)] for row in self._rows()]
        lines = text_table([str(self.data.get("name")), "released", ""], rows)
        return lines + ([self._more()] if self._more() else [])

    def html_parts(self):
        """Return a table."""
        if not self._rows():
            return [markup.section(*self.text_lines())]
        body = [
            [
                markup.code(row["version"]),
                markup.escape(row.get("released") or ""),
                markup.escape(marks(row)),
            ]
            for row in self._rows()
        ]
        parts = [
            markup.section("versions of {}".format(self.data.get("name")), "newest first"),
            markup.table(["", "released", ""], body),
        ]
        if self._more():
            parts.append('<div class="pya-dim">{}</div>'.format(markup.escape(self._more())))
        return parts


def marks(row):
    """Return what a version is beside being one: yanked, a pre-release."""
    words = ["yanked"] if row.get("yanked") else []
    return ", ".join(words + (["pre-release"] if row.get("prerelease") else []))
