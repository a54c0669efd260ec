"""The reference of the command line, from its parsers."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

from jupyter_pyartifacts.cli import dispatch
from jupyter_pyartifacts.cli.dispatch import PROGRAM, VERBS, parser_of

from .markdown import code, flags, need, one_line, prose, table

__all__ = ["make", "make_overview"]

COMMON = "for every verb"


def make_overview() -> str:
    """Return the table of verbs."""
    rows = [
        (f"[{code(verb)}](#{verb})", flags(need(text, f"the verb {verb}")))
        for verb, text in VERBS.items()
    ]
    return table(("verb", "what it does"), rows)


def make() -> str:
    """Return a section for each verb, and one for the options that all have."""
    sections = [_section(verb) for verb in VERBS]
    common = [
        action for group in _groups("show") if group.title == COMMON for action in _shown(group)
    ]
    sections.append(f"## Options of every verb\n\n{_options(common, 'every verb')}")
    return "\n".join(sections)


def _module(verb: str) -> Any:
    return import_module(dispatch._MODULES[verb], dispatch.__package__)


def _groups(verb: str) -> list[Any]:
    return parser_of(verb, _module(verb))._action_groups


def _shown(group: Any) -> list[argparse.Action]:
    return [
        action
        for action in group._group_actions
        if action.help != argparse.SUPPRESS and action.dest not in ("help", "version")
    ]


def _section(verb: str) -> str:
    module = _module(verb)
    own = [action for group in _groups(verb) if group.title != COMMON for action in _shown(group)]
    usage = f"{PROGRAM} {verb} {module.ARGUMENTS}".strip()
    text = [f"## {verb}\n", f"```console\n$ {usage}{' [options]' if own else ''}\n```\n"]
    text.append(prose(need(module.__doc__, f"the verb {verb}")))
    if own:
        text.append(_options(own, verb))
    if module.EXAMPLES:
        lines = "".join(f"$ {PROGRAM} {line}\n" for line in module.EXAMPLES)
        text.append(f"```console\n{lines}```\n")
    return "\n".join(text)


def _options(actions: list[argparse.Action], verb: str) -> str:
    rows = []
    for action in actions:
        name = ", ".join(action.option_strings)
        if action.choices:
            name += " {" + ",".join(map(str, action.choices)) + "}"
        elif action.nargs != 0:
            name += f" {action.metavar or action.dest.upper()}"
        text = need(action.help, f"the option {action.option_strings[-1]} of {verb}")
        rows.append((code(name), flags(one_line(text))))
    return table(("option", ""), rows)
