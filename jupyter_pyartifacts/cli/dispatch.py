"""From a command line to the module of its verb: find the verb, parse its options, run it."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import NoReturn, cast

from .._version import __version__
from ..config import VARIABLES, Config
from ..errors import UsageError
from .call import Call, Verb
from .console import Console

__all__ = ["PROGRAM", "VERBS", "dispatch", "parser_of"]

PROGRAM = "jupyter pyartifacts"
VERBS: Mapping[str, str] = MappingProxyType(
    {
        "add": "pin packages and what they need",
        "remove": "take packages out again",
        "upgrade": "take newer versions of all packages, or of some",
        "outdated": "list what has newer versions",
        "versions": "list the versions of a project",
        "show": "list what is pinned, and who needs it",
        "undo": "take the last change back",
        "history": "list the changes that can be undone",
        "instantiate": "fetch everything that the lock pins",
        "verify": "check every installed file, and repair what is wrong",
        "trust": "approve a lock that somebody else made",
        "lock": "lock again, for another Python or other platforms, or for the first time",
        "export": "write the lock as pylock.toml, requirements.txt, environment.yml or a script's",
        "import": "take packages over from another tool's file, or another notebook's lock",
        "python": "print the Python of the notebook's environment, for editors and scripts",
        "run": "execute the notebook with its own packages",
        "binder": "let Binder open a repository with everything in its image",
        "store": "say where the store is, and how large",
        "gc": "remove what no notebook uses from the store",
        "enable": "let every tool of this environment use notebooks' locks",
        "disable": "undo enable",
        "engine": "keep a process loaded that runs commands sooner, or end it",
        "doctor": "say what is right and what is wrong with this installation",
    }
)
_MODULES = MappingProxyType(
    {verb: ".import_" if verb == "import" else f".{verb}" for verb in VERBS}
)
_WITH_VALUE = (
    "--store",
    "--python",
    "--platform",
    "--index",
    "--as-of",
    "--prefer",
    "-o",
    "--output",
    "--from",
    "--format",
    "--extra",
    "--group",
    "--pack",
    "--install",
    "--hub",
)


def dispatch(arguments: Sequence[str], console: Console, caller: int | None = None) -> int:
    """Run one command line and return its exit code; raises PyArtifactsError."""
    verb, rest = _split(arguments)
    if verb is None:
        return _without_verb(rest, console)
    module = _verb(verb)
    head, literal = _until_dashes(rest)
    parser = parser_of(verb, module)
    options, words = parser.parse_known_args(head)
    words = _check_words(verb, module, parser, words) + literal
    notebook = None
    if module.NOTEBOOK != "none":
        if not words and module.NOTEBOOK == "required":
            raise _usage(f"`{verb}` needs a notebook", verb)
        if words:
            notebook, *words = words
    least, most = module.WORDS
    if len(words) < least:
        raise _usage(f"`{verb}` needs more than a notebook", verb, found=notebook)
    if most is not None and len(words) > most:
        raise _usage(f"`{verb}` takes no more arguments", verb, found=" ".join(words[most:]))
    call = Call(
        console=console,
        config=_config(options),
        options=options,
        notebook=notebook,
        words=tuple(words),
        caller=caller,
    )
    return module.run(call)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"see {self.prog} --help")


def parser_of(name: str, module: Verb) -> argparse.ArgumentParser:
    """Return the parser of one verb's options; its words are left over, see `dispatch`."""
    usage = f"{PROGRAM} {name} {module.ARGUMENTS} [options]".replace("  ", " ")
    parser = _Parser(
        prog=f"{PROGRAM} {name}",
        usage=usage,
        description=(module.__doc__ or "").strip(),
        epilog=_examples(module.EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    common = parser.add_argument_group("for every verb")
    common.add_argument("--json", action="store_true", help="one JSON event a line on stdout")
    common.add_argument(
        "--store", action="append", metavar="DIR", help="the store; more are read-only layers"
    )
    common.add_argument(
        "--offline", action="store_true", default=None, help="use no network at all"
    )
    common.add_argument(
        "--trust",
        action="store_const",
        const="all",
        help="use the notebook's lock without asking, whoever made it",
    )
    common.add_argument("--version", action="version", version=f"jupyter_pyartifacts {__version__}")
    return parser


def _split(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Take the verb out: the first word that is no option and no option's value."""
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        if argument == "--":
            break
        if not argument.startswith("-") or argument == "-":
            return argument, [*arguments[:position], *arguments[position + 1 :]]
        position += 2 if argument in _WITH_VALUE else 1
    return None, list(arguments)


def _without_verb(arguments: Sequence[str], console: Console) -> int:
    if "--version" in arguments:
        console.stdout.write(f"jupyter_pyartifacts {__version__}\n")
        return 0
    if "--help" in arguments or "-h" in arguments:
        console.stdout.write(_overview())
        return 0
    raise UsageError(
        "a verb is missing",
        expected=f"{PROGRAM} VERB NOTEBOOK ...",
        found=" ".join(arguments) or "nothing",
        hint=f"{PROGRAM} --help lists the verbs; to begin: {PROGRAM} add NOTEBOOK pandas",
    )


def _overview() -> str:
    width = max(map(len, VERBS))
    verbs = "".join(f"  {name:<{width}}  {text}\n" for name, text in VERBS.items())
    longest = max(len(each.name) for each in VARIABLES)
    variables = "".join(f"  {each.name:<{longest}}  {each.values}\n" for each in VARIABLES)
    return (
        f"usage: {PROGRAM} VERB NOTEBOOK ... [options]\n\n"
        "A notebook carries its own Python packages.\n\n"
        f"verbs:\n{verbs}\n"
        f"{PROGRAM} VERB --help describes one; options may stand before or after the words.\n"
        + _examples(
            (
                'add analysis.ipynb "pandas>=2" matplotlib',
                "show analysis.ipynb",
                "run analysis.ipynb -o result.ipynb",
            )
        )
        + f"\n\nenvironment variables:\n{variables}\n"
        "exit codes: 0 done, 1 failed, 2 the command line cannot be understood\n"
    )


def _examples(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return "\nexamples:\n" + "\n".join(f"  {PROGRAM} {line}" for line in lines)


def _verb(name: str) -> Verb:
    if name not in VERBS:
        close = difflib.get_close_matches(name, VERBS, n=1)
        if close:
            hint = f"did you mean {close[0]}?"
        elif name.endswith(".ipynb"):
            hint = f"the verb comes first: {PROGRAM} show {name}"
        else:
            hint = f"{PROGRAM} --help lists the verbs"
        raise UsageError("there is no such verb", expected=", ".join(VERBS), found=name, hint=hint)
    return cast(Verb, import_module(_MODULES[name], __package__))


def _until_dashes(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return list(arguments), []
    position = arguments.index("--")
    return list(arguments[:position]), list(arguments[position + 1 :])


def _check_words(
    verb: str, module: Verb, parser: argparse.ArgumentParser, words: list[str]
) -> list[str]:
    """Refuse what looks like an option and is none of this verb's."""
    known = [option for action in parser._actions for option in action.option_strings]
    for position, word in enumerate(words):
        if not word.startswith("-") or word == "-":
            continue
        name = word.partition("=")[0]
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        if module.REQUIREMENTS and not close:
            from ..requirements import parse_requirement

            # Always refused, with the reason: nothing that begins with `-` is a requirement.
            parse_requirement(" ".join(words[position : position + 2]) if word == "-e" else word)
        hint = f"did you mean {close[0]}?" if close else f"see {PROGRAM} {verb} --help"
        raise UsageError(f"`{verb}` has no option {name}", hint=hint)
    return words


def _usage(what: str, verb: str, *, found: str | None = None) -> UsageError:
    module = _verb(verb)
    return UsageError(
        what,
        expected=f"{PROGRAM} {verb} {module.ARGUMENTS}".strip(),
        found=found,
        hint=f"see {PROGRAM} {verb} --help",
    )


def _config(options: argparse.Namespace) -> Config:
    stores = tuple(os.path.abspath(store) for store in options.store) if options.store else None
    environ = os.environ
    if sys.platform == "win32":
        environ.setdefault("OS", "Windows_NT")
    return Config.from_environ(environ, stores=stores, trust=options.trust, offline=options.offline)
