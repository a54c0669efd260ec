"""Which build pack a repository has, and what is refused with the way out."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.binder import parse_repository
from jupyter_pyartifacts.errors import ForeignFileError

ASK = "jupyter_pyartifacts>=0.1.0"
PROJECT = '[build-system]\nrequires = []\n\n[project]\nname = "a"\n'


@pytest.mark.parametrize(
    ("files", "folders", "folder", "pack"),
    [
        ({}, (), "binder/", "python"),
        ({"requirements.txt": "x"}, (), "", "python"),
        ({"apt.txt": "x"}, (), "", "python"),
        ({"pyproject.toml": "[tool.ruff]\n"}, (), "binder/", "python"),
        ({"pyproject.toml": PROJECT}, (), "", "python"),
        ({"environment.yml": "", "requirements.txt": ""}, (), "", "conda"),
        ({"environment.yaml": "", "Pipfile": ""}, (), "", "conda"),
        ({"Dockerfile": "", "environment.yml": ""}, (), "", "docker"),
        ({"Project.toml": ""}, (), "", "python"),
        ({"runtime.txt": "r-4.1-2024-01-01"}, (), "", "python"),
        ({"requirements.txt": "x"}, ("binder",), "binder/", "python"),
        ({"Dockerfile": "", ".binder/environment.yml": ""}, (".binder",), ".binder/", "conda"),
        ({"Pipfile": "", "binder/runtime.txt": "python-3.10"}, ("binder",), "binder/", "python"),
    ],
)
def test_what_repo2docker_would_take(
    files: dict[str, str], folders: tuple[str, ...], folder: str, pack: str
) -> None:
    found = parse_repository(files, folders, requirement=ASK)
    assert (found.folder, found.pack) == (folder, pack)


def test_a_pack_can_be_chosen_where_there_is_none() -> None:
    assert parse_repository({}, (), requirement=ASK, pack="conda").pack == "conda"
    with pytest.raises(ForeignFileError) as caught:
        parse_repository({"requirements.txt": ""}, (), requirement=ASK, pack="conda")
    assert str(caught.value) == (
        "the repository has another build pack already (the root of the repository)\n"
        "  expected: conda\n  found:    python\n"
        "hint: leave --pack out, or remove the other's files first"
    )


def test_two_folders_are_one_too_many() -> None:
    with pytest.raises(ForeignFileError) as caught:
        parse_repository({}, ("binder", ".binder"), requirement=ASK)
    assert str(caught.value) == (
        "the repository has both binder/ and .binder/\n"
        "  expected: one of them, as Binder refuses to choose\n  found:    both\n"
        "hint: move the files of one into the other"
    )


@pytest.mark.parametrize(("name", "kind"), [("default.nix", "Nix"), ("Pipfile.lock", "Pipfile")])
def test_other_packs_are_left_to_the_user(name: str, kind: str) -> None:
    with pytest.raises(ForeignFileError) as caught:
        parse_repository({f"binder/{name}": ""}, ("binder",), requirement=ASK)
    assert str(caught.value) == (
        f"a {kind} build pack is not added to (binder/{name})\n"
        "  expected: Python (requirements.txt), conda (environment.yml) or a Dockerfile\n"
        f"  found:    {kind}\n"
        f"hint: in what it installs, add {ASK}; at the end of binder/postBuild, add the line: "
        "jupyter pyartifacts binder --build"
    )


@pytest.mark.parametrize(
    ("files", "where", "found"),
    [
        ({"runtime.txt": "python-3.9\n"}, "runtime.txt", "3.9"),
        ({"runtime.txt": "python-2.7"}, "runtime.txt", "2.7"),
        ({"environment.yml": "dependencies:\n- python=3.8.1\n"}, "environment.yml", "3.8"),
        ({"environment.yaml": "dependencies:\n  - python == 3.6\n"}, "environment.yaml", "3.6"),
    ],
)
def test_an_old_python_is_too_old(files: dict[str, str], where: str, found: str) -> None:
    with pytest.raises(ForeignFileError) as caught:
        parse_repository(files, (), requirement=ASK)
    assert str(caught.value) == (
        f"the image's Python is too old for jupyter_pyartifacts ({where})\n"
        f"  expected: Python 3.10 or newer\n  found:    Python {found}\n"
        "hint: name a newer one there: notebooks run on the Pythons of their own locks, "
        "whichever the image has"
    )


def test_a_new_one_is_not() -> None:
    for files in ({"runtime.txt": "python-3.13"}, {"environment.yml": "- python>=3.8\n"}):
        parse_repository(files, (), requirement=ASK)
