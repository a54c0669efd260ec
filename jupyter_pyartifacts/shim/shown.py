"""The result of `show`: what is pinned, as a table, and who needs it, as a tree."""

from . import markup
from .grid import paragraph, text_table, text_tree
from .loaded import normalize
from .result import Result
from .words import count, size

__all__ = ["ShowResult", "needed_tree", "needing_tree"]


def needed_tree(roots, by_name, key="dependencies"):
    """Return nodes (name, repeated, children) of what the roots need, each opened once only."""
    opened = set()

    def node(name):
        children = sorted(by_name[name].get(key) or ()) if name in by_name else []
        if name in opened and children:
            return (name, True, [])
        opened.add(name)
        return (name, False, [node(child) for child in children])

    return [node(name) for name in roots]


def needing_tree(name, by_name):
    """Return the node of who needs `name`, and who needs those."""
    return needed_tree([name], by_name, key="required_by")


def _weight(nodes):
    return sum(1 + _weight(children) for _, _, children in nodes)


class ShowResult(Result):
    """What this notebook pins: `distributions`, `requirements`, `python`, `platforms`.

    `only` narrows it to one distribution.
    """

    def _by_name(self):
        return {row.get("name"): row for row in self.data.get("distributions") or ()}

    def _groups(self):
        """Return the rows the user asked for, what those need, and what only the kernel needs."""
        by_name = self._by_name()
        rows = [by_name[name] for name in sorted(by_name)]
        if self.data.get("only"):
            rows = [row for row in rows if row.get("name") == normalize(self.data["only"])]
        needed, todo = set(), [row["name"] for row in by_name.values() if row.get("direct")]
        while todo:
            name = todo.pop()
            if name not in needed:
                needed.add(name)
                todo.extend((by_name.get(name) or {}).get("dependencies") or ())
        direct = [row for row in rows if row.get("direct")]
        others = [row for row in rows if not row.get("direct") and row.get("name") in needed]
        kernel = [row for row in rows if not row.get("direct") and row.get("name") not in needed]
        return direct, others, kernel

    def _nodes(self):
        by_name = self._by_name()
        only = self.data.get("only")
        if only:
            return needing_tree(normalize(only), by_name) if normalize(only) in by_name else []
        roots = sorted(name for name, row in by_name.items() if row.get("direct"))
        return needed_tree(roots, by_name)

    def headline(self):
        """Return the facts of the whole, each in few words."""
        if self.data.get("only"):
            direct, others, kernel = self._groups()
            return ["{} {}".format(r["name"], r["version"]) for r in direct + others + kernel]
        rows = self.data.get("distributions") or ()
        total = sum(row.get("size") or 0 for row in rows)
        facts = [
            count(len(rows), "distribution"),
            "Python {}".format(str(self.data.get("python") or "?").replace("cpython ", "")),
            count(len(self.data.get("platforms") or ()), "platform"),
        ]
        if total:
            facts.insert(1, size(total))
        return facts

    def text_lines(self):
        """Return a table, and the tree below it."""
        direct, others, kernel = self._groups()
        if self.data.get("only") and not direct + others + kernel:
            return ["{} is not pinned".format(self.data["only"])]
        if not self.data.get("distributions"):
            return ["nothing is pinned; `%pyartifacts add NAME` does"]
        only = self.data.get("only")
        rows = [self._cells(row) for row in direct + others + (kernel if only else [])]
        lines = [", ".join(self.headline()), ""]
        if rows:
            lines += text_table(["name", "version", "size#", "needed by"], rows)
        if kernel and not only:
            names = ", ".join("{} {}".format(row["name"], row["version"]) for row in kernel)
            lines += paragraph("and {} of the kernel's own: {}".format(len(kernel), names))
        if self._nodes():
            lines += ["", "needed by:" if self.data.get("only") else "who needs what:"]
            lines += text_tree([self._text_node(node) for node in self._nodes()])
        if self._python() and not only:
            lines += ["", self._python()]
        return lines + self._more()

    def _python(self):
        """Return which interpreter is in use and why; empty where nobody said."""
        found = self.data.get("interpreter") or {}
        if not found.get("why"):
            return ""
        return "runs on Python {}: {}".format(found.get("version"), found["why"])

    def _more(self):
        lines = []
        problem = self.data.get("interpreter_problem")
        if problem:
            lines.append(str(problem))
        for left in self.data.get("left_out") or ():
            lines.append("not locked for {}: {}".format(left.get("platform"), left.get("reason")))
        if self.data.get("trusted") is False:
            lines.append("this lock is not approved; `%pyartifacts trust` does")
        return lines

    def _who(self, row):
        if row.get("direct"):
            return "you"
        names = list(row.get("required_by") or ())
        return ", ".join(names) or ("the kernel" if row.get("kernel") else "")

    def _cells(self, row):
        bytes_ = row.get("size")
        return [
            row.get("name"),
            row.get("version"),
            "" if bytes_ is None else size(bytes_),
            self._who(row),
        ]

    def _label(self, name):
        row = self._by_name().get(name)
        return (name, row.get("version")) if row else (name, "not on this platform")

    def _text_node(self, node):
        name, repeated, children = node
        label = "{} {}{}".format(*((*self._label(name), " (see above)" if repeated else "")))
        return (label, [self._text_node(child) for child in children])

    def _html_node(self, node):
        name, repeated, children = node
        own, version = self._label(name)
        label = '{} <span class="pya-dim pya-mono">{}{}</span>'.format(
            markup.code(own), markup.escape(version), " \u2191" if repeated else ""
        )
        return (label, [self._html_node(child) for child in children])

    def html_parts(self):
        """Return the requirements' table, the rest folded, and the tree."""
        direct, others, kernel = self._groups()
        if not direct + others + kernel:
            return [markup.escape(line) for line in self.text_lines()]
        parts = [markup.section("pinned", " \u00b7 ".join(self.headline()))]
        if direct:
            parts.append(self._table(direct))
        return parts + self.more_parts()

    def more_parts(self):
        """Return what stands below the requirements: the rest folded, and the tree."""
        _, others, kernel = self._groups()
        only, parts = self.data.get("only"), []
        for rows, label in ((others, "needed by these"), (kernel, "the kernel's own")):
            if rows and only:
                parts.append(self._table(rows))
            elif rows:
                title = "{} {}".format(len(rows), label)
                parts.append(markup.folded(title, self._table(rows)))
        parts.append(self.tree_part())
        if self._python() and not only:
            other = (self.data.get("interpreter") or {}).get("source") == "other-patch"
            warning = markup.box(markup.escape(self._python()), "warn")
            parts.append(warning if other else markup.section("", self._python()))
        parts.extend(markup.box(markup.escape(line), "warn") for line in self._more())
        return parts

    def tree_part(self):
        """Return who needs what as a tree, folded where it is large."""
        nodes, only = self._nodes(), self.data.get("only")
        title = "who needs {}".format(only) if only else "who needs what"
        drawn = markup.tree([self._html_node(node) for node in nodes])
        return markup.folded(title, drawn, is_open=bool(only) or _weight(nodes) <= 25)

    def _table(self, rows):
        body = []
        for row in rows:
            name, version, bytes_, who = self._cells(row)
            label = markup.code(name)
            if row.get("direct"):
                label = "<strong>{}</strong>".format(label)
            marker = row.get("marker")
            if marker:
                label += ' <span class="pya-dim pya-mono">{}</span>'.format(markup.escape(marker))
            dim = '<span class="pya-dim">{}</span>'.format(markup.escape(who))
            body.append([label, markup.code(version), markup.escape(bytes_), dim])
        return markup.table(["", "version", "size#", "needed by"], body)
