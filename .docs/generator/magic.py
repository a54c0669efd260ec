"""The reference of `%pyartifacts`, from the table that its parser reads."""

from __future__ import annotations

from jupyter_pyartifacts.shim.verbs import ALIASES, OPTIONS, VERBS

from .markdown import code, flags, need, table

__all__ = ["make", "make_options"]


def make() -> str:
    """Return the table of verbs."""
    rows = [
        (
            code(f"%pyartifacts {verb.usage}"),
            flags(need(verb.summary, f"the magic's verb {verb.name}")),
            " ".join(code(option) for option in verb.options),
        )
        for verb in VERBS.values()
    ]
    return table(("you type", "what it does", "options"), rows)


def make_options() -> str:
    """Return the table of options, and the words of other tools that are understood."""
    rows = [
        (
            code(option.name if option.metavar is None else f"{option.name} {option.metavar}"),
            flags(need(option.summary, f"the magic's option {option.name}")),
        )
        for option in OPTIONS.values()
    ]
    other = ", ".join(f"{code(word)} (→ {code(verb)})" for word, verb in sorted(ALIASES.items()))
    return (
        table(("option", ""), rows)
        + f"\nWords that other tools use are answered with the right one: {other}.\n"
    )
