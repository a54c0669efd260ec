"""The results of the verbs, each with its plain text and its markup."""

from . import markup
from .grid import paragraph, text_table
from .offered import VersionsResult
from .result import Result
from .shown import ShowResult
from .stored import GcResult, StoreResult
from .upkeep import DoctorResult, VerifyResult
from .verbs import help_rows
from .words import count, size

__all__ = [
    "ChangeResult",
    "ExportResult",
    "HelpResult",
    "HistoryResult",
    "OutdatedResult",
    "TrustResult",
    "result_of",
]


def result_of(data, **facts):
    """Make the result of an engine's `result` event; `facts` are added to its keys."""
    known = {
        "show": ShowResult,
        "outdated": OutdatedResult,
        "versions": VersionsResult,
        "store": StoreResult,
        "gc": GcResult,
        "history": HistoryResult,
        "verify": VerifyResult,
        "trust": TrustResult,
        "export": ExportResult,
        "doctor": DoctorResult,
        "help": HelpResult,
    }
    return known.get(data.get("verb"), ChangeResult)(dict(data, **facts))


class ChangeResult(Result):
    """What `add`, `remove`, `upgrade`, `undo` and `instantiate` did, or would do.

    `restart` is None, `recommended` or `required`; `stale` are the loaded distributions with
    another version than the one pinned; `advice` are sentences about this kernel.
    """

    @property
    def restart(self):
        """Return None, `recommended` or `required`."""
        return self.data.get("restart")

    def _rows(self):
        for change in self.data.get("changes") or ():
            before, after = change.get("before"), change.get("after")
            if before is None:
                yield change, "+", "ok", "added", after
            elif after is None:
                yield change, "-", "bad", "removed", before
            else:
                yield change, "~", "new", "changed", "{} \u2192 {}".format(before, after)

    def _headline(self):
        dry, changes = self.data.get("dry_run"), list(self._rows())
        verb = self.data.get("verb")
        if verb == "instantiate" and not changes:
            return "ready"
        if self.data.get("lock") is None and not dry and verb in ("undo", "remove"):
            return "this notebook has no lock any more"
        python = self.data.get("python") or {}
        old, new = python.get("before"), python.get("after")
        moved = "Python {} \u2192 {}".format(old, new) if old and new and old != new else ""
        if moved and not changes:
            return moved
        if not changes:
            return "nothing would change" if dry else "nothing to change"
        counts = []
        for word in ("added", "changed", "removed"):
            number = sum(1 for row in changes if row[3] == word)
            if number:
                counts.append("{} {}".format(number, word))
        return ("would be " if dry else "") + ", ".join(counts + ([moved] if moved else []))

    def _facts(self):
        facts = []
        missing = self.data.get("size_missing")
        if missing is not None and self.data.get("changes"):
            facts.append(size(missing) + " to download" if missing else "nothing to download")
        if self.data.get("size"):
            facts.append("{} on this machine".format(size(self.data["size"])))
        if self.data.get("platforms"):
            facts.append("locked for " + count(len(self.data["platforms"]), "platform"))
        if self.data.get("digest") and not self.data.get("dry_run"):
            facts.append("lock " + self.data["digest"].partition(":")[2][:8])
        return facts

    def _advice(self):
        lines = list(self.data.get("advice") or ())
        stale = self.data.get("stale") or ()
        if self.restart and stale:
            names = ", ".join(
                "{} {} ({})".format(
                    each.name,
                    each.loaded,
                    "pinned: " + each.pinned if each.pinned else "not pinned",
                )
                for each in stale
            )
            lines.insert(0, "still loaded: " + names)
        return lines

    def _left_out(self):
        return [
            "not locked for {}: {}".format(left.get("platform"), left.get("reason"))
            for left in self.data.get("left_out") or ()
        ]

    def text_lines(self):
        """Return the headline, a line for each change, facts and advice."""
        lines = ["{}: {}".format(self.data.get("title") or self.data.get("verb"), self._headline())]
        folded = {"added": [], "removed": []}
        for change, sign, _, word, versions in self._rows():
            if change.get("direct") or word == "changed":
                lines.append("  {} {} {}".format(sign, change.get("name"), versions))
            else:
                folded[word].append("{} {}".format(change.get("name"), versions))
        for word, sign in (("added", "+"), ("removed", "-")):
            if folded[word]:
                number = count(len(folded[word]), "dependency", "dependencies")
                text = "{} {}: {}".format(sign, number, ", ".join(folded[word]))
                lines.extend(paragraph(text, "  "))
        if self._facts():
            lines.append(", ".join(self._facts()))
        lines.extend(self._left_out())
        if self.restart:
            lines.append("restart {}".format(self.restart))
        return lines + ["  " + line for line in self._advice()]

    def restart_parts(self):
        """Return the restart that is wanted, why, and its button; else what there is to say."""
        text = "<br>".join(markup.escape(line) for line in self._advice())
        if not self.restart:
            return [markup.box(text)] if text else []
        kind = "bad" if self.restart == "required" else "warn"
        label = markup.badge("restart " + self.restart, kind)
        return [markup.box("{} {} {}".format(label, text, markup.restart_button()), kind)]

    def html_parts(self, restart=True):
        """Return the direct changes as a table, the others folded, facts and advice."""
        rows = list(self._rows())
        title = self.data.get("title") or self.data.get("verb")
        parts = [markup.section(title, self._headline())]
        direct = [row for row in rows if row[0].get("direct")] or rows
        others = [row for row in rows if row not in direct]
        if direct:
            parts.append(_change_table(direct))
        if others:
            label = count(len(others), "dependency", "dependencies")
            parts.append(markup.folded("and " + label, _change_table(others)))
        parts.extend(markup.box(markup.escape(line), "warn") for line in self._left_out())
        if restart:
            parts.extend(self.restart_parts())
        if self._facts():
            text = markup.escape(" \u00b7 ".join(self._facts()))
            parts.append('<div class="pya-dim">{}</div>'.format(text))
        return parts


