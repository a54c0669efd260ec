"""From the command line to a verb: usage, exit codes, messages, streams."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_pyartifacts import __version__
from jupyter_pyartifacts.cli import main
from jupyter_pyartifacts.cli.console import Console
from jupyter_pyartifacts.cli.dispatch import VERBS, _verb, parser_of

NOWHERE = "/nowhere/n.ipynb"
NO_SUCH = (
    "error: there is no such notebook (/nowhere/n.ipynb)\n"
    "hint: the notebook's path comes first: jupyter pyartifacts VERB NOTEBOOK ...\n"
)


def test_every_verb_has_a_module_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in VERBS:
        module = _verb(name)
        text = parser_of(name, module).format_help()
        assert f"usage: jupyter pyartifacts {name}" in text
        assert "--json" in text
        assert module.EXAMPLES
        assert all(line.split()[0] in VERBS for line in module.EXAMPLES)


def test_the_overview_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.split("verbs:\n")[1].split("\n\n")[0].splitlines()] == [
        *VERBS
    ]
    assert err == ""


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"jupyter_pyartifacts {__version__}\n"


USAGE = {
    (): (
        "error: a verb is missing\n"
        "  expected: jupyter pyartifacts VERB NOTEBOOK ...\n"
        "  found:    nothing\n"
        "hint: jupyter pyartifacts --help lists the verbs; to begin: "
        "jupyter pyartifacts add NOTEBOOK pandas\n"
    ),
    ("ad", NOWHERE): (
        f"error: there is no such verb\n  expected: {', '.join(VERBS)}\n  found:    ad\n"
        "hint: did you mean add?\n"
    ),
    ("n.ipynb",): (
        f"error: there is no such verb\n  expected: {', '.join(VERBS)}\n  found:    n.ipynb\n"
        "hint: the verb comes first: jupyter pyartifacts show n.ipynb\n"
    ),
    ("add",): (
        "error: `add` needs a notebook\n"
        "  expected: jupyter pyartifacts add NOTEBOOK REQUIREMENT...\n"
        "hint: see jupyter pyartifacts add --help\n"
    ),
    ("add", NOWHERE): (
        "error: `add` needs more than a notebook\n"
        "  expected: jupyter pyartifacts add NOTEBOOK REQUIREMENT...\n"
        "  found:    /nowhere/n.ipynb\n"
        "hint: see jupyter pyartifacts add --help\n"
    ),
    ("show", NOWHERE, "x", "y"): (
        "error: `show` takes no more arguments\n"
        "  expected: jupyter pyartifacts show NOTEBOOK\n"
        "  found:    x y\n"
        "hint: see jupyter pyartifacts show --help\n"
    ),
    ("add", NOWHERE, "x", "--offlin"): (
        "error: `add` has no option --offlin\nhint: did you mean --offline?\n"
    ),
    ("show", NOWHERE, "-q"): (
        "error: `show` has no option -q\nhint: see jupyter pyartifacts show --help\n"
    ),
    ("add", NOWHERE, "x", "--index"): (
        "error: argument --index: expected one argument\nhint: see jupyter pyartifacts add --help\n"
    ),
    ("add", NOWHERE, "x", "--index", "a b=https://x.example"): (
        "error: an index is not understood\n"
        "  expected: URL or NAME=URL, with https://, http:// or file://\n"
        "  found:    a b=https://x.example\n"
        "hint: write it like pytorch=https://download.example/whl/cu124\n"
    ),
}


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_a_command_line_that_is_not_understood(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", USAGE[arguments])


def test_a_setting_that_is_not_known(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYARTIFACTS_TRUST", "perhaps")
    assert main(["show", NOWHERE]) == 2
    assert capsys.readouterr().err == (
        "error: PYARTIFACTS_TRUST has a value that is not known\n"
        "  expected: ask, index or all\n  found:    perhaps\n"
        "hint: unset PYARTIFACTS_TRUST, or set it to one of these\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", NOWHERE, "--store", "s"],
        ["show", "--store", "s", NOWHERE],
        ["--store", "s", "show", NOWHERE],
        ["--store=s", "--offline", "show", NOWHERE, "--trust"],
        ["show", "--", NOWHERE],
        ["add", "--pre", NOWHERE, "--dry-run", "x", "--python", "3.12", "y"],
        ["--as-of", "2024-01-01", "add", NOWHERE, "x"],
    ],
    ids=" ".join,
)
def test_options_stand_anywhere(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    assert capsys.readouterr() == ("", NO_SUCH)


def test_a_failure_is_the_last_event(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", NOWHERE, "--json"]) == 1
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "event": "error",
            "code": "notebook",
            "message": "there is no such notebook",
            "where": NOWHERE,
            "expected": None,
            "found": None,
            "details": None,
            "hint": "the notebook's path comes first: jupyter pyartifacts VERB NOTEBOOK ...",
        }
    ]
    assert err == NO_SUCH


def test_a_command_line_that_is_not_understood_has_its_event(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["ad", "--json"]) == 2
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["code"] == "usage"


def test_a_bug_says_that_it_is_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(arguments: list[str], console: Console, caller: int | None) -> int:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("jupyter_pyartifacts.cli.dispatch.dispatch", broken)
    assert main(["show", "--json"]) == 1
    out, err = capsys.readouterr()
    event = json.loads(out)
    assert event["code"] == "internal"
    assert event["message"] == ("an error that nobody foresaw: ZeroDivisionError: division by zero")
    assert "broken" in event["details"]
    assert err.splitlines()[-1] == (
        "hint: this is a bug in jupyter_pyartifacts; please report it with the lines above"
    )


def test_an_interrupt_has_its_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(arguments: list[str], console: Console, caller: int | None) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("jupyter_pyartifacts.cli.dispatch.dispatch", interrupted)
    assert main(["show"]) == 130
    assert capsys.readouterr().err == (
        "error: interrupted\n"
        "hint: run the same command again to go on; what was downloaded is kept\n"
    )


IN_TEXT_THAT_IS_RUN = """
import sys
from jupyter_pyartifacts.cli import dispatch, main
dispatch.dispatch = lambda *_: exec("raise KeyboardInterrupt")
sys.exit(main(["show"]))
"""


def test_an_interrupt_while_a_class_is_defined_has_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(IN_TEXT_THAT_IS_RUN)
    command = [sys.executable, "-m", "program"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 130, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_goes_away_is_no_error() -> None:
    command = [sys.executable, "-m", "jupyter_pyartifacts", "--help"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    with child.stderr:
        assert child.stderr.read() == b""
    assert child.wait() == 141


def test_the_usual_way_to_call_it(tmp_path: Path) -> None:
    for command in (
        [str(Path(sys.executable).with_name("jupyter")), "pyartifacts"],
        [sys.executable, "-m", "jupyter_pyartifacts"],
    ):
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert (done.stdout, done.stderr) == (f"jupyter_pyartifacts {__version__}\n", "")


def test_a_usage_error_costs_no_engine() -> None:
    code = (
        "import sys; from jupyter_pyartifacts.cli import main; main(['show', '/nowhere']);"
        "print(sorted({'httpx', 'rich', 'nbformat', 'packaging'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
