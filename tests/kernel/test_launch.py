"""Commands and environments of the three kinds of start."""

import json

import pytest

from jupyter_pyartifacts.errors import HashMismatch, PyArtifactsError
from jupyter_pyartifacts.kernel import launch
from jupyter_pyartifacts.model import Environment

STOCK = ["/host/bin/python", "-m", "ipykernel_launcher", "-f", "/run/k.json"]
VIEW = Environment(
    path="/store/views/abc",
    python="/store/views/abc/bin/python",
    site_packages="/store/views/abc/lib/python3.11/site-packages",
    interpreter="/usr/bin/python3.11",
    version="3.11.7",
    digest="0" * 64,
)


@pytest.mark.parametrize(
    "argv",
    [
        ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        ["python", "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "x"],
        ["conda", "run", "python", "-m", "ipykernel", "-f", "x"],
        ["python", "-mipykernel_launcher", "-f", "x"],
    ],
)
def test_ipykernel_is_known_by_its_module(argv):
    assert launch.is_ipykernel("python", argv)


@pytest.mark.parametrize(
    ("language", "argv"),
    [
        ("R", ["R", "--slave", "-e", "IRkernel::main()"]),
        ("python", ["xpython", "-f", "{connection_file}"]),
        ("python", ["python", "-m", "metakernel_python", "-f", "x"]),
        ("bash", ["python", "-m", "bash_kernel", "-f", "x"]),
        ("julia", ["python", "-m", "ipykernel_launcher", "-f", "x"]),
        ("python", []),
        ("python", ["ipykernel_launcher"]),
    ],
)
def test_other_kernels_are_left_alone(language, argv):
    assert not launch.is_ipykernel(language, argv)


def test_arguments_after_the_module_reach_the_kernel():
    command = ["python", "-m", "ipykernel_launcher", "-f", "c", "--HistoryManager.hist_file=x"]
    assert launch.command_arguments(command) == ([], ["-f", "c", "--HistoryManager.hist_file=x"])


def test_interpreter_options_are_kept_and_flags_are_not():
    command = ["python", "-s", "-X", "frozen_modules=off", "-Xdev", "-m", "ipykernel", "-f", "c"]
    options, arguments = launch.command_arguments(command)
    assert options == ["-Xfrozen_modules=off", "-Xdev"]
    assert arguments == ["-f", "c"]


def test_a_command_of_another_kernel_is_refused():
    with pytest.raises(ValueError, match="does not start ipykernel"):
        launch.command_arguments(["xpython", "-f", "c"])


def test_isolated_command():
    assert launch.isolated_command(VIEW.python, "/shim/bootstrap.py", STOCK, {}) == [
        "/store/views/abc/bin/python",
        "-I",
        "-B",
        "/shim/bootstrap.py",
        "-f",
        "/run/k.json",
    ]


def test_text_encoding_survives_isolation():
    command = launch.isolated_command(VIEW.python, "/b.py", STOCK, {"PYTHONUTF8": "1"})
    assert command[:4] == [VIEW.python, "-I", "-B", "-Xutf8=1"]


def test_a_kernelspec_that_sets_the_encoding_wins():
    stock = ["python", "-Xutf8=0", "-m", "ipykernel", "-f", "c"]
    command = launch.isolated_command(VIEW.python, "/b.py", stock, {"PYTHONUTF8": "1"})
    assert command == [VIEW.python, "-I", "-B", "-Xutf8=0", "/b.py", "-f", "c"]


def isolated(environ, **changes):
    arguments = {
        "host_python": "/host/bin/python",
        "session": "/store/kernels/k.json",
        "notebook": "/home/me/n.ipynb",
        "store": "/store",
        **changes,
    }
    return launch.isolated_environ(environ, VIEW, **arguments)


def test_isolated_environment_drops_what_brings_the_hosts_packages():
    host = {
        "PATH": "/host/bin",
        "HOME": "/home/me",
        "PYTHONPATH": "/host/lib",
        "PYTHONHOME": "/host",
        "PYTHONSTARTUP": "/home/me/start.py",
        "PYTHONUSERBASE": "/home/me/base",
        "PYTHONPLATLIBDIR": "lib64",
        "PYTHONEXECUTABLE": "/host/bin/python",
        "__PYVENV_LAUNCHER__": "/host/bin/python",
        "PYTHONHASHSEED": "7",
        "VIRTUAL_ENV": "/host",
    }
    assert isolated(host) == {
        "PATH": "/store/views/abc/bin:/host/bin",
        "HOME": "/home/me",
        "PYTHONHASHSEED": "7",
        "VIRTUAL_ENV": "/store/views/abc",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYARTIFACTS_HOST_PYTHON": "/host/bin/python",
        "PYARTIFACTS_SESSION": "/store/kernels/k.json",
        "PYARTIFACTS_VIEW": "/store/views/abc",
        "PYARTIFACTS_NOTEBOOK": "/home/me/n.ipynb",
        "PYARTIFACTS_STORE": "/store",
    }


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({}, "/store/views/abc/bin:/bin:/usr/bin"),
        ({"PATH": "C:\\x", "OS": "Windows_NT"}, "/store/views/abc/bin;C:\\x"),
    ],
)
def test_the_views_scripts_come_first(environ, path):
    assert isolated(environ)["PATH"] == path


