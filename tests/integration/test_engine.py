"""A running engine: commands through it do what they do without, and nothing else is trusted."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.engine import address, client
from jupyter_pyartifacts.engine.address import places, prefix
from jupyter_pyartifacts.engine.control import PACKAGE
from jupyter_pyartifacts.engine.request import HEAD, LIMIT, Request
from jupyter_pyartifacts.shim.engine import child_environment, engine_command, run_engine
from tests.indexes import IndexServer, project_wheel

from .command_line import Place

OFF = {"PYARTIFACTS_ENGINE": "0"}


@pytest.fixture
def index() -> Iterator[IndexServer]:
    index = IndexServer()
    for name in ("ipykernel", "ipywidgets", "needed", "slow"):
        index.add(project_wheel(name, "1.0"))
    index.add(project_wheel("demo", "1.0", requires=["needed"]))
    with index:
        yield index


@pytest.fixture
def runtime() -> Iterator[Path]:
    """Jupyter's runtime directory, of a name that is short enough for sockets."""
    directory = Path(tempfile.mkdtemp(prefix="engine-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def place(tmp_path: Path, index: IndexServer, runtime: Path) -> Place:
    place = Place(tmp_path, index.url)
    place.environ["JUPYTER_RUNTIME_DIR"] = str(runtime)
    return place


@pytest.fixture
def engine(place: Place) -> Iterator[dict[str, Any]]:
    """A running engine, as `engine start` describes it."""
    started = json.loads(place.ok("engine", "start", "--json"))["engines"][0]
    yield started
    place.ok("engine", "stop")
    wait_for(lambda: not is_alive(started["pid"]))


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def commands(place: Place) -> int:
    """Return how many commands the one engine has run."""
    (each,) = json.loads(place.ok("engine", "status", "--json"))["engines"]
    count: int = each["commands"]
    return count


def without_time(lock: dict[str, Any]) -> bytes:
    """Return a lock's bytes but for the times of its history."""
    history = [{**each, "when": ""} for each in lock["history"]]
    return json.dumps({**lock, "history": history}).encode()


@pytest.mark.usefixtures("engine")
def test_locks_are_the_same_to_the_byte(place: Place) -> None:
    text = place.notebook.read_bytes()
    place.ok("add", "n.ipynb", "demo", "needed>=1", environ=OFF)
    fresh, kept = place.lock, place.state()
    assert commands(place) == 0
    shutil.rmtree(place.store)
    place.notebook.write_bytes(text)
    place.ok("add", "n.ipynb", "demo", "needed>=1")
    assert commands(place) == 1
    assert without_time(place.lock) == without_time(fresh)
    assert list(place.state()) == list(kept)


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "n.ipynb"),
        ("show", "n.ipynb", "--json"),
        ("add", "n.ipynb", "nowhere-to-be-found"),
        ("add", "n.ipynb", "nowhere-to-be-found", "--json"),
        ("add", "n.ipynb", "-e", "."),
        ("add", "n.ipynb", "--frobnicate", "demo"),
        ("add", "missing.ipynb", "demo"),
        ("remove", "n.ipynb", "needed", "--dry-run"),
        ("outdated", "n.ipynb"),
        ("verify", "n.ipynb", "--json"),
        ("add", "--help"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("engine")
def test_what_is_said_and_the_exit_code_are_the_same(
    place: Place, arguments: tuple[str, ...]
) -> None:
    place.ok("add", "n.ipynb", "demo", environ=OFF)
    runs = []
    for environ in ({}, OFF):
        done = place.run(*arguments, environ=environ)
        lines = [line for line in done.stdout.splitlines() if '"event": "progress"' not in line]
        runs.append((done.returncode, lines, done.stderr))
    assert runs[0] == runs[1]
    assert commands(place) == 1


@pytest.mark.usefixtures("engine")
def test_directory_umask_streams_and_environment_are_the_callers(place: Place) -> None:
    below = place.directory / "below"
    below.mkdir()
    other = str(place.directory / "other")
    done = subprocess.run(
        [
            "sh",
            "-c",
            'umask 077; exec "$@"',
            "sh",
            sys.executable,
            "-m",
            "jupyter_pyartifacts",
            "add",
            "../n.ipynb",
            "./wanted-1.0.whl",
        ],
        cwd=below,
        env={**place.environ, "PYARTIFACTS_STORE": other},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "wanted-1.0.whl" in done.stderr
    place.ok(
        "add", "n.ipynb", "demo",
        before=["sh", "-c", 'umask 077; exec "$@"', "sh"],
        environ={"PYARTIFACTS_STORE": other},
    )  # fmt: skip
    assert commands(place) == 2
    assert stat.S_IMODE(os.stat(other).st_mode) == 0o700
    assert not place.store.exists()


@pytest.mark.usefixtures("engine")
def test_a_terminal_is_one(place: Place) -> None:
    place.ok("add", "n.ipynb", "needed", environ=OFF)
    main, other = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "jupyter_pyartifacts", "add", "n.ipynb", "demo"],
        cwd=place.directory,
        env={**place.environ, "TERM": "xterm"},
        stdin=other,
        stdout=other,
        stderr=other,
    )
    os.close(other)
    text = b""
    try:
        while piece := os.read(main, 4096):
            text += piece
    except OSError:
        pass  # the other side is closed
    os.close(main)
    assert done.wait() == 0
    assert b"\x1b[32m+ \x1b[0m\x1b[1mdemo\x1b[0m 1.0" in text
    assert commands(place) == 1


@pytest.fixture
def asked(index: IndexServer) -> Iterator[threading.Event]:
    """Set once the page of `slow` was asked for, which is not answered while the test runs."""
    event, end = threading.Event(), threading.Event()

    def before(path: str) -> None:
        if path.startswith("/simple/slow"):
            event.set()
            end.wait(60)

    index.before = before
    yield event
    end.set()


def begin(place: Place) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "jupyter_pyartifacts", "add", "n.ipynb", "slow"],
        cwd=place.directory,
        env=place.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def test_an_interrupt_ends_it_and_nothing_is_half_written(
    place: Place, engine: dict[str, Any], asked: threading.Event
) -> None:
    place.ok("add", "n.ipynb", "demo", environ=OFF)
    before = place.state()
    command = begin(place)
    assert asked.wait(60)
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert command.returncode == 130
    assert said == (
        "error: interrupted\n"
        "hint: run the same command again to go on; what was downloaded is kept\n"
    )
    assert place.state() == before
    assert commands(place) == 1
    assert children(engine["pid"]) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_a_command_that_is_killed_leaves_no_process(
    place: Place, engine: dict[str, Any], asked: threading.Event, number: signal.Signals
) -> None:
    before = place.state()
    command = begin(place)
    assert asked.wait(60)
    assert len(children(engine["pid"])) == 1
    command.send_signal(number)
    command.communicate(timeout=60)
    assert command.returncode == -number
    wait_for(lambda: children(engine["pid"]) == [])
    assert place.state() == before


