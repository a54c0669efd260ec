"""Bad input of every kind: its exact message, its exit code, and nothing written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.indexes import IndexServer, project_wheel

from .command_line import Place

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
NOTEBOOK_HINT = "hint: name a notebook (.ipynb)"
RESTORE = "; if it is one, restore it from a backup or checkpoint\n"
BUILD = "hint: build a wheel of it (python -m build --wheel) and add the .whl file"
CLEAN = (
    "hint: do not use this file; ask its project for a clean one, and pin another version until "
    "then"
)
WHOLE = "hint: ask the project for a file that is whole, and pin another version until then"
LIAR = b"__version__ = '1.0'\n"


@pytest.fixture(scope="module")
def index() -> Iterator[IndexServer]:
    index = IndexServer()
    index.add(project_wheel("ipykernel", "1.0"))
    index.add(project_wheel("ipywidgets", "1.0"))
    index.add(project_wheel("demo", "1.0", requires=["needed"]))
    index.add(project_wheel("demo", "2.0", requires=["needed>=2"]))
    index.add(project_wheel("needed", "1.0"))
    index.add(project_wheel("elsewhere", "1.0", tag="py3-none-win_amd64"))
    index.add(project_wheel("other", "1.0"))
    with index:
        yield index


@pytest.fixture
def place(tmp_path: Path, index: IndexServer) -> Place:
    return Place(tmp_path, index.url)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, index: IndexServer) -> Any:
    """A lock of demo, made by somebody else."""
    elsewhere = Place(tmp_path_factory.mktemp("elsewhere"), index.url)
    elsewhere.ok("add", "n.ipynb", "needed")
    elsewhere.ok("add", "n.ipynb", "demo")
    return elsewhere.lock


def refused(place: Place, *arguments: str, code: int = 1, keeps: bool = False, **how: Any) -> str:
    """Run a command line that has to fail, see that it wrote nothing, return its message.

    With `keeps`, files whose hash was right may have come into the store as artifacts: content
    by digest, in no view.
    """
    before = place.state()
    done = place.run(*arguments, **how)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert done.stderr.splitlines()[-1].startswith("hint: ")
    assert "Traceback" not in done.stderr
    after = place.state()
    if keeps:
        after = {path: found for path, found in after.items() if not _is_honest(path)}
    assert after == before
    return done.stderr.replace(str(place.directory), "DIR")


def _is_honest(path: str) -> bool:
    return path.startswith(tuple(f"store/{kind}/{digest}" for kind, digest in HONEST))


HONEST = {
    (kind, hashlib.sha256(project_wheel(name, "1.0", **how).data).hexdigest())
    for kind in ("artifacts", "trees")
    for name, how in (
        ("ipykernel", {}),
        ("ipywidgets", {}),
        ("needed", {}),
        ("demo", {"requires": ["needed"]}),
    )
}


# Requirements


REQUIREMENTS = {
    ("-e", "."): (
        "error: an editable install cannot be pinned: its files change\n"
        f"  found:    -e .\n{BUILD}\n"
    ),
    ("-e.",): (
        "error: a requirement begins with '-', as an option does\n"
        "  expected: the name of a project, such as pandas, or pandas>=2\n  found:    -e.\n"
        "hint: leave options out; put only requirements here\n"
    ),
    ("--", "-e ."): (
        "error: an editable install cannot be pinned: its files change\n"
        f"  found:    -e .\n{BUILD}\n"
    ),
    ("demo", "-rrequirements.txt"): (
        "error: a requirement begins with '-', as an option does\n"
        "  expected: the name of a project, such as pandas, or pandas>=2\n"
        "  found:    -rrequirements.txt\n"
        "hint: leave options out; put only requirements here\n"
    ),
    ("--", "--index-url=https://x.example"): (
        "error: a requirement begins with '-', as an option does\n"
        "  expected: the name of a project, such as pandas, or pandas>=2\n"
        "  found:    --index-url=https://x.example\n"
        "hint: leave options out; put only requirements here\n"
    ),
    ("git+https://x.example/demo.git",): (
        "error: a version control URL cannot be pinned: it would have to be built here\n"
        "  found:    git+https://x.example/demo.git\n"
        f"{BUILD}, or add a released version by its name\n"
    ),
    ("demo @ git+https://x.example/demo.git",): (
        "error: a version control URL cannot be pinned: it would have to be built here\n"
        "  found:    demo @ git+https://x.example/demo.git\n"
        f"{BUILD}, or add a released version by its name\n"
    ),
    ("demo=1.0",): (
        "error: a requirement cannot be read\n"
        "  expected: a name, then versions: pandas, pandas>=2, pandas[excel]==2.2.3\n"
        "  found:    demo=1.0\n"
        "  Expected semicolon (after name with no version specifier) or end\n"
        "      demo=1.0\n"
        "          ^\n"
        "hint: a version is asked for with two signs: ==, >=, <=, ~= or !=\n"
    ),
    (".",): (
        "error: a directory cannot be pinned: it would have to be built here\n"
        "  expected: the name of a project, or the path of a wheel (.whl)\n  found:    .\n"
        f"{BUILD}\n"
    ),
}


@pytest.mark.parametrize("words", REQUIREMENTS, ids=" ".join)
def test_a_requirement_that_is_none(place: Place, words: tuple[str, ...]) -> None:
    assert refused(place, "add", "n.ipynb", *words) == REQUIREMENTS[words]
    assert not place.store.exists()


def test_an_unknown_project(place: Place) -> None:
    message = refused(place, "add", "n.ipynb", "demmo")
    assert message.splitlines()[0] == "error: there is no project named demmo on the index"
    assert "Because demmo was not found" in message
    assert message.splitlines()[-1] == (
        "hint: check the spelling; the name to import often differs from the project's"
    )


def test_requirements_that_exclude_each_other(place: Place) -> None:
    message = refused(place, "add", "n.ipynb", "demo==2.0")
    assert message.splitlines()[0] == "error: the requirements cannot be met together"
    assert "depends on needed>=2" in message
    assert message.splitlines()[-1] == (
        "hint: loosen or remove one of the requirements that are named above"
    )


def test_no_wheel_for_this_platform(place: Place) -> None:
    message = refused(place, "add", "n.ipynb", "elsewhere", "--platform", "linux-x86_64")
    assert message.splitlines()[0] == (
        f"error: elsewhere has no wheel for Python {MINOR} on linux-x86_64 that fits"
    )
    assert "elsewhere==1.0" in message
    assert message.splitlines()[-1] == (
        "hint: ask for a version that has wheels, leave it out, or choose another Python: --python"
    )


def test_a_platform_that_is_not_known(place: Place) -> None:
    assert refused(place, "add", "n.ipynb", "demo", "--platform", "amiga-m68k", code=2) == (
        "error: a platform is not known\n"
        "  expected: linux-aarch64, linux-x86_64, macos-arm64, macos-x86_64, windows-amd64\n"
        "  found:    amiga-m68k\nhint: name one of these\n"
    )


# Network


def test_the_network_is_switched_off(place: Place) -> None:
    assert refused(place, "add", "n.ipynb", "demo", "--offline") == (
        "error: demo was never fetched, and the network is switched off\n"
        "hint: leave --offline out (or unset PYARTIFACTS_OFFLINE) once, with a network\n"
    )


def test_nobody_answers(place: Place) -> None:
    place.environ["PYARTIFACTS_INDEX_URL"] = "http://127.0.0.1:9/simple"
    message = refused(place, "add", "n.ipynb", "demo")
    # Whichever is asked for first.
    assert re.sub("ipykernel|ipywidgets", "demo", message) == (
        "error: demo cannot be looked up: 127.0.0.1:9 cannot be reached (demo)\n"
        f"  [Errno {errno.ECONNREFUSED}] Connection refused\n"
        "hint: check the network and the proxy (HTTPS_PROXY), or work with what is stored: "
        "--offline\n"
    )


# Notebooks and locks


def test_a_notebook_that_is_not_json(place: Place) -> None:
    place.notebook.write_text("import pandas")
    for verb in (("add", "n.ipynb", "demo"), ("show", "n.ipynb"), ("run", "n.ipynb")):
        assert refused(place, *verb) == (
            "error: the notebook is not JSON (DIR/n.ipynb)\n"
            "  expected: a notebook (nbformat 4)\n"
            "  found:    Expecting value: line 1 column 1 (char 0)\n"
            f"{NOTEBOOK_HINT}{RESTORE}"
        )


def test_a_notebook_of_the_old_format(place: Place) -> None:
    place.write_notebook(nbformat=3, worksheets=[])
    assert refused(place, "add", "n.ipynb", "demo") == (
        "error: the notebook is in the old format 3 (DIR/n.ipynb)\n"
        "  expected: nbformat 4\n  found:    nbformat 3\n"
        "hint: convert it first: jupyter nbconvert --to notebook --inplace NOTEBOOK\n"
    )


def test_a_notebook_without_a_lock_is_not_run(place: Place) -> None:
    place.write_notebook("1 + 1")
    assert refused(place, "run", "n.ipynb") == (
        "error: the notebook has no lock: it would run with whatever packages this machine has "
        "(DIR/n.ipynb)\n"
        "hint: give it one: jupyter pyartifacts add NOTEBOOK REQUIREMENT..., or, for none at "
        "all, jupyter pyartifacts lock NOTEBOOK\n"
    )


@pytest.mark.parametrize(
    "verb", ["show", "history", "undo", "instantiate", "trust", "upgrade", "outdated", "run"]
)
def test_a_lock_of_a_newer_version(place: Place, locked: Any, verb: str) -> None:
    place.write_notebook(lock={**locked, "lock_version": 2})
    assert refused(place, verb, "n.ipynb") == (
        "error: the lock was written by a newer version of jupyter_pyartifacts "
        "(pyartifacts.lock_version)\n"
        "  expected: 1 or older\n  found:    2\n"
        "hint: upgrade it: pip install --upgrade jupyter_pyartifacts\n"
    )


@pytest.mark.parametrize("verb", ["show", "undo", "instantiate", "trust", "upgrade", "run"])
def test_a_wrong_type_deep_inside_a_lock(place: Place, locked: Any, verb: str) -> None:
    lock = json.loads(json.dumps(locked))
    lock["history"][0]["drop"]["artifacts"] = [True]
    place.write_notebook(lock=lock)
    assert refused(place, verb, "n.ipynb") == (
        "error: the lock is malformed: unexpected boolean (expected string) "
        "(pyartifacts.history[0].drop.artifacts[0])\n"
        "hint: restore the notebook from a backup or its version control; if two locks were "
        "merged, lock again: jupyter pyartifacts lock NOTEBOOK --merge\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "n.ipynb", "other"),
        ("remove", "n.ipynb", "demo"),
        ("upgrade", "n.ipynb"),
        ("undo", "n.ipynb"),
        ("lock", "n.ipynb"),
        ("instantiate", "n.ipynb"),
        ("verify", "n.ipynb"),
        ("run", "n.ipynb"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_lock_that_nobody_approved(
    place: Place, index: IndexServer, locked: Any, arguments: tuple[str, ...]
) -> None:
    place.write_notebook(lock=locked)
    asked = len(index.requests)
    assert refused(place, *arguments) == (
        "error: this lock was made by somebody else, and you have not approved it "
        "(DIR/n.ipynb)\n"
        f"  It pins 4 distributions from the default index, for Python {MINOR}."
        f"{sys.version_info[2]}.\n"
        "  Approving it means trusting it to run code on this machine when the kernel starts.\n"
        "hint: look at it with `jupyter pyartifacts show NOTEBOOK`; to approve it, run "
        "`jupyter pyartifacts trust NOTEBOOK`, or `%pyartifacts trust` in the notebook\n"
    )
    assert index.requests[asked:] == []


def test_an_approval_is_not_one_of_what_undo_brings_back(place: Place, locked: Any) -> None:
    place.write_notebook(lock=locked)
    place.ok("trust", "n.ipynb")
    message = refused(place, "undo", "n.ipynb")
    assert message.splitlines()[0] == (
        "error: this lock was made by somebody else, and you have not approved it (DIR/n.ipynb)"
    )


# Files that lie


def test_a_digit_of_a_hash_in_the_lock(place: Place, locked: Any) -> None:
    lock = json.loads(json.dumps(locked))
    line = lock["artifacts"][0]
    assert line.startswith("demo-1.0-py3-none-any.whl sha256:")
    right = line.split(" ")[1]
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    lock["artifacts"][0] = line.replace(right, wrong)
    place.write_notebook(lock=lock)
    assert refused(place, "instantiate", "n.ipynb", "--trust", keeps=True) == (
        "error: demo 1.0: the hash of its file is not the one that the lock pins "
        "(demo-1.0-py3-none-any.whl)\n"
        f"  expected: {wrong}\n  found:    {right}\n"
        "hint: the file is not the one that was locked: nothing of it was kept; check the index "
        "or the mirror, and lock again only if the project says why it changed\n"
    )


def test_a_size_in_the_lock(place: Place, locked: Any) -> None:
    lock = json.loads(json.dumps(locked))
    name, digest, size, location = lock["artifacts"][0].split(" ")
    lock["artifacts"][0] = f"{name} {digest} {int(size) - 1} {location}"
    place.write_notebook(lock=lock)
    assert refused(place, "instantiate", "n.ipynb", "--trust", keeps=True) == (
        "error: demo-1.0-py3-none-any.whl is longer than its lock says "
        "(demo-1.0-py3-none-any.whl)\n"
        f"  expected: {int(size) - 1} bytes\n  found:    more than {int(size) - 1} bytes\n"
        "hint: do not trust this index; lock again if the lock is wrong\n"
    )


WHEEL = "liar-1.0-py3-none-any.whl"
CHANGED = (
    "hint: the file is not the one that was locked: nothing of it was kept; check the index or "
    "the mirror, and lock again only if the project says why it changed"
)
LIES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "hash": (
        {"lies": {"hashes": {"sha256": "0" * 64}}},
        [
            f"error: liar 1.0: the hash of its file is not the one that the lock pins ({WHEEL})",
            f"  expected: sha256:{'0' * 64}",
            f"  found:    sha256:{hashlib.sha256(project_wheel('liar', '1.0').data).hexdigest()}",
            CHANGED,
        ],
    ),
    "size": (
        {"lies": {"size": 10}},
        [
            "error: no file of liar can be used: its metadata cannot be read out of the wheel",
            ...,
            "hint: ask for another version of it, or tell its project",
        ],
    ),
    "record": (
        {"record": {"liar.py": "A" * 43}},
        [
            f"error: liar 1.0: the hash of liar.py is not what its RECORD says ({WHEEL}: liar.py)",
            f"  expected: sha256:{'0' * 64}",
            f"  found:    sha256:{hashlib.sha256(LIAR).hexdigest()}",
            WHOLE,
        ],
    ),
    "metadata": (
        {"metadata_name": "truth"},
        [
            "error: no file of liar can be used: its metadata names another distribution or "
            "version",
            ...,
            "hint: ask for another version of it, or tell its project",
        ],
    ),
    "leaves": (
        {"members": {"../liar.py": b"x"}},
        [
            f"error: liar 1.0: an entry of its archive leaves its tree by '..' ({WHEEL}: "
            "'../liar.py')",
            CLEAN,
        ],
    ),
    "absolute": (
        {"members": {"/tmp/liar.py": b"x"}},
        [
            f"error: liar 1.0: an entry of its archive is an absolute path ({WHEEL}: "
            "'/tmp/liar.py')",
            CLEAN,
        ],
    ),
    "case": (
        {"members": {"Liar.py": b"x"}},
        [
            "error: liar 1.0: an entry of its archive differs from 'liar.py' only by case or "
            f"Unicode form ({WHEEL}: 'Liar.py')",
            CLEAN,
        ],
    ),
    "device": (
        {"members": {"liar/aux.py": b"x"}},
        [
            "error: liar 1.0: an entry of its archive has the name of a device on Windows "
            f"({WHEEL}: 'liar/aux.py')",
            CLEAN,
        ],
    ),
}


@pytest.mark.parametrize("kind", LIES)
def test_a_wheel_that_lies(tmp_path: Path, kind: str) -> None:
    index = IndexServer()
    index.add(project_wheel("ipykernel", "1.0"))
    index.add(project_wheel("ipywidgets", "1.0"))
    how, expected = LIES[kind]
    how = dict(how)
    lies = how.pop("lies", None)
    index.add(project_wheel("liar", "1.0", **how), lies=lies)
    with index:
        place = Place(tmp_path, index.url)
        found = refused(place, "add", "n.ipynb", "liar", keeps=True).splitlines()
    if ... in expected:
        # In between is the resolver's own explanation, kept whole.
        assert any("liar" in line for line in found[1:-1])
        found = [found[0], ..., found[-1]]
    assert found == expected


# The store


def _mounts() -> bool:
    """Tell whether a process may have mounts of its own here (a user namespace)."""
    try:
        command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/tmp"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


own_mounts = pytest.mark.skipif(not _mounts(), reason="no mounts of its own without privileges")


def _mounted(script: str) -> tuple[str, ...]:
    return ("unshare", "-rm", "sh", "-c", f'{script} && exec "$@"', "sh")


@own_mounts
def test_a_store_that_is_read_only(place: Place) -> None:
    place.ok("add", "n.ipynb", "needed")
    read_only = (
        f"mount --bind {place.store} {place.store} && mount -o remount,bind,ro {place.store}"
    )
    assert refused(place, "add", "n.ipynb", "demo", before=_mounted(read_only)) == (
        "error: the store cannot be written: it is read-only or belongs to somebody else "
        "(DIR/store)\n"
        f"  [Errno {errno.EACCES}] Permission denied: 'DIR/store/artifacts'\n"
        "hint: name a store of your own by --store or PYARTIFACTS_STORE; this one may follow it, "
        "as a read-only layer\n"
    )


@own_mounts
def test_a_full_disk(place: Place, index: IndexServer) -> None:
    index.add(project_wheel("large", "1.0", members={"large/data": os.urandom(3_000_000)}))
    place.store.mkdir()
    small = f"mount -t tmpfs -o size=2m none {place.store}"
    assert refused(place, "add", "n.ipynb", "large", before=_mounted(small)) == (
        "error: the store's disk is full (DIR/store)\n"
        f"  [Errno {errno.ENOSPC}] No space left on device\n"
        "hint: free some space (jupyter pyartifacts gc), or name another store by --store\n"
    )


@own_mounts
def test_a_full_disk_under_the_notebook(place: Place) -> None:
    """Everything is fetched, but there is no room for the notebook's lock."""
    home = place.directory / "home"
    home.mkdir()
    full = (
        f"mount -t tmpfs -o size=64k none {home} && cp {place.notebook} {home}"
        f" && (cat /dev/zero > {home}/rest; true) 2> {place.directory}/full"
    )
    script = f'{full}; "$@"; echo $?; ls -A {home}; cmp {home}/n.ipynb n.ipynb && echo same'
    before = ("unshare", "-rm", "sh", "-c", script, "sh")
    done = place.run("add", "home/n.ipynb", "demo", before=before)
    assert done.stdout.splitlines() == ["1", "n.ipynb", "rest", "same"]
    assert done.stderr == (
        f"error: the notebook cannot be written ({home}/n.ipynb)\n"
        "  found:    No space left on device\n"
        "hint: nothing was written; make the file and its directory writable, with room for a "
        "copy of it\n"
    )
