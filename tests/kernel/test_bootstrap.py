"""The shim's start, in an interpreter of its own: what may be imported, what is written."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_pyartifacts.kernel.launch import BOOTSTRAP

LOAD = f"""
import json, os, sys
from importlib.machinery import SourceFileLoader
from types import ModuleType
bootstrap = ModuleType("bootstrap")
bootstrap.__file__ = {BOOTSTRAP!r}
exec(compile(open({BOOTSTRAP!r}).read(), {BOOTSTRAP!r}, "exec"), bootstrap.__dict__)
"""


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    """Make an environment of the shape that a view has, with nothing in it."""
    path = tmp_path_factory.mktemp("store") / "views" / "abc"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True)
    return path


def run(view, code, *options, **environ):
    """Run code in the view's interpreter as the kernel is run; return what it prints as JSON."""
    answer = subprocess.run(
        [str(view / "bin" / "python"), "-I", *options, "-c", LOAD + code],
        env={"PYARTIFACTS_VIEW": str(view), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_it_is_read_by_old_pythons():
    ast.parse(Path(BOOTSTRAP).read_text(), feature_version=(3, 7))


def test_an_environments_own_path_is_kept(view):
    before, removed, after = run(
        view,
        "before = list(sys.path)\n"
        "removed = bootstrap.remove_intruders(bootstrap.store_roots(os.environ))\n"
        "print(json.dumps([before, removed, sys.path]))",
    )
    assert removed == []
    assert after == before
    assert any(str(view) in entry for entry in after)


def test_intruders_are_taken_off_and_named(view, tmp_path):
    stdlib = str(Path(json.__file__).parent.parent)
    artifact = view.parent.parent / "artifacts" / "aa" / "tree"
    artifact.mkdir(parents=True, exist_ok=True)
    outside = str(tmp_path)
    packages = str(Path(stdlib) / "dist-packages")
    removed, after = run(
        view,
        f"sys.path[:0] = ['', {outside!r}]\n"
        f"sys.path += [{packages!r}, {str(artifact)!r}, {outside!r}]\n"
        "removed = bootstrap.remove_intruders(bootstrap.store_roots(os.environ))\n"
        "print(json.dumps([removed, sys.path]))",
    )
    assert removed == [outside, packages, outside]
    assert outside not in after
    assert packages not in after
    assert "" in after
    assert str(artifact) in after


def test_modules_of_intruders_are_unloaded(view, tmp_path):
    (tmp_path / "intruder.py").write_text("x = 1\n")
    gone, left = run(
        view,
        f"sys.path.append({str(tmp_path)!r})\n"
        "import intruder, email.message\n"
        "roots = bootstrap.store_roots(os.environ)\n"
        "gone = bootstrap.unload_intruders(bootstrap.remove_intruders(roots), roots)\n"
        "print(json.dumps([gone, 'email.message' in sys.modules]))",
    )
    assert gone == ["intruder"]
    assert left is True


def test_no_byte_code_below_the_store(view, tmp_path):
    packages = next((view / "lib").glob("python*")) / "site-packages"
    (packages / "pinned.py").write_text("x = 1\n")
    (tmp_path / "own.py").write_text("x = 1\n")
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "shared.py").write_text("x = 1\n")
    run(
        view,
        f"sys.path += [{str(tmp_path)!r}, {str(layer)!r}]\n"
        "bootstrap.keep_store_clean(bootstrap.store_roots(os.environ))\n"
        "import pinned, own, shared\n"
        "print(json.dumps(sys.flags.dont_write_bytecode))",
        "-B",
        PYARTIFACTS_STORE=str(layer),
    )
    assert not (packages / "__pycache__").exists()
    assert not (layer / "__pycache__").exists()
    assert [path.suffix for path in (tmp_path / "__pycache__").iterdir()] == [".pyc"]


def test_the_working_directory_comes_after_the_standard_library(view):
    path = run(
        view,
        "bootstrap.add_working_directory()\n"
        "bootstrap.add_working_directory()\n"
        "print(json.dumps(sys.path))",
    )
    assert path.count("") == 1
    assert path[path.index("") + 1].endswith("site-packages")
    assert path.index("") > 0


def test_a_wish_not_to_have_it_is_heard(view):
    path = run(
        view,
        "bootstrap.add_working_directory()\nprint(json.dumps(sys.path))",
        PYTHONSAFEPATH="1",
    )
    assert "" not in path


def test_the_shims_files_are_a_package_and_stand_in_for_ours(view):
    names = run(
        view,
        "bootstrap.open_shim()\n"
        "import _pyartifacts_shim, jupyter_pyartifacts\n"
        "from _pyartifacts_shim import words\n"
        "try:\n    import jupyter_pyartifacts.service\n"
        "except ModuleNotFoundError as error:\n    missing = str(error)\n"
        "print(json.dumps([list(_pyartifacts_shim.__path__), words.__file__, missing]))",
    )
    shim = Path(BOOTSTRAP).parent
    assert names == [
        [str(shim)],
        str(shim / "words.py"),
        "No module named 'jupyter_pyartifacts.service'; 'jupyter_pyartifacts' is not a package",
    ]


def test_notes_are_read_once(view):
    answer = run(
        view,
        "first = bootstrap.notes(os.environ)\n"
        "print(json.dumps([first, bootstrap.notes(os.environ)]))",
        PYARTIFACTS_NOTES='["another patch release"]',
    )
    assert answer == [["another patch release"], []]
