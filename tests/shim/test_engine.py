"""The engine as a child process: real children, real signals."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.shim.engine import child_environment, engine_command, run_engine
from jupyter_pyartifacts.shim.failures import Interrupted, PyArtifactsError

Events = list[dict[str, Any]]


def child(tmp_path: Path, source: str) -> list[str]:
    script = tmp_path / "child.py"
    script.write_text("import json, os, signal, sys, time\n" + textwrap.dedent(source))
    return [sys.executable, str(script)]


def run(command: list[str], on_event: Callable[[Any], None] = lambda event: None) -> Any:
    return run_engine(command, dict(os.environ), on_event, "add pandas")


def test_events_come_in_order_and_the_result_is_returned(tmp_path: Path) -> None:
    seen: Events = []
    result = run(
        child(
            tmp_path,
            """
            for number in range(3):
                print(json.dumps({"event": "progress", "stage": "resolve", "done": number}))
            print("a stray line of a library")
            print(json.dumps({"event": "note", "text": "\u00e4"}))
            print(json.dumps({"event": "result", "verb": "add"}))
            """,
        ),
        seen.append,
    )
    assert result == {"event": "result", "verb": "add"}
    kept = [event for event in seen if event["event"] != "tick"]
    assert [event.get("done", event.get("text")) for event in kept] == [0, 1, 2, "\u00e4"]


def test_an_error_event_is_raised(tmp_path: Path) -> None:
    event = {"event": "error", "code": "network", "message": "no network", "hint": "connect"}
    command = child(tmp_path, f"print(json.dumps({event!r})); sys.exit(1)")
    with pytest.raises(PyArtifactsError) as caught:
        run(command)
    assert str(caught.value) == "no network\nhint: connect"
    assert caught.value.code == "network"


def test_a_child_without_an_answer_is_an_error_with_its_stderr(tmp_path: Path) -> None:
    command = child(tmp_path, "print('boom', file=sys.stderr); sys.exit(3)")
    with pytest.raises(PyArtifactsError) as caught:
        run(command)
    assert str(caught.value) == (
        "the engine stopped without an answer (add pandas)\n"
        "  expected: exit code 0 and a result\n"
        "  found:    exit code 3\n"
        "  boom\n"
        "hint: run `jupyter pyartifacts doctor` in a terminal"
    )


def test_a_host_python_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(PyArtifactsError) as caught:
        run([str(tmp_path / "python")])
    assert str(caught.value) == (
        f"the engine cannot be started ({tmp_path / 'python'})\n"
        "  found:    No such file or directory\n"
        "hint: install jupyter_pyartifacts where Jupyter runs, then restart the kernel"
    )


def test_a_lot_on_stderr_does_not_block(tmp_path: Path) -> None:
    command = child(
        tmp_path,
        """
        sys.stderr.write("x" * 79 + "\\n")
        sys.stderr.write(("y" * 79 + "\\n") * 20000)
        print(json.dumps({"event": "result"}))
        """,
    )
    assert run(command) == {"event": "result"}


@pytest.mark.parametrize("stubborn", [False, True])
def test_an_interrupt_stops_the_child(
    tmp_path: Path, stubborn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_pyartifacts.shim.engine._PATIENCE", 0.3)
    command = child(
        tmp_path,
        f"""
        if {stubborn}:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(json.dumps({{"event": "note", "text": str(os.getpid())}}), flush=True)
        time.sleep(600)
        """,
    )
    pids: list[int] = []

    def on_event(event: dict[str, Any]) -> None:
        if event["event"] == "note":
            pids.append(int(event["text"]))
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(Interrupted) as caught:
        run(command, on_event)
    assert str(caught.value) == "add pandas: stopped, nothing was changed"
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_what_the_user_typed_comes_after_the_options() -> None:
    command = engine_command(
        "/host/python", "add", "/s.json", ("--evil", "six"), (("--pre", None), ("--as-of", "2024"))
    )
    assert command[0] == "/host/python"
    assert command[3:8] == ["add", "--json", "--pre", "--as-of=2024", "--"]
    assert command[8:] == ["/s.json", "--evil", "six"]


def test_files_beside_the_notebook_do_not_shadow_what_the_engine_imports(tmp_path: Path) -> None:
    package = tmp_path / "host" / "jupyter_pyartifacts"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import json, sys; print(json.dumps(sys.argv[1:]))")
    beside = tmp_path / "notebooks"
    beside.mkdir()
    for name in ("json", "runpy", "jupyter_pyartifacts"):
        (beside / f"{name}.py").write_text("raise SystemExit('shadowed')")

    done = subprocess.run(
        engine_command(sys.executable, "show", "/s.json"),
        cwd=beside,
        env={**os.environ, "PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stderr, done.stdout) == ("", '["show", "--json", "--", "/s.json"]\n')


def test_the_engine_gets_the_hosts_environment_back() -> None:
    view = "/store/views/ab"
    environ = {
        "PATH": os.pathsep.join([view + "/bin", "/usr/bin", view]),
        "VIRTUAL_ENV": view,
        "PYTHONPATH": "/elsewhere",
        "PYTHONHASHSEED": "0",
        "PYARTIFACTS_VIEW": view,
        "PYARTIFACTS_STORE": "/store",
        "HOME": "/home/me",
    }
    assert child_environment(environ, view, "/n.ipynb") == {
        "PATH": "/usr/bin",
        "PYARTIFACTS_STORE": "/store",
        "PYARTIFACTS_NOTEBOOK": "/n.ipynb",
        "HOME": "/home/me",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
    }
