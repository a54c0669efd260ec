"""Moving a running process to another view: real processes, real imports."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.shim.hotadd import base_entries, path_entries

from .packages import install, make_view

MINOR = "{}.{}".format(*sys.version_info[:2])
ROOT = Path(__file__).parents[2]
PRELUDE = f"""
import importlib, json, os, sys
sys.path.append({str(ROOT)!r})
from jupyter_pyartifacts.shim.hotadd import Mover, swap_view
from jupyter_pyartifacts.shim.session import Session
sys.path.pop()
def environment(view):
    return {{
        "path": view,
        "python": view + "/bin/python",
        "site_packages": view + "/lib/python{MINOR}/site-packages",
    }}
answer = {{}}
"""


def run(source: str, *arguments: Path) -> Any:
    """Run source in a process of its own that knows nothing of installed packages."""
    code = PRELUDE + textwrap.dedent(source) + "\nprint(json.dumps(answer))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"} | {"PATH": "/usr/bin"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def views(tmp_path: Path) -> tuple[Path, Path]:
    for name, version in (("a", "1.0"), ("b", "2.0")):
        site_packages = make_view(tmp_path / name, MINOR)
        install(site_packages, "stays", "1.0")
        install(site_packages, "moves", version)
    install(tmp_path / "b" / "lib" / f"python{MINOR}" / "site-packages", "fresh", "3.0")
    return tmp_path / "a", tmp_path / "b"


def test_imports_come_from_the_new_view_and_loaded_modules_stay(views: tuple[Path, Path]) -> None:
    answer = run(
        """
        a, b = sys.argv[1:]
        import importlib.metadata as metadata
        swap_view(environment(a))
        import stays
        try:
            import fresh
        except ImportError:
            answer["missing"] = True
        answer["before"] = metadata.version("moves")
        swap_view(environment(b), a)
        import fresh, moves, stays.late
        answer["after"] = metadata.version("moves")
        answer["moves"] = moves.__version__
        answer["stays"] = [stays.__file__, stays.late.__file__]
        answer["left"] = [entry for entry in sys.path if entry.startswith(a)]
        answer["names"] = sorted(d.metadata["Name"] for d in metadata.distributions())
        """,
        *views,
    )
    first = str(views[0])
    assert answer["missing"]
    assert (answer["before"], answer["after"], answer["moves"]) == ("1.0", "2.0", "2.0")
    assert all(path.startswith(first) for path in answer["stays"])
    assert answer["left"] == []
    assert answer["names"] == ["fresh", "moves", "stays"]


def test_the_process_says_it_is_the_new_view(views: tuple[Path, Path]) -> None:
    answer = run(
        """
        a, b = sys.argv[1:]
        import multiprocessing.spawn, site, sysconfig
        swap_view(environment(a))
        sysconfig.get_paths()
        swap_view(environment(b), a)
        answer["sys"] = [sys.prefix, sys.exec_prefix, sys.executable]
        answer["environ"] = [os.environ[n] for n in ("PATH", "VIRTUAL_ENV", "PYARTIFACTS_VIEW")]
        answer["spawn"] = os.fsdecode(multiprocessing.spawn.get_executable())
        answer["purelib"] = sysconfig.get_paths()["purelib"]
        answer["site"] = site.PREFIXES
        """,
        *views,
    )
    b = str(views[1])
    assert answer["sys"] == [b, b, b + "/bin/python"]
    assert answer["environ"] == [b + "/bin" + os.pathsep + "/usr/bin", b, b]
    assert answer["spawn"] == b + "/bin/python"
    assert answer["purelib"] == f"{b}/lib/python{MINOR}/site-packages"
    assert b in answer["site"]


def test_the_new_entries_take_the_old_ones_place(views: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    answer = run(
        """
        a, b, mine = sys.argv[1:]
        swap_view(environment(a))
        sys.path.append(mine)
        swap_view(environment(b), a)
        answer["tail"] = sys.path[-2:]
        """,
        *views,
        tmp_path / "mine",
    )
    assert answer["tail"] == [
        f"{views[1]}/lib/python{MINOR}/site-packages",
        str(tmp_path / "mine"),
    ]


def test_path_files_give_entries_and_their_code_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "extra").mkdir()
    (tmp_path / "a.pth").write_text(
        "# comment\n\nextra\nextra\nmissing\nimport sys; sys.exit(9)\nimport\tos\n"
    )
    assert path_entries(str(tmp_path)) == [str(tmp_path), str(tmp_path / "extra")]
    assert path_entries(str(tmp_path / "gone")) == [str(tmp_path / "gone")]


def test_a_stock_kernel_leaves_the_systems_packages_and_comes_back(
    views: tuple[Path, Path], tmp_path: Path
) -> None:
    base = tmp_path / "lib" / "site-packages"
    install(base, "system-only", "1.0")
    install(base, "moves", "0.1")
    answer = run(
        """
        a, base, session = sys.argv[1:]
        sys.path.insert(0, "")
        start = sys.path + [base]
        sys.path.append(base)
        class __editable___x_finder:
            @classmethod
            def find_spec(cls, *args):
                return None
        sys.meta_path.append(__editable___x_finder)
        mover = Mover(Session(session, sys.executable, isolated=False), start)
        executable = sys.executable
        mover.move(environment(a))
        import moves
        answer["moves"] = moves.__version__
        try:
            import system_only
        except ImportError:
            answer["hidden"] = True
        answer["finders"] = __editable___x_finder in sys.meta_path
        answer["standard"] = importlib.import_module("wsgiref").__name__
        answer["directories"] = mover.package_directories()
        answer["first"] = sys.path[0]
        mover.back()
        import system_only
        answer["back"] = [sys.executable == executable, base in sys.path, a in "".join(sys.path)]
        answer["environ"] = "VIRTUAL_ENV" in os.environ, os.environ["PATH"]
        answer["finders again"] = __editable___x_finder in sys.meta_path
        """,
        views[0],
        base,
        tmp_path / "session.json",
    )
    assert answer == {
        "moves": "1.0",
        "hidden": True,
        "finders": False,
        "standard": "wsgiref",
        "directories": [str(base), f"{views[0]}/lib/python{MINOR}/site-packages"],
        "first": "",
        "back": [True, True, False],
        "environ": [False, "/usr/bin"],
        "finders again": True,
    }


def test_the_standard_library_and_the_users_directories_are_no_base_entries(
    tmp_path: Path,
) -> None:
    keep = tmp_path / ".ipython"
    path = ["", os.getcwd(), *[p for p in sys.path if "site-packages" not in p][1:2]]
    standard = [os.path.dirname(os.__file__), os.path.dirname(json.__file__), "/x/python311.zip"]
    found = base_entries(
        [*path, *standard, str(keep / "extensions"), "/opt/lib"], keep=(str(keep),)
    )
    assert "/opt/lib" in found
    assert not {"", os.getcwd(), *standard, str(keep / "extensions")} & set(found)
