"""pip, uv and juv read what we write, and we read what juv writes: the real programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from uv import find_uv_bin

from jupyter_pyartifacts.lock import parse_lock
from jupyter_pyartifacts.plan import pins_for
from jupyter_pyartifacts.platforms import identify_platform

from .command_line import Place

pytestmark = pytest.mark.network

UV = find_uv_bin()
Run = Callable[..., str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A notebook that is locked and exported in every format."""
    place = Place(tmp_path_factory.mktemp("exported"))
    place.write_notebook("import six\nprint(six.__version__)")
    place.ok("add", "n.ipynb", "six>=1.16", "python-dateutil==2.9.0.post0")
    for name in ("pylock.toml", "requirements.txt", "environment.yml", "script.py", "juv.ipynb"):
        place.ok("export", "n.ipynb", "-o", name)
    return place


@pytest.fixture
def run(place: Place) -> Run:
    """Run a program beside the exports, with the tester's own indexes, and return its stdout."""

    def run(*command: str, **variables: str) -> str:
        environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environ["VIRTUAL_ENV"] = ""
        done = subprocess.run(
            command,
            cwd=place.directory,
            env={**environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def fresh(run: Run, tmp_path: Path) -> Path:
    """Make an empty environment of this Python; return its directory."""
    run(UV, "venv", "-q", "-p", sys.executable, str(tmp_path / "venv"))
    return tmp_path / "venv"


@pytest.fixture(scope="module")
def newest_pip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Install the newest pip, which reads pylock.toml; return the Python that has it."""
    venv = tmp_path_factory.mktemp("pip") / "venv"
    subprocess.run([UV, "venv", "-q", "-p", sys.executable, str(venv)], check=True)
    python = str(venv / "bin" / "python")
    subprocess.run([UV, "pip", "install", "-q", "-p", python, "pip>=26.1"], check=True)
    return python


def installed(run: Run, venv: Path) -> dict[str, str]:
    python = str(venv / "bin" / "python")
    listed = json.loads(run(UV, "pip", "list", "--format", "json", "-p", python))
    return {each["name"]: each["version"] for each in listed}


def pinned(place: Place) -> dict[str, str]:
    """Return what the lock pins for this machine."""
    import platform

    pins = pins_for(parse_lock(place.lock), identify_platform(sys.platform, platform.machine()))
    return {pin.distribution.name: pin.distribution.version for pin in pins}


def test_uv_syncs_with_a_pylock(place: Place, run: Run, fresh: Path) -> None:
    python = str(fresh / "bin" / "python")
    run(UV, "pip", "sync", "-q", "--preview", "-p", python, "pylock.toml")
    assert installed(run, fresh) == pinned(place)


def test_uv_installs_requirements_with_hashes(place: Place, run: Run, fresh: Path) -> None:
    python = str(fresh / "bin" / "python")
    run(UV, "pip", "install", "-q", "--require-hashes", "-p", python, "-r", "requirements.txt")
    assert installed(run, fresh) == pinned(place)


@pytest.mark.parametrize("name", ["pylock.toml", "requirements.txt"])
def test_pip_installs_them(place: Place, run: Run, fresh: Path, newest_pip: str, name: str) -> None:
    hashes = ["--require-hashes"] if name == "requirements.txt" else []
    python = str(fresh / "bin" / "python")
    run(newest_pip, "-m", "pip", "--python", python, "install", "-q", *hashes, "-r", name)
    assert installed(run, fresh) == pinned(place)


def test_pip_refuses_them_with_another_hash(place: Place, fresh: Path, newest_pip: str) -> None:
    text = (place.directory / "requirements.txt").read_text()
    place_of = text.index("sha256:", text.index("six=="))
    changed = text[: place_of + 7] + "f" * 64 + text[place_of + 71 :]
    (place.directory / "changed.txt").write_text(changed)
    done = subprocess.run(
        [
            *(newest_pip, "-m", "pip", "--python", str(fresh / "bin" / "python"), "install"),
            *("-q", "--no-deps", "--require-hashes", "-r", "changed.txt"),
        ],
        cwd=place.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_conda_would_install_the_same_by_pip(place: Place, run: Run, fresh: Path) -> None:
    """The pip part of environment.yml is what conda hands to pip as a requirements file."""
    import yaml

    parsed = yaml.safe_load((place.directory / "environment.yml").read_text())
    assert parsed["dependencies"][0] == f"python={place.lock['python'].split(' ')[1]}"
    (place.directory / "conda.txt").write_text("\n".join(parsed["dependencies"][-1]["pip"]))
    python = str(fresh / "bin" / "python")
    run(UV, "pip", "install", "-q", "-p", python, "-r", "conda.txt")
    assert installed(run, fresh) == pinned(place)


def test_uv_runs_a_script_with_our_block(place: Place, run: Run) -> None:
    block = (place.directory / "script.py").read_text()
    (place.directory / "whole.py").write_text(f"{block}import six\nprint(six.__name__)\n")
    assert run(UV, "run", "-q", "--script", "whole.py") == "six\n"


def test_juv_opens_our_notebook_and_we_open_its_lock(
    place: Place, run: Run, tmp_path: Path
) -> None:
    juv = [UV, "tool", "run", "-q", "--from", "juv", "juv"]
    notebook = tmp_path / "juv.ipynb"
    notebook.write_bytes((place.directory / "juv.ipynb").read_bytes())
    assert "six" in run(*juv, "tree", str(notebook))
    assert run(*juv, "exec", str(notebook)).startswith("1.")
    run(*juv, "lock", str(notebook))
    back = Place(tmp_path)
    back.ok("import", "n.ipynb", "--from", "juv.ipynb")
    assert back.lock["requirements"] == place.lock["requirements"]
    juvs = json.loads(notebook.read_text())["metadata"]["uv.lock"]
    for line in back.lock["artifacts"]:
        name, digest = line.split(" ")[:2]
        if name.startswith(("six", "python_dateutil")):
            assert digest in juvs
