"""Views: complete, isolated, merged where names meet, and the same for everyone who assembles."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import threading
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from jupyter_pyartifacts.environment import (
    assemble_view,
    check_view,
    find_view,
    verify_view,
)
from jupyter_pyartifacts.environment.scripts import PIP_MESSAGE
from jupyter_pyartifacts.errors import ArtifactError, StoreError
from jupyter_pyartifacts.instantiate import instantiate_pins
from jupyter_pyartifacts.model import Digest, Environment, InterpreterInUse
from jupyter_pyartifacts.plan import Pin, plan_digest
from jupyter_pyartifacts.store import Published, Store
from tests.translate.test_elf import elf
from tests.wheels import Listener, Source, Wheel, build_wheel

_PATH = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
HERE = InterpreterInUse(
    path=_PATH,
    version=platform.python_version(),
    identity=f"test {_PATH}",
    implementation=sys.implementation.name,
    cache_tag=sys.implementation.cache_tag or "",
    magic=MAGIC_NUMBER.hex(),
)


class Workshop:
    """A store and what is needed to make views in it."""

    def __init__(self, root: Path) -> None:
        self.store = Store([root])

    def publish(self, *wheels: Wheel) -> tuple[list[Pin], dict[Digest, Published]]:
        pins = [wheel.pin() for wheel in wheels]
        published = instantiate_pins(
            pins, store=self.store, fetcher=Source().serve(*wheels), reporter=Listener()
        )
        return pins, published

    def view(self, *wheels: Wheel) -> Environment:
        pins, published = self.publish(*wheels)
        environment = assemble_view(pins, published, HERE, store=self.store)
        files, damage = verify_view(environment, published.values())
        assert damage == ()
        assert files > 0
        assert check_view(pins, published, HERE, store=self.store, repair=False) == ()
        return environment


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "store")


def run(environment: Environment, code: str, *options: str) -> str:
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [environment.python, "-I", *options, "-c", code],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def site(environment: Environment) -> Path:
    return Path(environment.site_packages)


def test_a_view_is_an_environment_of_its_own(workshop: Workshop) -> None:
    view = workshop.view(build_wheel("demo"), build_wheel("other", "2.0"))
    code = (
        "import demo, other, sys, json, importlib.metadata as m; print(json.dumps("
        "[demo.VERSION, sys.prefix, sys.executable, sorted(d.name for d in m.distributions()),"
        "[p for p in sys.path if 'site-packages' in p], sys.version.split()[0]]))"
    )
    assert json.loads(run(view, code)) == [
        "1.0",
        view.path,
        view.python,
        ["demo", "other"],
        [view.site_packages],
        platform.python_version(),
    ]
    assert (
        run(view, "import demo; print(demo.__file__)") == f"{view.site_packages}/demo/__init__.py"
    )


def test_the_interpreter_has_its_usual_names(workshop: Workshop) -> None:
    folder = Path(workshop.view(build_wheel()).python).parent
    for name in ("python", "python3", f"python{HERE.minor}"):
        assert os.path.realpath(folder / name) == _PATH


def test_whole_directories_are_links_and_dist_info_is_real(workshop: Workshop) -> None:
    view = workshop.view(
        build_wheel(files={"demo/__init__.py": "", "single.py": "x = 1\n"}),
    )
    assert (site(view) / "demo").is_symlink()
    assert (site(view) / "single.py").is_symlink()
    info = site(view) / "demo-1.0.dist-info"
    assert not info.is_symlink()
    assert (info / "INSTALLER").read_text() == "pyartifacts\n"
    assert "INSTALLER" not in (info / "RECORD").read_text()
    assert (info / "RECORD").is_symlink()


def test_a_view_is_found_by_its_plan(workshop: Workshop) -> None:
    wheel = build_wheel()
    pins, published = workshop.publish(wheel)
    digest = plan_digest(pins, HERE.identity)
    assert find_view(digest, HERE, store=workshop.store) is None
    made = assemble_view(pins, published, HERE, store=workshop.store)
    assert made.digest == str(digest)
    assert find_view(digest, HERE, store=workshop.store) == made
    assert assemble_view(pins, published, HERE, store=workshop.store) == made
    layered = Store([workshop.store.root.parent / "own", workshop.store.root])
    assert find_view(digest, HERE, store=layered) == made


def test_views_of_a_layer_link_into_it(workshop: Workshop, tmp_path: Path) -> None:
    wheel = build_wheel()
    pins, _ = workshop.publish(wheel)
    own = Store([tmp_path / "own", workshop.store.root])
    published = instantiate_pins(pins, store=own, fetcher=Source(), reporter=Listener())
    view = assemble_view(pins, published, HERE, store=own)
    assert view.path.startswith(str(tmp_path / "own"))
    assert os.path.realpath(site(view) / "demo").startswith(str(workshop.store.root))
    assert verify_view(view, published.values())[1] == ()


def test_namespaces_are_merged(workshop: Workshop) -> None:
    view = workshop.view(
        build_wheel("one", files={"ns/a/__init__.py": "x = 1\n", "ns/deep/p/__init__.py": ""}),
        build_wheel("two", files={"ns/b/__init__.py": "x = 2\n", "ns/deep/q.py": "x = 3\n"}),
        build_wheel("three", files={"ns/c.py": "x = 4\n", "lone/__init__.py": ""}),
    )
    assert not (site(view) / "ns").is_symlink()
    assert (site(view) / "ns/a").is_symlink()
    assert not (site(view) / "ns/deep").is_symlink()
    assert (site(view) / "lone").is_symlink()
    code = "import ns.a, ns.b, ns.c, ns.deep.p, ns.deep.q; print(ns.a.x, ns.b.x, ns.c.x)"
    assert run(view, code) == "1 2 4"


def test_the_same_file_twice_is_fine_if_it_is_the_same(workshop: Workshop) -> None:
    old = "__import__('pkgutil').extend_path\n"
    view = workshop.view(
        build_wheel("one", files={"ns/__init__.py": old, "ns/a.py": "x = 1\n"}),
        build_wheel("two", files={"ns/__init__.py": old, "ns/b.py": "x = 2\n"}),
    )
    assert run(view, "import ns.a, ns.b; print(ns.a.x + ns.b.x)") == "3"


@pytest.mark.parametrize(
    ("first", "second", "path", "found"),
    [
        ({"same.py": "1"}, {"same.py": "2"}, "same.py", "two different files"),
        ({"p/x.py": "1"}, {"p/x.py": "2"}, "p/x.py", "two different files"),
        ({"p/x.py": "1"}, {"p": "2"}, "p", "a directory of one, a file of the other"),
        (
            {"one-1.0.data/data/share/x": "1"},
            {"two-1.0.data/data/share/x": "2"},
            "share/x",
            "two different files",
        ),
    ],
)
def test_different_files_of_one_name_are_an_error(
    first: dict[str, str],
    second: dict[str, str],
    path: str,
    found: str,
    workshop: Workshop,
) -> None:
    pins, published = workshop.publish(
        build_wheel("one", files=first), build_wheel("two", files=second)
    )
    with pytest.raises(ArtifactError) as caught:
        assemble_view(pins, published, HERE, store=workshop.store)
    assert str(caught.value) == (
        f"one 1.0 and two 1.0 both have {path}\n"
        "  expected: each file from one distribution only\n"
        f"  found:    {found}\n"
        f"hint: remove one of the two, or pin versions that do not both bring {path}"
    )
    assert list(workshop.store.layout.views.iterdir()) == []
    assert list((workshop.store.root / "temporary").iterdir()) == []


def test_tests_and_documents_give_way(workshop: Workshop) -> None:
    view = workshop.view(
        build_wheel("one", files={"tests/util.py": "1", "LICENSE": "1", "one.py": ""}),
        build_wheel("two", files={"tests/util.py": "2", "LICENSE": "2", "tests/own.py": ""}),
    )
    assert (site(view) / "LICENSE").read_text() == "1"
    assert (site(view) / "tests/util.py").read_text() == "1"
    assert (site(view) / "tests/own.py").exists()
    assert view.notes == (
        "two: its LICENSE is left out, one 1.0 has another one",
        "two: its tests/util.py is left out, one 1.0 has another one",
    )


def test_nothing_is_ever_written_into_the_store(workshop: Workshop) -> None:
    site_inside = f"lib/python{HERE.minor}/site-packages"
    wheels = [
        build_wheel(
            "demo",
            files={
                "demo/__init__.py": "",
                "demo-1.0.data/data/include/own.h": "",
                "demo-1.0.data/data/share/demo/x": "",
            },
        ),
        build_wheel(
            "other",
            files={
                "other-1.0.data/headers/other.h": "",
                "other-1.0.data/data/bin": "a file",
                f"other-1.0.data/data/{site_inside}/demo/extra.py": "",
                f"other-1.0.data/data/{site_inside}/demo/deep/er.py": "",
                f"other-1.0.data/data/{site_inside}/new.py": "",
                "other-1.0.data/data/lib64/also.txt": "",
            },
        ),
    ]
    workshop.publish(*wheels)
    before = sorted(workshop.store.layout.artifacts.rglob("*"))
    view = workshop.view(*wheels)
    assert sorted(workshop.store.layout.artifacts.rglob("*")) == before
    assert view.notes == (
        "other: its bin is left out",
        f"other: its {site_inside}/demo/extra.py is left out",
        f"other: its {site_inside}/demo/deep/er.py is left out",
    )
    root = Path(view.path)
    assert (root / "include/own.h").exists()
    assert (root / f"include/site/python{HERE.minor}/other/other.h").exists()
    assert (root / "lib/also.txt").exists()
    assert (site(view) / "new.py").exists()
    assert not (site(view) / "demo/extra.py").exists()


def test_data_is_spread(workshop: Workshop) -> None:
    wheel = build_wheel(
        files={
            "demo-1.0.data/purelib/pure/__init__.py": "x = 1\n",
            "demo-1.0.data/platlib/plat.py": "x = 2\n",
            "demo-1.0.data/data/share/jupyter/kernel.json": "{}",
            "demo-1.0.data/data/etc/demo.conf": "a",
            "demo-1.0.data/data/bin/extra": "#!/bin/sh\n",
            "demo-1.0.data/headers/demo.h": "int x;",
            "demo-1.0.data/scripts/tool": "#!python -E\nprint('tool')\n",
            "demo-1.0.data/scripts/shell": "#!/bin/sh\necho shell\n",
            "demo-1.0.data/scripts/plain": "#!/bin/sh\necho plain\n",
            "demo-1.0.data/strange/x": "y",
        },
        modes={"demo-1.0.data/scripts/shell": 0o100755},
    )
    other = build_wheel("other", files={"other-1.0.data/data/share/other/x": "x"})
    view = workshop.view(wheel, other)
    root = Path(view.path)
    assert run(view, "import pure, plat; print(pure.x + plat.x)") == "3"
    assert (root / "share/jupyter/kernel.json").read_text() == "{}"
    assert (root / "share/other/x").read_text() == "x"
    assert (root / "etc").is_symlink()
    assert (root / "bin/extra").exists()
    assert (root / f"include/site/python{HERE.minor}/demo/demo.h").read_text() == "int x;"
    assert view.notes == ("demo: its files for 'strange' are left out",)
    for name in ("tool", "shell", "plain"):
        done = subprocess.run([root / "bin" / name], capture_output=True, text=True, check=True)
        assert done.stdout == f"{name}\n"
    assert (root / "bin/shell").is_symlink()
    assert (root / "bin/tool").read_text().startswith((f"#!{view.python} -E\n", "#!/bin/sh\n"))


def test_console_scripts_run(workshop: Workshop) -> None:
    view = workshop.view(
        build_wheel(
            files={
                "demo/__init__.py": "import sys\ndef main():\n"
                "    print(sys.argv[1], sys.prefix)\n    return 7\n"
                "class Tool:\n    @staticmethod\n    def go():\n        print('gone')\n"
            },
            entry_points="[console_scripts]\ndemo-run = demo:main\n"
            "[gui_scripts]\ndemo-gui = demo:Tool.go\n",
        )
    )
    folder = Path(view.python).parent
    done = subprocess.run([folder / "demo-run", "hi"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == (f"hi {view.path}\n", 7)
    done = subprocess.run([folder / "demo-gui"], capture_output=True, text=True, check=True)
    assert done.stdout == "gone\n"


@pytest.mark.parametrize("name", ["with space", "with'quote", "x" * 120])
def test_scripts_run_from_awkward_places(name: str, tmp_path: Path) -> None:
    view = Workshop(tmp_path / name / "store").view(
        build_wheel(
            files={
                "demo/__init__.py": "def main():\n    print('fine')\n",
                "demo-1.0.data/scripts/tool": "#!python\nprint('tool')\n",
            },
            entry_points="[console_scripts]\ndemo-run = demo:main\n",
        )
    )
    folder = Path(view.python).parent
    for script, output in (("demo-run", "fine\n"), ("tool", "tool\n")):
        done = subprocess.run([folder / script], capture_output=True, text=True, check=True)
        assert done.stdout == output


def test_no_script_replaces_the_interpreter(workshop: Workshop) -> None:
    view = workshop.view(
        build_wheel(
            files={"demo/__init__.py": "", "demo-1.0.data/scripts/Python3": "#!/bin/sh\n"},
            entry_points=f"[console_scripts]\npython = demo:x\npython{HERE.minor} = demo:x\n",
        )
    )
    assert os.path.realpath(view.python) == _PATH
    assert sorted(view.notes) == [
        "demo: its script Python3 would replace the interpreter",
        "demo: its script python would replace the interpreter",
        f"demo: its script python{HERE.minor} would replace the interpreter",
    ]


def test_the_first_of_two_scripts_stays(workshop: Workshop) -> None:
    point = "[console_scripts]\nrun = {0}:main\n"
    view = workshop.view(
        *(
            build_wheel(
                name,
                files={f"{name}/__init__.py": f"def main(): print('{name}')\n"},
                entry_points=point.format(name),
            )
            for name in ("two", "one")
        )
    )
    done = subprocess.run(
        [Path(view.python).parent / "run"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "one\n"
    assert view.notes == ("two: its script run is left out, one has one too",)


STARTUP = "import builtins; builtins.INTRUDER = True\n"


def test_nothing_of_a_wheel_runs_at_start(workshop: Workshop) -> None:
    view = workshop.view(
        build_wheel(
            files={
                "demo/__init__.py": "",
                "demo.pth": STARTUP,
                "Demo2.PTH": STARTUP,
                "sitecustomize.py": STARTUP,
                "usercustomize/__init__.py": STARTUP,
                "demo-1.0.data/purelib/more.pth": STARTUP,
            }
        )
    )
    for options in ([], ["-s"]):
        code = (
            "import builtins, sys;"
            "print(hasattr(builtins, 'INTRUDER'), 'sitecustomize' in sys.modules)"
        )
        assert run(view, code, *options) == "False False"
    line = STARTUP.strip()
    assert view.notes == (
        "demo: Demo2.PTH is not run at start",
        "demo: sitecustomize.py is not run at start",
        "demo: usercustomize is not run at start",
        f"demo: a line of demo.pth is not run: {line}",
        f"demo: a line of more.pth is not run: {line}",
    )
    assert not list(site(view).glob("*.pth"))


def test_paths_that_stay_inside_are_kept(workshop: Workshop) -> None:
    view = workshop.view(
        build_wheel(
            files={
                "demo/lib/inner.py": "x = 5\n",
                "demo.pth": "# comment\ndemo/lib\n\n../../elsewhere\n/tmp\nnone\n.\ndemo\\lib\n",
            }
        )
    )
    assert run(view, "import inner; print(inner.x)") == "5"
    assert (site(view) / "_pyartifacts.pth").read_text() == "demo/lib\n"
    assert view.notes == (
        "demo: demo.pth names a path that is not its own: ../../elsewhere",
        "demo: demo.pth names a path that is not its own: /tmp",
        "demo: demo.pth names a path that is not its own: none",
    )


def test_the_reviewed_line_of_setuptools_is_kept(workshop: Workshop) -> None:
    line = (
        "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; "
        "enabled = os.environ.get(var, 'local') == 'local'; "
        "enabled and __import__('_distutils_hack').add_shim();"
    )
    hack = {
        "_distutils_hack/__init__.py": "def add_shim():\n    import builtins\n    builtins.HACK=1\n"
    }
    view = workshop.view(
        build_wheel("setuptools", files={**hack, "distutils-precedence.pth": f"{line} \n"}),
    )
    assert view.notes == ()
    assert run(view, "import builtins; print(builtins.HACK)") == "1"
    other = workshop.view(build_wheel("evil", files={**hack, "x.pth": f"{line}\n"}))
    assert other.notes == (f"evil: a line of x.pth is not run: {line[:120]}",)


def test_pip_explains(workshop: Workshop) -> None:
    view = workshop.view(build_wheel())
    folder = Path(view.python).parent
    for command in (
        [folder / "pip", "install", "x"],
        [folder / "pip3", "list"],
        [folder / f"pip{HERE.minor}"],
        [view.python, "-m", "pip", "install", "x"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", PIP_MESSAGE)
    assert PIP_MESSAGE.splitlines()[-1] == (
        "hint: use `%pyartifacts add NAME` in a cell, or `jupyter pyartifacts add NOTEBOOK NAME`"
    )


def test_a_pinned_pip_is_itself(workshop: Workshop) -> None:
    view = workshop.view(
        build_wheel(
            "pip",
            "24.0",
            {"pip/__init__.py": "", "pip/__main__.py": "print('real')\n"},
            entry_points="[console_scripts]\npip = pip.__main__:main\n",
        )
    )
    done = subprocess.run([view.python, "-m", "pip"], capture_output=True, text=True, check=True)
    assert done.stdout == "real\n"
    assert sorted(path.name for path in Path(view.python).parent.glob("pip*")) == ["pip"]


def test_byte_code_of_a_wheel_is_left_out(workshop: Workshop) -> None:
    view = workshop.view(
        build_wheel(
            files={"demo/__init__.py": "", "demo/__pycache__/__init__.cpython-311.pyc": b"evil"}
        )
    )
    assert not list(Path(view.path).rglob("*.pyc"))
    assert not (site(view) / "demo/__pycache__").exists()


def test_libraries_that_reach_out_are_no_links(workshop: Workshop) -> None:
    reach = elf(["libother.so.1"], ["$ORIGIN/../../other/lib"])
    view = workshop.view(
        build_wheel(
            files={
                "demo/__init__.py": "x = 1\n",
                "demo/lib/libdemo.so": reach,
                "demo/sub/__init__.py": "",
            }
        ),
        build_wheel("other", files={"other/lib/libother.so.1": elf([], [])}),
    )
    library = site(view) / "demo/lib/libdemo.so"
    assert not library.is_symlink()
    assert not (site(view) / "demo").is_symlink()
    assert (site(view) / "demo/sub").is_symlink()
    assert library.stat().st_nlink == 2
    assert (site(view) / "demo/lib/../../other/lib/libother.so.1").exists()
    assert run(view, "import demo.sub; print(demo.x)") == "1"


def test_without_hard_links_there_are_links(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    reach = elf(["libother.so.1"], ["$ORIGIN/../../other/lib"])
    view = workshop.view(build_wheel(files={"demo/lib/libdemo.so": reach}))
    assert (site(view) / "demo/lib/libdemo.so").read_bytes() == reach
    assert not (site(view) / "demo/lib").is_symlink()


def test_without_any_links_there_are_copies(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.symlink

    def refuse(source: str, target: str, *rest: object) -> None:
        if "/artifacts/" not in str(source):
            return real(source, target)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    view = workshop.view(
        build_wheel(
            files={"demo/__init__.py": "x = 1\n", "demo/deep/m.py": "x = 2\n"},
        )
    )
    assert not (site(view) / "demo").is_symlink()
    assert run(view, "import demo.deep.m as m; print(m.x)") == "2"


def test_threads_and_processes_race_and_all_succeed(workshop: Workshop) -> None:
    pins, published = workshop.publish(*(build_wheel(f"demo{n}") for n in range(10)))
    found: list[Environment] = []

    def work() -> None:
        store = Store([workshop.store.root])
        found.append(assemble_view(pins, published, HERE, store=store))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len({view.path for view in found}) == 1
    assert list((workshop.store.root / "temporary").iterdir()) == []
    assert verify_view(found[0], published.values())[1] == ()


def test_a_view_whose_interpreter_went_away_is_made_anew(
    workshop: Workshop, tmp_path: Path
) -> None:
    wheel = build_wheel()
    pins, published = workshop.publish(wheel)
    view = assemble_view(pins, published, HERE, store=workshop.store)
    link = Path(view.python)
    link.unlink()
    link.symlink_to(tmp_path / "gone")
    digest = plan_digest(pins, HERE.identity)
    assert find_view(digest, HERE, store=workshop.store) is None
    again = assemble_view(pins, published, HERE, store=workshop.store)
    assert run(again, "import demo; print(demo.VERSION)") == "1.0"
    assert list((workshop.store.root / "temporary").iterdir()) == []


def test_a_store_that_cannot_be_written_is_said(tmp_path: Path, workshop: Workshop) -> None:
    pins, published = workshop.publish(build_wheel())
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        assemble_view(pins, published, HERE, store=Store([tmp_path / "file" / "store"]))


@pytest.mark.parametrize("kind", ["gone", "other link", "script", "extra", "info", "config"])
def test_a_changed_view_is_found_and_put_right(kind: str, workshop: Workshop) -> None:
    wheel = build_wheel(entry_points="[console_scripts]\nrun = demo:main\n")
    pins, published = workshop.publish(wheel)
    view = assemble_view(pins, published, HERE, store=workshop.store)
    target = site(view) / "demo"
    expected, found = f"a link to {os.readlink(target)}", "a link to /tmp"
    if kind == "gone":
        target.unlink()
        expected, found = "a link", None  # type: ignore[assignment]
    elif kind == "other link":
        target.unlink()
        target.symlink_to("/tmp")
    elif kind == "extra":
        target = site(view) / "evil.py"
        target.write_text("x")
        expected, found = "no such file", "a file"
    else:
        names = {
            "script": Path(view.python).parent / "run",
            "info": site(view) / "demo-1.0.dist-info/INSTALLER",
            "config": Path(view.path) / "pyvenv.cfg",
        }
        target = names[kind]
        target.write_bytes(target.read_bytes() + b"#")
        expected, found = "the file as it is assembled", "other bytes"
    for repair in (False, True):
        (damage,) = check_view(pins, published, HERE, store=workshop.store, repair=repair)
        assert (damage.path, damage.expected, damage.found) == (str(target), expected, found)
    assert check_view(pins, published, HERE, store=workshop.store) == ()
    assert verify_view(view, published.values())[1] == ()
    assert list((workshop.store.root / "temporary").iterdir()) == []


def test_files_that_are_not_what_record_says_are_found(workshop: Workshop) -> None:
    pins, published = workshop.publish(build_wheel())
    view = assemble_view(pins, published, HERE, store=workshop.store)
    path = published[pins[0].artifact.digest].path / "demo/__init__.py"
    path.chmod(0o644)
    path.write_text("VERSION = '6.6'\n")
    files, (damage,) = verify_view(view, published.values())
    assert files == 3
    assert damage.path == f"{view.site_packages}/demo/__init__.py"
    assert damage.found is not None
    assert damage.found.startswith("sha256:")
    (site(view) / "demo").unlink()
    assert verify_view(view, published.values())[1][0].found is None


def test_a_view_whose_layer_lost_an_artifact_is_made_anew(tmp_path: Path) -> None:
    lent, own = build_wheel("lent"), build_wheel("own")
    layer = Workshop(tmp_path / "layer")
    layer.publish(lent)
    place = Workshop(tmp_path / "own")
    place.store = Store([tmp_path / "own", tmp_path / "layer"])
    view = place.view(lent, own)
    digest = Digest.parse(view.digest)
    assert find_view(digest, HERE, store=place.store) is not None
    # Its keeper swept it.
    (tmp_path / "layer" / "artifacts").rename(tmp_path / "gone")
    assert find_view(digest, HERE, store=place.store) is None
    assert place.view(lent, own).path == view.path
    assert run(view, "import lent; print(lent.VERSION)") == "1.0"
