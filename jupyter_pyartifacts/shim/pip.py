"""`%pip` and its like in an isolated kernel: no install into a view, and what to type instead."""

import shlex

from .failures import PyArtifactsError
from .line import join_specifiers

__all__ = ["INSTALLERS", "refuse"]

INSTALLERS = ("pip", "conda", "mamba", "micromamba", "uv")

_VERBS = {
    "install": "add",
    "add": "add",
    "uninstall": "remove",
    "remove": "remove",
    "list": "show",
    "freeze": "show",
    "show": "show",
}


def refuse(installer, line):
    """Raise PyArtifactsError: the packages are the notebook's own; the hint is the same, here."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    if installer == "uv" and words[:1] == ["pip"]:
        words = words[1:]
    verb = next((_VERBS[word] for word in words if word in _VERBS), None)
    names = [word for word in words if not word.startswith("-") and word not in _VERBS]
    if verb in ("add", "remove") and names:
        names = " ".join(shlex.quote(name) for name in join_specifiers(names))
        hint = "%pyartifacts {} {}".format(verb, names)
    else:
        hint = "%pyartifacts {}".format(verb if verb == "show" else "help")
    raise PyArtifactsError(
        "%{} does not reach this notebook's packages: they are pinned in the notebook".format(
            installer
        ),
        hint=hint,
        code="usage",
    )
