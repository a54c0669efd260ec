"""git, nbdime, jupytext and nbstripout with locked notebooks: the real tools."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.indexes import IndexServer, project_wheel

from .command_line import Place
from .test_command_line import events, pins

NOT_WHOLE = "error: the lock is not of one piece: two locks were merged, or it was edited"


@pytest.fixture(scope="module")
def index() -> Iterator[IndexServer]:
    index = IndexServer()
    for name in ("ipykernel", "ipywidgets", "apple", "zebra", "shared"):
        index.add(project_wheel(name, "1.0"))
    index.add(project_wheel("shared", "2.0"))
    index.add(project_wheel("demo", "1.0", requires=["needed"]))
    index.add(project_wheel("needed", "1.0"))
    with index:
        yield index


@pytest.fixture
def place(tmp_path: Path, index: IndexServer) -> Place:
    place = Place(tmp_path, index.url)
    place.write_notebook("import demo")
    place.ok("add", "n.ipynb", "demo", "shared<2")
    git(place, "init", "-q", "-b", "main", ".")
    git(place, "add", "n.ipynb")
    git(place, "commit", "-qm", "base")
    return place


def git(place: Place, *arguments: str, code: int = 0) -> str:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    done = subprocess.run(
        ["git", *who, *arguments],
        cwd=place.directory,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def tool(place: Place, name: str, *arguments: str, code: int = 0) -> str:
    """Run a program of this environment."""
    program = Path(sys.executable).with_name(name)
    done = subprocess.run(
        [str(program), *arguments],
        cwd=place.directory,
        env=place.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def branch(place: Place, *verbs: tuple[str, ...]) -> None:
    """Change the notebook on `main` by the first command line, on `other` by the second."""
    git(place, "checkout", "-qb", "other")
    place.ok(*verbs[1])
    git(place, "commit", "-qam", "theirs")
    git(place, "checkout", "-q", "main")
    place.ok(*verbs[0])
    git(place, "commit", "-qam", "ours")


BOTH = (("add", "n.ipynb", "apple"), ("add", "n.ipynb", "zebra"))


def conflicted(place: Place, *options: str) -> None:
    git(place, *options, "merge", "other", code=1)
    assert b"\n<<<<<<< " in place.notebook.read_bytes()


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_a_conflict_in_the_lock_is_seen_and_resolved(place: Place, style: str) -> None:
    branch(place, *BOTH)
    conflicted(place, "-c", f"merge.conflictStyle={style}")
    done = place.run("show", "n.ipynb")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the notebook has an unresolved merge conflict")
    assert "jupyter pyartifacts lock NOTEBOOK --merge" in done.stderr

    before = place.state()
    dry = events(place, "lock", "n.ipynb", "--merge", "--dry-run")
    assert dry["lock"]["requirements"] == ["demo", "shared<2", "apple", "zebra"]
    assert place.state() == before

    # Both sides are this user's own, as git knows them: no more is asked.
    events(place, "lock", "n.ipynb", "--merge")
    assert place.lock["requirements"] == ["demo", "shared<2", "apple", "zebra"]
    assert pins(place.lock)[:2] == ["apple 1.0", "demo 1.0"]
    assert "zebra 1.0" in pins(place.lock)
    assert json.loads(place.notebook.read_text())["cells"][0]["source"] == ["import demo"]
    place.ok("instantiate", "n.ipynb")
    git(place, "commit", "-qam", "merged")


def test_a_strangers_side_wants_to_be_trusted(place: Place) -> None:
    branch(place, *BOTH)
    conflicted(place)
    stranger = {"XDG_CONFIG_HOME": str(place.directory / "stranger")}
    before = place.state()
    done = place.run("lock", "n.ipynb", "--merge", environ=stranger)
    assert done.returncode == 1
    assert done.stderr == (
        "error: the merged lock may be another author's, and you have not approved it"
        f" ({place.notebook})\n"
        "  It asks for demo, shared<2, apple, zebra: 7 distributions from the default index.\n"
        "hint: look at it with `jupyter pyartifacts lock NOTEBOOK --merge --dry-run`; to approve"
        " and write it, add --trust\n"
    )
    assert place.state() == before
    place.ok("lock", "n.ipynb", "--merge", "--trust", environ=stranger)
    place.ok("instantiate", "n.ipynb", environ=stranger)


def test_without_git_the_markers_tell_both_sides(place: Place) -> None:
    branch(place, *BOTH)
    conflicted(place)
    shutil.rmtree(place.directory / ".git")
    assert place.run("lock", "n.ipynb", "--merge").returncode == 1
    place.ok("lock", "n.ipynb", "--merge", "--trust")
    assert place.lock["requirements"] == ["demo", "shared<2", "apple", "zebra"]


def test_pins_of_both_sides_are_preferences(place: Place, index: IndexServer) -> None:
    branch(place, ("add", "n.ipynb", "apple"), ("add", "n.ipynb", "shared==2.0"))
    index.add(project_wheel("needed", "9.0"))
    try:
        conflicted(place)
        place.ok("lock", "n.ipynb", "--merge", "--trust")
    finally:
        index.projects["needed"].pop()
    assert [pin for pin in pins(place.lock) if pin.startswith(("needed", "shared"))] == [
        "needed 1.0",
        "shared 2.0",
    ]


@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_what_one_side_took_out_is_out(place: Place, style: str) -> None:
    branch(place, ("remove", "n.ipynb", "shared"), ("add", "n.ipynb", "zebra"))
    conflicted(place, "-c", f"merge.conflictStyle={style}")
    if style == "diff3":
        shutil.rmtree(place.directory / ".git")  # the markers tell the base as well
    place.ok("lock", "n.ipynb", "--merge", "--trust")
    assert place.lock["requirements"] == ["demo", "zebra"]


def test_conflicts_outside_the_lock_are_not_touched(place: Place) -> None:
    def edit(source: str) -> None:
        document = json.loads(place.notebook.read_text())
        document["cells"][0]["source"] = [source]
        place.notebook.write_text(json.dumps(document, indent=1) + "\n")

    git(place, "checkout", "-qb", "other")
    edit("import zebra")
    git(place, "commit", "-qam", "theirs")
    git(place, "checkout", "-q", "main")
    edit("import apple")
    git(place, "commit", "-qam", "ours")
    conflicted(place)
    before = place.state()
    done = place.run("lock", "n.ipynb", "--merge", "--trust")
    assert done.returncode == 1
    assert done.stderr == (
        "error: the notebook has merge conflicts outside its lock"
        f" ({place.notebook}, cells[0].source[0])\n"
        "hint: resolve these first (nbdime mergetool, or an editor), and keep the lock's\n"
    )
    assert place.state() == before


@pytest.mark.parametrize(
    ("option", "lost"), [("ours", "zebra 1.0"), ("theirs", "apple 1.0")], ids=["ours", "theirs"]
)
def test_a_merge_that_is_valid_json_and_no_lock(place: Place, option: str, lost: str) -> None:
    branch(place, *BOTH)
    git(place, "merge", "-q", "-X", option, "other", "-m", "merged")
    done = place.run("instantiate", "n.ipynb")
    assert done.returncode == 1
    assert done.stderr == (
        f"{NOT_WHOLE} ({place.notebook})\n"
        f"  found:    {lost} is pinned, and nothing needs it\n"
        "hint: lock again from what both sides asked for: jupyter pyartifacts lock NOTEBOOK"
        " --merge\n"
    )
    assert place.run("trust", "n.ipynb").returncode == 1
    place.ok("lock", "n.ipynb", "--merge", "--trust")
    # The requirement was lost in the merge; its pin tells of it.
    assert sorted(place.lock["requirements"]) == ["apple", "demo", "shared<2", "zebra"]
    place.ok("instantiate", "n.ipynb")


def test_a_union_merge_is_no_lock_either(place: Place) -> None:
    branch(place, *BOTH)
    (place.directory / ".gitattributes").write_text("*.ipynb merge=union\n")
    git(place, "merge", "-q", "other", "-m", "merged")
    before = place.state()
    done = place.run("instantiate", "n.ipynb")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("hint: ")
    assert place.state() == before


def test_nbdime_merges_and_we_lock_what_both_wanted(place: Place) -> None:
    branch(place, *BOTH)
    for name, revision in (("base", "main~1"), ("ours", "main"), ("theirs", "other")):
        text = git(place, "show", f"{revision}:n.ipynb")
        (place.directory / f"{name}.ipynb").write_text(text)
    files = ("base.ipynb", "ours.ipynb", "theirs.ipynb")
    tool(place, "nbmerge", *files, "--out", "n.ipynb", code=1)
    merged = json.loads(place.notebook.read_text())["metadata"]
    assert "nbdime-conflicts" in merged
    done = place.run("instantiate", "n.ipynb")
    assert done.stderr.startswith(NOT_WHOLE)
    place.ok("lock", "n.ipynb", "--merge", "--trust")
    assert place.lock["requirements"] == ["demo", "shared<2", "apple", "zebra"]
    assert list(json.loads(place.notebook.read_text())["metadata"]) == ["pyartifacts"]


def test_a_pin_twice_is_seen(place: Place) -> None:
    lock = place.lock
    line = next(line for line in lock["distributions"] if line.startswith("shared"))
    lock["distributions"] = sorted([*lock["distributions"], line.replace("1.0", "2.0")])
    artifact = next(line for line in lock["artifacts"] if line.startswith("shared"))
    lock["artifacts"] = sorted([*lock["artifacts"], artifact.replace("1.0", "2.0")])
    lock["requirements"] = ["demo", "shared"]
    place.write_notebook(lock=lock)
    done = place.run("instantiate", "n.ipynb", "--trust")
    assert done.returncode == 1
    assert "the lock pins shared twice for" in done.stderr
    assert "--merge" in done.stderr
    place.ok("lock", "n.ipynb", "--merge", "--trust")
    assert "shared 2.0" in pins(place.lock)


@pytest.mark.parametrize(
    "text",
    [
        "<<<<<<< a\n{\n",
        "{\n=======\n}",
        '<<<<<<< a\n{"x": 1}\n=======\n{}\n>>>>>>> b\n',
        "",
        "\x00",
    ],
)
def test_what_cannot_be_taken_apart(place: Place, text: str) -> None:
    place.notebook.write_text(text)
    before = place.state()
    done = place.run("lock", "n.ipynb", "--merge", "--trust")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("hint: ")
    assert "nobody foresaw" not in done.stderr
    assert place.state() == before


# Locks that were lost


def lose(place: Place) -> Any:
    """Take the lock out of the notebook as a careless tool does; return it."""
    document = json.loads(place.notebook.read_text())
    lock = document["metadata"].pop("pyartifacts")
    place.notebook.write_text(json.dumps(document))
    return lock


def test_a_lost_lock_comes_back_from_the_store(place: Place) -> None:
    lock = lose(place)
    result = events(place, "lock", "n.ipynb", "--recover")
    assert place.lock == lock
    assert result["notes"][0].startswith("found in the store: the notebook used it at ")
    assert result["environment"] is not None
    done = place.run("lock", "n.ipynb", "--recover")
    assert done.stderr.startswith("error: the notebook has its lock")


def test_a_lost_lock_comes_back_from_an_output(place: Place) -> None:
    lock = lose(place)
    shutil.rmtree(place.store)
    document = json.loads(place.notebook.read_text())
    mime = "application/vnd.pyartifacts.lock+json"
    older = {**lock, "requirements": ["demo"]}

    def cell(count: int, bundle: Any) -> dict[str, Any]:
        output = {"output_type": "display_data", "metadata": {}, "data": {mime: bundle}}
        return {**document["cells"][0], "execution_count": count, "outputs": [output]}

    document["cells"] = [cell(7, {"lock": lock}), cell(3, {"lock": older}), cell(9, {"lock": None})]
    place.notebook.write_text(json.dumps(document))
    result = events(place, "lock", "n.ipynb", "--recover", "--dry-run")
    assert place.lock is None
    result = events(place, "lock", "n.ipynb", "--recover")
    assert place.lock == lock
    assert result["notes"] == ["found in the output of cells[0]"]


def test_a_later_lock_in_an_output_takes_the_place_of_the_notebooks_own(place: Place) -> None:
    """VS Code saves outputs and no metadata of ours."""
    before = place.lock
    result = events(place, "add", "n.ipynb", "apple")
    later = json.loads(json.dumps(result["lock"]))
    later["history"][0]["when"] = "2199-01-01T00:00:00Z"
    data = {"application/vnd.pyartifacts.lock+json": {"lock": later, "digest": result["digest"]}}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    for lock, expected in ((before, later), (later, None)):
        place.write_notebook("%pyartifacts add apple", lock=lock)
        document = json.loads(place.notebook.read_text())
        document["cells"][0].update(execution_count=1, outputs=[output])
        place.notebook.write_text(json.dumps(document))
        done = place.run("lock", "n.ipynb", "--recover", "--json")
        if expected is None:
            assert "the notebook has its lock, so there is nothing to recover" in done.stderr
            continue
        assert place.lock == expected
        found = json.loads(done.stdout.splitlines()[-1])
        assert found["notes"] == ["found in the output of cells[0]"]
        assert [each["name"] for each in found["changes"]] == ["apple"]


def test_a_strangers_lock_that_is_recovered_is_not_approved(place: Place) -> None:
    lock = lose(place)
    stranger = {"XDG_CONFIG_HOME": str(place.directory / "stranger")}
    place.ok("lock", "n.ipynb", "--recover", environ=stranger)
    assert place.lock == lock
    done = place.run("instantiate", "n.ipynb", environ=stranger)
    assert "made by somebody else" in done.stderr


def test_a_lock_that_is_nowhere(place: Place) -> None:
    lose(place)
    shutil.rmtree(place.store)
    before = place.state()
    done = place.run("lock", "n.ipynb", "--recover")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no lock of this notebook was found")
    assert place.state() == before


# Tools that rewrite notebooks


@pytest.mark.parametrize("kind", ["py:percent", "py:light", "md", "md:myst", "Rmd"])
def test_jupytext_keeps_the_lock_where_it_is_told_to(place: Place, kind: str) -> None:
    lock = place.lock
    suffix = kind.partition(":")[0]
    option = ("--opt", "notebook_metadata_filter=pyartifacts")
    tool(place, "jupytext", "--quiet", "--to", kind, *option, "n.ipynb")
    assert "pyartifacts:" in (place.directory / f"n.{suffix}").read_text()
    place.notebook.unlink()
    tool(place, "jupytext", "--quiet", "--to", "ipynb", f"n.{suffix}")
    assert place.lock == lock
    place.ok("instantiate", "n.ipynb")


def test_jupytext_keeps_the_lock_of_a_paired_notebook_by_itself(place: Place) -> None:
    lock = place.lock
    tool(place, "jupytext", "--quiet", "--set-formats", "ipynb,py:percent", "n.ipynb")
    script = place.directory / "n.py"
    assert "pyartifacts" not in script.read_text()
    script.write_text(script.read_text() + "\n# %%\nprint(1)\n")
    os.utime(script, (2_000_000_000, 2_000_000_000))
    tool(place, "jupytext", "--quiet", "--sync", "n.ipynb")
    assert len(json.loads(place.notebook.read_text())["cells"]) == 2
    assert place.lock == lock


@pytest.mark.parametrize("options", [(), ("--drop-empty-cells", "--keep-output")])
def test_nbstripout_keeps_the_lock(place: Place, options: tuple[str, ...]) -> None:
    lock = place.lock
    tool(place, "nbstripout", *options, "n.ipynb")
    assert place.lock == lock
    tool(place, "nbstripout", "--extra-keys", "metadata.pyartifacts", "n.ipynb")
    assert place.lock is None
    place.ok("lock", "n.ipynb", "--recover")
    assert place.lock == lock


def test_nbdime_shows_a_change_line_by_line(place: Place) -> None:
    shutil.copy(place.notebook, place.directory / "before.ipynb")
    place.ok("add", "n.ipynb", "apple")
    shown = tool(place, "nbdiff", "--no-color", "before.ipynb", "n.ipynb")
    assert "apple 1.0" in shown
    assert "demo 1.0" not in shown
