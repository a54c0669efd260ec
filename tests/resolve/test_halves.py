"""Widgets and their halves beside Lab: which versions a lock takes, and what is said of it."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.resolve.halves import go_together
from tests.indexes import IndexServer, project_wheel
from tests.resolve.conftest import Resolver, versions

WIDGETS = {"ipywidgets": "8.1.9", "jupyterlab-widgets": "3.0.17"}
OLD = {"ipywidgets": "7.8.5", "jupyterlab-widgets": "1.1.11"}
KERNEL = ("ipywidgets",)


@pytest.fixture
def widgets(index: IndexServer) -> IndexServer:
    """Return an index with both generations of ipywidgets, and what needs them."""
    index.add(
        project_wheel("ipywidgets", "8.1.9", ["jupyterlab_widgets~=3.0.15"]),
        project_wheel("ipywidgets", "7.8.5", ["jupyterlab_widgets<3,>=1.0.0"]),
        project_wheel("jupyterlab_widgets", "3.0.17"),
        project_wheel("jupyterlab_widgets", "1.1.11"),
        project_wheel("plots", "0.10.0", ["ipywidgets"]),
        project_wheel("plots", "0.9.7", ["ipywidgets"]),
        project_wheel("plots", "0.9.6", ["ipywidgets"]),
        project_wheel("modern", "2.0", ["ipywidgets>=8"]),
        project_wheel("modern", "1.0", ["ipywidgets"]),
    )
    return index


@pytest.mark.parametrize(
    ("version", "here", "together"),
    [
        ("3.0.17", "3.0.2", True),
        ("3.1", "3", True),
        ("3.0.17", "1.1.11", False),
        ("0.9.7", "0.9.1", True),
        ("0.10.0", "0.9.7", False),
        ("1.0rc1", "1.2.post1", True),
    ],
)
def test_a_series(version: str, here: str, together: bool) -> None:
    assert go_together(version, here) is together


@pytest.mark.parametrize("here", [{}, {"jupyterlab-widgets": "3.0.1"}, {"modern": "2.0"}])
def test_halves_that_go_together_change_nothing(
    widgets: IndexServer, run: Resolver, here: dict[str, str]
) -> None:
    resolution = run(kernel=KERNEL, other_half=here.get)
    assert (versions(resolution), resolution.notes) == (WIDGETS, ())


def test_an_older_lab_gets_the_ipywidgets_that_it_draws(
    widgets: IndexServer, run: Resolver
) -> None:
    resolution = run(kernel=KERNEL, other_half={"jupyterlab-widgets": "1.1.1"}.get)
    assert versions(resolution) == OLD
    assert resolution.lock.kernel == KERNEL
    assert resolution.notes == (
        "ipywidgets 7.8.5, jupyterlab-widgets 1.1.11 instead of ipywidgets 8.1.9, "
        "jupyterlab-widgets 3.0.17, so that widgets show here: jupyterlab-widgets 1.1.1 is "
        "installed beside JupyterLab",
    )


def test_another_projects_widgets_follow_its_half(widgets: IndexServer, run: Resolver) -> None:
    resolution = run("plots", kernel=KERNEL, other_half={"plots": "0.9.3"}.get)
    assert versions(resolution) == {**WIDGETS, "plots": "0.9.7"}
    assert resolution.notes == (
        "plots 0.9.7 instead of plots 0.10.0, so that widgets show here: plots 0.9.3 is installed "
        "beside JupyterLab",
    )


@pytest.mark.parametrize(
    ("wanted", "pinned"),
    [
        # What the user asked for in words, and what it would cost to fall back.
        ("ipywidgets>=8", {}),
        ("modern", {"modern": "2.0"}),
    ],
)
def test_it_is_a_preference_that_no_lock_fails_for(
    widgets: IndexServer, run: Resolver, wanted: str, pinned: dict[str, str]
) -> None:
    resolution = run(wanted, kernel=KERNEL, other_half={"jupyterlab-widgets": "1.1.1"}.get)
    assert versions(resolution) == {**WIDGETS, **pinned}
    assert resolution.notes == (
        "jupyterlab-widgets 3.0.17 does not go with the 1.1.1 that is installed beside JupyterLab "
        "here, and no version that does fits: its widgets may not show",
    )


def test_a_lock_from_elsewhere_keeps_what_it_pins(widgets: IndexServer, run: Resolver) -> None:
    widgets.add(project_wheel("plain"))
    before = run("plots", kernel=KERNEL).lock
    here = {"jupyterlab-widgets": "1.1.1", "plots": "0.9.3"}
    resolution = run("plots", "plain", kernel=KERNEL, prior=before, other_half=here.get)
    assert versions(resolution) == {**WIDGETS, "plots": "0.10.0", "plain": "1.0"}
    assert resolution.notes == ()


def test_an_upgrade_chooses_anew(widgets: IndexServer, run: Resolver) -> None:
    before = run("plots==0.9.6", kernel=KERNEL).lock
    resolution = run(
        "plots", kernel=KERNEL, prior=before, upgrade=("plots",), other_half={"plots": "0.9.3"}.get
    )
    assert versions(resolution)["plots"] == "0.9.7"
