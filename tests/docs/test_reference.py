"""The reference is made of the code, whole, and what has no text there ends the build."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import jupyter_pyartifacts
from jupyter_pyartifacts import config, errors
from jupyter_pyartifacts.cli import dispatch
from jupyter_pyartifacts.config import VARIABLES
from jupyter_pyartifacts.server.settings import PyArtifacts
from jupyter_pyartifacts.shim.verbs import VERBS as MAGIC_VERBS

PACKAGE = Path(jupyter_pyartifacts.__file__).parent
# What a process of ours tells another one; nobody sets them.
INTERNAL = {
    "PYARTIFACTS_FAILURE",
    "PYARTIFACTS_HOST_PYTHON",
    "PYARTIFACTS_LAUNCHED",
    "PYARTIFACTS_NOTES",
    "PYARTIFACTS_SESSION",
    "PYARTIFACTS_STOCK_SESSION",
    "PYARTIFACTS_VIEW",
}


def headings(text: str) -> set[str]:
    """Return the headings of a text."""
    return set(re.findall(r"^#+ (.*)$", text, re.MULTILINE))


def test_every_page_can_be_made(generator):
    for name, make in generator.MAKERS.items():
        assert make().strip(), name


def test_every_maker_is_asked_for(pages, generator):
    sources = "".join(path.read_text("utf-8") for path in generator.ROOT.glob(".docs/**/*.md"))
    asked = set(re.findall(r"<!-- generated: (\S+) -->", sources))
    assert asked == set(generator.MAKERS)


def test_every_verb_has_its_section(generator):
    assert set(dispatch.VERBS) < headings(generator.command_line.make())
    magic = generator.magic.make()
    assert all(f"`%pyartifacts {verb.usage}`".replace("|", "\\|") in magic
               for verb in MAGIC_VERBS.values())  # fmt: skip


def test_every_error_code_has_its_section(generator):
    classes = [getattr(errors, name) for name in errors.__all__]
    codes = {each.code for each in classes}
    assert codes <= headings(generator.errors.make())


def test_messages_are_those_of_the_code(generator):
    known = generator.errors.messages()
    assert (
        "this lock was made by somebody else, and you have not approved it",
        "look at it with `jupyter pyartifacts show NOTEBOOK`; to approve it, run "
        "`jupyter pyartifacts trust NOTEBOOK`, or `%pyartifacts trust` in the notebook",
    ) in known["NotApproved"]


def test_every_variable_that_is_read_is_listed():
    sources = "".join(path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py")))
    read = set(re.findall(r"PYARTIFACTS_[A-Z_]*[A-Z]", sources))
    assert read - INTERNAL == {each.name for each in VARIABLES}


def test_every_setting_is_listed(generator):
    text = generator.configuration.make_settings()
    for name in PyArtifacts.class_own_traits(config=True):
        assert f"`c.PyArtifacts.{name}`" in text


def test_a_verb_without_a_text_ends_the_build(generator, monkeypatch):
    monkeypatch.setattr(generator.command_line, "VERBS", {"add": " "})
    with pytest.raises(generator.pages.PageError) as caught:
        generator.command_line.make_overview()
    assert str(caught.value) == "the verb add has no text; write one beside it in the code"


def test_a_variable_without_a_text_ends_the_build(generator, monkeypatch):
    bare = replace(config.VARIABLES[0], text="")
    monkeypatch.setattr(generator.configuration, "VARIABLES", (bare,))
    with pytest.raises(generator.pages.PageError) as caught:
        generator.configuration.make_variables()
    assert str(caught.value) == (
        "the variable PYARTIFACTS_STORE has no text; write one beside it in the code"
    )


def test_an_error_code_without_advice_ends_the_build(generator, monkeypatch):
    monkeypatch.setattr(errors.StoreError, "__doc__", "The store cannot be read.")
    with pytest.raises(generator.pages.PageError) as caught:
        generator.errors.make()
    assert str(caught.value) == (
        "what to do about the error code store has no text; write one beside it in the code"
    )


def test_what_nobody_makes_ends_the_build(generator):
    page = generator.ROOT / ".docs" / "page.md"
    text = "<!-- generated: x -->\nbuilt later\n<!-- end -->\n"
    with pytest.raises(generator.pages.PageError) as caught:
        generator.pages.expand(text, page, generator.ROOT, {"y": str})
    assert str(caught.value) == "nobody makes 'x'; there is y"
    assert generator.pages.expand(text, page, generator.ROOT, {"x": lambda: "made"}) == "made\n"
    with pytest.raises(generator.pages.PageError) as caught:
        generator.pages.expand("<!-- generated: x -->\nopen\n", page, generator.ROOT, {"x": str})
    assert str(caught.value) == "<!-- generated: x --> has no <!-- end --> after it"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("Use --from FILE.", "Use `--from` FILE."),
        ("see `add --pre` or --dry-run", "see `add --pre` or `--dry-run`"),
        ("set PYARTIFACTS_TRUST=all", "set `PYARTIFACTS_TRUST=all`"),
        ("jupyter pyartifacts gc --dry-run", "`jupyter pyartifacts gc --dry-run`"),
        ("[NAME=]URL and *", "\\[NAME=]URL and \\*"),
    ],
)  # fmt: skip
def test_help_texts_become_markdown(generator, text, markdown):
    assert generator.markdown.flags(text) == markdown


def test_aligned_columns_stay_as_they_are(generator):
    text = "First.\n\npylock        one\nenvironment   two"
    assert generator.markdown.prose(text) == (
        "First.\n\n```text\npylock        one\nenvironment   two\n```\n"
    )
