"""Compiling: first what is imported first, then the rest; shared by all views."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from jupyter_pyartifacts.bytecode import (
    compile_first,
    compile_rest,
    discard_byte_code,
    remake_byte_code,
)
from jupyter_pyartifacts.environment import assemble_view, check_view
from jupyter_pyartifacts.instantiate import instantiate_pins
from jupyter_pyartifacts.model import Digest, Environment
from jupyter_pyartifacts.plan import Pin
from jupyter_pyartifacts.store import Published, Store
from jupyter_pyartifacts.store.verify import verify_artifacts
from tests.test_environment import HERE
from tests.wheels import Listener, Source, build_wheel

WHEELS = [
    build_wheel(
        "ipykernel",
        files={
            "ipykernel/__init__.py": "",
            "ipykernel/kernelapp.py": "from needed import used\n",
            "ipykernel/unused.py": "",
        },
    ),
    build_wheel(
        "needed",
        files={
            "needed/__init__.py": "",
            "needed/used.py": "import single\n",
            "needed/unused.py": "",
            "needed/broken.py": "no python",
        },
    ),
    build_wheel(
        "single",
        files={"single.py": "try:\n    import needed.broken\nexcept SyntaxError:\n    pass\n"},
    ),
    build_wheel(
        "my-direct", files={"direct/__init__.py": "from . import part\n", "direct/part.py": ""}
    ),
    build_wheel(
        "spread", files={"spread-1.0.data/purelib/spread/__init__.py": "import ns.inner\n"}
    ),
    build_wheel("ns-one", files={"ns/inner.py": "import ns.other\n"}),
    build_wheel("ns-two", files={"ns/other.py": "", "ns/unused.py": ""}),
]


class Desk:
    def __init__(self, root: Path) -> None:
        self.store = Store([root])
        self.pins: list[Pin] = [wheel.pin() for wheel in WHEELS]
        self.published: dict[Digest, Published] = instantiate_pins(
            self.pins,
            store=self.store,
            fetcher=Source().serve(*WHEELS),
            reporter=Listener(),
        )

    def view(self) -> Environment:
        return assemble_view(self.pins, self.published, HERE, store=self.store)

    def first(self, *direct: str, seconds: float = 60, store: Store | None = None) -> int:
        return compile_first(
            self.published.values(),
            HERE,
            store=store or self.store,
            direct=direct,
            environ=os.environ,
            seconds=seconds,
        )

    def rest(self) -> None:
        process = compile_rest(self.published.values(), HERE, store=self.store, environ=os.environ)
        assert process is not None
        assert process.wait() == 0

    def compiled(self) -> set[str]:
        return {
            path.name.partition(".")[0]
            if not path.name.startswith("__init__")
            else f"{path.parents[1].name}/__init__"
            for path in self.store.layout.artifacts.rglob("*.pyc")
        }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "store")


KERNEL = {"ipykernel/__init__", "kernelapp", "needed/__init__", "used", "single"}
DIRECT = {"direct/__init__", "part"}
SPREAD = {"spread/__init__", "inner", "other"}


def test_what_a_kernel_imports_comes_first(desk: Desk) -> None:
    desk.first()
    assert desk.compiled() == KERNEL


def test_what_direct_pins_import_comes_too(desk: Desk) -> None:
    desk.first("my-direct", "spread")
    assert desk.compiled() == KERNEL | DIRECT | SPREAD


def test_time_is_up_at_some_point(desk: Desk) -> None:
    assert desk.first(seconds=-1) == 0
    assert desk.compiled() == set()


def test_the_rest_follows(desk: Desk) -> None:
    desk.first()
    desk.rest()
    assert desk.compiled() == KERNEL | DIRECT | SPREAD | {"unused"}
    assert compile_rest(desk.published.values(), HERE, store=desk.store, environ=os.environ) is None
    assert desk.first() == 0


def test_the_rest_can_be_stopped_and_goes_on_later(desk: Desk) -> None:
    process = compile_rest(desk.published.values(), HERE, store=desk.store, environ=os.environ)
    assert process is not None
    process.stop()
    process.stop()
    again = compile_rest(desk.published.values(), HERE, store=desk.store, environ=os.environ)
    if again is not None:
        assert again.wait() == 0
    assert "unused" in desk.compiled()


def test_a_new_view_finds_the_byte_code(desk: Desk) -> None:
    view = desk.view()
    desk.first()
    code = (
        "import ipykernel.kernelapp, sys, os;"
        "print([m for m, x in sorted(sys.modules.items()) if getattr(x, '__cached__', None)"
        " and x.__file__.startswith(sys.prefix) and not os.path.exists(x.__cached__)])"
    )
    done = subprocess.run(
        [view.python, "-I", "-B", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_artifacts_and_views_are_as_whole_as_before(desk: Desk) -> None:
    desk.view()
    desk.rest()
    assert verify_artifacts(desk.published.values())[1] == {}
    assert check_view(desk.pins, desk.published, HERE, store=desk.store, repair=False) == ()


def test_byte_code_can_be_thrown_away(desk: Desk) -> None:
    desk.rest()
    before = {path: path.lstat().st_mode for path in desk.store.root.rglob("*")}
    discard_byte_code(desk.published.values())
    left = {path: path.lstat().st_mode for path in desk.store.root.rglob("*")}
    assert desk.compiled() == set()
    assert not [path for path in left if "bytecode" in path.name or "__pycache__" in path.name]
    assert left.items() <= before.items()


def test_what_a_wheel_has_in_a_cache_stays(tmp_path: Path) -> None:
    store = Store([tmp_path / "store"])
    wheel = build_wheel(files={"demo/__init__.py": "", "demo/__pycache__/own.nbi": b"index"})
    published = instantiate_pins(
        [wheel.pin()], store=store, fetcher=Source().serve(wheel), reporter=Listener()
    )
    process = compile_rest(published.values(), HERE, store=store, environ=os.environ)
    assert process is not None
    process.wait()
    assert list(store.layout.artifacts.rglob("*.pyc"))
    discard_byte_code(published.values())
    assert not list(store.layout.artifacts.rglob("*.pyc"))
    assert verify_artifacts(published.values())[1] == {}


def test_byte_code_is_made_anew(desk: Desk) -> None:
    desk.rest()
    bad = next(desk.store.layout.artifacts.rglob("kernelapp*.pyc"))
    good = bad.read_bytes()
    bad.chmod(0o644)
    bad.write_bytes(good[:16] + b"evil")
    remake_byte_code(desk.published.values(), HERE, store=desk.store, environ=os.environ)
    assert bad.read_bytes()[:16] == good[:16]
    assert bad.read_bytes() != good[:16] + b"evil"
    assert "unused" in desk.compiled()


def test_layers_are_left_alone(desk: Desk, tmp_path: Path) -> None:
    own = Store([tmp_path / "own", desk.store.root])
    assert desk.first(store=own) == 0
    assert compile_rest(desk.published.values(), HERE, store=own, environ=os.environ) is None
    remake_byte_code(desk.published.values(), HERE, store=own, environ=os.environ)
    assert desk.compiled() == set()


def test_an_interpreter_that_does_not_run_is_no_failure(desk: Desk, tmp_path: Path) -> None:
    from dataclasses import replace

    for path in (str(tmp_path / "none"), "/bin/false"):
        broken = replace(HERE, path=path)
        found = compile_first(
            desk.published.values(),
            broken,
            store=desk.store,
            direct=[],
            environ=os.environ,
        )
        assert found == 0
    assert desk.compiled() == set()
