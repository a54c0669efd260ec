"""Move the running kernel from one view to the next, in place."""

import importlib
import os
import sys

__all__ = ["Mover", "base_entries", "path_entries", "site_packages_of", "swap_view"]


class Mover(object):
    """Move one process between its views; know what it began with, to get back there.

    `start_path` is `sys.path` as the shell had it first; `keep` is a directory of the user's that
    stays on it.
    """

    def __init__(self, session, start_path, keep=None):
        self._session = session
        self._base = []
        if not session.isolated:
            self._base = base_entries(start_path, keep=(keep,))
        self._start = (sys.prefix, sys.exec_prefix, sys.executable, os.environ.get("VIRTUAL_ENV"))
        self._finders = []

    def package_directories(self):
        """Return every package directory that loaded modules may come from."""
        return self._base + [site_packages_of(view) for view in self._session.views]

    def move(self, environment):
        """Import from the engine's `environment` from now on."""
        swap_view(environment, self._session.view, self._base)
        for finder in sys.meta_path[:] if self._base else ():
            # What `pip install -e` leaves: it answers for packages of the system.
            if "__editable__" in getattr(finder, "__module__", "") or "__editable__" in getattr(
                finder, "__name__", ""
            ):
                sys.meta_path.remove(finder)
                self._finders.append(finder)
        self._session.use_view(environment["path"])

    def back(self):
        """Import from what the process began with; False if that is not known (isolated)."""
        view = self._session.view
        if self._session.isolated or view is None:
            return not self._session.isolated
        _swap_path(self._base, view, ())
        sys.prefix, sys.exec_prefix, sys.executable, virtual_env = self._start
        parts = os.environ.get("PATH", "").split(os.pathsep)
        os.environ["PATH"] = os.pathsep.join(part for part in parts if not _inside(part, view))
        os.environ.pop("PYARTIFACTS_VIEW", None)
        os.environ.pop("VIRTUAL_ENV", None)
        if virtual_env is not None:
            os.environ["VIRTUAL_ENV"] = virtual_env
        _swap_copies(view, {"path": sys.prefix, "python": sys.executable})
        sys.meta_path.extend(self._finders)
        self._finders = []
        _drop_caches(view, ())
        return True


def site_packages_of(view):
    """Return the package directory of a view, which has the shape of a virtual environment."""
    if os.name == "nt":
        return os.path.join(view, "Lib", "site-packages")
    version = "python{}.{}".format(*sys.version_info[:2])
    return os.path.join(view, "lib", version, "site-packages")


def path_entries(site_packages):
    """Return what a view puts on the path: its package directory, then its path files' lines.

    As `site` reads them, but no line of a path file is ever run.
    """
    entries = [site_packages]
    try:
        names = sorted(name for name in os.listdir(site_packages) if name.endswith(".pth"))
    except OSError:
        return entries
    for name in names:
        try:
            with open(os.path.join(site_packages, name), "rb") as stream:
                lines = stream.read().decode("utf-8", "replace").splitlines()
        except OSError:
            continue
        for line in lines:
            if not line.strip() or line.startswith(("#", "import ", "import\t")):
                continue
            entry = os.path.abspath(os.path.join(site_packages, line.rstrip()))
            if entry not in entries and os.path.exists(entry):
                entries.append(entry)
    return entries


def base_entries(path, keep=()):
    """Return the entries of a stock kernel's path that are not the standard library's.

    Site-packages and whatever its path files and `PYTHONPATH` put there; the notebook's own
    directory and what lies under one of `keep` stay out of it.
    """
    standard = _standard_library()
    kept = tuple(os.path.abspath(entry) for entry in keep if entry)
    return [
        entry
        for entry in path
        if entry
        and os.path.abspath(entry) != os.getcwd()
        and not _in_standard_library(os.path.abspath(entry), standard)
        and not any(_inside(os.path.abspath(entry), directory) for directory in kept)
    ]


