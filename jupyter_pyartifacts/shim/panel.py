"""The panel: the pins with buttons, made of the notebook's own ipywidgets.

Beside the buttons it shows the same as HTML, so that it reads well where nothing draws widgets.
"""

import time
import uuid

from . import markup
from .failures import PyArtifactsError
from .line import Command
from .progress import SilentProgress
from .results import result_of
from .words import Front, Pace, size

__all__ = ["Panel", "show_panel"]

_VIEW = "application/vnd.jupyter.widget-view+json"
_REFUSED = "this kernel cannot show a panel"
_TOO_OLD = ("5", "6", "7")
_ADD_HINT = "restart the kernel, or pin it again: %pyartifacts add ipywidgets"


def show_panel(ip, commands):
    """Display a panel over the commands of a session; return nothing, it is its own output.

    Raises PyArtifactsError where the kernel has no ipywidgets.
    """
    try:
        import ipywidgets
    except ImportError as error:
        raise PyArtifactsError(_REFUSED, expected="ipywidgets", found=str(error), hint=_ADD_HINT)
    Panel(ip, commands, ipywidgets).display()


class _PanelProgress(SilentProgress):
    """Draw progress into one HTML widget, eight times a second at most."""

    def __init__(self, target, title, clock=time.time):
        self._target = target
        self._title = title
        self._clock = clock
        self._pace = Pace(clock)
        self._front = Front()
        self._drawn = 0.0

    def event(self, event):
        """Draw the event."""
        if event["event"] == "progress" and self._front.see(event):
            self._pace.see(event)
            now = self._clock()
            if now - self._drawn >= 0.12:
                self._drawn = now
                self._target.value = markup.progress_html(self._title, event, self._pace)


