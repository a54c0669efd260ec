"""Nothing of the host reaches an isolated kernel, and what the user prefers does."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from platform import machine

import pytest

from jupyter_pyartifacts.platforms import identify_platform

from .conftest import write_notebook

pytestmark = [pytest.mark.kernel, pytest.mark.network]

MINOR = f"python{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.parametrize("name", ["httpx", "uv", "jupyter_server", "nbclient", "pytest"])
def test_the_hosts_packages_are_not_importable(kernel, name):
    __import__(name)
    error = kernel.run(f"import {name}").error
    assert error is not None
    assert error["ename"] == "ModuleNotFoundError"


def test_the_path_is_the_library_the_notebook_and_the_view(kernel):
    path, prefix = kernel.value("[__import__('sys').path, __import__('sys').prefix]")
    library = Path(os.__file__).parent
    expected = {
        str(library.parent / f"{MINOR.replace('.', '')}.zip"),
        str(library),
        str(library / "lib-dynload"),
        "",
        os.path.join(prefix, "lib", MINOR, "site-packages"),
    }
    assert set(path) == expected


def test_variables_of_the_host_do_not_reach_it(start, tmp_path):
    (tmp_path / "leak").mkdir()
    (tmp_path / "leak" / "leaked.py").write_text("x = 1\n")
    (tmp_path / "startup.py").write_text("leaked_startup = 1\n")
    user_site = tmp_path / "base" / "lib" / MINOR / "site-packages"
    user_site.mkdir(parents=True)
    (user_site / "leaked_user.py").write_text("x = 1\n")
    (user_site / "leak.pth").write_text("import os; os.environ['LEAKED_PTH'] = '1'\n")
    kernel = start(
        variables={
            "PYTHONPATH": str(tmp_path / "leak"),
            "PYTHONSTARTUP": str(tmp_path / "startup.py"),
            "PYTHONUSERBASE": str(tmp_path / "base"),
            "PYTHONHASHSEED": "3",
        }
    )
    for name in ("leaked", "leaked_user"):
        assert kernel.run(f"import {name}").error["ename"] == "ModuleNotFoundError"
    assert kernel.run("leaked_startup").error["ename"] == "NameError"
    names = ["PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "LEAKED_PTH", "PYTHONHASHSEED"]
    values = kernel.value(f"[__import__('os').environ.get(name) for name in {names}]")
    assert values == [None, None, None, None, "3"]


def test_a_childs_path_is_the_views_as_well(start, tmp_path):
    (tmp_path / "leaked.py").write_text("x = 1\n")
    (tmp_path / "elsewhere").mkdir()
    kernel = start(variables={"PYTHONPATH": str(tmp_path)})
    answer = kernel.run(
        "import subprocess, sys\n"
        "child = subprocess.run(\n"
        "    [sys.executable, '-c', 'import leaked'], cwd='elsewhere', capture_output=True)\n"
        "print(child.stderr.decode())"
    )
    assert "No module named 'leaked'" in answer.out


def test_the_users_preferences_load_and_the_systems_do_not(start, environ):
    startup = Path(environ["IPYTHONDIR"]) / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-mine.py").write_text("mine = 'here'\n")
    config = startup.parent / "ipython_config.py"
    config.write_text("c = get_config()\nc.InteractiveShell.ast_node_interactivity = 'all'\n")
    kernel = start()
    assert kernel.value("mine") == "here"
    assert len(kernel.run("1\n2").data) == 2
    assert (
        kernel.value("__import__('IPython.core.application').core.application.SYSTEM_CONFIG_DIRS")
        == []
    )


def test_what_a_preference_brings_in_is_taken_out_and_named(start, environ, tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "foreign_module.py").write_text("x = 1\n")
    startup = Path(environ["IPYTHONDIR"]) / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-path.py").write_text(
        f"import sys\nsys.path.append({str(foreign)!r})\nimport foreign_module\n"
    )
    kernel = start()
    first = kernel.run("import sys\n'foreign_module' in sys.modules")
    assert first.err.splitlines() == [
        "pyartifacts: taken off the path, as it is no part of this notebook's environment: "
        f"{foreign}",
        "pyartifacts: unloaded, as they came from there: foreign_module",
    ]
    assert first.data[0]["text/plain"] == "False"
    assert kernel.run("1").err == ""
    assert kernel.run("import foreign_module").error["ename"] == "ModuleNotFoundError"


def test_another_patch_release_is_named_in_the_first_cell(start, lock, tmp_path, monkeypatch):
    """A lock of a patch release that this machine does not have runs, and says so."""
    other = {**lock, "python": f"cpython {sys.version_info[0]}.{sys.version_info[1]}.99"}
    other.pop("interpreters", None)
    path = write_notebook(tmp_path / "n.ipynb", lock=other)
    monkeypatch.setenv("PYARTIFACTS_TRUST", "all")
    kernel = start(path)
    here = ".".join(map(str, sys.version_info[:3]))
    platform = identify_platform(sys.platform, machine())
    first = kernel.run("1")
    assert first.err == (
        f"the lock names Python {MINOR.removeprefix('python')}.99; "
        f"{here} of this machine is in use: the lock has no archive of it for {platform}\n"
    )
    assert kernel.run("1").err == ""
    assert kernel.value("'PYARTIFACTS_NOTES' in __import__('os').environ") is False


def test_a_host_with_another_version_and_path_files(environ, lock, store, tmp_path):
    """A host environment with pandas 1.5.3 and a `.pth` of its own runs two locked notebooks."""
    host = tmp_path / "host"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(host)], check=True)
    packages = host / "lib" / MINOR / "site-packages"
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target",
            str(packages), "pandas==1.5.3",
        ],
        check=True,
    )  # fmt: skip
    (tmp_path / "leak").mkdir()
    (tmp_path / "leak" / "leaked.py").write_text("x = 1\n")
    (packages / "host.pth").write_text(
        f"{sysconfig.get_path('purelib')}\n{Path(__file__).parents[3]}\n{tmp_path / 'leak'}\n"
    )
    see = "import pandas\nprint(pandas.__version__)\n"
    leak = "try:\n    import leaked\nexcept ImportError as error:\n    print(error)"
    write_notebook(tmp_path / "pinned.ipynb", see + leak, lock=lock)
    write_notebook(tmp_path / "stock.ipynb", see + "import leaked")
    program = (
        "import nbformat, sys, importlib.metadata as m\n"
        "from nbclient import NotebookClient\n"
        "assert m.version('pandas') == '1.5.3'\n"
        "nb = nbformat.read(sys.argv[1], 4)\n"
        "NotebookClient(nb, kernel_name='python3', allow_errors=True).execute()\n"
        "print([output.get('text', output.get('evalue')) for output in nb.cells[0].outputs])\n"
    )

    def run(notebook):
        return subprocess.run(
            [str(host / "bin" / "python"), "-c", program, str(tmp_path / notebook)],
            env={
                **environ,
                "JUPYTER_DEFAULT_PROVISIONER_NAME": "pyartifacts",
                "JUPYTER_PATH": os.path.join(sys.prefix, "share", "jupyter"),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    pinned = run("pinned.ipynb")
    assert pinned.stdout == "[\"2.2.3\\nNo module named 'leaked'\\n\"]\n", pinned.stderr
