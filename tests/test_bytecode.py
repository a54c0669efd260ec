"""Byte code: made in the store, loaded from there, shared, and made anew for another Python."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.environment import (
    assemble_view,
    check_view,
    forget_byte_code,
    is_compiled,
    prepare_byte_code,
)
from jupyter_pyartifacts.environment.bytecode import COMPILER
from jupyter_pyartifacts.instantiate import instantiate_pins
from jupyter_pyartifacts.model import Environment, InterpreterInUse
from jupyter_pyartifacts.plan import Pin
from jupyter_pyartifacts.store import Store
from tests.test_environment import HERE, run
from tests.uids import run_as_another
from tests.wheels import Listener, Source, build_wheel

TAG = HERE.cache_tag
FILES = {
    "demo/__init__.py": "from . import used\n",
    "demo/used.py": "def fail():\n    raise ValueError\n",
    "demo/broken.py": "this is no Python\n",
    "demo/tests/test_demo.py": "pass\n",
    "single.py": "pass\n",
}


class Place:
    """One view of one artifact, and a way to have it compiled."""

    def __init__(self, root: Path) -> None:
        wheel = build_wheel(files=FILES)
        self.store = Store([root])
        self.pins: list[Pin] = [wheel.pin()]
        self.published = instantiate_pins(
            self.pins, store=self.store, fetcher=Source().serve(wheel), reporter=Listener()
        )
        (artifact,) = self.published.values()
        self.home = artifact.home
        self.view: Environment = assemble_view(self.pins, self.published, HERE, store=self.store)

    def compile(self, interpreter: InterpreterInUse = HERE, *, wait: bool = True) -> None:
        prepare_byte_code(
            self.view,
            interpreter,
            self.pins,
            kernel=["demo"],
            requirements=["demo"],
            store=self.store,
            wait=wait,
            owner=os.getpid(),
        )
        deadline = time.monotonic() + 60
        while not is_compiled(self.view) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert is_compiled(self.view)

    def compiled(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.home / "tree"))
            for path in (self.home / "tree").rglob("*.pyc")
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "store")


def compiler() -> Any:
    specification = importlib.util.spec_from_file_location("compiling", COMPILER)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_everything_but_tests_and_what_is_no_python_is_compiled(place: Place) -> None:
    place.compile()
    assert place.compiled() == [
        f"__pycache__/single.{TAG}.pyc",
        f"demo/__pycache__/__init__.{TAG}.pyc",
        f"demo/__pycache__/used.{TAG}.pyc",
    ]


def test_a_kernel_loads_it_and_its_tracebacks_name_the_view(place: Place) -> None:
    place.compile()
    cached = place.home / "tree/demo/__pycache__" / f"used.{TAG}.pyc"
    assert cached.read_bytes()[4] == 1  # PEP 552: hash-based, not checked
    # Whoever loads the byte code sees what it holds, not what the source says by now.
    source = place.home / "tree/demo/used.py"
    source.chmod(0o644)
    source.write_text("raise SystemExit('compiled again')")
    code = "import demo.used as d; print(d.fail.__code__.co_filename, d.__cached__)"
    site = place.view.site_packages
    assert run(place.view, code) == (f"{site}/demo/used.py {site}/demo/__pycache__/used.{TAG}.pyc")


def test_trees_stay_read_only_and_views_stay_what_they_were(place: Place) -> None:
    before = {path: path.stat().st_mode for path in (place.home / "tree").rglob("*")}
    place.compile()
    assert {path: path.stat().st_mode for path in before} == before
    for path in (place.home / "tree").rglob("*.pyc"):
        assert path.stat().st_mode & 0o777 == 0o444
    assert check_view(place.pins, place.published, HERE, store=place.store, repair=False) == ()


def test_another_view_of_the_same_artifacts_has_nothing_to_wait_for(place: Place) -> None:
    place.compile()
    other = replace(place.view, path=f"{place.view.path}-other")
    Path(other.path).mkdir()
    prepare_byte_code(other, HERE, place.pins, kernel=(), requirements=(), store=place.store)
    assert is_compiled(other)


def test_without_an_owner_nothing_goes_on_behind(place: Place) -> None:
    prepare_byte_code(
        place.view, HERE, place.pins, kernel=(), requirements=("demo",), store=place.store
    )
    assert place.compiled() == []
    prepare_byte_code(
        *(place.view, HERE, place.pins),
        kernel=(),
        requirements=("demo",),
        store=place.store,
        whole=True,
    )
    assert is_compiled(place.view)


def test_it_ends_with_its_owner(place: Place) -> None:
    owner = subprocess.Popen([sys.executable, "-c", ""])
    owner.wait()
    prepare_byte_code(
        *(place.view, HERE, place.pins),
        kernel=(),
        requirements=("demo",),
        store=place.store,
        owner=owner.pid,
    )
    time.sleep(1)
    assert place.compiled() == []
    assert not is_compiled(place.view)


def test_another_patch_release_makes_its_own(place: Place) -> None:
    place.compile()
    used = place.home / "tree/demo/__pycache__" / f"used.{TAG}.pyc"
    used.chmod(0o644)
    used.write_bytes(b"of another release")
    marker = place.home / f"BYTECODE-{TAG}"
    assert marker.read_text() == f"{HERE.magic} {HERE.version}\nwhole\n"
    (Path(place.view.path) / "__pycache__/compiled").unlink()
    place.compile(replace(HERE, version=f"{HERE.version}+patch"))
    assert used.read_bytes() != b"of another release"
    assert marker.read_text() == f"{HERE.magic} {HERE.version}+patch\nwhole\n"


def test_forgetting_it_leaves_the_tree_alone(place: Place) -> None:
    place.compile()
    forget_byte_code(place.view, HERE, place.pins, store=place.store)
    assert place.compiled() == []
    assert not is_compiled(place.view)
    assert (place.home / "tree/demo/used.py").is_file()


def test_a_source_that_brings_the_compiler_down_is_not_tried_forever(place: Place) -> None:
    module = compiler()
    module.write_file(str(place.home / f"BYTECODE-{TAG}"), module.note("stamp", str(module.TRIES)))
    module.compile_artifact(str(place.home), TAG, "stamp", frozenset())
    assert place.compiled() == []


def test_the_hot_set_follows_imports_as_they_would_run(tmp_path: Path) -> None:
    sources = {
        "root/__init__.py": (
            "import a.b as c, d\nfrom .near import (\n    x,  # why\n    y,\n)\n"
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    import typed\n"
            "try:\n    import tried\nexcept ImportError:\n    import instead\n"
            "def later():\n    import lazy\n"
        ),
        "root/near/__init__.py": "from .. import up\nfrom ... import beyond\n",
        "root/near/x.py": "import missing, root\n",
        "root/up.py": "",
        "a/__init__.py": "",
        "a/b.py": "",
        "d.py": "",
        "typed.py": "",
        "tried.py": "",
        "instead.py": "",
        "lazy.py": "",
        "beyond.py": "",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = compiler().HotSet(str(tmp_path)).walk(["root"])
    assert [path for path, _ in found] == [f"{tmp_path}/{name}" for _, name in found]
    assert sorted(name for _, name in found) == [
        "a/__init__.py",
        "a/b.py",
        "d.py",
        "instead.py",
        "root/__init__.py",
        "root/near/__init__.py",
        "root/near/x.py",
        "root/up.py",
        "tried.py",
    ]


def test_it_is_for_all_who_read_the_store(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(0o077)
    try:
        place = Place(tmp_path)
        place.compile()
    finally:
        os.umask(before)
    assert place.compiled()
    for path in (place.home, *place.home.rglob("*"), *Path(place.view.path).rglob("*")):
        mode = path.lstat().st_mode
        assert mode & 0o044 == 0o044, path
        assert not path.is_dir() or mode & 0o011 == 0o011, path


def test_what_a_read_only_layer_lacks_is_not_made(tmp_path: Path) -> None:
    place = Place(tmp_path)
    # Not even tried: it would be, and in vain, at every start of a kernel.
    code = f"""
