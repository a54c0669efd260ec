"""The panel: the notebook's packages with buttons, made of its own ipywidgets.

Beside the buttons stands the same as a table, for wherever nothing draws widgets.
"""

import threading
import time
import uuid

from . import markup, pages
from .background import Background
from .failures import PyArtifactsError
from .line import Command
from .panelview import PanelView
from .progress import SilentProgress
from .widgetset import Widgets
from .words import Front, Pace

__all__ = ["Panel", "show_panel"]

_VIEW = "application/vnd.jupyter.widget-view+json"
_CHECK_SECONDS = 0.4
_DRY = (("--dry-run", None),)


def show_panel(ip, commands):
    """Display the panel of a session; return nothing, it is its own output.

    Without widgets, or somebody to press buttons, it is a table and says why.
    """
    ipywidgets, shown = _import_widgets(), _read(commands)
    why, kind = _why_no_buttons(ip, ipywidgets, shown)
    if why:
        ip.display_pub.publish(data=pages.static_bundle(shown, why, kind), metadata={})
    else:
        Panel(ip, commands, ipywidgets, shown).display()


def _import_widgets():
    try:
        import ipywidgets
    except ImportError:
        return None
    return ipywidgets


def _why_no_buttons(ip, ipywidgets, shown):
    """Return why the panel has no buttons, and how bad that is; empty if it has."""
    kernel = getattr(ip, "kernel", None)
    # Whoever runs cells without anybody to ask has nobody to press buttons either.
    if kernel is None or not getattr(kernel, "_allow_stdin", True):
        return "%pyartifacts panel has buttons where a notebook is open", "dim"
    if ipywidgets is None:
        return (
            "there are no buttons: this kernel has no ipywidgets; bring it back by "
            "%pyartifacts add ipywidgets, and restart the kernel",
            "warn",
        )
    if _is_vs_code(ip):
        # It brings the drawing half of any ipywidgets along.
        return "", ""
    own = str(getattr(ipywidgets, "__version__", ""))
    if "widgets" not in shown.data:
        # Nothing is locked: the kernel's widgets are those beside JupyterLab.
        return "", ""
    here = shown.data["widgets"]
    if here is None:
        return (
            "there are no buttons: this JupyterLab cannot draw widgets; install ipywidgets beside "
            "it, and reload the page",
            "warn",
        )
    if own.partition(".")[0] != str(here):
        return (
            "there are no buttons: ipywidgets {} is pinned here, and this JupyterLab draws those "
            'of ipywidgets {}; if your packages allow it: %pyartifacts add "ipywidgets=={}.*"'
        ).format(own, here, here), "warn"
    return "", ""


def _is_vs_code(ip):
    return "__vsc_ipynb_file__" in getattr(ip, "user_ns", {})


def _read(commands):
    """Ask the engine what is pinned; a notebook without a lock has a panel, too."""
    if not commands.has_lock():
        return pages.nothing_shown()
    return commands.carry_out(Command("show", (), ()), SilentProgress())


class _PanelProgress(SilentProgress):
    """Draw progress by `target(markup)`, eight times a second at most; hear of Cancel."""

    def __init__(self, target, title, background, clock=time.time):
        self._draw = target
        self._title = title
        self._background = background
        self._clock = clock
        self._pace = Pace(clock)
        self._front = Front()
        self._began, self._drawn = clock(), 0.0
        self._event = None

    def event(self, event):
        """Draw the event; where none comes, how long it has been."""
        self._background.check(self._title)
        if event["event"] == "progress" and self._front.see(event):
            self._pace.see(event)
            self._event = event
        now = self._clock()
        if now - self._drawn < (0.12 if event["event"] == "progress" else 1.0):
            return
        self._drawn = now
        waited = int(now - self._began)
        title = "{}, {} s".format(self._title, waited) if waited > 2 else self._title
        self._draw(markup.progress_html(title, self._event, self._pace))


