"""What the documentation tells people to type exists: verbs, options, variables, settings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib import import_module

import pytest
from markdown_it import MarkdownIt

from jupyter_pyartifacts.cli import dispatch
from jupyter_pyartifacts.config import VARIABLES
from jupyter_pyartifacts.server.settings import PyArtifacts
from jupyter_pyartifacts.shim.failures import PyArtifactsError
from jupyter_pyartifacts.shim.line import parse_line
from jupyter_pyartifacts.shim.verbs import VERBS as MAGIC_VERBS

COMMAND = re.compile(r"jupyter pyartifacts (.+)")
MAGIC = re.compile(r"%pyartifacts (.+)")
# `VERB` and the like, and what is no command: `jupyter pyartifacts VERB NOTEBOOK ...`.
PLACEHOLDERS = ("VERB", "...")
USAGES = {verb.usage for verb in MAGIC_VERBS.values()}
# Of the build, not of a run.
BUILD = {"PYARTIFACTS_BUILD_LABEXTENSION"}


def code(text: str) -> Iterator[str]:
    """Yield every line of code in a page, of blocks and of texts."""
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type in ("fence", "code_block"):
            yield from token.content.replace("\\\n", " ").splitlines()
        for child in token.children or ():
            if child.type == "code_inline":
                yield child.content


def problem_of(command: str) -> str | None:
    """Return what is wrong with the words after `jupyter pyartifacts`."""
    command = re.split(r" #| \[| [|>&]|[;&)`]", command)[0]
    words = shlex.split(command, comments=False)
    verb = next((word for word in words if not word.startswith("-")), None)
    if verb is None or verb in PLACEHOLDERS:
        return None
    if verb not in dispatch.VERBS:
        return f"no verb {verb}"
    module = import_module(dispatch._MODULES[verb], dispatch.__package__)
    options = dispatch.parser_of(verb, module)._option_string_actions
    for word in words:
        if word.startswith("-") and word.partition("=")[0] not in options:
            return f"{verb} has no option {word}"
    return None


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("add n.ipynb pandas --dry-run", None),
        ("run n.ipynb -o out.ipynb --trust && ls", None),
        ("ad n.ipynb", "no verb ad"),
        ("add n.ipynb --force", "add has no option --force"),
    ],
)
def test_problems_are_found(command, problem):
    assert problem_of(command) == problem


def test_every_command_line_exists(pages):
    problems, count = [], 0
    for path, text in pages.items():
        for line in code(text):
            if found := COMMAND.search(line):
                count += 1
                if problem := problem_of(found[1]):
                    problems.append(f"{path}: {line.strip()}: {problem}")
    assert problems == []
    assert count > 100


def test_every_magic_exists(pages):
    problems, count = [], 0
    for path, text in pages.items():
        for line in code(text):
            found = MAGIC.match(line)
            if found is None or found[1].split()[0] in PLACEHOLDERS:
                continue
            count += 1
            if found[1] in MAGIC_VERBS or found[1] in USAGES:
                continue
            try:
                parse_line(found[1])
            except PyArtifactsError as error:
                problems.append(f"{path}: {line.strip()}: {error}")
    assert problems == []
    assert count > 50


def test_every_variable_and_setting_exists(pages):
    variables = {each.name for each in VARIABLES} | BUILD
    settings = set(PyArtifacts.class_own_traits(config=True))
    for path, text in pages.items():
        named = set(re.findall(r"PYARTIFACTS_[A-Z_]*[A-Z]", text))
        assert named <= variables, path
        assert set(re.findall(r"c\.PyArtifacts\.([a-z_]*[a-z])", text)) <= settings, path
