"""The hint below a missing import."""

import sys
from types import ModuleType

import pytest

from jupyter_pyartifacts.shim.hints import DISTRIBUTIONS, distribution_for, hint_for


def missing(name: str | None) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("cv2", "opencv-python-headless"),
        ("sklearn", "scikit-learn"),
        ("sklearn.linear_model", "scikit-learn"),
        ("PIL", "pillow"),
        ("yaml", "pyyaml"),
        ("bs4", "beautifulsoup4"),
        ("skimage", "scikit-image"),
        ("dateutil", "python-dateutil"),
        ("google.protobuf", "protobuf"),
        ("mpl_toolkits.basemap", "basemap"),
        ("pandas", "pandas"),
        ("typing_extensions", "typing-extensions"),
        ("tkinter", None),
        ("_private", None),
        ("os", None),
    ],
)
def test_the_distribution_of_a_module(module: str, distribution: str | None) -> None:
    assert distribution_for(module) == distribution


def test_what_to_type() -> None:
    assert hint_for(missing("cv2")) == "%pyartifacts add opencv-python-headless"
    assert hint_for(missing("psycopg")) == '%pyartifacts add "psycopg[binary]"'


def test_nothing_is_said_of_what_is_pinned_or_unknown() -> None:
    assert hint_for(missing("sklearn"), ["scikit-learn"]) is None
    assert hint_for(missing("psycopg"), ["psycopg"]) is None
    assert hint_for(missing(None)) is None
    assert hint_for(ImportError("x", name="os")) is None


def test_a_submodule_that_a_present_package_lacks_is_another_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert hint_for(missing("pytest.nonsense")) is None
    # A namespace may be there, and this part of it not.
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    assert hint_for(missing("google.protobuf")) == "%pyartifacts add protobuf"


def test_the_table_holds_names_that_differ_only() -> None:
    from jupyter_pyartifacts.shim.loaded import normalize

    same = [k for k, v in DISTRIBUTIONS.items() if "." not in k and normalize(k) == normalize(v)]
    assert same == []
