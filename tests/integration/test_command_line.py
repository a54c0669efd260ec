"""Every verb of the command line from end to end, on a small index of synthetic wheels."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jupyter_pyartifacts import cli
from tests.indexes import IndexServer, project_wheel

from .command_line import Place

EVENTS = jsonschema.Draft202012Validator(
    json.loads(Path(cli.__file__).with_name("events.schema.json").read_text("utf-8"))
)


@pytest.fixture
def index() -> Iterator[IndexServer]:
    index = IndexServer()
    index.add(project_wheel("ipykernel", "1.0"))
    index.add(project_wheel("ipywidgets", "1.0"))
    index.add(project_wheel("demo", "1.0", requires=["needed"]))
    index.add(project_wheel("needed", "1.0"))
    with index:
        yield index


@pytest.fixture
def place(tmp_path: Path, index: IndexServer) -> Place:
    return Place(tmp_path, index.url)


def events(place: Place, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a verb with --json, see that every line is a valid event, return the last one."""
    done = place.run(*arguments, "--json")
    assert done.returncode == code, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        EVENTS.validate(line)
    assert [line["event"] for line in lines[:-1] if line["event"] in ("result", "error")] == []
    if code == 0:
        assert done.stderr == ""
    return lines[-1]


def pins(lock: dict[str, Any]) -> list[str]:
    return [line.split(" |")[0] for line in lock["distributions"]]


BASE = ["ipykernel 1.0", "ipywidgets 1.0"]


def test_a_notebook_through_its_life(place: Place, index: IndexServer) -> None:
    added = events(place, "add", "n.ipynb", "demo")
    assert added["changes"][0] == {"name": "demo", "before": None, "after": "1.0", "direct": True}
    assert added["lock"] == place.lock
    assert pins(place.lock) == ["demo 1.0", *BASE, "needed 1.0"]
    assert Path(added["environment"]["python"]).exists()

    index.add(project_wheel("demo", "2.0"))
    index.forget("needed")
    outdated = events(place, "outdated", "n.ipynb")["outdated"]
    assert [(row["name"], row["current"], row["latest"]) for row in outdated][:1] == [
        ("demo", "1.0", "2.0")
    ]
    released = events(place, "versions", "n.ipynb", "demo")
    assert [each["version"] for each in released["versions"]] == ["2.0", "1.0"]
    allowed = events(place, "versions", "n.ipynb", "demo<2")["versions"]
    assert [each["version"] for each in allowed] == ["1.0"]
    assert events(place, "store")["artifacts"] == len(place.lock["distributions"])
    before = place.state()
    dry = events(place, "upgrade", "n.ipynb", "demo", "--dry-run")
    assert dry["dry_run"] is True
    assert dry["size_missing"] > 0
    assert place.state() == before

    upgraded = events(place, "upgrade", "n.ipynb", "demo")
    assert {(c["name"], c["before"], c["after"]) for c in upgraded["changes"]} == {
        ("demo", "1.0", "2.0"),
        ("needed", "1.0", None),
    }
    shown = events(place, "show", "n.ipynb")
    assert (shown["trusted"], shown["question"]) == (True, None)
    assert all(each["instantiated"] for each in shown["distributions"])
    assert shown["platform"] in shown["platforms"]
    assert [each["name"] for each in shown["distributions"] if each["direct"]] == ["demo"]
    whats = [each["what"] for each in events(place, "history", "n.ipynb")["history"]]
    assert whats == ["upgrade demo", "add demo"]

    undone = events(place, "undo", "n.ipynb")
    assert undone["digest"] == added["digest"]
    assert pins(place.lock) == pins(added["lock"])

    removed = events(place, "remove", "n.ipynb", "demo")
    assert pins(removed["lock"]) == BASE
    assert events(place, "verify", "n.ipynb", "--deep")["damaged"] == []
    assert events(place, "instantiate", "n.ipynb")["digest"] == removed["digest"]
    assert events(place, "trust", "n.ipynb")["digest"] == removed["digest"]
    assert events(place, "gc", "--dry-run")["dry_run"] is True
    assert events(place, "gc")["dry_run"] is False
    assert events(place, "doctor", "n.ipynb")["findings"]