import sys
sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from jupyter_pyartifacts.environment import bytecode
from jupyter_pyartifacts.store import Store
from tests.test_bytecode import HERE, build_wheel, FILES
from jupyter_pyartifacts.environment import assemble_view, find_view, prepare_byte_code
from jupyter_pyartifacts.model import Digest

store = Store([{str(tmp_path / "nowhere")!r}, {str(tmp_path)!r}])
view = find_view(Digest.parse({place.view.digest!r}), HERE, store=store)
bytecode._start = lambda *_, **__: print("started")
wheel = build_wheel(files=FILES)
prepare_byte_code(
    view, HERE, [wheel.pin()], kernel=["demo"], requirements=[], store=store, wait=True, owner=1
)
print("done")
"""
    tmp_path.chmod(0o755)
    assert run_as_another(code, place=tmp_path) == "done\n"
    assert place.compiled() == []


def test_what_the_notebook_imports_comes_before_what_it_requires(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "%matplotlib inline\nimport json, single as s\nfrom missing import demo\n\ud800"
    task = {
        **dict.fromkeys(("done", "lock", "owner"), None),
        **{"tag": TAG, "site": place.view.site_packages, "library": "", "stripe": (0, 1)},
        **{"roots": (), "code": code, "asked": [str(place.home)], "artifacts": ()},
    }
    module = compiler()
    order: list[str] = []
    walk = module.HotSet.walk

    def look(*arguments: Any) -> object:
        order.append("(a look)")
        return walk(*arguments)

    monkeypatch.setattr(module.HotSet, "walk", look)
    monkeypatch.setattr(module, "compile_file", lambda path, name, tag: order.append(name))
    monkeypatch.setattr(module, "say_done", lambda: order.append("(the kernel starts)"))
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(task)))
    module.main()
    assert order == [
        *("(a look)", "(the kernel starts)"),
        *("(a look)", "single.py"),
        *("(a look)", "demo/__init__.py", "demo/used.py"),
    ]
