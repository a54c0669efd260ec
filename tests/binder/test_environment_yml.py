"""One more requirement below pip in an environment.yml; all else byte for byte as it was."""

from __future__ import annotations

import pytest
import yaml

from jupyter_pyartifacts.binder.environment_yml import with_pip_requirement
from jupyter_pyartifacts.errors import ForeignFileError

ASK = "jupyter_pyartifacts>=0.1.0"
CASES = {
    "nothing": ("", f"dependencies:\n- pip\n- pip:\n  - {ASK}\n"),
    "comments": ("# mine\n", f"# mine\ndependencies:\n- pip\n- pip:\n  - {ASK}\n"),
    "no dependencies": (
        "channels:\n- conda-forge",
        f"channels:\n- conda-forge\ndependencies:\n- pip\n- pip:\n  - {ASK}\n",
    ),
    "no pip": (
        "name: x\ndependencies:\n  - numpy # why\n  # end\nvariables: {A: b}\n",
        f"name: x\ndependencies:\n  - numpy # why\n  - pip\n  - pip:\n    - {ASK}\n"
        "  # end\nvariables: {A: b}\n",
    ),
    "pip alone": (
        "dependencies:\n- conda-forge::pip=24\n- numpy\n",
        f"dependencies:\n- conda-forge::pip=24\n- numpy\n- pip:\n  - {ASK}\n",
    ),
    "pip of its own": (
        "dependencies:\n  - pip\n  - pip:\n      # from the index\n      - a\n      - b\n  - c\n",
        "dependencies:\n  - pip\n  - pip:\n      # from the index\n"
        f"      - {ASK}\n      - a\n      - b\n  - c\n",
    ),
    "other line ends": (
        "dependencies:\r\n- numpy\r\n",
        f"dependencies:\r\n- numpy\r\n- pip\r\n- pip:\r\n  - {ASK}\r\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_it_is_put_in_between(before: str, after: str) -> None:
    assert with_pip_requirement(before, ASK, "environment.yml") == after
    assert with_pip_requirement(after, ASK, "environment.yml") == after


def test_one_that_is_there_stays() -> None:
    text = "dependencies: [pip, {pip: ['jupyter-pyartifacts==0.1']}]\n"
    assert with_pip_requirement(text, ASK, "environment.yml") == text


def test_what_yaml_would_misread_is_quoted() -> None:
    ask = "jupyter_pyartifacts @ file:///x: y # z"
    text = with_pip_requirement("dependencies:\n- a\n", ask, "environment.yml")
    assert yaml.safe_load(text)["dependencies"][-1] == {"pip": [ask]}


@pytest.mark.parametrize(
    "text",
    [
        "dependencies: [numpy]\n",
        "dependencies:\n- pip:\n  - [a]\n",
        "dependencies:\n- pip:\n",
        "dependencies:\n- pip: 3\n",
        "dependencies:\n- pip: [a]\n",
        "dependencies:\n- a: b\n  c: d\n",
        "dependencies: []\n",
        "{name: x}\n",
        "&x dependencies:\n- !!str numpy\n- ? pip\n  : [a]\n",
        "name: x\n...\n",
    ],
)
def test_another_style_is_not_touched(text: str) -> None:
    with pytest.raises(ForeignFileError) as caught:
        with_pip_requirement(text, ASK, "binder/environment.yml")
    assert str(caught.value) == (
        "the conda environment is written in a way that is not added to (binder/environment.yml)\n"
        "  expected: dependencies with one item a line\n"
        f"hint: add {ASK} below pip: there by hand, then run this again"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- a\n", "list"),
        ("a", "str"),
        ("dependencies: a\n", "dependencies that are no list"),
        (
            "a: [\n",
            "while parsing a flow node expected the node content, but found '<stream end>' in "
            '"<unicode string>", line 2, column 1: ^',
        ),
    ],
)
def test_what_is_no_environment_is_said(text: str, found: str) -> None:
    with pytest.raises(ForeignFileError) as caught:
        with_pip_requirement(text, ASK, "environment.yml")
    assert str(caught.value) == (
        "the conda environment cannot be read (environment.yml)\n"
        "  expected: a mapping with a list of dependencies\n"
        f"  found:    {found}\n"
        f"hint: add {ASK} below pip: there by hand, then run this again"
    )
