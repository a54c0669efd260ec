"""Whether a kernel wants a restart, decided from what it runs, has loaded, and should have."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.environment import assemble_view
from jupyter_pyartifacts.errors import OfflineError
from jupyter_pyartifacts.instantiate import instantiate_pins
from jupyter_pyartifacts.interpreter import host_version
from jupyter_pyartifacts.interpreter.machine import exact_on_machine
from jupyter_pyartifacts.lock import lock_digest, render_lock
from jupyter_pyartifacts.model import Dependency, Environment, Lock, PythonPin
from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS
from jupyter_pyartifacts.report import NullReporter
from jupyter_pyartifacts.server.jobs import Job
from jupyter_pyartifacts.server.kernels import Kernel
from jupyter_pyartifacts.server.running import running_state
from jupyter_pyartifacts.service import Engine
from tests.wheels import Source, Wheel, build_wheel

PYTHON = PythonPin(version=host_version())


class World:
    """A store with real artifacts and views, and the session file of one kernel."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        config = Config.from_environ({**os.environ, "PYARTIFACTS_STORE": str(directory / "store")})
        self.engine = Engine(config, NullReporter())

    def lock(self, *wheels: Wheel, needs: dict[str, tuple[str, ...]] | None = None) -> Lock:
        """Lock wheels: `demo` is asked for, `ipykernel` the kernel's group."""
        return Lock(
            requirements=("demo",),
            kernel=("ipykernel",),
            python=PYTHON,
            platforms=DEFAULT_PLATFORMS,
            distributions=tuple(
                replace(
                    wheel.pin().distribution,
                    dependencies=tuple(
                        Dependency(name=name) for name in (needs or {}).get(wheel.name, ())
                    ),
                )
                for wheel in sorted(wheels, key=lambda wheel: wheel.name)
            ),
        )

    def environment(self, lock: Lock, *wheels: Wheel) -> Environment:
        """Assemble the view of a lock."""
        pins = self.engine.pins_here(lock)
        published = instantiate_pins(
            pins,
            store=self.engine.store,
            fetcher=Source().serve(*wheels),
            reporter=NullReporter(),
        )
        interpreter = exact_on_machine(PYTHON, os.environ)
        assert interpreter is not None
        return assemble_view(pins, published, interpreter, store=self.engine.store)

    def kernel(self, lock: Lock | None, environment: Environment | None, *loaded: str) -> Kernel:
        """Return a kernel that runs a lock and has loaded these names from its view."""
        document = None if lock is None else render_lock(lock)
        session = self.directory / "k.json"
        session.write_text(json.dumps({"pyartifacts": document}))
        if environment is not None:
            names = {environment.site_packages: list(loaded)}
            (self.directory / "k.loaded").write_text(json.dumps(names))
        return Kernel(
            "k",
            "n.ipynb",
            session=str(session),
            known=document,
            used=document,
            environment=environment,
        )

    def state(self, kernel: Kernel, lock: Lock | None) -> dict[str, Any]:
        return running_state(self.engine, kernel, None if lock is None else render_lock(lock))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Make a world."""
    return World(tmp_path)


OLD, NEW, EXTRA = build_wheel("demo", "1.0"), build_wheel("demo", "2.0"), build_wheel("extra")
STACK, NEWER_STACK = build_wheel("ipykernel", "6.0"), build_wheel("ipykernel", "7.0")


def test_the_lock_is_what_runs(world):
    lock = world.lock(OLD, STACK)
    kernel = world.kernel(lock, world.environment(lock, OLD, STACK), "demo/__init__.py")
    assert world.state(kernel, lock) == {
        **{"kernel_id": "k", "digest": str(lock_digest(lock)), "fallback": None},
        **{"drift": [], "restart": None},
    }


def test_what_is_loaded_was_upgraded(world):
    before, after = world.lock(OLD, STACK), world.lock(NEW, STACK)
    kernel = world.kernel(before, world.environment(before, OLD, STACK), "demo/__init__.py")
    seen = world.state(kernel, after)
    assert seen["drift"] == [{"name": "demo", "loaded": "1.0", "locked": "2.0"}]
    assert seen["restart"] == "required"
    # The kernel has moved to the new view, and what it has loaded is still the old.
    hot = world.kernel(after, world.environment(before, OLD, STACK), "demo/__init__.py")
    assert world.state(hot, after)["restart"] == "required"
    # It has moved, and had not loaded it.
    assert world.state(world.kernel(after, world.environment(before, OLD, STACK)), after) == {
        **{"kernel_id": "k", "digest": str(lock_digest(after)), "fallback": None},
        **{"drift": [], "restart": None},
    }


def test_what_was_added_is_not_importable_yet(world):
    before, after = world.lock(OLD, STACK), world.lock(OLD, STACK, EXTRA)
    kernel = world.kernel(before, world.environment(before, OLD, STACK))
    seen = world.state(kernel, after)
    assert (seen["drift"], seen["restart"]) == ([], "required")


def test_what_was_removed_does_no_harm(world):
    before, after = world.lock(OLD, STACK, EXTRA), world.lock(OLD, STACK)
    view = world.environment(before, OLD, STACK, EXTRA)
    seen = world.state(world.kernel(before, view, "extra/__init__.py"), after)
    assert seen["drift"] == [{"name": "extra", "loaded": "1.0", "locked": None}]
    assert seen["restart"] == "recommended"
    assert world.state(world.kernel(before, view), after)["restart"] == "recommended"


def test_the_kernels_own_stack_may_be_behind(world):
    before, after = world.lock(OLD, STACK), world.lock(OLD, NEWER_STACK)
    view = world.environment(before, OLD, STACK)
    hot = world.kernel(after, view, "ipykernel/__init__.py")
    seen = world.state(hot, after)
    assert seen["drift"] == [{"name": "ipykernel", "loaded": "6.0", "locked": "7.0"}]
    assert seen["restart"] == "recommended"
    # Unless something that was asked for needs it as well.
    needed = world.lock(OLD, NEWER_STACK, needs={"demo": ("ipykernel",)})
    hot = world.kernel(needed, view, "ipykernel/__init__.py")
    assert world.state(hot, needed)["restart"] == "required"


def test_a_stock_kernel(world):
    lock = world.lock(OLD, STACK)
    assert world.state(world.kernel(None, None), None)["restart"] is None
    assert world.state(world.kernel(None, None), lock)["restart"] == "required"
    moved = world.kernel(lock, None)
    assert world.state(moved, lock)["restart"] == "recommended"


def test_a_lock_that_was_taken_out(world):
    lock = world.lock(OLD, STACK)
    kernel = world.kernel(lock, world.environment(lock, OLD, STACK))
    assert world.state(kernel, None)["restart"] == "recommended"


def test_two_distributions_in_one_directory(world):
    one = build_wheel("space-one", "1.0", {"space/one/__init__.py": ""})
    two = build_wheel("space-two", "1.0", {"space/two/__init__.py": ""})
    newer = build_wheel("space-two", "2.0", {"space/two/__init__.py": ""})
    before, after = world.lock(OLD, one, two), world.lock(OLD, one, newer)
    kernel = world.kernel(before, world.environment(before, OLD, one, two), "space/two")
    assert world.state(kernel, after)["drift"] == [
        {"name": "space-two", "loaded": "1.0", "locked": "2.0"}
    ]
    kernel = world.kernel(before, world.environment(before, OLD, one, two), "space/one")
    assert world.state(kernel, after)["drift"] == []


def test_a_fallback_kernel_says_why_without_credentials(world):
    kernel = world.kernel(None, None)
    kernel.failure = OfflineError("no way to https://me:secret@host/x", hint="plug it in")
    seen = world.state(kernel, world.lock(OLD, STACK))
    assert seen["fallback"]["message"] == "no way to https://***@host/x"
    assert seen["restart"] == "required"


def test_a_kernel_that_is_being_prepared_wants_nothing_yet(world):
    kernel = world.kernel(None, None)
    kernel.job = Job("kernel", "n.ipynb", "k")
    assert world.state(kernel, world.lock(OLD, STACK))["restart"] is None


def test_files_that_a_kernel_writes_are_not_trusted(world, tmp_path):
    lock = world.lock(OLD, STACK)
    kernel = world.kernel(lock, world.environment(lock, OLD, STACK))
    for content in ("", "[]", "{", '{"/etc": 1}', '{"/etc": [1, null]}', '{"../..": ["x"]}'):
        (tmp_path / "k.loaded").write_text(content)
        assert world.state(kernel, lock)["drift"] == []
    (tmp_path / "k.json").write_text('{"pyartifacts": {"lock_version": 99}}')
    seen = world.state(kernel, lock)
    assert (seen["digest"], seen["restart"]) == (None, "required")


def test_news_are_told_until_a_frontend_has_them(world):
    before, after = world.lock(OLD, STACK), world.lock(NEW, STACK)
    kernel = world.kernel(after, None)
    kernel.known = render_lock(before)
    assert world.state(kernel, before)["undelivered"] == render_lock(after)
    kernel.known = render_lock(after)
    assert "undelivered" not in world.state(kernel, after)
