"""Kernels on archives of every CPython that is installed here, in a store that was empty before.

Each interpreter is made into a relocatable archive and served over loopback with a table of its
own; the policy `artifact` keeps the installed one out.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.interpreter import host_version
from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.notebook import read_document
from jupyter_pyartifacts.report import NullReporter
from jupyter_pyartifacts.service import Engine, LockOptions
from jupyter_pyartifacts.store import Store
from jupyter_pyartifacts.store.verify import verify_artifact
from tests.pythons import PLATFORM, Place, Shelf, installed

from .conftest import write_notebook
from .running import Running

pytestmark = [pytest.mark.network, pytest.mark.kernel]


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def tried() -> list[str]:
    """Return the newest release of each minor that is installed, from 3.8 on."""
    newest = {number(version)[:2]: version for version in sorted(installed(), key=number)}
    return [version for minor, version in sorted(newest.items()) if minor >= (3, 8)]


@dataclass(kw_only=True)
class Python:
    """One Python: its version, the kernel that runs on its archive, where everything is."""

    version: str
    kernel: Running
    directory: Path
    store: Path

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])


@pytest.fixture(scope="module", params=tried())
def python(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Python]:
    version = request.param
    directory = tmp_path_factory.mktemp(f"python{version}")
    shelf = Shelf(directory / "shelf")
    shelf.put(version, suffix="zst" if version.startswith("3.9.") else "gz")
    home, store = directory / "home", directory / "store"
    home.mkdir()
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYARTIFACTS_", "PYTHON", "IPYTHON"))
    }
    with Place(shelf.directory) as place, pytest.MonkeyPatch.context() as patch:
        for key in os.environ:
            if key not in kept:
                patch.delenv(key)
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        patch.setenv("PYARTIFACTS_PYTHON_TABLE", f"{place.url}versions.json")
        patch.setenv("PYARTIFACTS_PYTHON_POLICY", "artifact")
        patch.setenv("PYARTIFACTS_STORE", str(directory / "locking"))
        path = write_notebook(directory / "n.ipynb")
        engine = Engine(Config.from_environ(os.environ), NullReporter())
        options = LockOptions(platforms=(PLATFORM,), python=version)
        engine.add(read_document(path), ["typing_extensions"], options=options)
        shutil.rmtree(directory / "locking" / "views")
        patch.setenv("PYARTIFACTS_STORE", str(store))
        place.asked.clear()
        factory = KernelProvisionerFactory.instance()
        patch.setattr(factory, "default_provisioner_name", "pyartifacts")
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(cwd=str(directory), env={**os.environ, "JPY_SESSION_NAME": str(path)})
        kernel = Running(manager.blocking_client(), manager)
        try:
            (archive,) = (shelf.directory / "20260101").iterdir()
            assert place.asked[f"GET {archive.name}"] == 1
            yield Python(version=version, kernel=kernel, directory=directory, store=store)
        finally:
            kernel.close()


def test_enough_pythons_are_tried() -> None:
    if "CI" not in os.environ:
        # Whoever has fewer tries those.
        assert tried()
        return
    minors = [number(version)[:2] for version in tried()]
    assert len(minors) >= 4
    assert minors[0] == (3, 8)
    assert minors[-1] > number(host_version())[:2]


def test_it_is_the_archives_interpreter(python: Python) -> None:
    run = python.kernel.value
    tree = run("__import__('sys').base_prefix")
    assert Path(tree).parent.parent == python.store / "artifacts"
    assert Path(tree).name == "tree"
    assert run("__import__('platform').python_version()") == python.version
    assert Path(run("__import__('sys').prefix")).parent == python.store / "views"
    assert run("__import__('os').__file__").startswith(f"{tree}/lib/python{python.minor}/")
    pinned = run("__import__('typing_extensions').__file__")
    assert pinned.startswith(run("__import__('sys').prefix"))
    # Nothing of what the archive has in its own site-packages, nor of the installed one.
    path = run("__import__('sys').path")
    assert [p for p in path if p.endswith("site-packages")] == [
        run("__import__('sysconfig').get_paths()['purelib']")
    ]
    assert not [entry for entry in path if ".pyenv" in entry]


def test_the_modules_in_c_load(python: Python) -> None:
    answer = python.kernel.run(
        "import bz2, ctypes, hashlib, lzma, sqlite3, ssl, uuid, zlib\n"
        "print(ssl.create_default_context().check_hostname, ctypes.sizeof(ctypes.c_int),\n"
        "      sqlite3.connect(':memory:').execute('select 1 + 1').fetchone())"
    )
    assert answer.ok, answer.error
    assert answer.out == "True 4 (2,)\n"


def test_children_run_on_it(python: Python) -> None:
    prefix = python.kernel.value("__import__('sys').prefix")
    answer = python.kernel.run(
        "import subprocess, multiprocessing, operator, sys\n"
        "show = 'import sys; print(sys.prefix, \"%d.%d.%d\" % sys.version_info[:3])'\n"
        "for python in ('python', 'python3', sys.executable):\n"
        "    print(subprocess.check_output([python, '-c', show]).decode(), end='')\n"
        "with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "    print(pool.map(operator.neg, [1, 2]))"
    )
    assert answer.ok, answer.error
    assert answer.out == f"{prefix} {python.version}\n" * 3 + "[-1, -2]\n"
    assert python.kernel.run("!python --version").out.strip() == f"Python {python.version}"


def test_a_cell_can_be_answered_completed_and_interrupted(python: Python) -> None:
    kernel = python.kernel
    assert kernel.run("print('hello', input('who? '))", answers=("ada",)).out == "hello ada\n"
    kernel.run("import collections")
    reply = kernel.client.complete("collections.Ordered", reply=True, timeout=60)["content"]
    assert "OrderedDict" in [match.rpartition(".")[2] for match in reply["matches"]]
    request = kernel.send("print('begun', flush=True)\nwhile True: pass")
    kernel.wait_for_output(request, "begun")
    kernel.manager.interrupt_kernel()
    answer = kernel.wait(request)
    assert answer.error is not None
    assert answer.error["ename"] == "KeyboardInterrupt"
    assert kernel.run("1 +").error is not None


def test_the_magic_shows_what_runs_and_adds_at_once(python: Python) -> None:
    kernel = python.kernel
    answer = kernel.run("%pyartifacts show")
    assert answer.ok, answer.error
    shown = next(data["text/plain"] for data in reversed(answer.data) if "text/plain" in data)
    assert f"runs on Python {python.version}: the archive that the lock pins" in shown
    answer = kernel.run("%pyartifacts add six\nimport six; print(six.__name__)")
    assert answer.ok, answer.error
    assert answer.out.endswith("six\n")


def test_the_store_keeps_it_whole(python: Python) -> None:
    tree = Path(python.kernel.value("__import__('sys').base_prefix"))
    store = Store([python.store])
    published = store.find_artifact(Digest(tree.parent.name))
    assert published is not None
    assert published.facts.python == f"bin/python{python.minor}"
    assert verify_artifact(published)[1] == ()
    engine = Engine(
        Config.from_environ({**os.environ, "PYARTIFACTS_STORE": str(python.store)}), NullReporter()
    )
    assert not [name for name in engine.gc(dry_run=True).removed if tree.parent.name in name]


def test_byte_code_of_its_library_was_made_before_it_started(python: Python) -> None:
    library = python.kernel.value("__import__('os').path.dirname(__import__('os').__file__)")
    tag = f"cpython-{python.minor.replace('.', '')}"
    for name in ("asyncio/__pycache__/events", "json/__pycache__/decoder", "__pycache__/inspect"):
        cached = Path(library, f"{name}.{tag}.pyc")
        # Hash-based and not checked again: the host makes such, an interpreter by itself does not.
        assert cached.read_bytes()[4] == 1


# The last of each kernel: the debugger of old kernels can lock the threads up that come after it
# (ipykernel's cleaning up during garbage collection waits for a lock that pydevd holds).
def test_the_debugger_attaches(python: Python) -> None:
    reply = python.kernel.control(
        "debug_request", {"type": "request", "seq": 1, "command": "debugInfo", "arguments": {}}
    )
    assert reply["success"]
    python.kernel.start_debugger()
