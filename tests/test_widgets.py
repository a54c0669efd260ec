"""The Lab halves of widgets: what goes together, what does not, and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jupyter_pyartifacts.widgets import (
    HalvesBesideLab,
    LabHalf,
    compare_halves,
    drawn_series,
    lab_halves,
    widget_notes,
)

MANAGER = "@jupyter-widgets/jupyterlab-manager"


def half(name: str, version: str, place: Path = Path("nowhere")) -> LabHalf:
    return LabHalf(name=name, version=version, place=place)


def found_in(place: Path) -> list[tuple[str, str, str | None]]:
    return [(each.name, each.version, each.distribution) for each in lab_halves([place])]


def install(place: Path, name: str, version: str, distribution: str) -> None:
    home = place / "share" / "jupyter" / "labextensions" / name
    home.mkdir(parents=True)
    (home / "package.json").write_text(json.dumps({"name": name, "version": version}))
    (home / "install.json").write_text(json.dumps({"packageName": distribution}))


@pytest.mark.parametrize(
    ("own", "here"),
    [("5.0.13", "5.0.13"), ("5.0.13", "5.1.0"), ("0.11.4", "0.11.7"), ("5.0.15", "5.0.2")],
)
def test_one_series_goes_together(own: str, here: str) -> None:
    assert compare_halves([half("x", own)], [half("x", here)]) == ()


def test_the_kernel_may_have_an_older_series_than_lab(tmp_path: Path) -> None:
    install(tmp_path, MANAGER, "3.1.11", "jupyterlab_widgets")
    (own,) = lab_halves([tmp_path / "share" / "jupyter" / "labextensions"])
    assert compare_halves([own], [half(MANAGER, "5.0.13")]) == (
        "the widgets of jupyterlab_widgets may show as an empty box: this notebook pins version "
        f"3.1.11 of their JupyterLab half {MANAGER}, and this environment has 5.0.13; have the "
        "same series on both sides",
    )


def test_another_place_may_have_the_right_one() -> None:
    here = [half("x", "1.0.0"), half("x", "2.0.0")]
    assert compare_halves([half("x", "2.3.4")], here) == ()


def test_a_half_that_is_not_here_is_named_with_its_distribution(tmp_path: Path) -> None:
    install(tmp_path, "jupyter-nowhere", "0.11.4", "nowhere")
    assert widget_notes(tmp_path) == (
        "the widgets of nowhere show as an empty box in this environment's JupyterLab, which "
        "lacks their half of it (jupyter-nowhere 0.11.4); install nowhere beside JupyterLab as "
        "well, and reload the page",
    )


def test_the_wheel_says_whose_a_half_is(tmp_path: Path) -> None:
    wheel = tmp_path / "no_where-1.0.data" / "data"
    install(wheel, "jupyter-nowhere", "0.11.4", "jupyter-nowhere")
    view = tmp_path / "view" / "share" / "jupyter" / "labextensions"
    view.mkdir(parents=True)
    (view / "jupyter-nowhere").symlink_to(wheel / "share/jupyter/labextensions/jupyter-nowhere")
    assert found_in(view) == [("jupyter-nowhere", "0.11.4", "no-where")]


def test_scoped_names_and_broken_ones(tmp_path: Path) -> None:
    install(tmp_path, MANAGER, "5.0.13", "jupyterlab_widgets")
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"name": "c"}')):
        home = tmp_path / "share" / "jupyter" / "labextensions" / name
        home.mkdir()
        (home / "package.json").write_text(text)
    found = found_in(tmp_path / "share" / "jupyter" / "labextensions")
    assert found == [(MANAGER, "5.0.13", "jupyterlab_widgets")]


def test_a_view_without_widgets_says_nothing(tmp_path: Path) -> None:
    assert widget_notes(tmp_path) == ()


def test_this_environment_draws_its_own_widgets() -> None:
    import sys

    assert widget_notes(Path(sys.prefix)) == ()


@pytest.mark.parametrize(
    ("manager", "series"), [("2.0.1", 7), ("3.1.11", 7), ("5.0.16", 8), ("6.0.0", 8)]
)
def test_which_ipywidgets_a_lab_draws(tmp_path: Path, manager: str, series: int) -> None:
    install(tmp_path, MANAGER, manager, "jupyterlab_widgets")
    assert drawn_series([tmp_path / "share" / "jupyter" / "labextensions"]) == series


def test_a_lab_without_the_widgets_manager_draws_none(tmp_path: Path) -> None:
    install(tmp_path, "jupyter-nowhere", "5.0.0", "nowhere")
    assert drawn_series([tmp_path / "share" / "jupyter" / "labextensions"]) is None


def distribution(place: Path, name: str, version: str, half: str, package: object) -> None:
    """Write what an installed distribution has of a Lab half."""
    site = place / "lib" / "site-packages"
    metadata = site / f"{name}-{version}.dist-info"
    metadata.mkdir(parents=True)
    path = Path("..", "..", "share", "jupyter", "labextensions", half, "package.json")
    (metadata / "RECORD").write_text(f"{name}.py,,\n{path.as_posix()},sha256=0,0\n")
    (site / path).parent.mkdir(parents=True)
    (site / path).write_text(json.dumps(package))


def test_the_halves_that_are_installed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uses = {"dependencies": {"@jupyter-widgets/base": "^6"}}
    distribution(tmp_path, "Two_Words", "0.9.7", "two", {"name": "two", **uses})
    distribution(tmp_path, "anywidget", "0.9.18", "anywidget", {"name": "anywidget"})
    distribution(tmp_path, "notebook", "7.0", "@jupyter-notebook/lab", {"name": "lab"})
    distribution(tmp_path, "broken", "1.0", "broken", [])
    (tmp_path / "lib" / "site-packages" / "bare-1.0.dist-info").mkdir()
    monkeypatch.setattr("sys.path", ["", "/nowhere", str(tmp_path / "lib" / "site-packages")])
    here = HalvesBesideLab()
    names = ("two-words", "anywidget", "notebook", "broken", "bare", "unknown")
    assert [here(name) for name in names] == ["0.9.7", "0.9.18", None, None, None, None]
