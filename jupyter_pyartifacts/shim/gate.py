"""The gate before the first cell, where a frontend started the kernel without naming the notebook.

VS Code names it by a variable, before the first cell and after the start, in a request of its own:
such a request stores no history, and by that is told from the user's cells. So a stock kernel moves
to the notebook's packages there, in place; until it has, no cell runs but the magic's own. And a
kernel that was started for another notebook says so.
"""

import os
import re
import sys

from .failures import Interrupted, PyArtifactsError
from .line import Command
from .lockfile import python_of
from .progress import progress_for
from .session import editor_notebook, read_notebook_lock
from .words import count

__all__ = ["Gate", "is_own_command", "summary_line"]

_TITLE = "this notebook's packages"
_OWN = re.compile(r"\s*%pyartifacts\b")
_OWN_CELL = re.compile(r"\s*%%pyartifacts\b")
_CHOOSE = (
    "in VS Code, choose the interpreter that `jupyter pyartifacts python {}` prints as the kernel "
    "(Select Kernel, Python Environments...)"
)


def is_own_command(cell):
    """Tell whether a cell is made of the magic's commands alone."""
    lines = [line for line in cell.splitlines() if line.strip()]
    return bool(_OWN_CELL.match(cell)) or (bool(lines) and all(map(_OWN.match, lines)))


def summary_line(lock, stale, notebook):
    """Say in one line what serves, and what of it is not as it is pinned."""
    pinned, runs = python_of(lock), "{}.{}.{}".format(*sys.version_info[:3])
    packages = count(len(lock.get("distributions") or ()), "pinned package")
    weaker = ["the kernel itself is the system's"]
    if pinned != runs:
        weaker.append("Python is {} (pinned: {})".format(runs, pinned))
    if stale:
        names = ["{} {} (pinned: {})".format(*each) for each in stale]
        shown = ", ".join(names[:3]) + (" and {} more".format(len(names) - 3) if names[3:] else "")
        weaker.append("loaded before the first cell: " + shown)
    text = "pyartifacts: importing from this notebook's {} (weaker here: {}; all as pinned: "
    text += "the kernel of `jupyter pyartifacts python {}`)"
    return text.format(packages, "; ".join(weaker), os.path.basename(notebook))


class Gate(object):
    """Stand before the cells of one shell until the notebook's packages are in use.

    `session` and `commands` give the shell's, made where there is a lock. A cell is turned away by
    an exception of the kind that IPython takes from its transformers: it fails, nothing of it runs.
    """

    def __init__(self, ip, isolated, session, commands):
        self._ip = ip
        self._session = None
        self._commands = commands
        self._notebook = editor_notebook(ip.user_ns)
        self._refusal = None
        self._up = self._notebook is not None and self._is_wanted(isolated)
        if self._up:
            self._session = session()
            ip.events.register("pre_run_cell", self.before)
            ip.events.register("post_run_cell", self._after)
            ip.ast_transformers.append(self)

    def _is_wanted(self, isolated):
        if isolated:
            return _differ(os.environ.get("PYARTIFACTS_NOTEBOOK"), self._notebook)
        return read_notebook_lock(self._notebook, outputs=True) is not None

    def remove(self):
        """Take the gate down."""
        if self._up:
            self._up = False
            self._ip.events.unregister("pre_run_cell", self.before)
            self._ip.events.unregister("post_run_cell", self._after)
            self._ip.ast_transformers.remove(self)

    def before(self, info):
        """Make the packages ready; whatever prevents it turns the cell away."""
        if not self._up or not info.store_history or is_own_command(info.raw_cell):
            return
        try:
            self._enter()
        except (Exception, KeyboardInterrupt) as error:
            self._refusal = error
        else:
            self.remove()

    def visit(self, tree):
        """Turn a cell away, as a transformer of syntax trees."""
        error, self._refusal = self._refusal, None
        if error is None:
            return tree
        raise _rejected(error)

    def _after(self, *_):
        # A cell with a syntax error never came as far as `visit`.
        self._refusal = None

    def _enter(self):
        session = self._session
        if session.isolated:
            raise PyArtifactsError(
                "this kernel was started for another notebook",
                where=self._notebook,
                expected=self._notebook,
                found=session.notebook,
                hint="unset PYARTIFACTS_NOTEBOOK where VS Code starts its kernels (.env), or set "
                "it to this notebook, then restart the kernel",
            )
        if session.view is not None or not session.has_lock():
            # A command of the magic has come first.
            return
        lock = session.lock()
        wanted, runs = python_of(lock), "{}.{}.{}".format(*sys.version_info[:3])
        if wanted and wanted.split(".")[:2] != runs.split(".")[:2]:
            raise PyArtifactsError(
                "this notebook's lock is for another Python than this kernel's",
                expected=wanted,
                found=runs,
                hint=_CHOOSE.format(os.path.basename(self._notebook)),
            )
        progress = progress_for(self._ip, _TITLE)
        result = self._commands().carry_out(Command("instantiate", (), ()), progress)
        if session.view is None:
            raise PyArtifactsError(
                "this notebook's lock is not for this machine",
                where=self._notebook,
                hint="lock it for this one as well: %pyartifacts add, with --platform NAME",
            )
        stale = [each for each in result.stale if each.pinned is not None]
        line = summary_line(session.lock(), stale, self._notebook)
        if not progress.result({"text/plain": line}, must=True):
            print(line)


def _differ(one, other):
    try:
        return one is not None and not os.path.samefile(one, other)
    except OSError:
        return False


def _rejected(error):
    """Return an error as IPython takes it from a transformer: shown as it is, the cell fails."""
    from IPython.core.interactiveshell import InputRejected

    if isinstance(error, Interrupted):
        what, hint = str(error), "run the cell again"
        error = PyArtifactsError(what, hint=hint, code="interrupted")
    elif not isinstance(error, PyArtifactsError):
        what = "this notebook's packages could not be made ready"
        found = "{}: {}".format(type(error).__name__, error)
        error = PyArtifactsError(what, hint="restart the kernel and try again", found=found)
    kind = type(PyArtifactsError.__name__, (PyArtifactsError, InputRejected), {})
    rejected = kind.__new__(kind)
    rejected.__dict__.update(error.__dict__)
    rejected.args = error.args
    return rejected
