"""The table of verbs and options, held against the command line that runs them."""

from importlib import import_module

import pytest

from jupyter_pyartifacts.cli.dispatch import _MODULES, parser_of
from jupyter_pyartifacts.interop.formats import EXPORTS
from jupyter_pyartifacts.shim.verbs import (
    ALIASES,
    ENGINE_VERBS,
    FORMATS,
    OPTIONS,
    VERBS,
    help_rows,
)

RUN_BY_THE_ENGINE = sorted(set(VERBS) - {"help", "panel"})


@pytest.mark.parametrize("name", RUN_BY_THE_ENGINE)
def test_the_command_line_has_the_verb_and_each_of_its_options(name: str) -> None:
    module = import_module(_MODULES[ENGINE_VERBS.get(name, name)], "jupyter_pyartifacts.cli")
    known = {
        text: action
        for action in parser_of(name, module)._actions
        for text in action.option_strings
    }
    for option in (OPTIONS[text] for text in VERBS[name].options):
        assert option.name in known
        takes_value = known[option.name].nargs != 0
        assert takes_value == (option.metavar is not None)


def test_other_tools_words_lead_to_a_verb() -> None:
    assert set(ALIASES.values()) <= set(VERBS)
    assert not set(ALIASES) & set(VERBS)


def test_help_has_a_row_for_every_verb_and_option() -> None:
    assert [usage.split()[1] for usage, _ in help_rows()] == list(VERBS)
    assert [usage.split()[0] for usage, _ in help_rows("undo")[1:]] == list(VERBS["undo"].options)


def test_the_formats_are_those_of_the_engine() -> None:
    assert FORMATS == EXPORTS