def test_the_text_of_a_change(place: Place) -> None:
    text = place.ok("add", "n.ipynb", "demo", "--platform", "linux-x86_64")
    assert text.splitlines()[:4] == [
        "+ demo 1.0",
        "+ ipykernel 1.0",
        "+ ipywidgets 1.0",
        "+ needed 1.0",
    ]
    assert text.splitlines()[4].startswith("4 distributions, ")
    assert place.ok("upgrade", "n.ipynb").splitlines()[0] == "nothing changed"
    assert place.ok("undo", "n.ipynb").splitlines()[-1] == "the notebook has no lock now"
    assert place.lock is None


def test_everything_else_in_the_notebook_stays(place: Place) -> None:
    import nbformat

    place.write_notebook("1 +\n  1", "print('Größe')")
    node = nbformat.read(place.notebook, as_version=4)
    place.ok("add", "n.ipynb", "demo")
    node.metadata["pyartifacts"] = nbformat.from_dict(place.lock)
    text = nbformat.writes(node)
    assert place.notebook.read_text() == (text if text.endswith("\n") else text + "\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "n.ipynb", "extra"),
        ("remove", "n.ipynb", "demo"),
        ("upgrade", "n.ipynb"),
        ("undo", "n.ipynb"),
        ("lock", "n.ipynb", "--platform", "linux-x86_64"),
        ("gc",),
        ("trust", "n.ipynb"),
        ("instantiate", "n.ipynb"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_dry_run_writes_nothing(
    place: Place, index: IndexServer, arguments: tuple[str, ...]
) -> None:
    place.ok("add", "n.ipynb", "demo")
    index.add(project_wheel("extra", "1.0"))
    index.add(project_wheel("demo", "1.1"))
    before = place.state()
    assert events(place, *arguments, "--dry-run")["dry_run"] is True
    assert place.state() == before


def test_a_dry_run_of_instantiate_says_what_it_would_fetch(place: Place) -> None:
    place.ok("add", "n.ipynb", "demo")
    other = {"PYARTIFACTS_STORE": str(place.directory / "other")}
    text = place.ok("instantiate", "n.ipynb", "--dry-run", environ=other)
    assert "note: to fetch: 4 artifacts, " in text
    assert not (place.directory / "other").exists()


def test_several_notebooks_are_instantiated_one_after_the_other(place: Place) -> None:
    place.ok("add", "n.ipynb", "demo")
    other = place.directory / "m.ipynb"
    other.write_bytes(place.notebook.read_bytes())
    done = place.run("instantiate", "n.ipynb", "m.ipynb")
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if line.endswith(":")] == [
        "n.ipynb:",
        "m.ipynb:",
    ]
    lines = place.ok("instantiate", "n.ipynb", "m.ipynb", "--json").splitlines()
    assert [json.loads(line)["event"] for line in lines].count("result") == 2
    done = place.run("instantiate", "gone.ipynb", "m.ipynb")
    assert done.returncode == 1
    assert "gone.ipynb" in done.stderr
    assert "m.ipynb:" not in done.stderr


def test_a_quota_is_kept(place: Place) -> None:
    place.ok("add", "n.ipynb", "demo")
    before = place.state()
    small = {
        "PYARTIFACTS_STORE": str(place.directory / "small"),
        "PYARTIFACTS_STORE_QUOTA": "100 B",
    }
    done = place.run("instantiate", "n.ipynb", environ=small)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    where = place.directory / "small"
    assert lines[0] == f"error: the store's quota leaves no room for this ({where})"
    assert lines[1] == "  expected: at most 100 B in all"
    assert lines[-1].startswith("hint: take packages out of notebooks")
    assert list((where / "artifacts").iterdir()) == []
    assert place.state() == before
    done = place.run("instantiate", "n.ipynb", environ={"PYARTIFACTS_STORE_QUOTA": "much"})
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "error: PYARTIFACTS_STORE_QUOTA is no size"


def test_a_dry_run_of_verify_names_the_damage_and_leaves_it(place: Place) -> None:
    place.ok("add", "n.ipynb", "demo")
    (victim,) = (place.store / "artifacts").glob("*/tree/demo.py")
    victim.chmod(0o644)
    victim.write_text("damaged")
    done = place.run("verify", "n.ipynb", "--dry-run", "--json")
    assert done.returncode == 1
    result = json.loads(done.stdout.splitlines()[-1])
    assert [each["path"] for each in result["damaged"]] == [str(victim)]
    assert result["repaired"] == []
    assert victim.read_text() == "damaged"


def test_an_empty_lock(place: Place) -> None:
    result = events(place, "lock", "n.ipynb", "--platform", "linux-x86_64")
    assert result["lock"]["requirements"] == []
    assert pins(place.lock) == BASE
    assert place.lock["platforms"] == ["linux-x86_64"]


def test_a_local_wheel_is_found_from_where_it_was_typed(place: Place) -> None:
    wheel = project_wheel("local", "3.0")
    wheels = place.directory / "wheels"
    wheels.mkdir()
    wheel.write(wheels)
    (place.directory / "sub").mkdir()
    notebook = place.directory / "sub" / "n.ipynb"
    place.notebook.rename(notebook)
    place.ok("add", "sub/n.ipynb", f"./wheels/{wheel.filename}")
    lock = json.loads(notebook.read_bytes())["metadata"]["pyartifacts"]
    assert lock["requirements"] == [f"../wheels/{wheel.filename}"]
    place.notebook = notebook
    place.ok("instantiate", str(notebook), environ={"PYARTIFACTS_OFFLINE": "1"})


def test_an_index_is_for_the_requirements_of_its_call(place: Place) -> None:
    other = IndexServer()
    other.add(project_wheel("special", "5.0"))
    other.add(project_wheel("demo", "9.0"))
    with other:
        place.ok("add", "n.ipynb", "demo")
        place.ok("add", "n.ipynb", "special", "--index", f"theirs={other.url}")
    assert place.lock["indexes"] == [f"theirs {other.url} special"]
    assert "special 5.0 @ theirs" in pins(place.lock)
    assert "demo 1.0" in pins(place.lock)


def test_the_credentials_of_an_index_serve_the_call_and_are_kept_nowhere(place: Place) -> None:
    private = IndexServer(auth=("me", "pass-f00d"))
    private.add(project_wheel("special", "5.0"))
    with private:
        refused = place.run("add", "n.ipynb", "special", "--index", f"own={private.url}")
        assert refused.returncode == 1
        url = private.url.replace("//", "//me:pass-f00d@")
        place.ok("add", "n.ipynb", "special", "--index", f"own={url}")
    assert "special 5.0 @ own" in pins(place.lock)
    assert place.lock["indexes"] == [f"own {private.url} special"]
    for path in (place.notebook, *place.store.rglob("*")):
        if path.is_file() and not path.is_symlink():
            assert b"pass-f00d" not in path.read_bytes(), path


def test_trees_of_other_platforms_are_the_same_without_ranges(place: Place) -> None:
    other = IndexServer()
    for tag in ("py3-none-win_amd64", "py3-none-manylinux_2_17_x86_64"):
        other.add(project_wheel("special", "5.0", tag=tag))
    trees = []
    for ranges in (True, False):
        other.ranges = ranges
        with other:
            index, store = f"theirs={other.url}", f"store-{ranges}"
            platforms = ("--platform", "windows-amd64", "--platform", "linux-x86_64")
            place.write_notebook()
            place.ok("add", "n.ipynb", "special", "--index", index, "--store", store, *platforms)
        trees.append(place.lock["trees"])
        assert list((place.directory / store / "downloads").iterdir()) == []
    assert trees[0] == trees[1]
    assert len(trees[0]) == 2


def test_a_session_file_stands_for_a_notebook(place: Place) -> None:
    wheel = project_wheel("local", "3.0")
    home = place.directory / "home"
    home.mkdir()
    wheel.write(home)
    session = place.directory / "runtime" / "session.json"
    session.parent.mkdir()
    session.write_text('{"pyartifacts": null, "kernel": "k"}')
    place.environ["PYARTIFACTS_NOTEBOOK"] = str(home / "n.ipynb")
    result = json.loads(
        place.ok(
            "add", "--json", "--", str(session), f"{home}/{wheel.filename}", "demo"
        ).splitlines()[-1]
    )
    assert json.loads(session.read_text()) == {"pyartifacts": result["lock"], "kernel": "k"}
    assert result["lock"]["requirements"] == [f"./{wheel.filename}", "demo"]


def test_layers_below_the_store(place: Place) -> None:
    place.ok("add", "n.ipynb", "demo")
    own = place.directory / "own"
    place.environ["PYARTIFACTS_STORE"] = ""
    layered = ("--store", str(own), "--store", str(place.store), "--trust", "--offline")
    result = json.loads(place.ok("instantiate", "n.ipynb", *layered, "--json").splitlines()[-1])
    assert result["environment"]["path"].startswith(str(place.directory))
    assert not list((own / "artifacts").glob("*/tree"))


def test_trust_for_one_run_and_for_good(place: Place) -> None:
    place.ok("add", "n.ipynb", "demo")
    other = {"XDG_CONFIG_HOME": str(place.directory / "other")}
    assert place.run("instantiate", "n.ipynb", environ=other).returncode == 1
    place.ok("instantiate", "n.ipynb", environ={**other, "PYARTIFACTS_TRUST": "index"})
    place.ok("instantiate", "n.ipynb", "--trust", environ=other)
    assert place.run("instantiate", "n.ipynb", environ=other).returncode == 1
    place.ok("trust", "n.ipynb", environ=other)
    place.ok("instantiate", "n.ipynb", environ=other)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupt_leaves_nothing_half_done(place: Place, index: IndexServer) -> None:
    index.add(project_wheel("slow", "1.0", members={"slow/data": os.urandom(100_000)}))
    place.ok("add", "n.ipynb", "demo")
    before = place.notebook.read_bytes()

    def hang(path: str) -> None:
        if "/slow-" in path:
            asked.append(path)
            time.sleep(60)

    asked: list[str] = []
    index.before = hang
    child = subprocess.Popen(
        [sys.executable, "-m", "jupyter_pyartifacts", "add", "n.ipynb", "slow"],
        cwd=place.directory,
        env=place.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not asked and child.poll() is None:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    assert (child.returncode, out) == (130, "")
    assert err == (
        "error: interrupted\n"
        "hint: run the same command again to go on; what was downloaded is kept\n"
    )
    assert place.notebook.read_bytes() == before
    index.before = lambda path: None
    place.ok("add", "n.ipynb", "slow")


def test_a_lock_moves_to_other_platforms(place: Place) -> None:
    place.ok("add", "n.ipynb", "demo")
    place.ok("add", "n.ipynb", "needed", "--platform", "linux-x86_64", "--platform", "macos-arm64")
    assert place.lock["platforms"] == ["linux-x86_64", "macos-arm64"]
    place.ok("upgrade", "n.ipynb", "--platform", "linux-x86_64")
    assert place.lock["platforms"] == ["linux-x86_64"]
    place.ok("undo", "n.ipynb")
    assert place.lock["platforms"] == ["linux-x86_64", "macos-arm64"]


def test_an_upgrade_from_another_index(place: Place) -> None:
    place.ok("add", "n.ipynb", "demo")
    other = IndexServer()
    other.add(project_wheel("demo", "9.0"))
    with other:
        place.ok("upgrade", "n.ipynb", "demo", "--index", f"theirs={other.url}")
    assert "demo 9.0 @ theirs" in pins(place.lock)
