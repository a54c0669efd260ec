"""Sdists from `add` to the kernel: locked, translated everywhere alike, and none of it ever run."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from tests.indexes import IndexServer, project_wheel
from tests.setuptools_sdists import COMPILED, build_sdist, sdist_files
from tests.wheels import Wheel

from .command_line import Place

PURE = ("docopt", "langdetect", "sgmllib3k", "antlr4-python3-runtime==4.9.3", "jieba", "hydra-core")
PURE += ("fire==0.5.0", "wget", "odfpy")
MODULES = (
    "docopt",
    "langdetect",
    "sgmllib",
    "antlr4",
    "jieba",
    "hydra",
    "fire",
    "wget",
    "odf.text",
)
MEASURE = (
    "import os, subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, *sys.argv[1:]])\n"
    "_, status, usage = os.wait4(child.pid, 0)\n"
    "print(usage.ru_maxrss, file=sys.stderr)\n"
    "os._exit(os.waitstatus_to_exitcode(status))\n"
)
MEMORY = 300 << 20
"""Bytes that the host's process may take at most, whatever an sdist's size."""


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        server.add(project_wheel("ipykernel"), project_wheel("ipywidgets"))
        yield server


@pytest.fixture
def place(tmp_path: Path, index: IndexServer) -> Place:
    return Place(tmp_path, index.url)


def serve(index: IndexServer, sdist: Wheel) -> None:
    index.add_file(sdist.filename, sdist.data, name=sdist.name)


def pinned(lock: Any) -> dict[str, str]:
    return dict(line.split(" ")[:2] for line in lock["distributions"])


def elsewhere(place: Place, index_url: str | None, name: str) -> Place:
    """Return another machine: nothing of the store, and the same notebook."""
    (place.directory / name).mkdir()
    other = Place(place.directory / name, index_url)
    other.write_notebook(lock=place.lock)
    return other


def measured(place: Place, *arguments: str) -> tuple[list[dict[str, Any]], int]:
    """Run a command line to its good end; return its events and the most memory it took.

    A small process starts it, since a process's peak begins with that of the one that forked it.
    """
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "-m", "jupyter_pyartifacts", *arguments, "--json"],
        cwd=place.directory,
        env=place.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], int(done.stderr) * 1024


def printed(place: Place) -> list[str]:
    """Return what the notebook's first cell printed."""
    cell = json.loads(place.notebook.read_bytes())["cells"][0]
    return list(cell["outputs"][-1]["text"])


def movement(events: list[dict[str, Any]], stage: str) -> list[int]:
    return [event["done"] for event in events if event.get("stage") == stage]


def test_a_lock_with_an_sdist_lives_its_life(place: Place, index: IndexServer) -> None:
    serve(index, build_sdist("demo", "1.0", requires=["needed"]))
    index.add(project_wheel("needed"))
    place.ok("add", "n.ipynb", "demo")
    (line,) = (line for line in place.lock["artifacts"] if line.startswith("demo"))
    assert " tree=sha256:" in line
    assert line.endswith(" translator=1")
    assert len(place.lock["trees"]) == 5
    one, *others = {digest.split(" ")[1] for digest in place.lock["trees"]}
    assert others == []
    assert one.startswith("sha256:")

    # Elsewhere it is translated again, and has to come to the same tree.
    other = elsewhere(place, index.url, "other")
    other.ok("instantiate", "n.ipynb", environ={"PYARTIFACTS_TRUST": "all"})
    assert len(index.asked("GET " + next(p for p in index.files if "demo-" in p))) == 2
    (tree,) = {path.parent for path in other.store.glob("artifacts/*/tree/demo")}
    assert sorted(path.name for path in tree.iterdir()) == ["demo", "demo-1.0.dist-info"]

    # Damage is found and mended by translating again.
    module = tree / "demo" / "__init__.py"
    module.chmod(0o644)
    module.write_text("damaged")
    out = other.ok("verify", "n.ipynb", environ={"PYARTIFACTS_TRUST": "all"})
    assert "repaired" in out
    assert module.read_text() == "VERSION = '1.0'\n"

    serve(index, build_sdist("demo", "2.0", requires=["needed"]))
    assert "demo 1.0 -> 2.0" in place.ok("upgrade", "n.ipynb").replace("→", "->")
    assert pinned(place.lock)["demo"] == "2.0"
    place.ok("undo", "n.ipynb")
    assert pinned(place.lock)["demo"] == "1.0"
    place.ok("gc")
    assert len(list(place.store.glob("artifacts/*/tree/demo"))) == 1
    place.ok("remove", "n.ipynb", "demo")
    assert "demo" not in pinned(place.lock)