def test_two_commands_at_once(place: Place, engine: dict[str, Any]) -> None:
    below = place.directory / "below"
    below.mkdir()
    other = Place(below, place.environ["PYARTIFACTS_INDEX_URL"])
    other.environ["JUPYTER_RUNTIME_DIR"] = place.environ["JUPYTER_RUNTIME_DIR"]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "jupyter_pyartifacts", "add", "n.ipynb", "demo"],
            cwd=each.directory,
            env=each.environ,
            stdout=subprocess.DEVNULL,
        )
        for each in (place, other)
    ]
    assert [each.wait(60) for each in running] == [0, 0]
    assert without_time(place.lock) == without_time(other.lock)
    assert commands(place) == 2


def test_an_engine_whose_modules_changed_is_not_used_and_ends(place: Place) -> None:
    module = place.directory / "sitecustomize.py"
    module.write_text("")
    place.environ["PYTHONPATH"] = str(place.directory)
    place.ok("add", "n.ipynb", "demo")
    (engine,) = json.loads(place.ok("engine", "start", "--json"))["engines"]
    place.ok("show", "n.ipynb")
    assert commands(place) == 1
    module.write_text("LATER = True")
    assert "demo" in place.ok("show", "n.ipynb")
    wait_for(lambda: not is_alive(engine["pid"]))
    assert json.loads(place.ok("engine", "status", "--json"))["engines"] == []


def test_an_engine_of_another_environment_is_not_used(place: Place, engine: dict[str, Any]) -> None:
    place.ok("gc", environ={"PYTHONPATH": str(place.directory)})
    place.ok("gc", before=["nice"])
    assert commands(place) == 0


@pytest.mark.usefixtures("engine")
def test_the_magic_goes_through_it(place: Place) -> None:
    place.ok("add", "n.ipynb", "demo", environ=OFF)
    told: list[Any] = []
    result = run_engine(
        engine_command(sys.executable, "show", str(place.notebook)),
        child_environment(place.environ),
        told.append,
        "show",
    )
    assert result["requirements"] == ["demo"]
    assert commands(place) == 1


