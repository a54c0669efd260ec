"""Read the few things the shim wants of a lock document: names and requirements. Pure."""

import re

from .loaded import normalize

__all__ = ["kernel_group", "pinned_names", "requirement_names"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def pinned_names(lock):
    """Return the canonical names of a lock's distributions, sorted."""
    lines = _texts(lock, "distributions")
    return sorted({normalize(line.split(" ", 1)[0]) for line in lines})


def requirement_names(lock):
    """Return the canonical names that the user's requirements begin with, in their order."""
    names = []
    for text in _texts(lock, "requirements"):
        # A wheel's file name begins with the name too (binary distribution format).
        word = text.rsplit("/", 1)[-1].split("-")[0] if ".whl" in text and "@" not in text else text
        match = _NAME.match(word.strip())
        if match:
            names.append(normalize(match.group()))
    return names


def kernel_group(lock):
    """Return the names of the kernel group."""
    return list(_texts(lock, "kernel")) or ["ipykernel", "ipywidgets"]


def _texts(lock, field):
    value = (lock or {}).get(field)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