class Panel(object):
    """What the buttons of one panel do. Every change is shown as a plan before it is made.

    What the engine does for it goes on in the background, so that Cancel is heard.
    """

    def __init__(self, ip, commands, ipywidgets, shown):
        self._ip = ip
        self._commands = commands
        self._background = Background(getattr(getattr(ip, "kernel", None), "io_loop", None))
        self._display_id = uuid.uuid4().hex
        self._shown = shown
        self._planned = None
        self._is_stale = False
        self._timer = None
        self._view = PanelView(Widgets(ipywidgets, self._guard), self, _is_vs_code(ip))
        self._view.draw(shown, None, commands.facts)
        commands.on_change = self._refresh

    # How it is shown.

    def display(self):
        """Show the panel as the output of the cell that runs."""
        self._publish(update=False)
        if not _is_vs_code(self._ip):
            note = "the buttons of %pyartifacts panel are there while the notebook is open"
            data = {
                "text/plain": note,
                "text/html": markup.wrap('<div class="pya-dim">{}</div>'.format(note)),
                _VIEW: self._model(),
            }
            self._ip.display_pub.publish(data=data, metadata={})

    def _model(self):
        return {"version_major": 2, "version_minor": 0, "model_id": self._view.box.model_id}

    def _publish(self, update):
        """Show the table; VS Code, which knows of no way to hide it, gets both in one output."""
        bundle = pages.static_bundle(self._shown)
        if _is_vs_code(self._ip):
            bundle[_VIEW] = self._model()
        self._ip.display_pub.publish(
            data=bundle, metadata={}, transient={"display_id": self._display_id}, update=update
        )

    # How work is done.

    def _guard(self, action):
        """Do what a button is for; show whatever is wrong with it where the plan would be."""
        try:
            action()
        except PyArtifactsError as error:
            self._view.complain(error)

    def _start(self, title, work, then):
        """Run `work(run)` in the background and `then` with what it returns.

        `run(verb, *arguments, options=())` carries a command out.
        """
        if self._background.is_busy:
            return
        progress = _PanelProgress(self._view.progress, title, self._background)

        def run(verb, *arguments, **given):
            command = Command(verb, arguments, given.get("options", ()))

            def here(function):
                return self._background.on_main(function, title)

            return self._commands.carry_out(command, progress, here)

        def done(result, error):
            self._view.busy(False)
            if isinstance(error, (PyArtifactsError, KeyboardInterrupt)):
                self._view.complain(error)
            elif error is not None:
                raise error
            else:
                self._guard(lambda: then(result))
            if self._is_stale:
                self._refresh()

        self._view.busy(True)
        self._view.progress(markup.progress_html(title, None, None))
        self._background.start(lambda: work(run), done)

    def _ask(self, verb, then, *arguments):
        title = " ".join((verb, *arguments))
        self._start(title, lambda run: run(verb, *arguments), then)

    def _refresh(self):
        """Read again what is pinned, now or once there is time: somebody changed it."""
        self._is_stale = self._background.is_busy
        self._start("read the packages", lambda run: self._read(), self._renew)

    def _read(self):
        self._is_stale = False
        return _read(self._commands)

    def _renew(self, shown):
        self._shown = shown
        self._view.draw(shown, None, self._commands.facts)
        self._background.later(lambda: self._publish(update=True))

    def cancel(self):
        """Stop what goes on."""
        self._background.cancel()

    # What is planned, and made.

    def _plan(self, verb, *arguments):
        def show(result):
            changes, python = result.data.get("changes"), result.data.get("python") or {}
            moved = python.get("before") != python.get("after")
            # A requirement may be another one and its pins the same.
            self._propose((verb, arguments), bool(changes) or moved or verb != "upgrade")
            self._view.say(result)

        self._view.discard()
        title = "plan: " + " ".join((verb, *arguments))
        self._start(title, lambda run: run(verb, *arguments, options=_DRY), show)

    def _propose(self, planned, is_worth_it):
        self._planned = planned
        self._view.propose(is_worth_it)

    def plan_add(self):
        """Show what adding the typed requirement would change."""
        self._plan("add", _typed(self._view.entry, "nothing to add", "a requirement: pandas>=2"))

    def plan_remove(self, name):
        """Show what removing would change."""
        self._plan("remove", name)

    def plan_upgrade(self, *names):
        """Show what an upgrade would change, of all without names."""
        self._plan("upgrade", *names)

    def plan_version(self):
        """Show what taking the chosen version would change."""
        self._plan("upgrade", "{}=={}".format(self._view.name(), self._view.version.value))

    def plan_undo(self):
        """Show what taking the last change back would change."""
        self._plan("undo")

    def plan_python(self):
        """Show what another Python would change."""
        self._plan("python", _typed(self._view.other, "no Python is named", "a version: 3.12"))

    def plan_gc(self):
        """Show what no notebook uses any more."""

        def show(result):
            self._propose(("gc", ()), bool(result.data.get("removed")))
            self._view.say(result)

        self._view.discard()
        self._start("plan: gc", lambda run: run("gc", options=_DRY), show)

    def apply(self):
        """Make the change that was shown."""
        verb, arguments = self._planned

        def work(run):
            return run(verb, *arguments), self._read()

        def show(results):
            changed, shown = results
            if verb == "add":
                self._view.entry.value = ""
            self._renew(shown)
            # The restart that is wanted stands above.
            self._view.say(changed, **({} if verb == "gc" else {"restart": False}))
            self.turned(self._view.page())

        self._view.discard()
        self._start(" ".join((verb, *arguments)), work, show)

    def approve(self):
        """Approve the lock, and bring what it pins."""

        def show(results):
            self._renew(results[-1])
            self._view.say(results[0])

        self._start(
            "trust",
            lambda run: (run("trust"), run("instantiate"), self._read()),
            show,
        )

    def fetch(self):
        """Bring what is missing."""
        self._make_real("instantiate")

    def verify(self):
        """Hash every file again, and repair."""
        self._make_real("verify")

    def _make_real(self, verb):
        def show(results):
            self._renew(results[1])
            self._view.say(results[0])

        self._start(verb, lambda run: (run(verb), self._read()), show)

    # What is asked.

    def look(self):
        """Show what is newer."""

        def show(result):
            newer = {row["name"]: row for row in result.data.get("outdated") or ()}
            self._view.draw(self._shown, newer, self._commands.facts)
            self._view.say(result)

        self._ask("outdated", show)

    def list_versions(self):
        """Offer the versions of the package that is looked at."""
        self._ask("versions", self._view.offer_versions, self._view.name())

    def turned(self, page):
        """Ask what a page shows that nobody knows yet."""
        if page == "History" and self._commands.has_lock():
            self._ask("history", self._view.history)
        elif page == "Store":
            self._ask("store", self._view.store)

    def typed(self):
        """Look what is being typed up on the index, once the keys rest."""
        if self._timer is not None:
            self._timer.cancel()
        self._view.verdict("")
        text = self._view.entry.value.strip()
        if text:
            self._timer = threading.Timer(_CHECK_SECONDS, self._check, [text])
            self._timer.daemon = True
            self._timer.start()

    def _check(self, text):
        try:
            result = self._commands.carry_out(Command("versions", (text,), ()), SilentProgress())
            said = pages.verdict(result)
        except PyArtifactsError as error:
            said = pages.verdict(error=error)
        if self._view.entry.value.strip() == text:
            self._view.verdict(said)


def _typed(entry, what, hint):
    text = entry.value.strip()
    if not text:
        raise pages.usage(what, "type {} first".format(hint))
    return text
