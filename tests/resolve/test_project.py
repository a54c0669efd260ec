"""The throw-away project, as TOML that cannot be led astray."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.model import Distribution
from jupyter_pyartifacts.resolve.project import (
    Project,
    project_options,
    render_prior,
    render_project,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = Project(
    requirements=("pandas>=2", "ipykernel"),
    platforms=("linux-x86_64", "windows-amd64"),
    minor="3.8",
    implementation="cpython",
    lower="3.8",
    index_url="http://127.0.0.1:1/s/k/simple",
    constraints=("pandas==2.0",),
)


def test_the_project() -> None:
    document = tomllib.loads(render_project(PROJECT))
    assert document["project"] == {
        "name": "pyartifacts-notebook",
        "version": "0",
        "requires-python": ">=3.8",
        "dependencies": ["pandas>=2", "ipykernel"],
    }
    uv = document["tool"]["uv"]
    assert uv["environments"][1] == (
        "sys_platform == 'win32' and platform_machine == 'AMD64' and python_version == '3.8'"
        " and implementation_name == 'cpython'"
    )
    assert uv["constraint-dependencies"] == ["pandas==2.0"]
    assert project_options(PROJECT) == (
        "--no-build",
        "--prerelease=if-necessary-or-explicit",
        "--default-index=http://127.0.0.1:1/s/k/simple",
    )


@given(st.text())
def test_no_text_gets_out_of_its_string(text: str) -> None:
    project = Project(
        requirements=(text,),
        platforms=(),
        minor="3.8",
        implementation="cpython",
        lower="3.8",
        index_url="x",
    )
    assert tomllib.loads(render_project(project))["project"]["dependencies"] == [text]


def test_prior_pins() -> None:
    pins = [
        Distribution(name="b", version="2.0", artifacts=()),
        Distribution(name="a", version="1.0", artifacts=()),
        Distribution(name="b", version="1.0", artifacts=()),
    ]
    document = tomllib.loads(
        render_prior(PROJECT, pins, {("b", "1.0"): ("windows-amd64",), ("a", "1.0"): ()})
    )
    assert [(own["name"], own["version"]) for own in document["package"]] == [
        ("a", "1.0"),
        ("b", "1.0"),
        ("b", "2.0"),
    ]
    assert document["package"][1]["resolution-markers"] == [PROJECT.environments[1]]
    assert "resolution-markers" not in document["package"][0]
    assert all(
        set(own) <= {"name", "version", "source", "resolution-markers"}
        for own in document["package"]
    )
