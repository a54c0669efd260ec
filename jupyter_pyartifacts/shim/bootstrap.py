"""Start the notebook's pinned ipykernel, isolated: VIEW/bin/python -I bootstrap.py -f FILE.

Runs in the notebook's own interpreter, whatever its age: standard library only, and syntax that
CPython 3.6 reads. Nothing of the host but this directory's files is loaded.
"""

import os
import sys

SHIM = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "_pyartifacts_shim"
STOOD_IN = "jupyter_pyartifacts"
INTRUDERS = (
    "pyartifacts: taken off the path, as it is no part of this notebook's environment: {paths}"
)
MODULES_GONE = "pyartifacts: unloaded, as they came from there: {modules}"
NO_MAGIC = "pyartifacts: %pyartifacts could not be registered"
NOT_STARTED = "the kernel that this notebook pins does not start"
NOT_STARTED_HINT = (
    "upgrade the kernel's packages: jupyter pyartifacts upgrade NOTEBOOK ipykernel, or repair the "
    "store: jupyter pyartifacts verify NOTEBOOK"
)


def standard_library():
    """Return the directories (and the zip) of the interpreter's own library."""
    library = os.path.dirname(os.__file__)
    name = "python%d.%d" % sys.version_info[:2]
    paths = {library, os.path.join(library, "lib-dynload")}
    for prefix in {sys.base_prefix, sys.base_exec_prefix}:
        if os.name == "nt":
            paths.update((prefix, os.path.join(prefix, "DLLs")))
            paths.add(os.path.join(prefix, name.replace(".", "") + ".zip"))
            continue
        for directory in {"lib", getattr(sys, "platlibdir", "lib")}:
            paths.add(os.path.join(prefix, directory, name.replace(".", "") + ".zip"))
            paths.add(os.path.join(prefix, directory, name, "lib-dynload"))
    return {normal(path) for path in paths}


def normal(path):
    """Return a path as it is compared: absolute, links resolved, case folded where it is so."""
    return os.path.normcase(os.path.realpath(path))


def store_roots(environ):
    """Return the directories of the store: the view, what it links to, and every layer."""
    view = environ.get("PYARTIFACTS_VIEW") or sys.prefix
    roots = [sys.prefix, view]
    # STORE/views/DIGEST; a view's own path entries may lead into the artifacts beside it.
    if os.path.basename(os.path.dirname(view)) == "views":
        roots.append(os.path.dirname(os.path.dirname(view)))
    roots += [root for root in environ.get("PYARTIFACTS_STORE", "").split(os.pathsep) if root]
    return sorted({normal(root) for root in roots})


def below(path, roots):
    """Tell whether a normal path is one of the directories or below one."""
    return any(path == root or path.startswith(root + os.sep) for root in roots)


def remove_intruders(roots):
    """Take every path entry off that is neither below the directories nor the interpreter's own.

    Returns the entries that were taken off.
    """
    library = standard_library()
    removed = []
    for entry in list(sys.path):
        if entry == "" or below(normal(entry), roots) or normal(entry) in library:
            continue
        removed.append(entry)
        sys.path.remove(entry)
    return removed


def unload_intruders(removed, roots):
    """Forget the modules that were imported from removed path entries; return their names."""
    if not removed:
        return []
    library = sorted(standard_library())
    origins = [normal(entry) for entry in removed]
    gone = []
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        path = normal(file)
        # The standard library's own directory may lie below what was removed, or the reverse.
        own = below(path, roots) or (below(path, library) and not below(path, packages(library)))
        if below(path, origins) and not own:
            del sys.modules[name]
            gone.append(name)
    return gone


def packages(library):
    """Return the package directories inside the standard library's, which are not part of it."""
    names = ("site-packages", "dist-packages")
    return [os.path.join(path, name) for path in library for name in names]


def keep_store_clean(roots):
    """Write byte code again, for the user's own modules, but never below the given directories.

    The command line's -B holds for what multiprocessing spawns.
    """
    from importlib.machinery import SourceFileLoader

    set_data = SourceFileLoader.set_data

    def set_data_outside(self, path, data, **options):
        if not below(normal(path), roots):
            set_data(self, path, data, **options)

    SourceFileLoader.set_data = set_data_outside
    sys.dont_write_bytecode = False


def add_working_directory():
    """Make the notebook's own directory importable, after the standard library as IPython does.

    IPython would add it, but newer ones take -I for the wish not to.
    """
    if "" in sys.path or os.environ.get("PYTHONSAFEPATH"):
        return
    for index, path in enumerate(sys.path):
        if os.path.basename(path) == "site-packages":
            break
    else:
        index = len(sys.path)
    sys.path.insert(index, "")


