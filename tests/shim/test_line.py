"""The line of the magic: what users type, and what they get wrong."""

import pytest

from jupyter_pyartifacts.shim.failures import PyArtifactsError
from jupyter_pyartifacts.shim.line import join_specifiers, parse_line, split_words


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("add pandas", ["pandas"]),
        ("add pandas>=2", ["pandas>=2"]),
        ('add "pandas>=2"', ["pandas>=2"]),
        ("add 'pandas >= 2, < 3'", ["pandas >= 2, < 3"]),
        ("add pandas >= 2, < 3 numpy", ["pandas>=2,<3", "numpy"]),
        ("add pandas [excel] six", ["pandas[excel]", "six"]),
        ("add pandas # the frame", ["pandas"]),
        ("add ./a-1-py3-none-any.whl six", ["./a-1-py3-none-any.whl", "six"]),
        ("add https://example.org/a.whl#sha256=00", ["https://example.org/a.whl#sha256=00"]),
        ("add \"six; python_version < '3.9'\"", ["six; python_version < '3.9'"]),
        ("add -- -weird", ["-weird"]),
        ("add -e . six", ["-e .", "six"]),
        ("upgrade pandas==2.2.3 numpy", ["pandas==2.2.3", "numpy"]),
        ("instantiate 'my notebook.ipynb'", ["my notebook.ipynb"]),
        ("undo", []),
    ],
)
def test_arguments(line: str, arguments: list[str]) -> None:
    command = parse_line(line)
    assert command.verb == line.split()[0]
    assert list(command.arguments) == arguments
    assert command.options == ()


def test_options_with_and_without_equals_sign_between_arguments() -> None:
    command = parse_line(
        "add --pre torch --index cuda=https://example.org/simple --as-of=2024-01-31 "
        "--platform linux-x86_64 --platform macos-arm64 --dry-run six"
    )
    assert command.arguments == ("torch", "six")
    assert command.options == (
        ("--pre", None),
        ("--index", "cuda=https://example.org/simple"),
        ("--as-of", "2024-01-31"),
        ("--platform", "linux-x86_64"),
        ("--platform", "macos-arm64"),
        ("--dry-run", None),
    )


@pytest.mark.parametrize("line", ["", "   ", "help", "--help", "-h", "?", "# nothing"])
def test_help_is_what_nothing_asks_for(line: str) -> None:
    assert parse_line(line) == ("help", (), ())


@pytest.mark.parametrize("line", ["help add", "add --help", "add pandas -h"])
def test_help_for_one_verb(line: str) -> None:
    assert parse_line(line) == ("help", ("add",), ())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "instal pandas",
            "%pyartifacts has no verb 'instal'\n"
            "hint: did you mean `%pyartifacts add`? `%pyartifacts help` shows every verb",
        ),
        (
            "install pandas",
            "%pyartifacts has no verb 'install'\n"
            "hint: did you mean `%pyartifacts add`? `%pyartifacts help` shows every verb",
        ),
        (
            "frobnicate",
            "%pyartifacts has no verb 'frobnicate'\n"
            "hint: the verbs are add, remove, upgrade, outdated, versions, show, python, lock, "
            "import, export, undo, history, instantiate, verify, store, gc, trust, doctor, panel, "
            "help; `%pyartifacts help` says more",
        ),
        ("add", "`add` needs to know what\nhint: write %pyartifacts add REQUIREMENT ..."),
        (
            "undo pandas",
            "`undo` takes no argument\n  found:    pandas\nhint: write %pyartifacts undo",
        ),
        (
            "show a b",
            "`show` takes one argument only\n  found:    a b\nhint: write %pyartifacts show [NAME]",
        ),
        (
            "add six --dry-rum",
            "`add` has no option --dry-rum\n"
            "hint: did you mean --dry-run? its options are: --index, --as-of, --pre, --platform, "
            "--dry-run, --offline, --trust",
        ),
        (
            "remove six --pre",
            "`remove` does not take the option --pre\n"
            "hint: its options are: --dry-run, --offline, --trust",
        ),
        ("add six --as-of", "--as-of needs a value\nhint: write --as-of DATE"),
        (
            "add six --pre=yes",
            "--pre takes no value\n  found:    --pre=yes\nhint: write it alone",
        ),
        (
            'add "six',
            'the line cannot be read: no closing quotation\n  found:    add "six\n'
            'hint: close the quotation mark: %pyartifacts add "pandas >= 2"',
        ),
    ],
)
def test_what_is_wrong_is_said_with_a_way_out(line: str, message: str) -> None:
    with pytest.raises(PyArtifactsError) as caught:
        parse_line(line)
    assert str(caught.value) == message
    assert caught.value.code == "usage"


def test_backslashes_are_separators_of_paths_on_windows() -> None:
    assert split_words(r"add .\a.whl", windows=True) == ["add", r".\a.whl"]
    assert split_words(r"add a\ b.whl", windows=False) == ["add", "a b.whl"]


def test_nothing_is_joined_to_a_local_file() -> None:
    assert join_specifiers(["./a.whl", ">=2"]) == ["./a.whl", ">=2"]
    assert join_specifiers(["a-1.tar.gz", ">=2"]) == ["a-1.tar.gz", ">=2"]
    assert join_specifiers(["a", ">=2"]) == ["a>=2"]
