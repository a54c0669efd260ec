"""pylock.toml: locks out and in, the specification's rules, and whatever breaks them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.errors import ForeignFileError, InvalidRequirement, PyArtifactsError
from jupyter_pyartifacts.interop.pylock import read_pylock, write_pylock
from jupyter_pyartifacts.interop.toml import tomllib
from tests.locks import locks, small_lock

A = "a" * 64
HEAD = 'lock-version = "1.0"\ncreated-by = "a test"\n'


def package(name="six", version="1.0", extra="", marker=""):
    return (
        f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{marker}\n{extra}\n'
        f'wheels = [{{url = "https://files.example/{name}-{version}-py3-none-any.whl",'
        f' hashes = {{sha256 = "{A}"}}}}]\n'
    )


def write(lock):
    return write_pylock(
        lock,
        place_of=lambda artifact: f"https://files.example/{artifact.filename}",
        requirements=lock.requirements,
    )


@given(locks())
def test_what_is_written_is_read_again(lock):
    wanted = read_pylock(write(lock), "pylock.toml")
    assert wanted.requirements == lock.requirements
    assert wanted.platforms == lock.platforms
    assert (wanted.python, wanted.as_of) == (lock.python.version, lock.as_of)
    assert wanted.indexes == lock.indexes
    assert {(pin.name, pin.version, pin.hashes) for pin in wanted.pins} == {
        (own.name, own.version, frozenset(each.digest.hex for each in own.artifacts))
        for own in lock.distributions
    }


def test_a_small_lock_as_a_file():
    document = tomllib.loads(write(small_lock()))
    assert document["requires-python"] == "==3.11.*"
    assert len(document["environments"]) == 5
    assert document["packages"][1] == {
        "name": "demo",
        "version": "1.0",
        "dependencies": [{"name": "colorama"}],
        "wheels": [
            {
                "name": "demo-1.0-py3-none-any.whl",
                "url": "https://files.example/demo-1.0-py3-none-any.whl",
                "size": 10,
                "hashes": {"sha256": "d" * 64},
            }
        ],
    }
    assert document["tool"]["pyartifacts"] == {
        "requirements": ["demo>=1"],
        "kernel": ["ipykernel", "ipywidgets"],
        "python": "cpython 3.11.7",
        "platforms": list(small_lock().platforms),
    }


def test_edges_tell_what_was_asked_for():
    text = HEAD + package("a", extra='dependencies = [{name = "b"}]') + package("b")
    wanted = read_pylock(text, "pylock.toml")
    assert (wanted.requirements, wanted.complete) == (("a",), True)


def test_without_edges_everything_may_have_been_asked_for():
    wanted = read_pylock(HEAD + package("a") + package("b"), "pylock.toml")
    assert (wanted.requirements, wanted.complete) == (("a", "b"), False)


def test_environments_tell_the_platforms():
    text = HEAD.replace("created", "environments = [\"sys_platform == 'linux'\"]\ncreated")
    wanted = read_pylock(text + package(), "pylock.toml")
    assert wanted.platforms == ("linux-aarch64", "linux-x86_64")


def test_an_archive_and_local_wheels():
    url = "https://files.example/six-1.0-py3-none-any.whl"
    text = HEAD + (
        f'[[packages]]\nname = "six"\narchive = {{url = "{url}", hashes = {{sha256 = "{A}"}}}}\n'
        '[[packages]]\nname = "demo"\nversion = "1"\n'
        f'wheels = [{{path = "demo-1-py3-none-any.whl", hashes = {{sha256 = "{A}"}}}}]\n'
    )
    wanted = read_pylock(text, "pylock.toml")
    assert wanted.requirements == (f"{url}#sha256={A}", "./demo-1-py3-none-any.whl")


FAULTS = {
    "lock-version = ": ("a file is not TOML", "pylock.toml, line 1, at its end"),
    "\n\n= 1": ("a file is not TOML", "pylock.toml, line 3, column 1"),
    "": ("a pylock file is not as PEP 751 has it", "pylock.toml, lock-version"),
    HEAD: ("a pylock file is not as PEP 751 has it", "pylock.toml, packages"),
    HEAD.replace("1.0", "7.0") + "packages = []": (
        "a pylock file is of a version that is not known here",
        "pylock.toml, lock-version",
    ),
    HEAD + package(name="Six"): (
        "a pylock file is not as PEP 751 has it",
        "pylock.toml, packages[0].name",
    ),
    HEAD + package() + package(version="x"): (
        "a pylock file is not as PEP 751 has it",
        "pylock.toml, packages[1].version",
    ),
    HEAD + package(marker='marker = "os ="'): (
        "a pylock file is not as PEP 751 has it",
        "pylock.toml, packages[0].marker",
    ),
    HEAD + package().replace("sha256", "md5"): ("a file has no sha256", "pylock.toml, packages[0]"),
    HEAD + package().replace(A, "12"): ("a file has no sha256", "pylock.toml, packages[0]"),
    HEAD + '[[packages]]\nname = "x"\ndirectory = {path = "."}\n': (
        "x comes from a directory, and that cannot be pinned: it would have to be built",
        "pylock.toml, packages[0]",
    ),
    HEAD + package() + '[tool.pyartifacts]\nrequirements = ["six", "a b"]\n': (
        "a requirement cannot be read",
        "pylock.toml, tool.pyartifacts.requirements[1]",
    ),
    HEAD + package() + '[tool.pyartifacts]\nplatforms = ["amiga"]\n': (
        "a platform is not known",
        "pylock.toml, tool.pyartifacts.platforms[0]",
    ),
    HEAD + package() + "[tool.pyartifacts]\nrequirements = 1\n": (
        "a value is of another kind than the format has there",
        "pylock.toml, tool.pyartifacts.requirements",
    ),
}


@pytest.mark.parametrize("text", FAULTS, ids=[fault[-1] for fault in FAULTS.values()])
def test_a_fault_names_its_place(text):
    with pytest.raises((ForeignFileError, InvalidRequirement)) as info:
        read_pylock(text, "pylock.toml")
    assert (info.value.what, info.value.where) == FAULTS[text]
    assert info.value.hint


@given(st.text(max_size=100) | st.text(max_size=100).map(lambda text: HEAD + text))
def test_any_text_is_read_or_refused_with_a_place(text):
    where = "pylock.toml"
    try:
        read_pylock(text, "pylock.toml")
    except PyArtifactsError as error:
        where = str(error.where)
    assert where.startswith("pylock.toml")
