"""What a user may ask for, and the exact words for what cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.errors import InvalidRequirement
from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.requirements import (
    merge_requirements,
    parse_requirement,
    rebase_requirement,
    remove_requirements,
)

DIGEST = "0123456789abcdef" * 4


def refusal(text: str) -> str:
    with pytest.raises(InvalidRequirement) as caught:
        parse_requirement(text)
    return str(caught.value)


def test_a_name_is_made_canonical() -> None:
    own = parse_requirement("  Ruamel_YAML.clib ")
    assert (own.name, own.kind, own.text) == ("ruamel-yaml-clib", "index", "Ruamel_YAML.clib")


def test_versions_extras_and_marker_are_read() -> None:
    own = parse_requirement("Pandas[Excel,aws]>=2,<3; python_version >= '3.9'")
    assert own.name == "pandas"
    assert own.extras == ("aws", "excel")
    assert own.specifier == "<3,>=2"
    assert own.marker == 'python_version >= "3.9"'


@pytest.mark.parametrize(
    "path",
    [
        "./local_pkg-1.0-py3-none-any.whl",
        "local_pkg-1.0-py3-none-any.whl",
        "../dist/local_pkg-1.0-py3-none-any.whl",
        "/abs/local_pkg-1.0-py3-none-any.whl",
        r"C:\dist\local_pkg-1.0-py3-none-any.whl",
        "~/dist/local_pkg-1.0-py3-none-any.whl",
    ],
)
def test_the_path_of_a_wheel_is_taken(path: str) -> None:
    own = parse_requirement(path)
    assert (own.kind, own.name, own.location) == ("path", "local-pkg", path)
    assert own.filename == "local_pkg-1.0-py3-none-any.whl"


def test_a_named_file_url_is_a_path() -> None:
    own = parse_requirement("local-pkg[x] @ file:///dist/local_pkg-1.0-py3-none-any.whl")
    assert (own.kind, own.location) == ("path", "/dist/local_pkg-1.0-py3-none-any.whl")
    assert own.extras == ("x",)


@pytest.mark.parametrize("head", ["", "six @ "])
def test_the_url_of_a_wheel_is_taken_with_its_hash(head: str) -> None:
    own = parse_requirement(f"{head}https://host.example/six-1.0-py3-none-any.whl#sha256={DIGEST}")
    assert (own.kind, own.name) == ("url", "six")
    assert own.location == "https://host.example/six-1.0-py3-none-any.whl"
    assert own.digest is not None
    assert own.digest.hex == DIGEST


def test_nothing() -> None:
    assert refusal("  ") == (
        "a requirement is empty\n"
        "  expected: the name of a project, such as pandas, or pandas>=2\n"
        "hint: name what to add: %pyartifacts add pandas"
    )


@pytest.mark.parametrize("text", ["--index-url=x", "-r requirements.txt", "-"])
def test_an_option(text: str) -> None:
    assert refusal(text) == (
        "a requirement begins with '-', as an option does\n"
        "  expected: the name of a project, such as pandas, or pandas>=2\n"
        f"  found:    {text}\n"
        "hint: leave options out; put only requirements here"
    )


@pytest.mark.parametrize("text", ["-e .", "--editable ./x", "-e=./x"])
def test_an_editable_install(text: str) -> None:
    assert refusal(text) == (
        "an editable install cannot be pinned: its files change\n"
        f"  found:    {text}\n"
        "hint: build a wheel of it (python -m build --wheel) and add the .whl file"
    )


@pytest.mark.parametrize(
    "text",
    ["git+https://host.example/x.git", "x @ git+ssh://git@host.example/x", "hg+http://h.example/x"],
)
def test_version_control(text: str) -> None:
    assert refusal(text) == (
        "a version control URL cannot be pinned: it would have to be built here\n"
        f"  found:    {text}\n"
        "hint: build a wheel of it (python -m build --wheel) and add the .whl file, or add a"
        " released version by its name"
    )


@pytest.mark.parametrize("text", [".", "..", "./package", "src/package", "/abs/package"])
def test_a_directory(text: str) -> None:
    assert refusal(text) == (
        "a directory cannot be pinned: it would have to be built here\n"
        "  expected: the name of a project, or the path of a wheel (.whl)\n"
        f"  found:    {text}\n"
        "hint: build a wheel of it (python -m build --wheel) and add the .whl file"
    )


@pytest.mark.parametrize("text", ["./X-1.0.tar.gz", "x-1.0.zip", "/d/x-1.0-2.tgz"])
def test_the_file_of_an_sdist(text: str) -> None:
    found = parse_requirement(text)
    assert (found.kind, found.name, found.location) == ("path", "x", text)
    assert found.filename == text.rsplit("/", 1)[-1]


def test_the_url_of_an_sdist() -> None:
    url = "https://host.example/the.name-1-2.0.tar.gz"
    for text in (f"{url}#sha256={'a' * 64}", f"The_Name-1[x] @ {url}#sha256={'a' * 64}"):
        found = parse_requirement(text)
        assert (found.kind, found.name, found.location) == ("url", "the-name-1", url)
        assert found.digest == Digest("a" * 64)


def test_an_sdist_whose_name_tells_no_version() -> None:
    assert refusal("./master.zip") == (
        "the file name is not that of a source distribution (./master.zip)\n"
        "  expected: NAME-VERSION.tar.gz or NAME-VERSION.zip\n"
        "  found:    master.zip\n"
        "hint: give the file its original name again, with the version"
    )


def test_an_sdist_in_an_archive_that_is_not_read() -> None:
    assert refusal("https://host.example/x-1.0.tar.bz2") == (
        "a source distribution in an archive of this kind is not read here"
        " (https://host.example/x-1.0.tar.bz2)\n"
        "  expected: a file whose name ends in .tar.gz, .zip or .tgz\n"
        "  found:    x-1.0.tar.bz2\n"
        "hint: pack it as .tar.gz, or build a wheel of it (python -m build --wheel) and add the"
        " .whl file"
    )


def test_the_url_of_something_else() -> None:
    assert refusal("https://host.example/download") == (
        "a URL does not lead to a wheel or an sdist, as far as its name tells\n"
        "  expected: the URL of a distribution (its path ends in .whl, .tar.gz or .zip)\n"
        "  found:    https://host.example/download\n"
        "hint: add the project by its name, or give the URL of a wheel"
    )


def test_a_wheel_of_another_project() -> None:
    assert refusal("six @ https://host.example/seven-1.0-py3-none-any.whl") == (
        "the file behind a URL is of another project than the requirement names\n"
        "  expected: six\n"
        "  found:    seven (seven-1.0-py3-none-any.whl)\n"
        "hint: add it as seven @ URL, or leave the name out"
    )


def test_credentials_are_refused_and_not_repeated() -> None:
    text = refusal("https://me:secret@host.example/six-1.0-py3-none-any.whl")
    assert "secret" not in text
    assert text == (
        "a URL holds credentials, and a notebook is no place for them\n"
        "  found:    https://***@host.example/six-1.0-py3-none-any.whl\n"
        "hint: put them into your netrc file and leave them out of the URL"
    )


def test_a_renamed_wheel() -> None:
    assert refusal("./six.whl") == (
        "the file name is not that of a wheel (./six.whl)\n"
        "  expected: NAME-VERSION-PYTHON-ABI-PLATFORM.whl\n"
        "  found:    six.whl\n"
        "hint: give the wheel its original file name again"
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("pandas=2", "a version is asked for with two signs: ==, >=, <=, ~= or !="),
        ("pandas 2.2", "put == between name and version: pandas==2.2"),
        ("pandas numpy", "give each project as a requirement of its own"),
        ("pandas>=x", "write it as pip would take it: pandas, 'pandas>=2', 'pandas[excel]==2.2.3'"),
    ],
)
def test_what_cannot_be_read_gets_the_hint_that_fits(text: str, hint: str) -> None:
    message = refusal(text).splitlines()
    assert message[0] == "a requirement cannot be read"
    assert message[1] == (
        "  expected: a name, then versions: pandas, pandas>=2, pandas[excel]==2.2.3"
    )
    assert message[2] == f"  found:    {text}"
    assert message[-1] == f"hint: {hint}"


@pytest.mark.parametrize("text", ["pandas\n--index-url x", "a" * 2001])
def test_more_than_a_line(text: str) -> None:
    assert refusal(text).splitlines()[0] == (
        "a requirement is longer than one line or holds control characters"
    )


@pytest.mark.parametrize(
    ("fragment", "first"),
    [
        ("sha256=abc", "the hash in a URL is not a sha256"),
        (
            "md5=d41d8cd98f00b204e9800998ecf8427e",
            "the hash in a URL is of a kind that is not checked here",
        ),
    ],
)
def test_a_hash_that_cannot_be_checked(fragment: str, first: str) -> None:
    assert refusal(f"https://h.example/x-1-py3-none-any.whl#{fragment}").splitlines()[0] == first


def test_adding_what_is_there_replaces_it_in_its_place() -> None:
    merged = merge_requirements(["Pandas", "numpy"], ["scipy", "pandas>=2"])
    assert merged == ("pandas>=2", "numpy", "scipy")


def test_several_wheels_of_one_project_are_added_together() -> None:
    wheels = ["./x-1-cp311-cp311-win_amd64.whl", "./x-1-cp311-cp311-linux_x86_64.whl"]
    assert merge_requirements(["x", "y"], wheels) == (*wheels, "y")
    assert merge_requirements([*wheels, "y"], ["x"]) == ("x", "y")


def test_removing_is_by_canonical_name() -> None:
    assert remove_requirements(["Ruamel.YAML>=1", "six"], ["ruamel-yaml"]) == ("six",)


def test_removing_what_was_not_added() -> None:
    with pytest.raises(InvalidRequirement) as caught:
        remove_requirements(["pandas>=2", "six"], ["numpy"])
    assert str(caught.value) == (
        "numpy was not added to this notebook\n"
        "  expected: pandas, six\n"
        "  found:    numpy\n"
        "hint: %pyartifacts show tells what was added, and what came with it"
    )


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("x-1-py3-none-any.whl", "../work/x-1-py3-none-any.whl"),
        ("../notes/x-1-py3-none-any.whl", "./x-1-py3-none-any.whl"),
        ("/abs/x-1-py3-none-any.whl", "../../abs/x-1-py3-none-any.whl"),
        ("pandas>=2", "pandas>=2"),
    ],
)
def test_a_path_typed_elsewhere_is_made_relative_to_the_notebook(text: str, result: str) -> None:
    assert rebase_requirement(text, "/home/work", "/home/notes") == result


@given(st.text() | st.from_regex(r"[a-zA-Z0-9_.\[\]@:/+;=<>!~ '#\\-]{0,40}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        own = parse_requirement(text)
    except InvalidRequirement:
        return
    assert parse_requirement(own.text) == own
    assert merge_requirements([own.text], [own.text]) == (own.text,)


@pytest.mark.parametrize("head", ["", "x @ "])
def test_a_url_that_is_none(head: str) -> None:
    assert refusal(f"{head}https://me:secret@[/x-1-py3-none-any.whl") == (
        "a URL cannot be read\n"
        "  expected: the URL of a wheel (its path ends in .whl)\n"
        "  found:    https://***@[/x-1-py3-none-any.whl\n"
        "  Invalid IPv6 URL\n"
        "hint: copy it again"
    )
