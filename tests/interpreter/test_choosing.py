"""Which Python a lock is for: what was asked, what the table has, what is on the machine."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import NetworkError, UsageError
from jupyter_pyartifacts.index.pythons import PythonTable, parse_table
from jupyter_pyartifacts.interpreter import (
    choose_python,
    host_version,
    learn_sizes,
    with_platforms,
)
from jupyter_pyartifacts.model import Artifact, Digest, Interpreter, PythonPin
from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS
from tests.pythons import PLATFORM, Shelf

MINOR = ".".join(host_version().split(".")[:2])
NOWHERE = {"PATH": "/nowhere", "HOME": "/nowhere"}


class Choice:
    """A table of its own, and a machine that has no Python but this one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.shelf = Shelf(directory / "shelf")

    def table(self) -> PythonTable:
        place = self.shelf.table
        if not place.exists():
            return PythonTable(root="", archives={})
        return parse_table(place.read_bytes(), where="t", base=place.as_uri())

    def choose(self, wanted: str | None) -> PythonPin:
        return choose_python(
            wanted,
            DEFAULT_PLATFORMS,
            table=self.table,
            environ=NOWHERE,
            directory=self.directory,
        )


@pytest.fixture
def choice(tmp_path: Path) -> Choice:
    return Choice(tmp_path)


def test_without_a_wish_it_is_this_processs_own(choice: Choice) -> None:
    for version in (host_version(), f"{MINOR}.98", f"{MINOR}.99"):
        choice.shelf.fake(version)
    pin = choice.choose(None)
    assert pin.version == host_version()
    assert [each.platform for each in pin.interpreters] == [PLATFORM]


def test_without_archives_of_it_the_newest_patch_that_has_some(choice: Choice) -> None:
    choice.shelf.fake(f"{MINOR}.98")
    choice.shelf.fake(f"{MINOR}.99")
    assert choice.choose(None) == choice.shelf.pin(f"{MINOR}.99")


def test_without_archives_at_all_it_is_the_own_one_bare(choice: Choice) -> None:
    choice.shelf.fake("3.97.1")
    assert choice.choose(None) == PythonPin(version=host_version())


def test_a_minor_is_its_newest_release_in_the_table(choice: Choice) -> None:
    for version in ("3.97.9", "3.97.10", host_version(), f"{MINOR}.99"):
        choice.shelf.fake(version)
    assert choice.choose("3.97") == choice.shelf.pin("3.97.10")
    assert choice.choose("3.97.9") == choice.shelf.pin("3.97.9")
    assert choice.choose(MINOR).version == f"{MINOR}.99"


def test_what_only_the_machine_has_is_locked_without_archives(choice: Choice) -> None:
    assert choice.choose(host_version()) == PythonPin(version=host_version())
    assert choice.choose(MINOR) == PythonPin(version=host_version())


def test_what_nobody_has_is_refused_with_what_is_near(choice: Choice) -> None:
    choice.shelf.fake("3.97.1")
    choice.shelf.fake("3.97.2")
    with pytest.raises(UsageError) as caught:
        choice.choose("3.97.3")
    assert str(caught.value) == (
        "there is no Python 3.97.3 to lock for\n"
        "  expected: a release that the table of Pythons has, or one that is on this machine\n"
        "  found:    3.97.3\n"
        "hint: these are near it: 3.97.2, 3.97.1"
    )
    with pytest.raises(UsageError, match=r"there is no Python 3\.96") as caught:
        choice.choose("3.96")
    assert "the table has 3.97; upgrade pbs-installer" in caught.value.hint


@pytest.mark.parametrize("wanted", ["2.7", "3", "three", "3.12.x", "cpython@3.12", "3.12 ", "-3"])
def test_what_is_no_version_is_refused(choice: Choice, wanted: str) -> None:
    with pytest.raises(UsageError, match="a Python version is not understood"):
        choice.choose(wanted)


def test_an_archive_on_disk_is_a_python(choice: Choice) -> None:
    path = choice.shelf.fake("3.97.1")
    (listed,) = choice.shelf.pin("3.97.1").interpreters
    size = path.stat().st_size
    # One that the table has, too, is where the table says for everybody else.
    assert choice.choose(str(path)).interpreters == (
        replace(listed, artifact=replace(listed.artifact, size=size)),
    )
    choice.shelf.table.unlink()
    (own,) = choice.choose(str(path)).interpreters
    assert (own.version, own.build, own.platform) == ("3.97.1", "20260101", PLATFORM)
    assert (own.artifact.digest, own.artifact.size) == (listed.artifact.digest, size)
    assert own.artifact.location == f"file:shelf/20260101/{path.name.replace('+', '%2B')}"


def test_an_archive_without_its_name_or_not_there_is_refused(choice: Choice) -> None:
    path = choice.shelf.fake("3.97.1")
    renamed = path.with_name("python.tar.gz")
    shutil.copy(path, renamed)
    with pytest.raises(UsageError, match="does not say which Python it holds"):
        choice.choose(str(renamed))
    path.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        choice.choose(str(path))


def every(version: str) -> PythonPin:
    """Return a pin with an archive for each platform."""
    interpreters = []
    for number, name in enumerate(DEFAULT_PLATFORMS):
        artifact = Artifact(
            filename=f"{name}.tar.gz",
            digest=Digest(f"{number:064x}"),
            size=0,
            location="20260101/",
            interpreter=True,
        )
        interpreters.append(
            Interpreter(platform=name, version=version, build="20260101", artifact=artifact)
        )
    return PythonPin(version=version, interpreters=tuple(interpreters))


def test_platforms_come_and_go() -> None:
    whole = every("3.12.4")
    table = PythonTable(root="http://host/", archives={"3.12.4": whole.interpreters})
    two = DEFAULT_PLATFORMS[:2]
    less = with_platforms(whole, two, table)
    assert [each.platform for each in less.interpreters] == list(two)
    assert with_platforms(less, DEFAULT_PLATFORMS, table) == whole
    bare = PythonPin(version="3.12.4")
    assert with_platforms(bare, DEFAULT_PLATFORMS, table) == bare


def test_sizes_are_learned_where_their_place_answers() -> None:
    pin = every("3.12.4")
    sizes = {each.artifact.filename: n for n, each in enumerate(pin.interpreters, 7)}
    learned = learn_sizes(pin, lambda artifact: sizes[artifact.filename])
    assert [each.artifact.size for each in learned.interpreters] == [7, 8, 9, 10, 11]
    asked: list[str] = []

    def unreachable(artifact: Artifact) -> int:
        asked.append(artifact.filename)
        raise NetworkError("the place cannot be reached", hint="wait")

    assert learn_sizes(pin, unreachable) == pin
    assert len(asked) == 1
    assert learn_sizes(learned, unreachable) == learned
    assert len(asked) == 1
