"""The interpreter of a lock: the order of what serves, its archive in the store, what is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.errors import (
    HashMismatch,
    NoInterpreter,
    StoreError,
    UnsafeArchive,
)
from jupyter_pyartifacts.index.client import IndexClient
from jupyter_pyartifacts.interpreter import host_version
from jupyter_pyartifacts.model import InterpreterInUse, PythonPin
from jupyter_pyartifacts.obtain import expect_interpreter, obtain_interpreter
from jupyter_pyartifacts.plan import python_pin
from jupyter_pyartifacts.repair import verify_archive
from jupyter_pyartifacts.report import CallbackReporter, NullReporter
from jupyter_pyartifacts.store import Store
from tests.pythons import PLATFORM, Place, Shelf, archive, filename_of

MINOR = ".".join(host_version().split(".")[:2])
OTHER = f"{MINOR}.99"
FAR = "3.97.1"
UNREACHABLE = "http://127.0.0.1:9/"


class Machine:
    """A store, a shelf of archives, and a machine that has no Python but this one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store = Store([directory / "store"])
        self.shelf = Shelf(directory / "shelf")
        self.events: list[dict[str, Any]] = []
        (directory / "empty").mkdir()
        self.environ = {
            "PATH": os.pathsep.join([str(directory / "empty")]),
            "HOME": str(directory / "empty"),
        }

    def config(self, **settings: Any) -> Config:
        table = str(self.shelf.table) if self.shelf.table.exists() else None
        return Config(**{"python_table": table, "environ": self.environ, **settings})

    def obtain(
        self, pin: PythonPin, *, again: bool = False, store: Store | None = None, **settings: Any
    ) -> InterpreterInUse:
        config = self.config(**settings)
        with IndexClient(
            config, cache=self.directory / "cache", directory=self.directory
        ) as client:
            return obtain_interpreter(
                pin,
                PLATFORM,
                store=store or self.store,
                config=config,
                client=lambda: client,
                reporter=CallbackReporter(self.events.append),
                again=again,
            )

    def expect(self, pin: PythonPin, **settings: Any) -> InterpreterInUse:
        return expect_interpreter(pin, PLATFORM, store=self.store, config=self.config(**settings))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_this_machines_exact_version_serves_before_anything_is_fetched(machine: Machine) -> None:
    machine.shelf.fake(host_version())
    pin = machine.shelf.pin(host_version())
    found = machine.obtain(pin)
    assert (found.source, found.version, found.notes) == ("exact", host_version(), ())
    assert found.why == "this machine has exactly the version that the lock names"
    assert not os.path.islink(found.path)
    assert machine.events == []
    assert machine.expect(pin) == found


def test_by_policy_only_the_archive_serves(machine: Machine) -> None:
    machine.shelf.fake(host_version())
    pin = machine.shelf.pin(host_version())
    coming = machine.expect(pin, python_policy="artifact")
    assert (coming.path, coming.source) == ("", "artifact")
    assert coming.why == "the archive that the lock pins, which is still to be fetched"
    found = machine.obtain(pin, python_policy="artifact")
    assert found.source == "artifact"
    assert found.artifact is not None
    home = machine.store.layout.artifact(found.artifact)
    assert found.path == f"{home}/tree/bin/python{MINOR}"
    assert machine.expect(pin, python_policy="artifact") == found
    # What is in the store comes first, whatever the machine has.
    assert machine.obtain(pin) == found


def test_the_archive_is_an_artifact_like_any_other(machine: Machine) -> None:
    machine.shelf.fake("3.97.1")
    pin = machine.shelf.pin("3.97.1")
    found = machine.obtain(pin)
    assert (found.source, found.version) == ("artifact", "3.97.1")
    assert found.why == "the archive that the lock pins"
    assert found.library.endswith("/tree/lib/python3.97")
    assert found.artifact is not None
    published = machine.store.find_artifact(found.artifact)
    assert published is not None
    assert found.identity == str(published.tree) == str(machine.store.known_tree(found.artifact))
    stages = [event["stage"] for event in machine.events]
    assert "download" in stages
    assert "extract" in stages
    size = (machine.shelf.directory / "20260101" / filename_of("3.97.1")).stat().st_size
    downloads = [event for event in machine.events if event["stage"] == "download"]
    assert (downloads[-1]["done"], downloads[-1]["total"]) == (size, size)
    assert not list((machine.store.root / "downloads").iterdir())
    assert not list((machine.store.root / "temporary").iterdir())