class Panel(object):
    """Hold the widgets of one panel. Every change is shown as a plan before it is made."""

    def __init__(self, ip, commands, ipywidgets):
        self._ip = ip
        self._commands = commands
        self._widgets = w = ipywidgets
        self._display_id = uuid.uuid4().hex
        self._newer = {}
        self._planned = None
        self._said = w.HTML()
        self._head = w.HTML()
        self._rest = w.HTML()
        self._entry = w.Text(
            placeholder="a requirement, such as pandas>=2",
            description="Add",
            layout=w.Layout(width="28em"),
            style={"description_width": "2.5em"},
        )
        self._rows = w.VBox()
        add = self._button("Plan", lambda: self._plan("add", *self._typed()), "plan this addition")
        self._go = self._button("Apply", self._apply, "make this change", style="primary")
        self._no = self._button("Discard", self._discard, "forget this plan")
        self._decide = w.HBox([self._go, self._no], layout=w.Layout(display="none"))
        self._bar = w.HBox(
            [
                self._button("Look for newer", self._look, "ask the index; changes nothing"),
                self._button(
                    "Upgrade all", lambda: self._plan("upgrade"), "plan an upgrade of all"
                ),
                self._button(
                    "Undo", lambda: self._plan("undo"), "plan to take the last change back"
                ),
            ]
        )
        self._box = w.VBox(
            [
                self._head,
                w.HBox([self._entry, add]),
                self._rows,
                self._bar,
                self._said,
                self._decide,
                self._rest,
            ]
        )
        self._shown = None

    def display(self):
        """Show the panel as the output of the cell that runs."""
        self._read()
        self._publish(update=False)

    def _publish(self, update):
        text = "%pyartifacts panel shows this with buttons where widgets are drawn"
        version = str(getattr(self._widgets, "__version__", ""))
        drawn = version.partition(".")[0] not in _TOO_OLD
        if not drawn:
            text = (
                "there are no buttons: ipywidgets {} is pinned here, and the widgets of this "
                "JupyterLab are those of ipywidgets 8".format(version)
            )
        html = markup.wrap(*self._shown.html_parts(), markup.box(markup.escape(text)))
        bundle = {"text/plain": repr(self._shown), "text/html": html}
        if drawn:
            view = {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}
            bundle[_VIEW] = view
        self._ip.display_pub.publish(
            data=bundle, metadata={}, transient={"display_id": self._display_id}, update=update
        )

    # What the panel shows.

    def _read(self):
        """Ask the engine what is pinned, and draw it."""
        try:
            self._shown = self._carry_out("show")
        except PyArtifactsError:
            if self._commands.has_lock():
                raise
            # A notebook without a lock has a panel too: its first package can be added there.
            self._shown = result_of({"event": "result", "verb": "show", "distributions": []})
        rows = self._shown.data.get("distributions") or ()
        self._head.value = markup.wrap(
            markup.section("this notebook's packages", " \u00b7 ".join(self._shown.headline()))
        )
        self._rows.children = [
            self._row(row) for row in sorted(rows, key=_name_of) if row.get("direct")
        ]
        parts = self._shown.more_parts() if rows else []
        notes = [markup.box(markup.escape(note), "warn") for note in self._shown.notes]
        self._rest.value = markup.wrap(*(notes + parts))

    def _row(self, row):
        w, name = self._widgets, row["name"]
        news = ""
        if self._newer.get(name):
            news = ' <span class="pya-new">{}</span>'.format(markup.code(self._newer[name]))
        elif name in self._newer:
            news = ' <span class="pya-dim">newest that fits</span>'
        label = w.HTML(
            markup.wrap(
                "<strong>{}</strong> {} {}{}".format(
                    markup.code(name),
                    markup.code(row.get("version")),
                    '<span class="pya-dim">{}</span>'.format(
                        "" if row.get("size") is None else markup.escape(size(row["size"]))
                    ),
                    news,
                )
            ),
            layout=w.Layout(width="26em"),
        )
        upgrade = self._button(
            "Upgrade", lambda: self._plan("upgrade", name), "plan an upgrade of " + name
        )
        remove = self._button(
            "Remove", lambda: self._plan("remove", name), "plan to remove " + name
        )
        return w.HBox([label, upgrade, remove])

    # What the buttons do.

    def _button(self, text, action, tooltip, style=""):
        button = self._widgets.Button(
            description=text,
            tooltip=tooltip,
            button_style=style,
            layout=self._widgets.Layout(width="auto"),
        )
        button.on_click(lambda _: self._guard(action))
        return button

    def _guard(self, action):
        """Run what a button is for; show whatever stops it where the plan would be."""
        self._disable(True)
        try:
            action()
        except KeyboardInterrupt:
            self._say(markup.box("stopped, nothing was changed", "warn"))
        except PyArtifactsError as error:
            lines = "<br>".join(markup.escape(line) for line in str(error).splitlines())
            self._say(markup.box(lines, "bad"))
        finally:
            self._disable(False)

    def _disable(self, disabled):
        for button in self._buttons(self._box):
            button.disabled = disabled

    def _buttons(self, box):
        for child in getattr(box, "children", ()):
            if isinstance(child, self._widgets.Button):
                yield child
            for button in self._buttons(child):
                yield button

    def _typed(self):
        text = self._entry.value.strip()
        if not text:
            raise PyArtifactsError(
                "nothing to add", hint="type a requirement first, such as pandas>=2", code="usage"
            )
        return (text,)

    def _plan(self, verb, *arguments):
        result = self._carry_out(verb, *arguments, options=(("--dry-run", None),))
        if not result.data.get("changes"):
            self._discard()
            self._say(*result.html_parts())
            return
        self._planned = (verb, arguments)
        self._say(*result.html_parts())
        self._decide.layout.display = "flex"

    def _apply(self):
        verb, arguments = self._planned
        self._discard()
        result = self._carry_out(verb, *arguments)
        if verb == "add":
            self._entry.value = ""
        self._newer = {}
        self._read()
        self._publish(update=True)
        self._say(*result.html_parts())

    def _discard(self):
        self._planned = None
        self._decide.layout.display = "none"
        self._said.value = ""

    def _look(self):
        result = self._carry_out("outdated")
        pinned = {row["name"]: None for row in self._shown.data.get("distributions") or ()}
        for row in result.data.get("outdated") or ():
            if row.get("compatible") != row.get("current"):
                pinned[row["name"]] = row.get("compatible")
        self._newer = pinned
        self._read()
        self._say(*result.html_parts())

    def _history(self):
        self._discard()
        self._say(*self._carry_out("history").html_parts())

    def _carry_out(self, verb, *arguments, **given):
        command = Command(verb, arguments, given.get("options", ()))
        title = " ".join((verb, *arguments))
        return self._commands.carry_out(command, _PanelProgress(self._said, title))

    def _say(self, *parts):
        self._said.value = markup.wrap(*parts)


def _name_of(row):
    return str(row.get("name"))
