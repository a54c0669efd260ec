"""What a cell shows when something failed."""

from jupyter_pyartifacts.errors import ResolutionError
from jupyter_pyartifacts.shim.failures import Interrupted, PyArtifactsError, error_from_event

FACTS = {
    "hint": "ask for another version",
    "where": "pandas>=99",
    "expected": "a version",
    "found": "none",
    "details": "Because there is no pandas>=99,\nit cannot be had.",
}


def test_an_engine_error_reads_in_the_cell_as_it_does_in_a_terminal() -> None:
    engine = ResolutionError("no version fits", **FACTS)
    shown = error_from_event(engine.to_event())

    assert str(shown) == str(engine)
    assert (shown.code, shown.hint, shown.details) == ("resolution", engine.hint, engine.details)


def test_no_traceback_but_the_message_and_the_hint_last() -> None:
    lines = PyArtifactsError("no version fits", **FACTS)._render_traceback_()
    assert [line for line in lines if "File " in line or "line " in line] == []
    assert lines[0].endswith("no version fits (pandas>=99)")
    assert "PyArtifactsError" in lines[0]
    assert lines[-1].endswith(" ask for another version")


def test_an_event_without_facts_still_says_what_to_do() -> None:
    assert str(error_from_event({"event": "error"})) == (
        "the engine reported an error without a message\n"
        "hint: run `jupyter pyartifacts doctor` in a terminal"
    )


def test_texts_are_adapted_to_the_notebook() -> None:
    error = error_from_event(
        {"message": "in /s.json", "where": "/s.json", "hint": "h"},
        lambda text: text.replace("/s.json", "this notebook"),
    )
    assert str(error) == "in this notebook (this notebook)\nhint: h"


def test_an_interrupt_is_a_keyboard_interrupt_that_says_nothing_changed() -> None:
    error = Interrupted("add pandas")
    assert isinstance(error, KeyboardInterrupt)
    assert str(error) == "add pandas: stopped, nothing was changed"
    assert error._render_traceback_()[0].endswith(str(error))