def test_damage_is_found_and_repaired(machine: Machine) -> None:
    machine.shelf.fake(FAR)
    pin = machine.shelf.pin(FAR)
    found = machine.obtain(pin)
    tree = Path(found.library).parent.parent
    for folder in (tree / "lib", tree / "bin", tree / "share", tree / "lib/python3.97"):
        folder.chmod(0o755)
    (tree / "lib/python3.97/os.py").chmod(0o644)
    (tree / "lib/python3.97/os.py").write_bytes(b"name = 'wrong'\n")
    (tree / "bin/python").unlink()
    (tree / "bin/python").symlink_to("elsewhere")
    (tree / "share/up").unlink()
    (tree / "share/more").symlink_to("up")
    # Byte code is the host's and no part of the tree.
    (tree / "lib/python3.97/__pycache__").mkdir()
    (tree / "lib/python3.97/__pycache__/os.cpython-397.pyc").write_bytes(b"made here")
    archive_pin = python_pin(pin, PLATFORM)
    assert archive_pin is not None
    config = machine.config()
    with IndexClient(config, cache=machine.directory / "cache", directory=machine.directory) as own:
        for repaired in (True, False):
            result = verify_archive(
                archive_pin, store=machine.store, fetcher=own, reporter=NullReporter()
            )
            damaged = {os.path.relpath(each.path, tree) for each in result.damaged}
            wanted = {"lib/python3.97/os.py", "bin/python", "share/up", "share/more"}
            assert damaged == (wanted if repaired else set())
            assert len(result.repaired) == len(damaged)
    assert os.readlink(tree / "bin/python") == "python3.97"
    assert (tree / "lib/python3.97/os.py").read_bytes().startswith(b"name = 'posix'")


def test_a_read_only_layer_serves(machine: Machine) -> None:
    machine.shelf.fake(FAR)
    pin = machine.shelf.pin(FAR)
    site = machine.obtain(pin)
    shutil.rmtree(machine.shelf.directory)
    layered = Store([machine.directory / "own", machine.store.root])
    assert machine.obtain(pin, store=layered, python_table="/nowhere") == site


def test_several_processes_fetch_it_once(machine: Machine) -> None:
    machine.shelf.fake(FAR)
    pin = machine.shelf.pin(FAR)
    name = filename_of(FAR)
    with Place(machine.shelf.directory, slow=0.3) as place:
        with ThreadPoolExecutor(4) as pool:
            stores = [Store([machine.store.root]) for _ in range(4)]
            found = list(
                pool.map(
                    lambda store: machine.obtain(
                        pin, store=store, python_table=f"{place.url}versions.json"
                    ),
                    stores,
                )
            )
        assert len(set(found)) == 1
        assert place.asked[f"GET {name}"] == 1


def test_a_half_download_is_taken_up(machine: Machine) -> None:
    path = machine.shelf.fake(FAR)
    pin = machine.shelf.pin(FAR)
    (one,) = pin.interpreters
    machine.store.prepare()
    part = machine.store.layout.part(one.artifact.digest)
    data = path.read_bytes()
    for left in (data, data[:100], b"damaged" * 10):
        part.write_bytes(left)
        found = machine.obtain(pin)
        assert found.source == "artifact"
        assert not part.exists()
        subprocess.run(["chmod", "-R", "u+w", str(machine.store.root / "artifacts")], check=True)
        shutil.rmtree(machine.store.root / "artifacts")
        machine.store = Store([machine.store.root])


def sized(pin: PythonPin, size: int) -> PythonPin:
    (one,) = pin.interpreters
    return replace(pin, interpreters=(replace(one, artifact=replace(one.artifact, size=size)),))


def test_a_size_that_the_lock_knows_is_checked(machine: Machine) -> None:
    size = machine.shelf.fake(FAR).stat().st_size
    assert machine.obtain(sized(machine.shelf.pin(FAR), size)).source == "artifact"
    machine.store = Store([machine.directory / "other"])
    with pytest.raises(HashMismatch, match="the size of its file"):
        machine.obtain(sized(machine.shelf.pin(FAR), size + 1))


@pytest.mark.parametrize("damage", ["content", "links"])
def test_another_archive_is_refused_and_nothing_of_it_kept(machine: Machine, damage: str) -> None:
    path = machine.shelf.fake(FAR)
    pin = machine.shelf.pin(FAR)
    if damage == "content":
        archive(path, mtime=1)
        error: type[Exception] = HashMismatch
    else:
        machine.shelf.list(FAR, archive(path, links={"python/evil": "../../../../etc/passwd"}))
        pin = machine.shelf.pin(FAR)
        error = UnsafeArchive
    with pytest.raises(error):
        machine.obtain(pin)
    assert not list((machine.store.root / "artifacts").iterdir())
    assert not list((machine.store.root / "temporary").iterdir())
    assert not list((machine.store.root / "downloads").iterdir())


def test_another_patch_serves_where_the_archive_cannot_be_had(machine: Machine) -> None:
    machine.shelf.fake(OTHER)
    pin = machine.shelf.pin(OTHER)
    found = machine.obtain(pin, python_mirror=UNREACHABLE)
    assert (found.source, found.version) == ("other-patch", host_version())
    assert found.why == "127.0.0.1:9 cannot be reached"
    assert found.notes == (
        f"the lock names Python {OTHER}; {host_version()} of this machine is in use:"
        " 127.0.0.1:9 cannot be reached",
    )
    assert machine.expect(pin, python_mirror=UNREACHABLE) == found
    # Once there, it is what runs the lock.
    assert machine.obtain(pin).source == "artifact"