def _change_table(rows):
    body = []
    for change, _, kind, word, versions in rows:
        name = markup.code(change.get("name"))
        if change.get("direct"):
            name = "<strong>{}</strong>".format(name)
        body.append([markup.badge(word, kind), name, markup.code(versions)])
    return markup.table(["", "!", ""], body)


class OutdatedResult(Result):
    """Which pins have newer releases: `outdated` is a list of mappings."""

    def _rows(self):
        rows = self.data.get("outdated") or ()
        return sorted(rows, key=lambda row: (not row.get("direct"), str(row.get("name"))))

    def text_lines(self):
        """Return a table."""
        rows = self._rows()
        if not rows:
            return ["everything is up to date"]
        columns = ["name", "pinned", "fits", "latest", "released", ""]
        return [
            *text_table(columns, [self._cells(row) for row in rows]),
            "`%pyartifacts upgrade NAME ...` takes what fits, `%pyartifacts add NAME` asks for any",
        ]

    def _cells(self, row):
        marks = [] if row.get("direct") else ["dependency"]
        if row.get("yanked"):
            marks.append("yanked")
        released = str(row.get("released") or "")[:10]
        return [
            row.get("name"),
            row.get("current"),
            "" if row.get("compatible") in (None, row.get("current")) else row["compatible"],
            row.get("latest") or "",
            released,
            ", ".join(marks),
        ]

    def html_parts(self):
        """Return a table, what the user asked for first."""
        rows = self._rows()
        if not rows:
            return [markup.section("everything is up to date")]
        body = []
        for row in rows:
            name, current, fits, latest, released, _ = self._cells(row)
            label = markup.code(name)
            if row.get("direct"):
                label = "<strong>{}</strong>".format(label)
            yanked = " " + markup.badge("yanked", "bad") if row.get("yanked") else ""
            news = '<span class="pya-new">{}</span>'.format(markup.code(fits)) if fits else "\u2013"
            body.append(
                [
                    label,
                    markup.code(current) + yanked,
                    news,
                    markup.code(latest),
                    markup.escape(released),
                ]
            )
        columns = ["distribution", "pinned", "fits your requirements", "latest", "released"]
        hint = "{} takes what fits, {} asks for any".format(
            markup.code("%pyartifacts upgrade NAME ..."), markup.code("%pyartifacts add NAME")
        )
        return [
            markup.section("outdated", count(len(rows), "distribution")),
            markup.table(columns, body),
            '<div class="pya-dim">{}</div>'.format(hint),
        ]