def open_shim():
    """Load this directory as a package of its own, and let it stand in for jupyter_pyartifacts."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(
        PACKAGE, os.path.join(SHIM, "__init__.py"), submodule_search_locations=[SHIM]
    )
    package = module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    sys.modules[STOOD_IN] = stand_in()
    return package


def stand_in():
    """Return the module that `%load_ext jupyter_pyartifacts` finds here: a friendly no-op."""
    import types

    module = types.ModuleType(
        STOOD_IN, "Stands for the package, which is on the host: %pyartifacts is loaded already."
    )
    module.load_ipython_extension = lambda shell: print(
        "%pyartifacts is loaded already: this kernel runs in its notebook's own environment."
    )
    module.unload_ipython_extension = lambda shell: None
    return module


def announce(shell, lines):
    """Print lines to stderr when the first cell runs: nothing is shown before."""
    if not lines:
        return

    def print_once(*_):
        shell.events.unregister("pre_run_cell", print_once)
        for line in lines:
            print(line, file=sys.stderr)

    shell.events.register("pre_run_cell", print_once)


def notes(environ):
    """Return what the host wants the user to know about this environment."""
    import json

    try:
        return [str(note) for note in json.loads(environ.pop("PYARTIFACTS_NOTES", "[]"))]
    except ValueError:
        return []


def look_after_session(environ):
    """Remove the session file in the end, where no provisioner does; tell whether that is so."""
    launched, path = environ.pop("PYARTIFACTS_LAUNCHED", None), environ.get("PYARTIFACTS_SESSION")
    if launched and path:
        import atexit

        def remove(owner=os.getpid()):
            for name in (path, os.path.splitext(path)[0] + ".loaded"):
                # A fork of this kernel is not its end.
                if os.getpid() == owner and os.path.exists(name):
                    os.unlink(name)

        atexit.register(remove)
    return bool(launched)


def reply_by_stream(app):
    """Have replies sent by the stream that reads the requests of the same socket.

    ipykernel 7.0 to 7.3 sends past it, and may miss what arrives meanwhile: the first cell after a
    start then waits for ever (ipykernel's issue 1554). Elsewhere there is nothing to do.
    """
    thread = getattr(app, "shell_channel_thread", None)
    stream = getattr(app.kernel, "shell_stream", None)
    if stream is None:
        return
    # Either of them, as the manager is made late.
    for owner in (thread, getattr(thread, "_manager", None)):
        if hasattr(owner, "_shell_socket"):
            owner._shell_socket = stream


def start():
    """Start the kernel and stay in it until it is shut down."""
    lines = notes(os.environ)
    launched = look_after_session(os.environ)
    roots = store_roots(os.environ)
    # The interpreter's own sitecustomize may have extended the path before we came.
    intruders = remove_intruders(roots)
    unloaded = unload_intruders(intruders, roots)
    keep_store_clean(roots)
    shim = open_shim()

    from ipykernel import kernelapp
    from IPython.core import application

    sys.argv[0] = os.path.join(
        os.path.dirname(os.path.dirname(kernelapp.__file__)), "ipykernel_launcher.py"
    )
    # The user's preferences (~/.ipython) load, the system's do not.
    application.SYSTEM_CONFIG_DIRS[:] = []
    add_working_directory()
    app = kernelapp.IPKernelApp.instance()
    app.initialize(None)
    reply_by_stream(app)
    if getattr(app, "ignore_cwd", False) and "" in sys.path:
        sys.path.remove("")
    # The user's start-up files ran: what they brought in from elsewhere goes, by name.
    roots.append(normal(app.ipython_dir))
    late = remove_intruders(roots)
    unloaded += unload_intruders(late, roots)
    intruders += late
    if intruders:
        lines.append(INTRUDERS.format(paths=", ".join(intruders)))
    if unloaded:
        lines.append(MODULES_GONE.format(modules=", ".join(unloaded)))
    announce(app.shell, lines)
    try:
        shim.install(app.shell, "isolated", gated=launched)
    except Exception:
        # Without the magic the notebook still runs.
        import traceback

        announce(app.shell, [NO_MAGIC, traceback.format_exc()])
    return app


def restore_streams():
    """Undo ipykernel's capture of the file descriptors: its reading end dies with this process."""
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        original = getattr(stream, "_original_stdstream_copy", None)
        if original is not None:
            os.dup2(original, descriptor)


def fall_back(trace):
    """Become the host's fallback kernel, which shows why this one does not start."""
    import json

    host = os.environ.get("PYARTIFACTS_HOST_PYTHON")
    script = os.path.join(os.path.dirname(SHIM), "kernel", "fallback.py")
    if not host or not os.path.exists(script):
        return
    indented = "\n".join("  " + line for line in trace.strip().splitlines()[-40:])
    message = "%s\n%s\nhint: %s" % (NOT_STARTED, indented, NOT_STARTED_HINT)
    environ = dict(os.environ)
    for key in ("VIRTUAL_ENV", "PYARTIFACTS_VIEW"):
        environ.pop(key, None)
    environ["PYARTIFACTS_FAILURE"] = json.dumps(
        {"name": "PyArtifactsError", "code": "error", "message": message}
    )
    restore_streams()
    command = [host, script]
    command.extend(sys.argv[1:])
    if os.name == "nt":
        import subprocess

        sys.exit(subprocess.call(command, env=environ))
    os.execve(host, command, environ)


def main():
    """Start the kernel; whatever prevents it is shown by a fallback kernel."""
    try:
        app = start()
    except Exception:
        import traceback

        trace = traceback.format_exc()
        fall_back(trace)
        raise
    app.start()


if __name__ == "__main__":
    main()
