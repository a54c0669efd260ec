"""`%pyartifacts` in a stock kernel: the first `add`, and the way back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import write_notebook
from .test_magic import PACKAGE, locks_of, message_of, text_of, views_kept

pytestmark = [pytest.mark.kernel, pytest.mark.network]

LOAD = "%load_ext jupyter_pyartifacts"
LEAVES_OUT = "  this kernel began with the system's packages; a restart leaves them out"


@pytest.fixture
def stock(start, tmp_path):
    """Start a kernel of a notebook without a lock, the extension loaded."""
    kernel = start(write_notebook(tmp_path / "n.ipynb"))
    assert kernel.run(LOAD).ok
    return kernel


def test_the_first_add_hides_the_systems_packages_from_then_on(stock, store):
    assert stock.run("import nbformat").ok
    added = stock.run(f"%pyartifacts add {PACKAGE} --platform linux-x86_64")
    assert text_of(added).splitlines()[-2:] == ["restart recommended", LEAVES_OUT]
    assert stock.value("__import__('inflection').__file__").startswith(str(store / "views"))
    hidden = stock.run("import httpx")
    assert message_of(hidden).splitlines()[-1] == "hint: %pyartifacts add httpx"
    # What is loaded stays usable, the standard library and the notebook's directory importable.
    assert stock.run("nbformat.current_nbformat; import wsgiref.simple_server").ok
    assert stock.value("'' in __import__('sys').path")
    shell = stock.run("!python -c 'import inflection; print(inflection.__file__)'")
    assert shell.out.startswith(str(store / "views"))


def test_no_sweep_takes_what_it_uses(stock, store):
    stock.run(f"%pyartifacts add {PACKAGE} --platform linux-x86_64")
    prefix = stock.value("__import__('sys').prefix")
    assert views_kept(stock, store) == [Path(prefix).name]


def test_undo_of_the_first_add_brings_the_systems_packages_back(stock):
    before = stock.value("[__import__('sys').executable, __import__('sys').prefix]")
    stock.run(f"%pyartifacts add {PACKAGE} --platform linux-x86_64")
    undone = stock.run("%pyartifacts undo")
    assert text_of(undone).splitlines()[-1] == ("  imports come from the system's packages again")
    assert [each["lock"] for each in locks_of(undone)] == [None, None]
    assert stock.value("[__import__('sys').executable, __import__('sys').prefix]") == before
    assert stock.run("import httpx").ok
    assert stock.run("import inflection").error["ename"] == "ModuleNotFoundError"


def test_a_restart_after_the_lock_was_saved_runs_isolated(stock, tmp_path, store):
    added = stock.run(f"%pyartifacts add {PACKAGE} --platform linux-x86_64")
    write_notebook(tmp_path / "n.ipynb", lock=locks_of(added)[0]["lock"])
    stock.restart()
    assert stock.value("__import__('sys').flags.isolated") == 1
    assert stock.value("__import__('inflection').__file__").startswith(str(store / "views"))


def test_it_starts_from_the_lock_that_the_notebook_has(stock, lock, tmp_path):
    path = write_notebook(tmp_path / "locked.ipynb", lock=lock)
    stock.run(f"import os; os.environ['JPY_SESSION_NAME'] = {str(path)!r}")
    shown = text_of(stock.run("%pyartifacts show"))
    assert "pandas" in shown
    stock.run(f"%pyartifacts add {PACKAGE}")
    assert stock.value("__import__('pandas').__version__") == "2.2.3"
    assert json.loads(path.read_text())["metadata"]["pyartifacts"] == lock


def test_the_first_add_prefers_the_versions_that_are_loaded(stock):
    versions = "{n: __import__('importlib.metadata').metadata.version(n) for n in %r}"
    stack = ["ipykernel", "ipython", "traitlets", "jupyter-client", "pyzmq", "tornado"]
    loaded = stock.value(versions % stack)
    stock.run(f"%pyartifacts add {PACKAGE} --platform linux-x86_64")
    assert stock.value(versions % stack) == loaded


def test_a_package_loaded_from_the_system_in_another_version_requires_a_restart(stock):
    loaded = stock.value("__import__('packaging').__version__")
    added = stock.run(f"%pyartifacts add packaging!={loaded} --platform linux-x86_64")
    lines = text_of(added).splitlines()
    assert lines[-3] == "restart required"
    assert f"packaging {loaded} (pinned: " in lines[-2]
    assert lines[-1] == LEAVES_OUT


def test_loading_twice_and_unloading(stock):
    assert stock.run(LOAD).ok
    assert stock.run("%reload_ext jupyter_pyartifacts").ok
    assert stock.run("%pyartifacts help undo").ok
    assert stock.run("%unload_ext jupyter_pyartifacts").ok
    assert "not found" in stock.run("%pyartifacts help").err


def test_the_startup_file_loads_it_and_leaves_no_name(start, tmp_path, environ):
    import jupyter_pyartifacts.shim

    source = Path(jupyter_pyartifacts.shim.__file__).parent / "startup"
    startup = Path(environ["IPYTHONDIR"]) / "profile_default" / "startup"
    startup.mkdir(parents=True)
    file = source / "50-jupyter-pyartifacts.py"
    (startup / file.name).write_bytes(file.read_bytes())
    kernel = start(write_notebook(tmp_path / "n.ipynb"))
    assert "add REQUIREMENT" in text_of(kernel.run("%pyartifacts"))
    assert kernel.run("%who").out.strip() == "Interactive namespace is empty."
