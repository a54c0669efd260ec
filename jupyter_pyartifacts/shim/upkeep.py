"""The results of looking after things: verified files, a checked installation."""

from . import markup
from .result import Result
from .words import count

__all__ = ["DoctorResult", "VerifyResult"]


class VerifyResult(Result):
    """What a check of every file found: `files`, `damaged`, `repaired`."""

    @property
    def ok(self):
        """Tell whether every file is, or again is, what the lock says."""
        repaired = set(self.data.get("repaired") or ())
        return all(each.get("path") in repaired for each in self.data.get("damaged") or ())

    def _headline(self):
        files = count(self.data.get("files") or 0, "file")
        damaged = self.data.get("damaged") or ()
        if not damaged:
            return "{} checked, every one as pinned".format(files)
        return "{} checked, {} damaged, {} repaired".format(
            files, len(damaged), len(self.data.get("repaired") or ())
        )

    def text_lines(self):
        """Return the headline and each damaged file."""
        repaired = set(self.data.get("repaired") or ())
        lines = ["verify: " + self._headline()]
        for each in self.data.get("damaged") or ():
            state = "repaired" if each.get("path") in repaired else "NOT repaired"
            lines.append("  {} ({})".format(each.get("path"), state))
            lines.append("    expected: {}".format(each.get("expected")))
            lines.append("    found:    {}".format(each.get("found")))
        return lines

    def html_parts(self):
        """Return the headline and a table of damaged files."""
        damaged = self.data.get("damaged") or ()
        parts = [markup.section("verify", self._headline())]
        if damaged:
            repaired = set(self.data.get("repaired") or ())
            body = [
                [
                    markup.badge("repaired", "ok")
                    if each.get("path") in repaired
                    else markup.badge("damaged", "bad"),
                    markup.code(each.get("path")),
                    markup.code(_short(each.get("expected"))),
                    markup.code(_short(each.get("found"))),
                ]
                for each in damaged
            ]
            parts.append(markup.table(["", "file", "expected!", "found!"], body))
        return parts


def _short(digest):
    text = str(digest)
    return text[:15] + "\u2026" if text.startswith("sha256:") else text


class DoctorResult(Result):
    """What was looked at: `findings` with `state` (right, note, wrong), `what`, `found`, `hint`."""

    @property
    def ok(self):
        """Tell whether nothing is wrong."""
        return all(each.get("state") != "wrong" for each in self.data.get("findings") or ())

    def text_lines(self):
        """Return a line for each finding, and one for what to do about it."""
        signs, lines = {"right": "ok   ", "note": "note ", "wrong": "WRONG"}, []
        for each in self.data.get("findings") or ():
            sign = signs.get(each.get("state"), "")
            lines.append("{} {}: {}".format(sign, each.get("what"), each.get("found")))
            if each.get("hint"):
                lines.append("      {}".format(each["hint"]))
        return lines

    def html_parts(self):
        """Return the findings as a table, what is wrong first."""
        kinds = {"wrong": "bad", "note": "warn", "right": "ok"}
        order, body = list(kinds), []
        findings = [each for each in self.data.get("findings") or () if each.get("state") in kinds]
        for each in sorted(findings, key=lambda each: order.index(each["state"])):
            label = "ok" if each["state"] == "right" else each["state"]
            found = markup.escape(each.get("found"))
            if each.get("hint"):
                found += '<div class="pya-dim">{}</div>'.format(markup.escape(each["hint"]))
            body.append(
                [markup.badge(label, kinds[each["state"]]), markup.escape(each.get("what")), found]
            )
        dim = "" if self.ok else "something is wrong"
        return [markup.section("doctor", dim), markup.table(["", "", ""], body)]
