"""Export and import from end to end: what goes out comes back, and garbage changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.interop.toml import tomllib
from tests.indexes import IndexServer, project_wheel
from tests.sdists import write_sdist

from .command_line import Place
from .test_command_line import events, pins


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexServer]:
    index = IndexServer()
    index.add(project_wheel("ipykernel", "1.0"))
    index.add(project_wheel("ipywidgets", "1.0"))
    index.add(project_wheel("demo", "1.0", requires=["needed", "windows; sys_platform == 'win32'"]))
    index.add(project_wheel("demo", "1.5", requires=["needed"]))
    index.add(project_wheel("needed", "1.0"))
    index.add(project_wheel("needed", "2.0"))
    index.add(project_wheel("windows", "1.0", tag="py3-none-win_amd64"))
    for tag in ("manylinux_2_17_x86_64", "manylinux_2_17_aarch64", "win_amd64"):
        index.add(project_wheel("binary", "1.0", tag=f"py3-none-{tag}"))
    for tag in ("macosx_11_0_arm64", "macosx_11_0_x86_64"):
        index.add(project_wheel("binary", "1.0", tag=f"py3-none-{tag}"))
    index.add(project_wheel("extra", "1.0"))
    source = tmp_path_factory.mktemp("sdist")
    info = "Metadata-Version: 2.2\nName: pure\nVersion: 1.0\nRequires-Dist: extra\n"
    project = "[build-system]\nrequires = ['flit_core']\nbuild-backend = 'flit_core.buildapi'\n"
    project += (
        "[project]\nname = 'pure'\nversion = '1.0'\ndescription = 'x'\ndependencies = ['extra']\n"
    )
    files = {"pyproject.toml": project, "pure.py": '"""Pure."""\n__version__ = "1.0"\n'}
    sdist = write_sdist(source, files, name="pure", pkg_info=info)
    index.add_file(sdist.name, sdist.read_bytes(), name="pure")
    with index:
        yield index


@pytest.fixture
def place(tmp_path: Path, index: IndexServer) -> Place:
    return Place(tmp_path, index.url)


@pytest.fixture
def locked(place: Place) -> Place:
    """A notebook that has everything: old versions, wheels a platform, a marker, a source."""
    place.ok("add", "n.ipynb", "demo<1.2", "binary", "needed<2", "pure")
    return place


def fresh(place: Place, *sources: str, lock: object = None) -> Any:
    """Begin again with an empty notebook, and return the lock that was there."""
    before = place.lock
    place.write_notebook(*sources, lock=lock)
    return before


@pytest.mark.parametrize("name", ["pylock.toml", "requirements.txt", "other.ipynb"])
def test_what_is_exported_comes_back(locked: Place, name: str) -> None:
    if name.endswith(".ipynb"):
        (locked.directory / name).write_bytes(locked.notebook.read_bytes())
    else:
        events(locked, "export", "n.ipynb", "-o", name)
    before = fresh(locked)
    result = events(locked, "import", "n.ipynb", "--from", name)
    for field in ("artifacts", "distributions", "platforms", "trees", "python"):
        assert locked.lock[field] == before[field], field
    assert result["lock"] == locked.lock
    if name != "requirements.txt":
        assert locked.lock["requirements"] == before["requirements"]
    else:
        assert locked.lock["requirements"] == [
            *("binary==1.0", "demo==1.0", "needed==1.0", "pure==1.0")
        ]
    assert json.loads(locked.ok("history", "n.ipynb", "--json"))["history"][0]["what"] == (
        f"import {name}"
    )
    locked.ok("undo", "n.ipynb")
    assert locked.lock is None


def test_a_file_without_our_own_words_comes_back_too(locked: Place) -> None:
    text = locked.ok("export", "n.ipynb", "--format", "requirements")
    plain = "".join(line for line in text.splitlines(True) if "#" not in line)
    (locked.directory / "plain.txt").write_text(plain)
    exported = locked.ok("export", "n.ipynb")
    (locked.directory / "pylock.toml").write_text(exported[: exported.index("[tool.pyartifacts]")])
    for name in ("plain.txt", "pylock.toml"):
        before = fresh(locked)
        locked.ok("import", "n.ipynb", "--from", name)
        assert locked.lock["artifacts"] == before["artifacts"]
        # `needed` came with `demo`, as far as these files and what they resolve to tell.
        names = [text.split("==")[0] for text in locked.lock["requirements"]]
        assert names == ["binary", "demo", "pure"]
        fresh(locked, lock=before)


def test_local_wheels_go_with_the_paths(place: Place) -> None:
    from tests.indexes import project_wheel

    wheel = project_wheel("mine", "1.0")
    (place.directory / "wheels").mkdir()
    wheel.write(place.directory / "wheels")
    (place.directory / "out").mkdir()
    place.ok("add", "n.ipynb", f"wheels/{wheel.filename}", "extra")
    for file in ("out/pylock.toml", "out/requirements.txt"):
        place.ok("export", "n.ipynb", "-o", file)
        assert f"../wheels/{wheel.filename}" in (place.directory / file).read_text()
        before = fresh(place)
        place.ok("import", "n.ipynb", "--from", file)
        assert place.lock["artifacts"] == before["artifacts"]
        assert f"./wheels/{wheel.filename}" in place.lock["requirements"]
    block = place.ok("export", "n.ipynb", "--format", "script")
    assert f"mine @ file://{place.directory}/wheels/{wheel.filename}" in block


def test_a_lock_of_another_notebook_moves_with_its_wheels(place: Place) -> None:
    from tests.indexes import project_wheel

    wheel = project_wheel("mine", "1.0")
    wheel.write(place.directory)
    place.ok("add", "n.ipynb", f"./{wheel.filename}")
    (place.directory / "sub").mkdir()
    other = place.directory / "sub" / "m.ipynb"
    other.write_text(json.dumps({**json.loads(place.notebook.read_text()), "metadata": {}}))
    place.ok("import", "sub/m.ipynb", "--from", "n.ipynb")
    lock = json.loads(other.read_text())["metadata"]["pyartifacts"]
    assert lock["requirements"] == [f"../{wheel.filename}"]
    assert any(f" file:../{wheel.filename}" in line for line in lock["artifacts"])
    place.ok("instantiate", "sub/m.ipynb")


def test_a_strangers_lock_is_not_laundered(locked: Place) -> None:
    (locked.directory / "other.ipynb").write_bytes(locked.notebook.read_bytes())
    fresh(locked)
    stranger = {"XDG_CONFIG_HOME": str(locked.directory / "stranger")}
    before = locked.state()
    done = locked.run("import", "n.ipynb", "--from", "other.ipynb", environ=stranger)
    assert done.returncode == 1
    assert "made by somebody else" in done.stderr
    done = locked.run("export", "other.ipynb", environ=stranger)
    assert (done.returncode, done.stdout) == (1, "")
    assert locked.state() == before


def test_a_file_joins_what_is_there_or_takes_its_place(place: Place) -> None:
    place.ok("add", "n.ipynb", "extra", "needed")
    (place.directory / "requirements.txt").write_text("demo==1.0\nneeded<2\n")
    dry = events(place, "import", "n.ipynb", "--from", "requirements.txt", "--dry-run")
    assert dry["dry_run"]
    assert place.lock["requirements"] == ["extra", "needed"]
    joined = events(place, "import", "n.ipynb", "--from", "requirements.txt")
    assert place.lock["requirements"] == ["extra", "needed<2", "demo==1.0"]
    assert joined["notes"] == [
        "the notebook's own requirements stay (1); --replace takes the file's alone"
    ]
    events(place, "import", "n.ipynb", "--from", "requirements.txt", "--replace")
    assert place.lock["requirements"] == ["demo==1.0", "needed<2"]
    assert pins(place.lock)[0] == "demo 1.0"
    place.ok("undo", "n.ipynb")
    assert place.lock["requirements"] == ["extra", "needed<2", "demo==1.0"]


def test_a_pin_wins_over_the_notebooks_own(place: Place) -> None:
    place.ok("add", "n.ipynb", "needed")
    assert "needed 2.0" in pins(place.lock)
    (place.directory / "r.txt").write_text(f"needed==1.0 --hash=sha256:{_sha256(place, 'needed')}")
    place.ok("import", "n.ipynb", "--from", "r.txt")
    assert "needed 1.0" in pins(place.lock)


def _sha256(place: Place, name: str) -> str:
    from tests.indexes import project_wheel

    return hashlib.sha256(project_wheel(name, "1.0").data).hexdigest()


def test_another_hash_is_refused(place: Place) -> None:
    (place.directory / "r.txt").write_text(f"needed==1.0 --hash=sha256:{'a' * 64}\nextra==1.0\n")
    before = place.state()
    done = place.run("import", "n.ipynb", "--from", "r.txt")
    assert done.returncode == 1
    assert done.stderr == (
        "error: no file of needed 1.0 on the index has a hash that is demanded (needed)\n"
        f"  expected: sha256:{'a' * 64}\n"
        f"  found:    sha256:{_sha256(place, 'needed')}\n"
        "hint: find out which of the two is right: the index may serve another file under that"
        " name, or the hashes may be of another index\n"
    )
    assert place.state() == before


def test_a_hash_that_the_index_keeps_to_itself_is_checked_all_the_same(tmp_path: Path) -> None:
    index = IndexServer()
    for name in ("ipykernel", "ipywidgets"):
        index.add(project_wheel(name, "1.0"))
    index.add(project_wheel("quiet", "1.0"), sha256=False)
    with index:
        place = Place(tmp_path, index.url)
        (tmp_path / "r.txt").write_text(f"quiet==1.0 --hash=sha256:{'a' * 64}\n")
        done = place.run("import", "n.ipynb", "--from", "r.txt")
        assert done.returncode == 1
        assert done.stderr.startswith("error: quiet 1.0 is not the file that its hash demands")
        assert place.lock is None
        (tmp_path / "r.txt").write_text(f"quiet==1.0 --hash=sha256:{_sha256(place, 'quiet')}\n")
        place.ok("import", "n.ipynb", "--from", "r.txt")
        assert "quiet 1.0" in pins(place.lock)


def test_a_file_with_the_hashes_of_one_platform_locks_that_one(locked: Place) -> None:
    exported = locked.ok("export", "n.ipynb", "--format", "requirements")
    wheel = next(line for line in locked.lock["artifacts"] if "manylinux_2_17_x86_64" in line)
    digest = wheel.split(" ")[1].removeprefix("sha256:")
    others = [
        line.split(" ")[1].removeprefix("sha256:")
        for line in locked.lock["artifacts"]
        if line.startswith("binary") and digest not in line
    ]
    lines = [line for line in exported.splitlines() if not any(other in line for other in others)]
    text = "\n".join(lines).replace(f"{digest} \\", digest)
    (locked.directory / "linux.txt").write_text(text)
    fresh(locked)
    locked.ok("import", "n.ipynb", "--from", "linux.txt")
    assert locked.lock["platforms"] == ["linux-x86_64"]
    assert locked.lock["left_out"][0].startswith("linux-aarch64 binary")


def test_a_notebook_reads_its_own_cells(place: Place) -> None:
    place.write_notebook("%pip install -q 'demo<1.2'\nimport demo", "!pip install extra")
    events(place, "import", "n.ipynb")
    assert place.lock["requirements"] == ["demo<1.2", "extra"]


def test_pyproject_with_an_extra_and_a_group(place: Place) -> None:
    (place.directory / "pyproject.toml").write_text(
        '[project]\nname = "x"\nrequires-python = ">=3.8"\ndependencies = ["demo"]\n'
        '[project.optional-dependencies]\nmore = ["extra"]\n'
        '[dependency-groups]\ntest = ["binary"]\n'
        '[tool.uv]\nconstraint-dependencies = ["demo<1.2"]\n'
    )
    how = ("--from", "pyproject.toml", "--extra", "more", "--group", "test")
    place.ok("import", "n.ipynb", *how)
    assert place.lock["requirements"] == ["demo", "extra", "binary"]
    assert "demo 1.0" in pins(place.lock)


def test_an_index_that_a_file_brings_along_from_this_network_is_not_asked(place: Place) -> None:
    other = IndexServer()
    other.add(project_wheel("extra", "9.0"))
    with other:
        (place.directory / "pyproject.toml").write_text(
            '[project]\nname = "x"\ndependencies = ["demo", "extra"]\n'
            f'[[tool.uv.index]]\nname = "mine"\nurl = "{other.url}"\nexplicit = true\n'
            '[tool.uv.sources]\nextra = { index = "mine" }\n'
        )
        result = events(place, "import", "n.ipynb", "--from", "pyproject.toml")
        assert (other.requests, "extra 1.0" in pins(place.lock)) == ([], True)
        assert f"{other.url} is not used for extra" in result["notes"][0]
        place.environ["PYARTIFACTS_ALLOWED_INDEXES"] = other.url
        place.ok("import", "n.ipynb", "--from", "pyproject.toml")
        assert "extra 9.0 @ mine" in pins(place.lock)
        exported = tomllib.loads(place.ok("export", "n.ipynb"))
        tied = {each["name"]: each.get("index") for each in exported["packages"]}
        assert (tied["extra"], tied["demo"]) == (other.url, None)


def test_another_python_is_said(place: Place) -> None:
    (place.directory / "x.py").write_text(
        '# /// script\n# requires-python = ">=3.99"\n# dependencies = ["demo"]\n# ///\n'
    )
    before = place.state()
    done = place.run("import", "n.ipynb", "--from", "x.py")
    assert done.returncode == 2
    assert done.stderr.startswith("error: x.py is for another Python than the notebook\n")
    assert place.state() == before


def test_included_files_are_read_beside_the_one_that_names_them(place: Place) -> None:
    folder = place.directory / "sub"
    folder.mkdir()
    (folder / "more.txt").write_text("extra\n-r nothing.txt\n")
    (place.directory / "r.txt").write_text("demo\n-r sub/more.txt\n")
    done = place.run("import", "n.ipynb", "--from", "r.txt")
    assert done.stderr.startswith(
        f"error: there is no such file (sub/more.txt, line 2: {folder}/nothing.txt)\n"
    )
    (folder / "nothing.txt").write_text("")
    place.ok("import", "n.ipynb", "--from", "r.txt")
    assert place.lock["requirements"] == ["demo", "extra"]


def test_an_export_replaces_no_file_unasked(locked: Place) -> None:
    target = locked.directory / "pylock.toml"
    target.write_text("mine")
    done = locked.run("export", "n.ipynb", "-o", "pylock.toml")
    assert (done.returncode, target.read_text()) == (1, "mine")
    assert done.stderr == (
        f"error: there is a file of that name, and it was not replaced ({target})\n"
        "hint: name another file, or replace it with --force\n"
    )
    assert locked.ok("export", "n.ipynb", "-o", "pylock.toml", "--force") == (
        f"wrote {target}: 8 distributions, as pylock\n"
    )
    done = locked.run("export", "n.ipynb", "-o", "n.ipynb", "--format", "script", "--force")
    assert done.stderr.startswith("error: the notebook itself would be replaced")
    done = locked.run("export", "n.ipynb", "-o", "no/x.toml")
    assert done.stderr.startswith("error: the file cannot be written there")


def test_an_environment_file_and_a_copy_for_juv(locked: Place) -> None:
    text = locked.ok("export", "n.ipynb", "--format", "environment")
    assert "      - \"windows==1.0 ; sys_platform == 'win32'\"" in text.splitlines()
    locked.ok("export", "n.ipynb", "-o", "juv.ipynb")
    copy = json.loads((locked.directory / "juv.ipynb").read_text())
    assert "pyartifacts" not in copy["metadata"]
    assert copy["cells"][0]["source"][0] == "# /// script\n"
    # And back: the block is read out of its cell.
    fresh(locked)
    locked.ok("import", "n.ipynb", "--from", "juv.ipynb")
    assert locked.lock["requirements"] == ["demo<1.2", "binary", "needed<2", "pure"]


def test_the_python_of_a_notebook(locked: Place) -> None:
    import subprocess

    python = locked.ok("python", "n.ipynb").strip()
    script = "import demo; print(demo.__version__)"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0\n"
    result = events(locked, "python", "n.ipynb")
    assert result["python"] == python
    fresh(locked)
    done = locked.run("python", "n.ipynb")
    assert (done.returncode, done.stdout) == (1, "")
