"""Edges followed platform by platform."""

from __future__ import annotations

from jupyter_pyartifacts.model import Artifact, Dependency, Digest
from jupyter_pyartifacts.resolve.assemble import Missing, assemble_distributions, missing_wheels
from jupyter_pyartifacts.resolve.uvlock import UvEdge, UvPackage, UvWheel
from jupyter_pyartifacts.resolve.walk import Need, walk

PLATFORMS = ("linux-x86_64", "windows-amd64")


def package(
    name: str,
    *edges: UvEdge,
    version: str = "1.0",
    extras: dict[str, tuple[UvEdge, ...]] | None = None,
    tags: tuple[str, ...] = ("py3-none-any",),
) -> UvPackage:
    wheels = tuple(
        UvWheel(url=f"http://x/{name}-{version}-{tag}.whl", sha256=None, size=None) for tag in tags
    )
    return UvPackage(name=name, version=version, edges=edges, extras=extras or {}, wheels=wheels)


def edge(name: str, marker: str | None = None, **more: object) -> UvEdge:
    return UvEdge(name=name, marker=marker, **more)  # type: ignore[arg-type]


def walked(root: UvPackage, *packages: UvPackage, python: str = "3.11.7") -> tuple[Need, ...]:
    return walk(root, packages, PLATFORMS, python=python, implementation="cpython")


def test_what_nobody_needs_is_not_there() -> None:
    needs = walked(package("root", edge("a")), package("a"), package("b"))
    assert [need.package.name for need in needs] == ["a"]
    assert needs[0].platforms == PLATFORMS


def test_a_circle_ends() -> None:
    needs = walked(package("root", edge("a")), package("a", edge("b")), package("b", edge("a")))
    assert [(need.package.name, dict(need.edges)) for need in needs] == [
        ("a", {("b", ()): PLATFORMS}),
        ("b", {("a", ()): PLATFORMS}),
    ]


def test_markers_are_evaluated_with_the_full_version() -> None:
    root = package("root", edge("a", "python_full_version < '3.11.2'"))
    assert walked(root, package("a")) == ()
    assert len(walked(root, package("a"), python="3.11.1")) == 1


def test_an_extra_is_followed_only_where_it_is_asked_for() -> None:
    a = package("a", edge("c"), extras={"x": (edge("b", "sys_platform == 'win32'"), edge("a"))})
    needs = walked(package("root", edge("a", extras=("x",))), a, package("b"), package("c"))
    assert {need.package.name: need.platforms for need in needs} == {
        "a": PLATFORMS,
        "b": ("windows-amd64",),
        "c": PLATFORMS,
    }
    without = walked(package("root", edge("a")), a, package("b"), package("c"))
    assert [need.package.name for need in without] == ["a", "c"]


def test_versions_apart_by_platform() -> None:
    root = package(
        "root",
        edge("a", "sys_platform == 'win32'", version="1.0"),
        edge("a", "sys_platform != 'win32'", version="2.0"),
    )
    needs = walked(root, package("a"), package("a", version="2.0"))
    assert [(need.package.version, need.platforms) for need in needs] == [
        ("1.0", ("windows-amd64",)),
        ("2.0", ("linux-x86_64",)),
    ]


def test_edges_and_wheels_become_distributions() -> None:
    root = package("root", edge("a"))
    a = package(
        "a",
        edge("b", "sys_platform == 'win32'"),
        edge("c", extras=("y", "x")),
        tags=("cp311-cp311-win_amd64", "cp311-cp311-manylinux2014_x86_64", "py3-none-any"),
    )
    needs = walked(root, a, package("b"), package("c", extras={"x": (), "y": ()}))
    distributions = assemble_distributions(
        needs,
        PLATFORMS,
        artifact=lambda need, wheel: Artifact(
            filename=wheel.filename, digest=Digest("0" * 64), size=1, location="./x"
        ),
        index_of={"c": "extra"}.get,
    )
    assert [(own.name, own.marker, own.index) for own in distributions] == [
        ("a", None, None),
        ("b", "sys_platform == 'win32'", None),
        ("c", None, "extra"),
    ]
    assert [artifact.filename for artifact in distributions[0].artifacts] == [
        "a-1.0-cp311-cp311-manylinux2014_x86_64.whl",
        "a-1.0-cp311-cp311-win_amd64.whl",
    ]
    assert distributions[0].dependencies == (
        Dependency(name="b", marker="sys_platform == 'win32'"),
        Dependency(name="c", extras=("x", "y")),
    )


def test_a_missing_wheel_is_found() -> None:
    needs = walked(
        package("root", edge("a"), edge("b", "sys_platform == 'win32'")),
        package("a", tags=("cp311-cp311-win_amd64",)),
        package("b", tags=("cp311-cp311-win_amd64",)),
    )
    assert missing_wheels(needs) == (Missing(platform="linux-x86_64", name="a", version="1.0"),)
