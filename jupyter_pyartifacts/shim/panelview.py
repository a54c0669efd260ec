"""How a panel looks: its widgets, and what is drawn into them."""

from . import markup, pages
from .lockfile import requirement_names
from .results import result_of
from .words import size

__all__ = ["PAGES", "PanelView"]

PAGES = ("Packages", "One package", "History", "Python", "Platforms", "Store")
# More lines with buttons than this would take a page long to draw.
_MOST_LINES = 40
_STYLE = (
    "<style>"
    ".pya-tabs{border-bottom:1px solid rgba(128,128,128,.3);margin-top:.6em}"
    ".pya-tabs .widget-toggle-button{background:none;box-shadow:none;"
    "border-bottom:2px solid transparent;color:inherit;opacity:.75}"
    ".pya-tabs .widget-toggle-button.mod-active{opacity:1;"
    "border-bottom-color:var(--jp-brand-color1,#2f86d6)}"
    "</style>"
)


class PanelView(object):
    """The widgets of one panel; `acts` has what they do, a method for each.

    Attributes that others read: `box` is the whole, `entry`, `other` and `version` are what was
    typed or chosen.
    """

    def __init__(self, widgets, acts, is_vs_code):
        self._w = w = widgets
        self._is_vs_code = is_vs_code
        self._shown = pages.nothing_shown()
        self._newer = None
        self._head, self._banner, self._said, self._verdict = w.html(), w.html(), w.html(), w.html()
        self._trust = w.button(
            "Trust these packages", acts.approve, "let this lock run code here", "primary"
        )
        self._fetch = w.button("Fetch", acts.fetch, "bring what is missing to this machine")
        self.entry = w.text("Add", "a requirement, such as pandas>=2", acts.plan_add)
        self.entry.observe(lambda _: acts.typed(), names="value")
        self._progress = w.html()
        self._cancel = w.button("Cancel", acts.cancel, "stop; nothing is changed")
        self._activity = w.row(self._progress, self._cancel)
        self._go = w.button("Apply", acts.apply, "make this change", "primary")
        self._decide = w.row(self._go, w.button("Discard", self.discard, "forget this plan"))
        self._tabs = w.tabs(PAGES, lambda: self._turn(acts))
        self._tabs.add_class("pya-tabs")
        self._page = w.column()
        self._content = self._make_pages(w, acts)
        self.box = w.column(
            self._head,
            self._banner,
            w.row(self._trust, self._fetch),
            w.row(self.entry, w.button("Add\u2026", acts.plan_add, "see what this would change")),
            self._verdict,
            self._activity,
            self._said,
            self._decide,
            self._tabs,
            self._page,
        )
        self.box.add_class("pya-live")
        w.show(self._activity, False)
        self.discard()
        self.verdict("")
        self._page.children = self._content[PAGES[0]]

    def _make_pages(self, w, acts):
        self._acts = acts
        self._lines, self._rest = w.column(), w.html()
        self._picked = w.dropdown("Package", self._draw_package)
        self._about, self.version = w.html(), w.dropdown("Version")
        self._versions = w.row(
            self.version,
            w.button("Take this version\u2026", acts.plan_version, "plan this version"),
        )
        self._remove = w.button(
            "Remove\u2026", lambda: acts.plan_remove(self.name()), "plan its removal"
        )
        self._history, self._python, self._platforms = w.html(), w.html(), w.html()
        self._store = w.html()
        self.other = w.text("Another", "3.12, 3.12.4 or an archive", acts.plan_python)
        bar = w.row(
            w.button("Check for upgrades", acts.look, "ask the index; changes nothing"),
            w.button("Upgrade all\u2026", acts.plan_upgrade, "plan an upgrade of all"),
            w.button("Undo\u2026", acts.plan_undo, "plan to take the last change back"),
        )
        actions = w.row(
            w.button("Upgrade\u2026", lambda: acts.plan_upgrade(self.name()), "plan its upgrade"),
            w.button("Versions", acts.list_versions, "ask the index which there are"),
            self._remove,
        )
        clean = w.row(
            w.button("Clean up\u2026", acts.plan_gc, "see what no notebook uses any more"),
            w.button("Verify files", acts.verify, "hash every file again, and repair"),
        )
        python = w.row(
            self.other,
            w.button("Python\u2026", acts.plan_python, "see what another Python changes"),
        )
        undo = w.button("Undo\u2026", acts.plan_undo, "plan to take the last change back")
        return {
            "Packages": (bar, self._lines, self._rest),
            "One package": (self._picked, self._about, actions, self._versions),
            "History": (self._history, undo),
            "Python": (self._python, python),
            "Platforms": (self._platforms,),
            "Store": (self._store, clean),
        }

    # What is pinned.

    def draw(self, shown, newer, facts):
        """Draw what is pinned into all pages; `facts` are those of the last move to a view."""
        self._shown, self._newer, w = shown, newer, self._w
        rows = shown.data["distributions"]
        words = " \u00b7 ".join(shown.headline()) if rows else "nothing is pinned yet"
        self._head.value = _STYLE + markup.wrap(markup.section("this notebook's packages", words))
        question = shown.data.get("question")
        warnings = list(shown.notes) + ([question] if question else [])
        parts = [_lines_in_box(text, "warn") for text in warnings] + self._restart_parts(facts)
        self._put(self._banner, parts)
        w.show(self._trust, bool(question))
        missing = [row for row in rows if row.get("size") and not row.get("instantiated")]
        w.show(self._fetch, bool(missing) and not question)
        self._fetch.description = "Fetch {} that are not on this machine ({})".format(
            len(missing), size(sum(row["size"] for row in missing))
        )
        self._draw_lines(rows)
        self._put(self._rest, shown.more_parts() if rows else [])
        names = sorted(str(row.get("name")) for row in rows)
        w.choices(self._picked, [("choose one", ""), *((name, name) for name in names)])
        self._draw_package()
        self._put(self._python, pages.python_parts(shown))
        self._put(self._platforms, pages.platform_parts(shown))

    def _restart_parts(self, facts):
        parts = result_of({"verb": "add"}, **facts).restart_parts()
        if facts.get("restart") and self._is_vs_code:
            parts.append(markup.box("press Restart above the notebook"))
        return parts

    def _draw_lines(self, rows):
        direct = sorted((row for row in rows if row.get("direct")), key=lambda row: row["name"])
        typed = {
            name: text
            for text in self._shown.data.get("requirements") or ()
            for name in requirement_names({"requirements": [text]})
        }
        self._w.replace(self._lines, [self._line(row, typed) for row in direct[:_MOST_LINES]])

    def _line(self, row, typed):
        w, acts, name = self._w, self._acts, row["name"]
        newer = (self._newer or {}).get(name)
        text = pages.requirement_line(row, typed.get(name), newer, self._newer is not None)
        return w.row(
            w.html(text, width="34em"),
            w.button(
                "Upgrade\u2026", lambda: acts.plan_upgrade(name), "plan an upgrade of " + name
            ),
            w.button("Remove\u2026", lambda: acts.plan_remove(name), "plan to remove " + name),
            w.button("Details", lambda: self._open(name), "why {} is here".format(name)),
        )

    def name(self):
        """Return the package that is looked at; raise PyArtifactsError if there is none."""
        if not self._picked.value:
            raise pages.usage("no package is chosen", "choose one in the list first")
        return self._picked.value

    def _draw_package(self):
        name = self._picked.value
        direct = {row["name"] for row in self._shown.data["distributions"] if row.get("direct")}
        self._w.show(self._versions, False)
        self._w.show(self._remove, name in direct)
        newer = (self._newer or {}).get(name)
        self._put(self._about, pages.package_parts(self._shown, name, newer) if name else [])

    def _open(self, name):
        self._picked.value = name
        self._tabs.value = "One package"

    def _turn(self, acts):
        self._page.children = self._content[self._tabs.value]
        acts.turned(self._tabs.value)

    def page(self):
        """Return the name of the page that is open."""
        return self._tabs.value

    # What comes of asking.

    def history(self, result):
        """Show the last changes."""
        self._put(self._history, result.html_parts())

    def store(self, result):
        """Show what the store takes."""
        self._put(self._store, result.html_parts())

    def offer_versions(self, result):
        """Offer the versions of the package that is looked at."""
        pinned = {row["name"]: row["version"] for row in self._shown.data["distributions"]}
        current = pinned.get(result.data.get("name"))
        options = pages.version_options(result, current)
        self._w.choices(self.version, options, current)
        self._w.show(self._versions, bool(options))

    def verdict(self, value):
        """Show what is to be said of what is being typed."""
        self._verdict.value = value
        self._w.show(self._verdict, bool(value))

    def say(self, result, **how):
        """Show what a command did, or would do."""
        notes = [markup.box(markup.escape(note)) for note in result.notes]
        self._put(self._said, list(result.html_parts(**how)) + notes)

    def complain(self, error):
        """Show why a command did nothing."""
        kind = "warn" if isinstance(error, KeyboardInterrupt) else "bad"
        text = '<div role="alert">{}</div>'.format(_lines_in_box(str(error), kind))
        self._put(self._said, [text])

    def propose(self, is_worth_it):
        """Offer to make the change that is shown, or not."""
        self._w.show(self._decide, is_worth_it)

    def discard(self):
        """Take away what was said and offered."""
        self._put(self._said, [])
        self.propose(False)

    def busy(self, is_busy):
        """Have nothing to press but Cancel, for as long as something goes on."""
        for widget in (self.box, *(each for page in self._content.values() for each in page)):
            self._w.disable(widget, is_busy, but=self._cancel)
        self._w.show(self._activity, is_busy)

    def progress(self, value):
        """Show how far it is."""
        self._progress.value = value

    def _put(self, target, parts):
        target.value = markup.wrap(*parts) if parts else ""
        self._w.show(target, bool(parts))


def _lines_in_box(text, kind):
    return markup.box("<br>".join(markup.escape(line) for line in text.splitlines()), kind)
