"""Which loaded distributions are behind, and whether a restart is required or recommended."""

from pathlib import Path
from types import ModuleType

import pytest

from jupyter_pyartifacts.shim.loaded import (
    Stale,
    installed,
    loaded_versions,
    normalize,
    restart_level,
    stale_distributions,
)

from .packages import install


def loaded(site_packages: Path, *paths: str) -> dict[str, ModuleType]:
    modules = {}
    for path in paths:
        module = ModuleType(path)
        module.__file__ = str(site_packages / path)
        modules[path] = module
    modules["builtin"] = ModuleType("builtin")
    return modules


@pytest.fixture
def old(tmp_path: Path) -> Path:
    site_packages = tmp_path / "old"
    install(site_packages, "pandas", "2.0.0", ["numpy>=1", "python-dateutil"])
    install(site_packages, "numpy", "1.0")
    install(site_packages, "python-dateutil", "2.8", module="dateutil")
    install(site_packages, "ipykernel", "6.0", ["traitlets"])
    install(site_packages, "traitlets", "5.0")
    return site_packages


@pytest.fixture
def new(tmp_path: Path) -> Path:
    site_packages = tmp_path / "new"
    install(site_packages, "pandas", "2.0.0", ["numpy>=1", "python-dateutil"])
    install(site_packages, "numpy", "2.0")
    install(site_packages, "python-dateutil", "2.8", module="dateutil")
    install(site_packages, "ipykernel", "6.0", ["traitlets"])
    install(site_packages, "traitlets", "6.0")
    return site_packages


def level(stale: list[Stale], site_packages: Path) -> str | None:
    return restart_level(stale, str(site_packages), ["ipykernel"], ["pandas"])


def test_what_is_installed_is_read_from_the_names_of_directories(old: Path) -> None:
    assert installed(str(old))["python-dateutil"] == (
        "2.8",
        str(old / "python_dateutil-2.8.dist-info"),
    )
    assert installed(str(old / "nowhere")) == {}
    assert normalize("Python_.Dateutil") == "python-dateutil"


def test_a_dependency_that_is_loaded_in_another_version_requires_a_restart(
    old: Path, new: Path
) -> None:
    modules = loaded(old, "numpy/__init__.py", "pandas/__init__.py")
    stale = stale_distributions([str(old)], str(new), modules)
    assert stale == [Stale("numpy", "1.0", "2.0")]
    assert level(stale, new) == "required"


def test_a_changed_distribution_that_nobody_imported_wants_nothing(old: Path, new: Path) -> None:
    modules = loaded(old, "pandas/__init__.py", "dateutil/__init__.py")
    assert stale_distributions([str(old)], str(new), modules) == []
    assert level([], new) is None


def test_the_kernels_own_stack_recommends_one(old: Path, new: Path) -> None:
    stale = stale_distributions([str(old)], str(new), loaded(old, "traitlets/late.py"))
    assert stale == [Stale("traitlets", "5.0", "6.0")]
    assert level(stale, new) == "recommended"


def test_what_the_kernel_and_the_user_both_need_requires_one(old: Path, new: Path) -> None:
    stale = [Stale("traitlets", "5.0", "6.0")]
    assert restart_level(stale, str(new), ["ipykernel"], ["Traitlets"]) == "required"


def test_what_is_loaded_and_pinned_no_more_recommends_one(tmp_path: Path, old: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    stale = stale_distributions([str(old)], str(empty), loaded(old, "numpy/__init__.py"))
    assert stale == [Stale("numpy", "1.0", None)]
    assert level(stale, empty) == "recommended"


def test_a_module_of_an_earlier_view_with_the_version_pinned_now_is_not_behind(
    old: Path, new: Path
) -> None:
    modules = loaded(old, "numpy/__init__.py")
    assert stale_distributions([str(old), str(new)], str(old), modules) == []
    assert stale_distributions([str(old), str(new)], str(new), modules) == [
        Stale("numpy", "1.0", "2.0")
    ]


def test_a_distribution_without_a_record_is_passed_over(old: Path, new: Path) -> None:
    (old / "numpy-1.0.dist-info" / "RECORD").unlink()
    modules = loaded(old, "numpy/__init__.py")
    assert stale_distributions([str(old)], str(new), modules) == []


def test_the_versions_of_what_is_loaded(old: Path, new: Path) -> None:
    modules = {**loaded(old, "numpy/__init__.py"), **loaded(new, "traitlets/late.py")}
    assert loaded_versions([str(old), str(new)], modules) == {"numpy": "1.0", "traitlets": "6.0"}
