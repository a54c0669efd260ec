"""One `%pyartifacts` command: run the engine, move to the new view, hand the lock on, show."""

import os
import re
import shlex
import sys
import threading
from contextlib import contextmanager

from .engine import child_environment, engine_command, run_engine
from .failures import PyArtifactsError
from .frontend import MIME_TYPE, lock_bundle, send_lock
from .hotadd import Mover
from .line import parse_line
from .loaded import loaded_versions, restart_level, stale_distributions
from .lockfile import changes_between, kernel_group, python_of, requirement_names
from .move import Move, Silence
from .progress import progress_for
from .results import result_of
from .session import editor_notebook
from .verbs import ENGINE_VERBS, VERBS, WITHOUT_NOTEBOOK

__all__ = ["Commands", "title_of"]

_PYTHON_HINT = re.compile(r"jupyter pyartifacts lock NOTEBOOK --python ")
_FROM_HINT = re.compile(r"--from FILE")
_SHELL_HINT = re.compile(r"jupyter pyartifacts ([a-z]+)(?: NOTEBOOK)?")


class Commands(object):
    """Run the commands of one shell's session. `start_path` is the path the shell began with.

    `facts` are those of the last move to a view: the restart that is wanted, why, advice.
    `on_change` is called after each change of the lock, whoever made it.
    """

    def __init__(self, ip, session, start_path):
        self._ip = ip
        self._session = session
        self._mover = Mover(session, start_path, keep=getattr(ip, "ipython_dir", None))
        self._taken = None
        self._changing = threading.Lock()
        self._at_work = None
        self.facts = {}
        self.on_change = lambda: None

    def __call__(self, line, cell=None):
        """Run a line; the lines of a cell are further arguments. Return the result object."""
        command = parse_line(line if cell is None else line + " " + _arguments_of(cell))
        if command.verb == "help":
            topic = command.arguments[0] if command.arguments else None
            return result_of({"event": "result", "verb": "help", "topic": topic})
        if command.verb == "panel":
            from .panel import show_panel

            return show_panel(self._ip, self)
        progress = progress_for(self._ip, title_of(command))
        result = self.carry_out(command, progress)
        self._show(result, progress)
        if command.verb == "verify" and not result.ok:
            raise PyArtifactsError(
                "files of this notebook's environment are damaged, and could not be repaired",
                details=str(result),
                hint="with a network, run %pyartifacts verify again",
                code="artifact",
            )
        return result

    def has_lock(self):
        """Tell whether anything is locked yet."""
        return self._session.lock() is not None

    def carry_out(self, command, progress, here=lambda function: function()):
        """Run a command, move to its view and hand a changed lock on; return the result.

        Whatever stops it, the session's lock is as it was. `here` calls what moves this process,
        for commands that are carried out in another thread than the cells.
        """
        changed = VERBS[command.verb].changes and ("--dry-run", None) not in command.options
        if not changed:
            return self._carry_out(command, progress, here, changed)
        with self._alone(title_of(command)):
            result = self._carry_out(command, progress, here, changed)
        self.on_change()
        return result

    @contextmanager
    def _alone(self, title):
        """Be the one command that changes the lock; raise PyArtifactsError if there is one."""
        if not self._changing.acquire(False):
            raise PyArtifactsError(
                "another change of this notebook's packages is being made",
                where=title,
                found=self._at_work,
                hint="wait until it is done, or press Cancel in the panel that makes it",
                code="busy",
            )
        try:
            self._at_work = title
            yield
        finally:
            self._changing.release()

    def _carry_out(self, command, progress, here, changed):
        title = title_of(command)
        before, lock = self._session.read(), self._session.lock()
        asked, facts = requirement_names(lock), {}
        hands_on = changed and not (command.verb == "instantiate" and not command.arguments)

        def move():
            moved = self._settle(event, lock)
            if hands_on:
                send_lock(self._ip, event.get("lock"), event.get("digest"))
            return moved

        try:
            event = self._run(command, title, progress)
            for change in event.get("changes") or ():
                # The engine calls direct what the new lock asks for; what went was in the old.
                if change.get("after") is None and change.get("name") in asked:
                    change["direct"] = True
            if changed:
                # At once, so that no Cancel comes in between.
                facts = self.facts = here(move)
        except BaseException as error:
            if changed:
                self._session.restore(before)
            stopped = isinstance(error, KeyboardInterrupt)
            progress.fail("{}: {}".format(title, "stopped" if stopped else "failed"))
            raise
        if command.verb == "show":
            facts = {"only": command.arguments[0] if command.arguments else None}
        if hands_on:
            facts = dict(facts, handed_on=lock_bundle(event.get("lock"), event.get("digest")))
        return result_of(event, title=title, **facts)

    def take(self, lock):
        """Move to a lock that a frontend has put into the notebook; return the facts of the move.

        Nothing is shown, and nothing is sent: the frontend has the lock. Whatever stops it, the
        session's lock is as it was.
        """
        with self._alone("move"):
            facts = self._take(lock)
        self.on_change()
        return Move(facts)

    def _take(self, lock):
        session = self._session
        before, was = session.read(), session.lock()
        try:
            session.write_lock(lock)
            event = {"lock": None}
            if lock is not None:
                event = self._engine("instantiate", session.path, (), (), "move", Silence())
            facts = self.facts = self._settle(event, was)
            session.note_moved()
        except BaseException:
            session.restore(before)
            raise
        return facts

    def _run(self, command, title, progress):
        """Run what the command asks for and return the `result` event."""
        session, target, arguments = self._session, self._session.path, command.arguments
        verb, options = command.verb, command.options
        if verb == "show":
            arguments = ()
        elif verb == "instantiate" and arguments:
            target, arguments = os.path.abspath(os.path.expanduser(arguments[0])), ()
        elif verb == "undo" and self._taken is not None and self._taken[1] == session.lock():
            return self._give_back(command, title, progress)
        elif verb in WITHOUT_NOTEBOOK:
            target = None
        else:
            arguments, options = _words_as_options(command)
        verb = ENGINE_VERBS.get(verb, verb)
        before = session.lock()
        if verb == "add" and before is None and not session.isolated:
            # This kernel goes on with the stack it has loaded: the lock had better have the same.
            loaded = loaded_versions(self._mover.package_directories())
            options += tuple(("--prefer", "{}=={}".format(*each)) for each in loaded.items())
        event = self._engine(verb, target, arguments, options, title, progress)
        if target not in (session.path, None):
            session.write_lock(event.get("lock"))
            # Once more for this kernel, so that the engine knows who uses it.
            event = self._engine(verb, session.path, arguments, options, title, progress)
            event["changes"] = changes_between(before, event.get("lock"))
            self._taken = (before, session.lock())
        return event

    def _give_back(self, command, title, progress):
        """Undo `instantiate NOTEBOOK`: go back to the lock that this notebook had before."""
        session, (lock, taken) = self._session, self._taken
        changes = changes_between(taken, lock)
        event = {"event": "result", "verb": "undo", "lock": lock, "dry_run": True}
        options = [option for option in command.options if option[0] != "--dry-run"]
        if len(options) == len(command.options):
            session.write_lock(lock)
            event["dry_run"] = False
            if lock is not None:
                event = self._engine("instantiate", session.path, (), options, title, progress)
            self._taken = None
        return dict(event, verb="undo", changes=changes)

    def _engine(self, verb, target, arguments, options, title, progress):
        """Run the engine and return its result event, the notes on the way among its notes."""
        session = self._session
        notes = []

        def on_event(event):
            if event["event"] == "note":
                notes.append(str(event.get("text")))
            else:
                progress.event(event)

        event = run_engine(
            engine_command(session.host_python, verb, target, arguments, options),
            child_environment(os.environ, session.view, session.notebook),
            on_event,
            title,
            rewrite=self._rewrite,
        )
        own = list(event.get("notes") or ())
        event["notes"] = own + [note for note in notes if note not in own]
        return event

    def _rewrite(self, text):
        """Say it in a notebook's words: its own name for the file, magics for shell commands."""

        def magic(match):
            return "%pyartifacts " + match.group(1) if match.group(1) in VERBS else match.group()

        text = _PYTHON_HINT.sub("%pyartifacts python ", text)
        text = _FROM_HINT.sub("%pyartifacts import FILE", text)
        return _SHELL_HINT.sub(magic, text.replace(self._session.path, "this notebook"))

    def _settle(self, event, before):
        """Move this process to the new view; return the restart level, why, and advice."""
        environment, lock = event.get("environment"), event.get("lock")
        wanted, running = python_of(lock), "{}.{}.{}".format(*sys.version_info[:3])
        if before and lock and wanted not in (python_of(before), running):
            advice = "the lock is for Python {}; this kernel runs {} until it is restarted".format(
                wanted, running
            )
            return {"restart": "required", "stale": [], "advice": [advice]}
        if not environment:
            return {} if lock is not None else self._leave()
        minor = ".".join(str(environment.get("version") or "").split(".")[:2])
        own = "{}.{}".format(*sys.version_info[:2])
        if minor and minor != own:
            advice = (
                "the lock is for Python {} and this kernel runs {}: restart it before you import "
                "anything of the lock".format(minor, own)
            )
            return {"restart": "required", "stale": [], "advice": [advice]}
        directories = self._mover.package_directories()
        self._mover.move(environment)
        stale = stale_distributions(directories, environment["site_packages"])
        level = restart_level(
            stale, environment["site_packages"], kernel_group(lock), requirement_names(lock)
        )
        if self._session.isolated:
            return {"restart": level, "stale": stale, "advice": []}
        # That the system's other packages are loaded goes without saying.
        stale = [each for each in stale if each.pinned is not None]
        if getattr(self._ip, "kernel", None) is None:
            advice = "no notebook keeps this lock: it ends with this session"
            return {"restart": level, "stale": stale, "advice": [advice]}
        if editor_notebook(self._ip.user_ns) is not None:
            advice = (
                "VS Code keeps the lock in this output alone: save the notebook, then run "
                "`jupyter pyartifacts lock NOTEBOOK --recover` in a terminal"
            )
            return {"restart": level, "stale": stale, "advice": [advice]}
        advice = "this kernel began with the system's packages; a restart leaves them out"
        return {"restart": level or "recommended", "stale": stale, "advice": [advice]}

    def _leave(self):
        if self._mover.back():
            return {"advice": ["imports come from the system's packages again"]}
        return {
            "restart": "recommended",
            "stale": [],
            "advice": ["the next start of the kernel uses the system's packages"],
        }

    def _show(self, result, progress):
        """Show the result where the bar was, the lock in it where that changed."""
        bundle, lock = result.bundle(), result.data.get("handed_on")
        if lock is not None:
            bundle[MIME_TYPE] = lock
        if progress.result(bundle, must=lock is not None):
            result.was_shown(self._ip.execution_count)


def title_of(command):
    """Return a command in few words: its verb and what it is about."""
    return " ".join((command.verb, *command.arguments))


def _words_as_options(command):
    """Return arguments and options as the engine has them, whose words are for requirements."""
    words, options = command.arguments, tuple(map(_with_home, command.options))
    name = {"python": "--python", "export": "--format", "import": "--from"}.get(command.verb)
    if name is None or not words:
        return words, options
    return (), (*options, _with_home((name, words[0])))


def _with_home(option):
    """Write a path's `~` out, as a shell does."""
    name, value = option
    return (name, os.path.expanduser(value) if name in ("-o", "--from") else value)


def _arguments_of(cell):
    """Return the lines of a cell as words of a line, one requirement each."""
    lines = (line.strip() for line in cell.splitlines())
    return " ".join(shlex.quote(line) for line in lines if line and not line.startswith("#"))
