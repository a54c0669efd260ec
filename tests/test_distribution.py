"""What we ship: an sdist, and the wheel that is built from it without Node."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from jupyter_pyartifacts import __version__

# The build environment comes from the package index.
pytestmark = pytest.mark.network

ROOT = Path(__file__).parent.parent
NAME = f"jupyter_pyartifacts-{__version__}"
DATA = f"{NAME}.data/data"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist from the tree, and the wheel from the unpacked sdist."""
    out = tmp_path_factory.mktemp("dist")
    environ = {k: v for k, v in os.environ.items() if k != "PYARTIFACTS_BUILD_LABEXTENSION"}
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)],
        env=environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The wheel is made of the sdist, which has the extension: yarn ran for the tree, if at all.
    assert "labextension: yarn" not in done.stdout.partition("Building wheel from sdist")[2]
    return out


def test_the_wheel_brings_the_lab_extension_and_every_switch_of_jupyter(dist: Path) -> None:
    with zipfile.ZipFile(dist / f"{NAME}-py3-none-any.whl") as wheel:
        names = wheel.namelist()
    lab = f"{DATA}/share/jupyter/labextensions/jupyter-pyartifacts"
    for expected in (
        f"{lab}/package.json",
        f"{lab}/install.json",
        f"{DATA}/etc/jupyter/jupyter_server_config.d/jupyter_pyartifacts.json",
        f"{DATA}/etc/ipython/startup/50-jupyter-pyartifacts.py",
        "jupyter_pyartifacts/lock.schema.json",
        "jupyter_pyartifacts/shim/bootstrap.py",
    ):
        assert expected in names
    assert any(name.startswith(f"{lab}/static/remoteEntry.") for name in names)
    top = {name.split("/")[0] for name in names}
    assert top == {"jupyter_pyartifacts", f"{NAME}.data", f"{NAME}.dist-info"}
    assert not [name for name in names if name.startswith("jupyter_pyartifacts/labextension")]


def test_the_sdist_has_the_sources_and_the_built_extension(dist: Path) -> None:
    with tarfile.open(dist / f"{NAME}.tar.gz") as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    for expected in (
        "labextension/src/index.ts",
        "labextension/yarn.lock",
        "labextension/hatch_build.py",
        "jupyter_pyartifacts/labextension/package.json",
        "README.md",
        "LICENSE",
    ):
        assert expected in names
    assert not [name for name in names if "node_modules" in name]
