"""What uv is shown of a project."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.index.simple import ProjectFile, ProjectPage
from jupyter_pyartifacts.resolve.offer import (
    Facts,
    Made,
    decode_source,
    encode_source,
    make_offer,
    render_offer,
    source_path,
)
from jupyter_pyartifacts.resolve.synthetic import underlying_sdist
from jupyter_pyartifacts.resolve.target import Target, parse_as_of, python_accepts

TARGET = Target(python="3.11.7")


def files(*names: str, **fields: object) -> list[ProjectFile]:
    own = ProjectFile(filename="", url="https://f.example/x", upload_time="2024-01-01T00:00:00Z")
    return [own._replace(filename=name, **fields) for name in names]  # type: ignore[arg-type]


def offered(*listed: list[ProjectFile], target: Target = TARGET) -> tuple[list[str], Facts]:
    page = ProjectPage("x", "https://i.example/x/", tuple(f for own in listed for f in own))
    offer = make_offer(page, target)
    return [file.filename for file in offer.files], offer.facts


def test_the_best_wheel_of_each_platform_and_nothing_else() -> None:
    names, facts = offered(
        files(
            "x-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
            "x-1.0-cp311-cp311-manylinux2014_x86_64.whl",
            "x-1.0-cp311-cp311-musllinux_1_2_x86_64.whl",
            "x-1.0-cp311-cp311-win_amd64.whl",
            "x-1.0-cp311-cp311-win32.whl",
            "x-1.0-cp312-cp312-win_amd64.whl",
            "x-1.0-cp313-cp313t-win_amd64.whl",
            "x-1.0-pp311-pypy311_pp73-win_amd64.whl",
            "x-1.0.tar.gz",
        )
    )
    assert sorted(names) == [
        "x-1.0-cp311-cp311-manylinux2014_x86_64.whl",
        "x-1.0-cp311-cp311-win_amd64.whl",
    ]
    assert facts == Facts(newest="1.0")


def test_a_version_without_a_fitting_wheel_is_shown_as_it_is() -> None:
    names, facts = offered(files("x-2.0-cp39-cp39-win_amd64.whl", "x-2.0.zip", "x-1.0.tar.gz"))
    assert names == ["x-2.0-cp39-cp39-win_amd64.whl", "x-2.0.zip", "x-1.0.tar.gz"]
    assert facts == Facts(sourced=(("2.0", "x-2.0.zip"), ("1.0", "x-1.0.tar.gz")))


def test_spellings_of_one_version_are_one() -> None:
    names, _ = offered(files("x-1.0-py3-none-any.whl", "x-1.0.0.tar.gz"))
    assert names == ["x-1.0-py3-none-any.whl"]


def test_facts_leave_out_what_is_no_choice() -> None:
    wheel = "x-{}-py3-none-any.whl"
    _, facts = offered(
        files(wheel.format("1.0"), wheel.format("3.0rc1")),
        files(wheel.format("2.0"), yanked="broken"),
        files(wheel.format("4.0"), requires_python=">=3.12"),
        files("x-5.0.tar.gz", requires_python=">=3.12"),
        files("x-6.0a1.tar.gz", "x-nonsense.tar.gz"),
    )
    assert facts == Facts(newest="1.0", yanked=(("2.0", "broken"),))


def test_as_of_hides_what_came_later() -> None:
    until = parse_as_of("2024-05-31")
    assert until == "2024-06-01T00:00:00Z"
    target = Target(python="3.11.7", as_of=until)
    names, facts = offered(
        files("x-1.0-py3-none-any.whl", upload_time="2024-05-31T23:59:59.999999Z"),
        files("x-2.0-py3-none-any.whl", upload_time="2024-06-01T00:00:00.000001Z"),
        target=target,
    )
    assert names == ["x-1.0-py3-none-any.whl"]
    assert not facts.undated
    assert offered(files("x-1.0.tar.gz", upload_time=None), target=target)[1].undated


def test_a_synthetic_wheel_stands_in_for_an_sdist() -> None:
    page = ProjectPage(
        "an-x",
        "",
        tuple(files("An.X-1.0-1.zip", "an-x-1.0-1.tar.gz", sha256="ab" * 32, yanked=None))
        + tuple(files("an_x-2.0-py3-none-any.whl", "an-x-2.0.zip", "an-x-3.0.tar.bz2")),
    )
    offer = make_offer(page, TARGET, translates=lambda sdist, beside: True)
    assert [file.filename for file in offer.files] == [
        "an_x-1.0.post1-py3-none-any.whl",
        "an_x-2.0-py3-none-any.whl",
        "an-x-3.0.tar.bz2",
    ]
    made = offer.files[0]
    assert underlying_sdist(made.url) == ("an-x-1.0-1.tar.gz", "https://f.example/x")
    assert (made.sha256, made.upload_time) == ("ab" * 32, "2024-01-01T00:00:00Z")
    assert offer.facts == Facts(
        newest="2.0",
        made=(Made("1.0.post1", made.filename, made.url, "ab" * 32, False),),
        sourced=(("3.0", "an-x-3.0.tar.bz2"),),
    )


def test_a_synthetic_wheel_stands_beside_wheels_for_some_platforms() -> None:
    wheel = "x-1.0-py3-none-win_amd64.whl"
    page = ProjectPage("x", "", tuple(files(wheel, "x-1.0.zip")))
    made = "x-1.0-py3-none-any.whl"
    for wanted, names in ((True, [wheel, made]), (False, [wheel])):
        offer = make_offer(page, TARGET, translates=lambda sdist, beside, own=wanted: own)
        assert [file.filename for file in offer.files] == names
        assert (offer.facts.newest, offer.facts.made[0].beside) == ("1.0", True)
    assert make_offer(page, TARGET).facts == Facts(newest="1.0")


def test_the_rendered_page() -> None:
    page = ProjectPage(
        "x",
        "",
        tuple(
            files("x-1.0-py3-none-any.whl", sha256="ab" * 32, size=3, requires_python=">=3.8")
            + files("x-2.0-py3-none-any.whl", requires_python=">=3.12", yanked="")
        ),
    )
    rendered = json.loads(
        render_offer(make_offer(page, TARGET), TARGET, lambda file: f"/{file.filename}")
    )
    assert rendered == {
        "meta": {"api-version": "1.1"},
        "name": "x",
        "files": [
            {
                "filename": "x-1.0-py3-none-any.whl",
                "url": "/x-1.0-py3-none-any.whl",
                "hashes": {"sha256": "ab" * 32},
                "core-metadata": True,
                "size": 3,
                "upload-time": "2024-01-01T00:00:00Z",
            },
            {
                "filename": "x-2.0-py3-none-any.whl",
                "url": "/x-2.0-py3-none-any.whl",
                "hashes": {},
                "core-metadata": True,
                "upload-time": "2024-01-01T00:00:00Z",
                "yanked": True,
                "requires-python": ">=3.12",
            },
        ],
    }


@given(st.booleans(), st.none() | st.integers(0, 1 << 40), st.text(min_size=1))
def test_a_source_survives_the_way_through_uv(flag: bool, size: int | None, path: str) -> None:
    file = ProjectFile("x-1.0-py3-none-any.whl", f"https://f.example/{path}", None, size)
    file = file._replace(metadata=flag)
    segment = encode_source(file)
    assert decode_source(segment) == (flag, size, file.url)
    assert source_path(file) == f"files/-/{segment}/x-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("wanted", "python", "accepted"),
    [
        (">=3.8", "3.11.7", True),
        (">=3.12", "3.11.7", False),
        (">=3.7.1", "3.7.0", False),
        (">=2.7, !=3.0.*, !=3.1.*", "3.11.7", True),
        (">=2.7.*,<4.*", "3.11.7", True),
        (">= '3.6'", "3.11.7", True),
        ("nonsense", "3.11.7", True),
        ("==3.11", "3.11.7", False),
        ("~=3.11", "3.11.7", True),
    ],
)
def test_which_python_a_file_takes(wanted: str, python: str, accepted: bool) -> None:
    assert python_accepts(wanted, python) is accepted