def test_a_server_owns_one(place: Place, tmp_path: Path) -> None:
    code = (
        "from jupyter_server.serverapp import ServerApp; from traitlets.config import Config; "
        "from jupyter_pyartifacts.server.extension import _use_engine; import sys; "
        "app = ServerApp(); app.init_configurables(); app.init_webapp(); _use_engine(app); "
        "print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=place.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        answered: list[dict[str, Any]] = []
        while not answered:
            answered = json.loads(place.ok("engine", "status", "--json"))["engines"]
        assert answered[0]["owned"]
        assert "runs commands" in place.run("doctor").stdout
        server.communicate("")
    wait_for(lambda: not is_alive(answered[0]["pid"]))


def test_an_owned_engine_ends_with_its_owner(place: Place) -> None:
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time; from jupyter_pyartifacts.engine.control import start_engine; "
            "engine = start_engine(owned=True); print(engine.pid, flush=True); time.sleep(600)",
        ],
        env=place.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        answered: list[dict[str, Any]] = []
        while not answered:
            answered = json.loads(place.ok("engine", "status", "--json"))["engines"]
        assert [(each["pid"], each["owned"]) for each in answered] == [(pid, True)]
        place.ok("engine", "stop")
        assert is_alive(pid)
        owner.kill()
    wait_for(lambda: not is_alive(pid))
    assert list(Path(place.environ["JUPYTER_RUNTIME_DIR"], "pyartifacts").iterdir()) == []


def test_an_idle_engine_ends(place: Place) -> None:
    code = (
        "from jupyter_pyartifacts.engine.control import PACKAGE; "
        "from jupyter_pyartifacts.engine.server import serve_engine; "
        "serve_engine(PACKAGE, '1', lambda *_: 0, idle=0.1)"
    )
    subprocess.run([sys.executable, "-c", code], env=place.environ, check=True, timeout=60)


def bind(path: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    path.chmod(0o600)
    bound.listen()
    return bound


def put_file(path: Path) -> None:
    path.write_text("no socket")
    path.chmod(0o600)


def put_dead(path: Path) -> None:
    bind(path).close()


def put_hung(path: Path) -> socket.socket:
    return bind(path)


def put_open_to_all(path: Path) -> threading.Thread:
    return put_impostor(path, directory=0o755)


def put_impostor(path: Path, directory: int = 0o700) -> threading.Thread:
    """Answer everybody as an engine does, and do nothing."""
    bound = bind(path)
    path.parent.chmod(directory)

    def answer() -> None:
        with bound:
            connection, _ = bound.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(1 << 20)
                connection.sendall(b"no")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("put", [put_file, put_dead, put_hung, put_open_to_all, put_impostor])
def test_what_is_no_engine_is_passed_by_in_silence(
    place: Place, runtime: Path, put: Callable[[Path], object]
) -> None:
    place.ok("add", "n.ipynb", "demo", environ=OFF)
    home = runtime / "pyartifacts"
    home.mkdir(mode=0o700)
    kept = put(home / f"{prefix(PACKAGE)}1")
    done = place.run("show", "n.ipynb")
    without = place.run("show", "n.ipynb", environ=OFF)
    assert (done.returncode, done.stdout, done.stderr) == (0, without.stdout, "")
    if isinstance(kept, socket.socket):
        kept.close()


def test_sockets_of_somebody_else_are_not_used(
    monkeypatch: pytest.MonkeyPatch, runtime: Path
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))
    home = runtime / "pyartifacts"
    home.mkdir(mode=0o700)
    path = home / f"{prefix(PACKAGE)}1"
    put_impostor(path)
    assert places(os.environ, PACKAGE) == [str(path)]
    # Seen by another user, file and process are a stranger's.
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert places(os.environ, PACKAGE) == []
    with pytest.raises(client._Refused):
        client._prepare(str(path), b"request")


@pytest.mark.parametrize("text", ["0", "off", "No", " false "])
def test_it_can_be_switched_off(text: str) -> None:
    assert address.is_switched_off({"PYARTIFACTS_ENGINE": text})
    assert not address.is_switched_off({"PYARTIFACTS_ENGINE": "1"})
    assert not address.is_switched_off({})


def test_a_request_comes_back() -> None:
    fields = {name: [b"a", b"", name.encode()] for name in Request.FIELDS}
    sent = Request(**fields).to_bytes()
    size = Request.body_size(sent[:HEAD])
    assert Request.from_bytes(sent[HEAD : HEAD + size]).fields == fields


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"-1", b"1", b"9\0a", b"0\0" * 5 + b"0\0more", b"1" * 30],
    ids=repr,
)
def test_a_request_that_is_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Request.from_bytes(body)


@pytest.mark.parametrize("size", [LIMIT + 1, -1], ids=["huge", "negative"])
def test_a_size_that_is_none(size: int) -> None:
    head = Request(**{name: [] for name in Request.FIELDS}).to_bytes()[:HEAD]
    with pytest.raises(ValueError, match=r"."):
        Request.body_size(head[:-8] + b"%08x" % size)