def test_an_outer_kernels_notebook_is_not_ours():
    outer = isolated({"PATH": "/bin"})
    inner = isolated(outer, notebook=None, session="/store/kernels/inner.json")
    assert "PYARTIFACTS_NOTEBOOK" not in inner
    assert inner["PYARTIFACTS_SESSION"] == "/store/kernels/inner.json"


def test_notes_travel_as_a_list():
    noted = Environment(**{**{k: getattr(VIEW, k) for k in VIEW.__slots__}, "notes": ("é", "b")})
    environ = launch.isolated_environ(
        {}, noted, host_python="p", session="s", notebook=None, store=None
    )
    assert json.loads(environ["PYARTIFACTS_NOTES"]) == ["é", "b"]
    assert "PYARTIFACTS_STORE" not in environ


def test_a_stock_kernel_gets_its_environment_as_it_is():
    environ = {"PYARTIFACTS_NOTEBOOK": "n.ipynb", "PYARTIFACTS_STORE": "/s", "PYTHONPATH": "/p"}
    assert launch.stock_environ(environ) == environ


def test_a_stock_kernel_inside_an_isolated_one_loses_the_outer_session():
    assert launch.stock_environ(isolated({"PATH": "/bin", "HOME": "/h"})) == {
        "PATH": "/store/views/abc/bin:/bin",
        "HOME": "/h",
        "VIRTUAL_ENV": "/store/views/abc",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYARTIFACTS_STORE": "/store",
    }


def test_a_stock_kernel_of_a_server_is_told_of_its_place_and_the_settings():
    outer = {"PATH": "/bin", "PYARTIFACTS_STOCK_SESSION": "/outer.json"}
    # What a kernel has inherited from the one around it is not for it.
    assert launch.stock_environ(outer) == {"PATH": "/bin"}
    told = launch.stock_environ(outer, session="/run/k.json", settings={"PYARTIFACTS_TRUST": "all"})
    assert told == {
        "PATH": "/bin",
        "PYARTIFACTS_STOCK_SESSION": "/run/k.json",
        "PYARTIFACTS_TRUST": "all",
    }
    assert "PYARTIFACTS_STOCK_SESSION" not in isolated(outer)


def test_fallback_command_runs_on_the_host():
    assert launch.fallback_command("/host/bin/python", "/x/fallback.py", STOCK) == [
        "/host/bin/python",
        "/x/fallback.py",
        "-f",
        "/run/k.json",
    ]


def test_fallback_environment_keeps_the_hosts_variables_and_carries_the_failure():
    error = HashMismatch("the file differs", where="a.whl", expected="1", found="2", hint="again")
    environ = launch.fallback_environ(
        {"PYTHONPATH": "/p", "PYARTIFACTS_VIEW": "/old"},
        error,
        host_python="/host/bin/python",
        session=None,
        notebook="/n.ipynb",
        store=None,
    )
    failure = environ.pop("PYARTIFACTS_FAILURE")
    assert environ == {
        "PYTHONPATH": "/p",
        "PYARTIFACTS_HOST_PYTHON": "/host/bin/python",
        "PYARTIFACTS_NOTEBOOK": "/n.ipynb",
    }
    assert launch.parse_failure(failure) == (
        "HashMismatch",
        "the file differs (a.whl)\n  expected: 1\n  found:    2\nhint: again",
    )


