"""Read the few things the shim wants of a lock document: names and requirements. Pure."""

import re

from .loaded import normalize

__all__ = ["changes_between", "kernel_group", "pinned_names", "python_of", "requirement_names"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def pinned_names(lock):
    """Return the canonical names of a lock's distributions, sorted."""
    lines = _texts(lock, "distributions")
    return sorted({normalize(line.split(" ", 1)[0]) for line in lines})


def requirement_names(lock):
    """Return the canonical names that the user's requirements begin with, in their order."""
    names = []
    for text in _texts(lock, "requirements"):
        word = text
        if "@" not in text:
            # The file name of a wheel or sdist begins with the name too, and a version follows.
            file = re.match(r"(?:.*[/\\])?([^/\\]+?)-v?\d[^/\\]*\.(?:whl|tar\.gz|tgz|zip)", text)
            word = file.group(1) if file else text
        match = _NAME.match(word.strip())
        if match:
            names.append(normalize(match.group()))
    return names


def changes_between(before, after):
    """Return the engine's `changes` from one lock to another, either may be None."""
    old, new, direct = _versions(before), _versions(after), set(requirement_names(after))
    return [
        {"name": n, "before": old.get(n), "after": new.get(n), "direct": n in direct}
        for n in sorted(set(old) | set(new))
        if old.get(n) != new.get(n)
    ]


def _versions(lock):
    versions = {}
    for line in _texts(lock, "distributions"):
        name, _, rest = line.partition(" ")
        version = rest.split(" ", 1)[0]
        before = versions.get(normalize(name))
        versions[normalize(name)] = version if before is None else before + ", " + version
    return versions


def python_of(lock):
    """Return the full version of the Python that a lock is for; empty without one."""
    return str((lock or {}).get("python") or "").rpartition(" ")[2]


def kernel_group(lock):
    """Return the names of the kernel group."""
    return list(_texts(lock, "kernel")) or ["ipykernel", "ipywidgets"]


def _texts(lock, field):
    value = (lock or {}).get(field)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