def test_another_tree_than_the_lock_says(place: Place, index: IndexServer) -> None:
    serve(index, build_sdist())
    place.ok("add", "n.ipynb", "demo")
    lock = place.lock
    lock["artifacts"] = [
        line.split(" tree=")[0] + f" tree=sha256:{'0' * 64} translator=1"
        if line.startswith("demo")
        else line
        for line in lock["artifacts"]
    ]
    other = elsewhere(place, index.url, "other")
    other.write_notebook(lock=lock)
    done = other.run("instantiate", "n.ipynb", environ={"PYARTIFACTS_TRUST": "all"})
    assert done.returncode == 1
    what, expected, found, hint = done.stderr.splitlines()[-4:]
    assert what == "error: demo 1.0: its tree is not the one that the lock pins (demo-1.0.tar.gz)"
    assert expected == f"  expected: sha256:{'0' * 64}"
    assert found.startswith("  found:    sha256:")
    assert hint.startswith("hint: the lock was edited, or an sdist is not translated here as")
    assert list(other.store.glob("artifacts/*/tree/demo")) == []


def test_a_version_passed_over_is_named_by_every_verb(place: Place, index: IndexServer) -> None:
    index.add(project_wheel("demo", "1.0"))
    serve(index, build_sdist("demo", "2.0", COMPILED))
    told = (
        "demo 2.0 was passed over for 1.0: its source has a C extension (`src/fast.c`), and source"
        " that must be compiled is never built"
    )
    for arguments in (("add", "n.ipynb", "demo"), ("upgrade", "n.ipynb"), ("outdated", "n.ipynb")):
        done = place.run(*arguments)
        assert done.returncode == 0, done.stderr
        assert told in " ".join((done.stdout + done.stderr).split())
    result = json.loads(place.ok("outdated", "n.ipynb", "--json").splitlines()[-1])
    assert [(row["name"], row["latest"]) for row in result["outdated"]] == [("demo", "2.0")]
    assert result["notes"][0].startswith(told)