def _standard_library():
    library = os.path.dirname(os.path.abspath(os.__file__))
    # A virtual environment keeps the library of the interpreter it was made with.
    return {library, os.path.realpath(library), os.path.join(sys.base_prefix, "DLLs")}


def _in_standard_library(entry, standard):
    if os.path.basename(entry).startswith("python") and entry.endswith(".zip"):
        return True
    packages = ("site-packages", "dist-packages")
    return any(_inside(entry, library) for library in standard) and not any(
        part in packages for part in entry.split(os.sep)
    )


def swap_view(environment, old_view=None, old_entries=(), environ=os.environ):
    """Make `environment` (the engine's mapping) what this process imports from.

    Takes `old_entries` and everything below `old_view` off the path and puts the new entries in
    their place; moves `sys.prefix`, `sys.exec_prefix`, `sys.executable`, `PATH`, `VIRTUAL_ENV`;
    drops the caches of finders and metadata. Loaded modules stay as they are.
    """
    old_prefix = sys.prefix
    _swap_path(path_entries(environment["site_packages"]), old_view, old_entries)
    sys.prefix = sys.exec_prefix = environment["path"]
    sys.executable = environment["python"]
    _swap_variables(environment, old_view, environ)
    _swap_copies(old_prefix, environment)
    _drop_caches(old_view, old_entries)


def _swap_path(entries, old_view, old_entries):
    gone = set(old_entries) | set(entries)

    def leaves(entry):
        return entry in gone or (old_view is not None and _inside(entry, old_view))

    place = next((i for i, entry in enumerate(sys.path) if leaves(entry)), len(sys.path))
    before = [entry for entry in sys.path[:place] if not leaves(entry)]
    after = [entry for entry in sys.path[place:] if not leaves(entry)]
    sys.path[:] = before + list(entries) + after


def _swap_variables(environment, old_view, environ):
    bindir = os.path.dirname(environment["python"])
    parts = [
        part
        for part in environ.get("PATH", os.defpath).split(os.pathsep)
        if part != bindir and not (old_view is not None and _inside(part, old_view))
    ]
    environ["PATH"] = os.pathsep.join([bindir, *parts])
    environ["VIRTUAL_ENV"] = environment["path"]
    environ["PYARTIFACTS_VIEW"] = environment["path"]


def _swap_copies(old_prefix, environment):
    """Tell the modules that copied the prefix or the executable when they were imported."""
    spawn = sys.modules.get("multiprocessing.spawn")
    if spawn is not None:
        spawn.set_executable(environment["python"])
    site = sys.modules.get("site")
    if site is not None and getattr(site, "PREFIXES", None):
        prefixes = [environment["path"] if p == old_prefix else p for p in site.PREFIXES]
        site.PREFIXES[:] = list(dict.fromkeys(prefixes))
    sysconfig = sys.modules.get("sysconfig")
    if sysconfig is not None:
        for name in ("_PREFIX", "_EXEC_PREFIX"):
            if getattr(sysconfig, name, None) == old_prefix:
                setattr(sysconfig, name, environment["path"])
        variables = sysconfig.get_config_vars()
        for name in ("prefix", "exec_prefix", "base", "platbase"):
            if variables.get(name) == old_prefix:
                variables[name] = environment["path"]


def _drop_caches(old_view, old_entries):
    for entry in list(sys.path_importer_cache):
        if entry in old_entries or (old_view is not None and _inside(entry, old_view)):
            # Loaded packages keep their own path: the finder comes back when one asks.
            sys.path_importer_cache.pop(entry, None)
    # Reaches the metadata finders as well, `importlib_metadata`'s among them.
    importlib.invalidate_caches()
    resources = sys.modules.get("pkg_resources")
    if resources is not None and hasattr(resources, "working_set"):
        resources.working_set.__init__()


def _inside(path, directory):
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)
