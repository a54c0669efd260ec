"""What this kernel has loaded from its views, written beside the session file for the host."""

import json
import os
import sys

from .hotadd import site_packages_of
from .session import replace_file

__all__ = ["Footprint", "footprint"]

SUFFIX = ".loaded"


class Footprint(object):
    """Keep the file up to date; looking costs nothing where nothing was imported since."""

    def __init__(self, session):
        self._session = session
        self._count = None
        self._written = None

    def look(self):
        """Write what is loaded, if that has changed."""
        count = len(sys.modules), len(self._session.views)
        if count == self._count:
            return
        self._count = count
        found = footprint([site_packages_of(view) for view in self._session.views])
        if found == self._written:
            return
        try:
            path = os.path.splitext(self._session.path)[0] + SUFFIX
            replace_file(path, json.dumps(found).encode("utf-8"))
        except OSError:
            # The host knows less then; nothing here depends on it.
            return
        self._written = found


def footprint(directories, modules=None):
    """Return {package directory: sorted names} of the loaded modules, two levels deep.

    `pandas/core/api.py` gives `pandas/core`, `six.py` itself. Two levels tell the distributions
    apart that share a directory.
    """
    files = set()
    for module in list((sys.modules if modules is None else modules).values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            files.add(path)
    found = {}
    for directory in directories:
        prefix = directory.rstrip(os.sep) + os.sep
        names = {
            "/".join(path[len(prefix) :].split(os.sep)[:2])
            for path in files
            if path.startswith(prefix)
        }
        if names:
            found[directory] = sorted(names)
    return found