def test_a_huge_sdist_takes_little_memory_and_shows_movement(
    place: Place, index: IndexServer
) -> None:
    stream = io.BytesIO()
    files = {f"demo/part{number}.bin": os.urandom(12 << 20) for number in range(28)}
    members = sdist_files(setup=None) | {
        "setup.py": b"from setuptools import setup\nsetup(name='demo', version='1.0',"
        b" packages=['demo'], package_data={'demo': ['*.bin']})\n"
    }
    with (
        gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=0, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path, data in {**members, **files}.items():
            member = tarfile.TarInfo(f"demo-1.0/{path}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    size = stream.tell()
    assert size > MEMORY
    index.add_file("demo-1.0.tar.gz", stream.getvalue(), name="demo")
    events, memory = measured(place, "add", "n.ipynb", "demo")
    assert memory < MEMORY
    downloaded = movement(events, "download")
    # How often depends on the machine; that it moved between beginning and end does not.
    assert [done for done in downloaded if 0 < done < size]
    assert size in downloaded
    translated = [e for e in events if e.get("stage") == "extract" and e["unit"] == "bytes"]
    assert len({event["done"] for event in translated}) > 1
    assert {event["item"] for event in translated} == {"demo"}
    other = elsewhere(place, index.url, "other")
    other.environ["PYARTIFACTS_TRUST"] = "all"
    assert measured(other, "instantiate", "n.ipynb")[1] < MEMORY


TRAP = "import pathlib\npathlib.Path({marker!r}).joinpath({name!r}).touch()\n"


def trapped(marker: Path) -> Iterator[Wheel]:
    """Yield sdists whose every file that some tool would run leaves a marker if it is run."""

    def trap(name: str) -> str:
        return TRAP.format(marker=str(marker), name=name)

    def pth(name: str) -> str:
        return trap(name).replace("\n", "; ", 1)

    traps = {
        "conftest.py": trap("conftest"),
        "sitecustomize.py": trap("sitecustomize"),
        "usercustomize.py": trap("usercustomize"),
        "trap.pth": pth("pth"),
    }
    yield build_sdist(
        "script",
        files={**traps, "script/__init__.py": "", "script/conftest.py": trap("inner-conftest")},
        setup=trap("setup")
        + "from setuptools import setup\nsetup(name='script', version='1.0', packages=['script'],"
        " py_modules=['sitecustomize', 'usercustomize'],"
        " data_files=[('lib/python3/site-packages', ['trap.pth'])])\n",
    )
    backend = (
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n\n'
        '[project]\nname = "{name}"\nversion = "1.0"\n'
    )
    yield build_sdist(
        "intree",
        files={
            **traps,
            "backend.py": trap("backend"),
            "pyproject.toml": backend.format(name="intree"),
            "intree/__init__.py": "",
        },
        setup=trap("setup-beside-a-backend"),
    )
    yield build_sdist(
        "declared",
        files={
            **traps,
            "src/declared/__init__.py": "VERSION = '1.0'\n" + trap("imported-for-its-version"),
            "src/sitecustomize.py": trap("sitecustomize"),
            "setup.cfg": "[metadata]\nname = declared\nversion = attr: declared.VERSION\n"
            "[options]\npackage_dir =\n    = src\npackages = find:\n"
            "py_modules = sitecustomize\n[options.packages.find]\nwhere = src\n",
        },
        setup=trap("setup-beside-a-cfg") + "from setuptools import setup\nsetup()\n",
    )


@pytest.mark.network
@pytest.mark.kernel
def test_no_code_of_an_archive_is_run(tmp_path: Path, index: IndexServer) -> None:
    marker = tmp_path / "marker"
    marker.mkdir()
    place = Place(tmp_path)  # the kernel's own packages come from the real index
    for sdist in trapped(marker):
        serve(index, sdist)
        sdist.write(tmp_path)
    traps = ("--index", f"traps={index.url}")
    place.ok("add", "n.ipynb", "script", "declared", *traps)
    done = place.run("add", "n.ipynb", "intree", *traps)
    assert done.stderr.splitlines()[0] == (
        "error: intree 1.0: it is built by backend, which is not known here"
        " (intree-1.0.tar.gz: pyproject.toml)"
    )
    place.ok("add", "n.ipynb", "./script-1.0.tar.gz")
    place.ok("verify", "n.ipynb")
    assert list(marker.iterdir()) == []
    cell = "import script, sys\nprint('sitecustomize' in sys.modules)"
    place.write_notebook(cell, lock=place.lock)
    place.ok("run", "n.ipynb")
    assert printed(place) == ["False\n"]
    assert list(marker.iterdir()) == []
    # The traps do work: what the notebook itself imports is run.
    place.write_notebook("import declared", lock=place.lock)
    place.ok("run", "n.ipynb")
    assert [path.name for path in marker.iterdir()] == ["imported-for-its-version"]


@pytest.mark.network
@pytest.mark.kernel
def test_projects_of_the_index_that_have_an_sdist_only(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.ok("add", "n.ipynb", *PURE)
    versions = pinned(place.lock)
    assert Version(versions["hydra-core"]) >= Version("1.3")
    assert sum(" translator=1" in line for line in place.lock["artifacts"]) >= 8
    place.write_notebook(f"import {', '.join(MODULES)}\nprint('here')", lock=place.lock)
    place.ok("run", "n.ipynb")
    assert printed(place) == ["here\n"]

    done = place.run("add", "n.ipynb", "crcmod==1.7")
    assert done.returncode == 1
    first, *_, hint = done.stderr.splitlines()
    assert first.startswith("error: crcmod 1.7: its source has a C extension (`")
    assert "_crcfunext.c`), and source that must be compiled is never built" in first
    assert hint.startswith("hint: ")


@pytest.mark.network
@pytest.mark.kernel
def test_pyspark_in_little_memory(tmp_path: Path) -> None:
    place = Place(tmp_path)
    events, memory = measured(place, "add", "n.ipynb", "pyspark")
    assert memory < MEMORY
    assert len(set(movement(events, "download"))) > 3
    place.write_notebook("import pyspark\nprint(pyspark.__version__)", lock=place.lock)
    place.ok("run", "n.ipynb")
    assert printed(place) == [pinned(place.lock)["pyspark"] + "\n"]