def test_a_failure_too_long_for_a_variable_keeps_both_ends():
    error = PyArtifactsError("head", details="x" * 100_000, hint="tail")
    name, message = launch.parse_failure(launch.render_failure(error))
    assert name == "PyArtifactsError"
    assert message.startswith("head\n  xxx")
    assert message.endswith("xxx\nhint: tail")
    assert len(message) < 17_000


@pytest.mark.parametrize("text", [None, "", "no json", "[]", "{}"])
def test_a_failure_that_cannot_be_read_is_still_a_failure(text):
    name, message = launch.parse_failure(text)
    assert name == "PyArtifactsError"
    assert message == (text or "the environment of this notebook could not be prepared")


PLAIN = [*STOCK[:3], "-f", "/run time/k.json"]


@pytest.mark.parametrize(
    "words",
    [
        ["-f", "/run time/k.json"],
        ["--f=/run time/k.json"],
        ['--f="/run time/k.json"'],
        ["-f=/run time/k.json"],
        ["--connection-file=/run time/k.json"],
    ],
)
def test_the_connection_file_in_every_form(words):
    command = [*STOCK[:3], "--debug", *words, "--x=1"]
    plain = [*STOCK[:3], "--debug", "-f", "/run time/k.json", "--x=1"]
    assert launch.plain_command(command) == (plain, "/run time/k.json")
    assert launch.plain_command([*STOCK[:3], *words]) == (PLAIN, "/run time/k.json")


def test_a_command_without_a_connection_file():
    assert launch.plain_command(STOCK[:3]) == (STOCK[:3], None)
    assert launch.plain_command([*STOCK[:3], "-f"]) == ([*STOCK[:3], "-f", ""], "")
    with pytest.raises(ValueError, match="does not start ipykernel"):
        launch.plain_command(["R", "-f", "x"])


def test_our_launcher_is_an_ipykernel_that_becomes_a_stock_one():
    command = ["python", "-Xfrozen_modules=off", "-m", launch.LAUNCHER, "-f", "k"]
    assert launch.is_ipykernel("python", command)
    assert launch.stock_command("/host/python", command) == [
        "/host/python",
        "-Xfrozen_modules=off",
        *("-m", "ipykernel_launcher", "-f", "k", "--ext=jupyter_pyartifacts"),
    ]


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, None),
        ({"JPY_SESSION_NAME": "/n.ipynb"}, "/n.ipynb"),
        ({"JPY_SESSION_NAME": "/n.ipynb", "JPY_PARENT_PID": "7"}, "/n.ipynb"),
        ({"JPY_SESSION_NAME": "/n.ipynb", "JPY_PARENT_PID": "8"}, None),
        ({"JPY_SESSION_NAME": "/n.ipynb", "JPY_PARENT_PID": "8", "OS": "Windows_NT"}, "/n.ipynb"),
        ({"JPY_SESSION_NAME": "console-1"}, None),
        ({"PYARTIFACTS_NOTEBOOK": "n.ipynb"}, "n.ipynb"),
        ({"JPY_SESSION_NAME": "/n.ipynb", "PYARTIFACTS_NOTEBOOK": "/m.ipynb"}, "/n.ipynb"),
        ({"PYARTIFACTS_NOTEBOOK": "n.ipynb", "PYARTIFACTS_SESSION": "/s.json"}, None),
        ({"JPY_SESSION_NAME": "/n.ipynb", "PYARTIFACTS_SESSION": "/s.json"}, None),
        (
            {
                "JPY_SESSION_NAME": "/n.ipynb",
                "PYARTIFACTS_SESSION": "/s.json",
                "JPY_PARENT_PID": "7",
            },
            "/n.ipynb",
        ),
    ],
)
def test_the_notebook_that_the_variables_name(environ, named):
    assert launch.named_notebook(environ, parent=7) == named