class HistoryResult(Result):
    """The last changes, newest first: `history` is a list of mappings."""

    def _rows(self):
        return [
            (str(row.get("when") or "").replace("T", " ").rstrip("Z"), row.get("what") or "")
            for row in self.data.get("history") or ()
        ]

    def text_lines(self):
        """Return a line for each change."""
        rows = self._rows()
        if not rows:
            return ["no change is remembered"]
        return [
            *text_table(["when (UTC)", "what"], rows),
            "`%pyartifacts undo` takes back the first",
        ]

    def html_parts(self):
        """Return a table."""
        rows = self._rows()
        if not rows:
            return [markup.section("no change is remembered")]
        body = [[markup.escape(when), markup.code(what)] for when, what in rows]
        hint = markup.code("%pyartifacts undo") + " takes back the first"
        return [
            markup.section("history", "newest first"),
            markup.table(["when (UTC)", "what"], body),
            '<div class="pya-dim">{}</div>'.format(hint),
        ]


class TrustResult(Result):
    """Which lock was approved: `digest`, `distributions`, `indexes`."""

    def _facts(self):
        indexes = ", ".join(self.data.get("indexes") or ()) or "the default index"
        return "{} from {}".format(
            count(self.data.get("distributions") or 0, "distribution"), indexes
        )

    def text_lines(self):
        """Return one line."""
        digest = str(self.data.get("digest") or "").partition(":")[2][:8]
        return ["approved: lock {}, {}".format(digest, self._facts())]

    def html_parts(self):
        """Return one line."""
        digest = str(self.data.get("digest") or "").partition(":")[2][:8]
        return [
            "{} lock {} {}".format(
                markup.badge("approved", "ok"),
                markup.code(digest),
                '<span class="pya-dim">{}</span>'.format(markup.escape(self._facts())),
            )
        ]


class ExportResult(Result):
    """A lock as another tool reads it: `format`, and `text` or the file `output` that has it."""

    def _headline(self):
        kind, number = self.data.get("format"), self.data.get("distributions") or 0
        return "{}, as {}".format(count(number, "distribution"), kind)

    def text_lines(self):
        """Return the text itself, so that it can be copied, or what was written where."""
        if self.data.get("output") is None:
            return str(self.data.get("text") or "").splitlines()
        return ["wrote {}: {}".format(self.data["output"], self._headline())]

    def html_parts(self):
        """Return the text under its headline, or what was written where."""
        if self.data.get("output") is not None:
            return [markup.section("wrote " + self.data["output"], self._headline())]
        text = '<pre class="pya-mono">{}</pre>'.format(markup.escape(self.data.get("text") or ""))
        return [markup.folded(self._headline(), text, is_open=True)]


class HelpResult(Result):
    """How the magic is used; `topic` is a verb or None."""

    def text_lines(self):
        """Return the verbs, or one verb and its options."""
        rows = help_rows(self.data.get("topic"))
        wide = max(len(usage) for usage, _ in rows)
        return ["{}  {}".format(usage.ljust(wide), summary) for usage, summary in rows]

    def html_parts(self):
        """Return the same as a table."""
        topic = self.data.get("topic")
        body = [[markup.code(usage), markup.escape(text)] for usage, text in help_rows(topic)]
        dim = topic or "this notebook's own packages"
        return [markup.section("%pyartifacts", dim), markup.table(["!", ""], body)]
