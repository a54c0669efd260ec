"""Tab completion of the magic's line. Pure but for the names of local wheels."""

import glob
import os

from .verbs import DISTRIBUTIONS, FORMATS, OPTIONS, SOURCES, VERBS

__all__ = ["candidates"]

_PINNED = ("remove", "upgrade", "show")
_PLATFORMS = ("linux-aarch64", "linux-x86_64", "macos-arm64", "macos-x86_64", "windows-amd64")


def candidates(line, symbol, pinned=(), requirements=()):
    """Return what may stand where `symbol` is, the last word of `line` (the magic included).

    `pinned` are the names in the lock, `requirements` the ones the user asked for.
    """
    words = line.split()
    if words and not line[-1:].isspace():
        words = words[:-1]
    words = words[1:]
    if not words:
        return _starting(symbol, VERBS)
    verb = VERBS.get(words[0])
    if verb is None:
        return []
    if words[-1] == "--platform":
        return _starting(symbol, _PLATFORMS)
    if words[-1] == "-o":
        return _files(symbol, "")
    if words[-1] in OPTIONS and OPTIONS[words[-1]].metavar is not None:
        return []
    if symbol.startswith("-"):
        return _starting(symbol, [*list(verb.options), "--help"])
    if verb.name == "help":
        return _starting(symbol, VERBS)
    if verb.name == "remove":
        return _starting(symbol, _without(requirements or pinned, words))
    if verb.name in _PINNED:
        return _starting(symbol, _without(pinned, words))
    if verb.name == "export":
        return _starting(symbol, FORMATS) if len(words) == 1 else []
    if verb.name == "import":
        return _files(symbol, SOURCES)
    if verb.name == "instantiate":
        return _files(symbol, ".ipynb")
    if verb.name == "add" and symbol.startswith((".", "/", "~")):
        return _files(symbol, DISTRIBUTIONS)
    if verb.name == "python" and symbol.startswith((".", "/", "~")):
        return _files(symbol, (".tar.gz", ".tar.zst"))
    if not symbol and verb.options and verb.maximum == 0:
        return list(verb.options)
    return []


def _starting(symbol, names):
    return [name for name in names if name.startswith(symbol)]


def _files(symbol, suffix):
    """Return the directories and the files with such an ending that a path may go on with."""
    home = os.path.expanduser("~")
    start = os.path.expanduser(symbol) if symbol.startswith("~/") else symbol
    found = []
    for path in sorted(glob.glob(glob.escape(start) + "*")):
        if os.path.isdir(path):
            path += "/"
        elif not path.endswith(suffix):
            continue
        found.append("~" + path[len(home) :] if start != symbol else path)
    return found


def _without(names, words):
    return sorted(name for name in names if name not in words)
