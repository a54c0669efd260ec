"""What this kernel works on: the session's lock file, the notebook, the views in use."""

import atexit
import json
import os
import shutil
import sys
import tempfile

from .failures import PyArtifactsError

__all__ = [
    "Session",
    "editor_notebook",
    "find_notebook",
    "isolated_session",
    "read_notebook_lock",
    "replace_file",
    "stock_session",
]

_EDITOR = "__vsc_ipynb_file__"
_LOCK_TYPE = "application/vnd.pyartifacts.lock+json"


class Session(object):
    """Know the session file, the host's Python, the notebook and every view used so far.

    The file holds `{"pyartifacts": lock or null}` and stands for the notebook when the engine is
    called; the engine keeps the views that it gives out from being swept while this process lives.
    """

    def __init__(self, path, host_python, isolated, view=None, notebook=None):
        self.path = path
        self.host_python = host_python
        self.isolated = isolated
        self.views = [view] if view else []
        self.notebook = notebook

    @property
    def view(self):
        """Return the view in use, or None in a stock kernel that has none yet."""
        return self.views[-1] if self.views else None

    def read(self):
        """Return the file's bytes, None if it is not there."""
        try:
            with open(self.path, "rb") as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def restore(self, content):
        """Put bytes from `read` back, if the file has others by now."""
        if self.read() == content:
            return
        if content is None:
            os.unlink(self.path)
        else:
            replace_file(self.path, content)

    def lock(self):
        """Return the lock as a mapping, None where there is none or it cannot be read."""
        document = _document(self.read())
        lock = document.get("pyartifacts")
        return lock if isinstance(lock, dict) else None

    def has_lock(self):
        """Tell whether there is one, be it one that cannot be read."""
        return _document(self.read()).get("pyartifacts") is not None

    def write_lock(self, lock):
        """Write another lock, or None."""
        document = _document(self.read())
        document["pyartifacts"] = lock
        self._write(document)

    def note_moved(self):
        """Tell the server that this kernel runs the lock in the file, whoever wrote it there."""
        document = _document(self.read())
        document["moved"] = True
        self._write(document)

    def _write(self, document):
        replace_file(self.path, (json.dumps(document, indent=1) + "\n").encode("utf-8"))

    def use_view(self, view):
        """Remember a view: this kernel may have modules loaded from it until it ends."""
        if view in self.views:
            self.views.remove(view)
        self.views.append(view)


def _document(content):
    try:
        document = json.loads((content or b"{}").decode("utf-8"))
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def replace_file(path, content):
    """Write a file at once or not at all; raise OSError."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".pyartifacts-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def isolated_session(environ):
    """Read what the provisioner said about this kernel; raise PyArtifactsError if it did not."""
    path, host = environ.get("PYARTIFACTS_SESSION"), environ.get("PYARTIFACTS_HOST_PYTHON")
    if not path or not host:
        missing = "PYARTIFACTS_HOST_PYTHON" if path else "PYARTIFACTS_SESSION"
        raise PyArtifactsError(
            "this kernel does not know its host",
            expected="the variable {}, as it was when the kernel started".format(missing),
            hint="restart the kernel",
        )
    return Session(
        path,
        host,
        isolated=True,
        view=environ.get("PYARTIFACTS_VIEW"),
        notebook=environ.get("PYARTIFACTS_NOTEBOOK"),
    )


def stock_session(environ, namespace, runtime_directory=None, connection_file=None):
    """Make a session for a kernel that runs in the host's own environment.

    The lock that the notebook has already is where it starts from.
    """
    notebook = find_notebook(environ, namespace)
    session = Session(
        _stock_path(environ, runtime_directory, connection_file),
        sys.executable,
        isolated=False,
        notebook=notebook,
    )
    outputs = notebook is not None and notebook == editor_notebook(namespace)
    session.write_lock(read_notebook_lock(notebook, outputs) if notebook else None)
    return session


def _stock_path(environ, runtime_directory, connection_file):
    """Return the path of a stock kernel's session file; its stem is the kernel's name in the
    engine's books.

    A server says where it looks for the file when the kernel restarts. What this process has
    inherited from another kernel is not for it.
    """
    named = environ.get("PYARTIFACTS_STOCK_SESSION")
    if named and os.path.basename(connection_file or "") == "kernel-" + os.path.basename(named):
        return named
    if runtime_directory is None or not os.path.isdir(runtime_directory):
        runtime_directory = None
    directory = tempfile.mkdtemp(prefix="pyartifacts-", dir=runtime_directory)
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return os.path.join(directory, os.path.basename(directory) + ".json")


def find_notebook(environ, namespace, directory=None):
    """Return the absolute path of the notebook this kernel runs, None if nobody says it.

    Jupyter's server gives `JPY_SESSION_NAME`, VS Code a variable in the user's namespace.
    """
    base = directory or os.getcwd()
    for name in (
        namespace.get(_EDITOR),
        environ.get("JPY_SESSION_NAME"),
        environ.get("PYARTIFACTS_NOTEBOOK"),
    ):
        if not isinstance(name, str) or not name.endswith(".ipynb"):
            continue
        for path in (os.path.join(base, name), os.path.join(base, os.path.basename(name))):
            if os.path.isfile(path):
                return os.path.abspath(path)
    return None


def editor_notebook(namespace):
    """Return the path of the notebook that VS Code says this kernel runs, None elsewhere.

    It sets the variable by a request of its own before the first cell. What is no file here (on the
    other side of a remote connection) counts as unknown.
    """
    name = namespace.get(_EDITOR)
    if not isinstance(name, str) or not name.endswith(".ipynb") or not os.path.isfile(name):
        return None
    return os.path.abspath(name)


def read_notebook_lock(path, outputs=False):
    """Return the lock in a notebook's metadata as it stands there, None if it has none.

    With `outputs`, for frontends that keep no lock in the metadata, the one that a cell has shown
    last counts where it was made later.
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError:
        return None
    # Both places have the word, and most notebooks don't: they may be large, and a cell waits.
    document = _document(content) if b"pyartifacts" in content else {}
    metadata = document.get("metadata")
    lock = metadata.get("pyartifacts") if isinstance(metadata, dict) else None
    shown = _shown_lock(document.get("cells")) if outputs else None
    return shown if shown is not None and (lock is None or _made(shown) > _made(lock)) else lock


def _shown_lock(cells):
    """Return the lock in the outputs of the cell that ran last, None if that one took it out."""
    newest, found = -1, None
    for cell in cells if isinstance(cells, list) else ():
        count = cell.get("execution_count") if isinstance(cell, dict) else None
        outputs = cell.get("outputs") if isinstance(count, int) and count >= newest else None
        for output in outputs if isinstance(outputs, list) else ():
            data = output.get("data") if isinstance(output, dict) else None
            bundle = data.get(_LOCK_TYPE) if isinstance(data, dict) else None
            if isinstance(bundle, dict) and "lock" in bundle:
                newest, found = count, bundle["lock"]
    return found


def _made(lock):
    """Return when a lock was made, RFC 3339; empty where it does not say so."""
    history = lock.get("history") if isinstance(lock, dict) else None
    last = history[0] if isinstance(history, list) and history else None
    return str(last.get("when") or "") if isinstance(last, dict) else ""
