"""The magics and hooks in the IPython shell: `%pyartifacts`, completion, hints, no `%pip`.

Loaded when a kernel starts, so whatever the commands need is imported at their first use.
"""

import json
import os
import re
import sys

from .failures import PyArtifactsError

__all__ = ["Registration", "install", "uninstall"]

_BOLD, _OFF = "\x1b[1m", "\x1b[0m"
# A line that calls the magic, its result assigned or not; the group begins with the magic.
_CALL = re.compile(r"\s*(?:[\w., ]+=\s*)?(%{1,2}pyartifacts\s.*)\Z")
_STATE = "_pyartifacts_registration"


def install(ip, mode, gated=True):
    """Register everything in an IPython shell, once only.

    `mode` is `isolated` (the provisioner started this kernel) or `stock`. The environment cannot
    tell: what an isolated kernel starts inherits its variables. `gated`: nobody who knew the
    notebook prepared this kernel, so the first cell looks for it (see `gate.py`).
    """
    if getattr(ip, _STATE, None) is None:
        setattr(ip, _STATE, Registration(ip, mode, list(sys.path), gated))


def uninstall(ip):
    """Take out what `install` registered, if it did."""
    registration = getattr(ip, _STATE, None)
    if registration is not None:
        registration.remove()
        setattr(ip, _STATE, None)


class Registration(object):
    """Hold the registrations of one shell, and undo them.

    `mode` is `isolated` or `stock`; `start_path` is `sys.path` as it was at first.
    """

    def __init__(self, ip, mode, start_path, gated):
        self._ip = ip
        self._mode = mode
        self._start_path = start_path
        self._commands = None
        self._session = None
        ip.register_magic_function(self.run, "line_cell", "pyartifacts")
        self._matcher = self._register_completion()
        self._showtraceback = ip._showtraceback
        ip._showtraceback = self._show_with_hint
        self._shown_for = None
        ip.events.register("post_run_cell", self._hint_after)
        self._footprint = None
        ip.events.register("post_run_cell", self._note_loaded)
        self._gate = None
        if gated:
            ip.events.register("pre_run_cell", self._first_cell)
        if mode == "isolated":
            self._register_installers()

    def remove(self):
        """Take the registrations out again."""
        ip = self._ip
        ip._showtraceback = self._showtraceback
        ip.events.unregister("post_run_cell", self._hint_after)
        ip.events.unregister("post_run_cell", self._note_loaded)
        if self._gate is not None:
            self._gate.remove()
        elif self._first_cell in ip.events.callbacks["pre_run_cell"]:
            ip.events.unregister("pre_run_cell", self._first_cell)
        if self._matcher is not None:
            ip.Completer.custom_matchers.remove(self._matcher)
        for kind in ("line", "cell"):
            ip.magics_manager.magics[kind].pop("pyartifacts", None)

    def run(self, line, cell=None):
        """Pin packages for this notebook: %pyartifacts VERB ..., see %pyartifacts help."""
        return self._command()(line, cell)

    def take(self, text):
        """Move to the lock that a frontend has put into the notebook; `text` is its JSON.

        A frontend asks for it in the `user_expressions` of a silent request.
        """
        return self._command().take(json.loads(text))

    def _first_cell(self, info=None):
        """Put the gate up where VS Code runs this kernel, and be gone everywhere else."""
        if not getattr(info, "store_history", True):
            # An editor's own request: VS Code's name the notebook, and are not silent.
            return
        self._ip.events.unregister("pre_run_cell", self._first_cell)
        if "__vsc_ipynb_file__" in self._ip.user_ns:
            from .gate import Gate

            isolated = self._mode == "isolated"
            self._gate = Gate(self._ip, isolated, self.session, self._command)
            self._gate.before(info)

    def _command(self):
        if self._commands is None:
            from .command import Commands

            self._commands = Commands(self._ip, self.session(), self._start_path)
        return self._commands

    def session(self):
        """Return the session, made at the first use."""
        if self._session is None:
            from .session import isolated_session, stock_session

            found = isolated_session(os.environ) if self._mode == "isolated" else None
            if found is None:
                connection = _connection_file(self._ip)
                directory = os.path.dirname(connection) if connection else None
                found = stock_session(os.environ, self._ip.user_ns, directory, connection)
            self._session = found
        return self._session

    def _lock(self):
        """Return the lock as far as it is known, without making a session for it."""
        if self._session is None and self._mode != "isolated":
            return None
        try:
            return self.session().lock()
        except (OSError, PyArtifactsError):
            return None

    def _register_completion(self):
        """Offer completion to whatever IPython this is; return the matcher of newer ones."""
        try:
            from IPython.core.completer import SimpleCompletion, context_matcher
        except ImportError:
            # IPython below 8.6: what others find stands beside ours.
            for name in ("%pyartifacts", "%%pyartifacts"):
                self._ip.set_hook("complete_command", self._complete, str_key=name)
            return None

        @context_matcher(identifier="pyartifacts")
        def matcher(context):
            called = _CALL.match(context.line_with_cursor)
            if called is None:
                return {"completions": []}
            found = self._candidates(called.group(1), context.token)
            return {"completions": [SimpleCompletion(text) for text in found], "suppress": True}

        self._ip.Completer.custom_matchers.append(matcher)
        return matcher

    def _complete(self, shell, event):
        return self._candidates(event.line, event.symbol)

    def _candidates(self, line, symbol):
        from .completion import candidates
        from .lockfile import pinned_names, requirement_names

        lock = self._lock()
        return candidates(line, symbol, pinned_names(lock), requirement_names(lock))

    def _show_with_hint(self, etype, evalue, stb):
        hint = self._hint_for(evalue) if isinstance(stb, list) else None
        if hint is not None:
            self._shown_for = evalue
            stb = [*stb, hint]
        return self._showtraceback(etype, evalue, stb)

    def _hint_after(self, result):
        """Print the hint where somebody else draws the tracebacks (rich does)."""
        error = getattr(result, "error_in_exec", None)
        hint = self._hint_for(error) if error is not self._shown_for else None
        self._shown_for = None
        if hint is not None:
            print(hint, file=sys.stderr)

    def _note_loaded(self, _=None):
        """Tell the host what is loaded; a stock kernel has nothing to tell before it has a view."""
        if self._mode != "isolated" and self._session is None:
            return
        try:
            if self._footprint is None:
                from .footprint import Footprint

                self._footprint = Footprint(self.session())
            self._footprint.look()
        except (OSError, PyArtifactsError):
            # Whoever deletes the session file learns of it from the next magic.
            pass

    def _hint_for(self, error):
        """Return the line to add where a module is missing; None for every other error."""
        if not isinstance(error, ModuleNotFoundError):
            return None
        from .hints import hint_for
        from .lockfile import pinned_names

        hint = hint_for(error, pinned_names(self._lock()))
        return None if hint is None else "{}hint:{} {}".format(_BOLD, _OFF, hint)

    def _register_installers(self):
        from .pip import INSTALLERS, refuse

        for installer in INSTALLERS:

            def magic(line, installer=installer):
                """Say how packages are added to this notebook."""
                refuse(installer, line)

            self._ip.register_magic_function(magic, "line", installer)


def _connection_file(ip):
    """Return the path of the connection file, in a directory that the user alone can read."""
    if getattr(ip, "kernel", None) is None or "ipykernel" not in sys.modules:
        return None
    try:
        from ipykernel.connect import get_connection_file

        return get_connection_file()
    except Exception:
        return None
