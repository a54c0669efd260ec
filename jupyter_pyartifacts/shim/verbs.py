"""The verbs and options of `%pyartifacts`: one table that parsing, help and completion read."""

from collections import namedtuple

__all__ = [
    "ALIASES",
    "DISTRIBUTIONS",
    "ENGINE_VERBS",
    "FORMATS",
    "OPTIONS",
    "SOURCES",
    "VERBS",
    "WITHOUT_NOTEBOOK",
    "Option",
    "Verb",
    "help_rows",
]

Option = namedtuple("Option", "name metavar summary")
"""`metavar` is None for a switch."""

Verb = namedtuple("Verb", "name usage minimum maximum options changes summary")
"""`minimum` and `maximum` count arguments (None: any number); `changes`: may write the lock."""

DISTRIBUTIONS = (".whl", ".tar.gz", ".tgz", ".zip")
"""How the files end that can be added by their path."""

FORMATS = ("pylock", "requirements", "environment", "script")
"""What `export` writes."""

SOURCES = (".toml", ".txt", ".in", ".lock", ".py", ".ipynb")
"""How the files end that `import` reads."""

OPTIONS = {
    option.name: option
    for option in (
        Option("--index", "NAME=URL", "take the projects named in this command from this index"),
        Option("--as-of", "DATE", "see the index as it was on this day, 2024-01-31"),
        Option("--pre", None, "allow pre-releases"),
        Option("--dry-run", None, "show what would change, change nothing"),
        Option("--offline", None, "use what is on this machine only"),
        Option("--platform", "NAME", "lock for this platform; may be repeated"),
        Option("--trust", None, "approve the lock that is in this notebook now"),
        Option("-o", "FILE", "write this file; its name decides the format"),
        Option("--force", None, "replace a file that is there"),
        Option("--replace", None, "forget the notebook's own requirements"),
        Option("--extra", "NAME", "take an extra of a pyproject.toml; may be repeated"),
        Option("--group", "NAME", "take a dependency group of a pyproject.toml; may be repeated"),
        Option("--deep", None, "make the byte code anew as well"),
        Option("--help", None, "say how the verb is used"),
    )
}

_CHANGE = ("--dry-run", "--offline", "--trust")
_RESOLVE = ("--index", "--as-of", "--pre", "--platform", *_CHANGE)

VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "add",
            "add REQUIREMENT ...",
            1,
            None,
            _RESOLVE,
            True,
            "pin packages, for this notebook only, and make them importable at once",
        ),
        Verb("remove", "remove NAME ...", 1, None, _CHANGE, True, "take requirements out"),
        Verb(
            "upgrade",
            "upgrade [NAME[==VERSION] ...]",
            0,
            None,
            _RESOLVE,
            True,
            "move the pins forward: these, or all",
        ),
        Verb("outdated", "outdated", 0, 0, ("--offline",), False, "what has newer releases"),
        Verb(
            "versions",
            "versions NAME",
            1,
            1,
            ("--offline",),
            False,
            "which versions of a project there are",
        ),
        Verb("show", "show [NAME]", 0, 1, (), False, "what is pinned and who needs it"),
        Verb(
            "python",
            "python VERSION|ARCHIVE",
            1,
            1,
            ("--platform", "--pre", *_CHANGE),
            True,
            "lock everything again for another Python: 3.12, 3.12.4, or its archive",
        ),
        Verb(
            "lock",
            "lock",
            0,
            0,
            ("--platform", "--as-of", "--pre", *_CHANGE),
            True,
            "lock the requirements again, for other platforms or as of a day",
        ),
        Verb(
            "import",
            "import [FILE]",
            0,
            1,
            ("--replace", "--extra", "--group", *_RESOLVE),
            True,
            "take over what another tool's file or notebook pins, or the cells' %pip lines",
        ),
        Verb(
            "export",
            "export [FORMAT]",
            0,
            1,
            ("-o", "--force", "--trust"),
            False,
            "the lock as other tools read it: " + ", ".join(FORMATS),
        ),
        Verb("undo", "undo", 0, 0, _CHANGE, True, "take the last change back"),
        Verb("history", "history", 0, 0, (), False, "the last changes"),
        Verb(
            "instantiate",
            "instantiate [NOTEBOOK]",
            0,
            1,
            ("--offline", "--trust"),
            True,
            "fetch what the lock pins; with NOTEBOOK, take that notebook's lock over",
        ),
        Verb("verify", "verify", 0, 0, ("--deep",), False, "hash every file again and repair"),
        Verb("store", "store", 0, 0, (), False, "where the store is, and how large"),
        Verb(
            "gc", "gc", 0, 0, ("--dry-run",), False, "remove what no notebook uses from the store"
        ),
        Verb("trust", "trust", 0, 0, (), False, "approve this notebook's lock"),
        Verb("doctor", "doctor", 0, 0, (), False, "what is right here, and what is wrong"),
        Verb("panel", "panel", 0, 0, (), False, "all of this with buttons"),
        Verb("help", "help [VERB]", 0, 1, (), False, "this page"),
    )
}

WITHOUT_NOTEBOOK = ("store", "gc")
"""Verbs that are about the store, not about this notebook."""

ENGINE_VERBS = {"python": "lock"}
"""What the engine calls a verb, where it has another name for it."""

ALIASES = {
    "install": "add",
    "uninstall": "remove",
    "rm": "remove",
    "delete": "remove",
    "update": "upgrade",
    "list": "show",
    "freeze": "show",
    "tree": "show",
    "log": "history",
    "check": "verify",
    "revert": "undo",
    "approve": "trust",
    "restore": "instantiate",
    "sync": "instantiate",
    "relock": "lock",
    "save": "export",
    "load": "import",
    "clean": "gc",
    "prune": "gc",
    "info": "doctor",
}
"""Words from other tools, for the suggestion only."""


def help_rows(name=None):
    """Return (usage, summary) rows: of every verb, or of one verb and then its options."""
    if name is None:
        return [("%pyartifacts " + verb.usage, verb.summary) for verb in VERBS.values()]
    verb = VERBS[name]
    rows = [("%pyartifacts " + verb.usage, verb.summary)]
    for option in (OPTIONS[key] for key in verb.options):
        usage = option.name if option.metavar is None else option.name + " " + option.metavar
        rows.append((usage, option.summary))
    return rows