def test_a_place_that_could_not_be_reached_is_not_asked_at_every_start(machine: Machine) -> None:
    machine.shelf.fake(OTHER)
    pin = machine.shelf.pin(OTHER)
    name = filename_of(OTHER)
    with Place(machine.directory / "empty") as place:
        for times in (1, 1):
            assert machine.obtain(pin, python_mirror=place.url).source == "other-patch"
            assert place.asked[f"HEAD {name}"] == 2 * times
        assert machine.obtain(pin, python_mirror=place.url, again=True).source == "other-patch"
        assert place.asked[f"HEAD {name}"] == 4
        # Nothing else serves by this policy, so it is asked.
        with pytest.raises(NoInterpreter):
            machine.obtain(pin, python_mirror=place.url, python_policy="artifact")
        assert place.asked[f"HEAD {name}"] == 6


def test_offline_another_patch_serves(machine: Machine) -> None:
    machine.shelf.fake(OTHER)
    pin = machine.shelf.pin(OTHER)
    with Place(machine.shelf.directory) as place:
        found = machine.obtain(pin, python_mirror=place.url, offline=True)
        assert not place.asked
    assert found.source == "other-patch"
    assert "the network is switched off" in found.why
    assert machine.expect(pin, offline=True).source == "other-patch"


def test_a_lock_without_archives_runs_as_it_did(machine: Machine) -> None:
    assert machine.obtain(PythonPin(version=host_version())).source == "exact"
    found = machine.obtain(PythonPin(version=OTHER))
    assert found.why == f"the lock has no archive of it for {PLATFORM}"
    assert machine.expect(PythonPin(version=OTHER)) == found
    # There is nothing else that a policy could want.
    assert machine.obtain(PythonPin(version=OTHER), python_policy="artifact") == found


@pytest.mark.parametrize("policy", ["exact", "artifact"])
def test_by_policy_no_other_patch_serves(machine: Machine, policy: str) -> None:
    machine.shelf.fake(OTHER)
    with pytest.raises(NoInterpreter) as caught:
        machine.obtain(machine.shelf.pin(OTHER), python_mirror=UNREACHABLE, python_policy=policy)
    assert caught.value.expected == f"cpython {OTHER}"


def test_another_minor_never_serves_and_three_ways_are_named(machine: Machine) -> None:
    machine.shelf.fake(FAR)
    with pytest.raises(NoInterpreter) as caught:
        machine.obtain(machine.shelf.pin(FAR), python_mirror=UNREACHABLE)
    lines = str(caught.value).splitlines()
    assert lines[:4] == [
        "Python 3.97.1, which the lock is for, is not on this machine",
        "  expected: cpython 3.97.1, or another 3.97 release",
        f"  found:    {host_version()}, which runs jupyter_pyartifacts",
        f"  127.0.0.1:9 cannot be reached ({filename_of(FAR)})",
    ]
    assert lines[-1] == (
        "hint: one of three: let it be downloaded (with a network, without --offline); name a"
        f" directory or URL that has {filename_of(FAR)} in PYARTIFACTS_PYTHON_MIRROR; or install"
        " Python 3.97.1, or lock for another one: jupyter pyartifacts lock NOTEBOOK --python"
        f" {MINOR}"
    )


def test_a_lock_that_points_elsewhere_fetches_nothing(machine: Machine) -> None:
    machine.shelf.fake(FAR)
    with Place(machine.shelf.directory) as place:
        (one,) = machine.shelf.pin(FAR).interpreters
        foreign = replace(one, artifact=replace(one.artifact, location=place.url))
        with pytest.raises(NoInterpreter) as caught:
            machine.obtain(PythonPin(version=FAR, interpreters=(foreign,)))
        assert not place.asked
    assert "outside the places that are allowed" in str(caught.value)


def test_a_wheel_is_no_interpreter(machine: Machine) -> None:
    """A lock may name any digest of the store as its interpreter."""
    path = machine.shelf.fake(FAR)
    pin = machine.shelf.pin(FAR)
    machine.obtain(pin)
    (one,) = pin.interpreters
    published = machine.store.find_artifact(one.artifact.digest)
    assert published is not None
    facts = json.loads((published.home / "facts.json").read_bytes())
    assert facts["python"] == "bin/python3.97"
    del facts["python"]
    published.home.chmod(0o755)
    (published.home / "facts.json").chmod(0o644)
    (published.home / "facts.json").write_text(json.dumps({**facts, "name": "demo"}))
    with pytest.raises(StoreError, match="the store is damaged"):
        machine.obtain(pin)
    assert path.exists()


def test_an_interpreter_that_does_not_start_is_named(machine: Machine) -> None:
    broken = machine.directory / "versions" / "3.97.1" / "bin" / "python3.97"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\necho it is broken >&2\nexit 3\n")
    broken.chmod(0o755)
    machine.environ["PYENV_ROOT"] = str(machine.directory)
    with pytest.raises(NoInterpreter) as caught:
        machine.obtain(PythonPin(version=FAR))
    assert str(caught.value) == (
        f"the interpreter that the lock needs does not start ({broken})\n"
        "  it is broken\n"
        "hint: repair or reinstall that Python"
    )
