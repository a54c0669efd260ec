"""`%pyartifacts` in a real isolated kernel, with the real engine behind it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.lock import lock_digest, parse_lock
from jupyter_pyartifacts.store import Store
from jupyter_pyartifacts.store.roots import read_kernels

from .conftest import write_notebook
from .running import Answer, Running

pytestmark = [pytest.mark.kernel, pytest.mark.network]

MIME_TYPE = "application/vnd.pyartifacts.lock+json"
# Small, without dependencies, and no part of any environment that runs these tests.
PACKAGE = "inflection==0.5.0"
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def session_of(kernel: Running) -> dict[str, Any]:
    path = kernel.value("__import__('os').environ['PYARTIFACTS_SESSION']")
    found: dict[str, Any] = json.loads(Path(path).read_text())
    return found


def shown(answer: Answer) -> dict[str, Any]:
    """Return the one bundle that a cell ends up with: a bar is rewritten into the result."""
    assert answer.ok, answer.error
    assert len(answer.data) == 1
    updates = [
        message["content"]["data"]
        for message in answer.others
        if message["msg_type"] == "update_display_data"
    ]
    return (updates or answer.data)[-1]


def text_of(answer: Answer) -> str:
    return str(shown(answer)["text/plain"])


def locks_of(answer: Answer) -> list[Any]:
    """Return every lock that a cell sent, by comm and by display message."""
    found = []
    for message in answer.others:
        content = message["content"]
        if message["msg_type"] == "comm_open" and content["target_name"] == "pyartifacts.lock":
            found.append(content["data"])
        if message["msg_type"] == "update_display_data" and MIME_TYPE in content["data"]:
            found.append(content["data"][MIME_TYPE])
    return found + [data[MIME_TYPE] for data in answer.data if MIME_TYPE in data]


def message_of(answer: Answer) -> str:
    assert answer.error is not None
    return ANSI.sub("", "\n".join(answer.error["traceback"]))


def views_kept(kernel: Running, store: Path) -> list[str]:
    """Return the views that no sweep takes while the kernel lives."""
    pid = kernel.value("__import__('os').getpid()")
    kept = [use for use in read_kernels(Store([store])) if use.pid == pid]
    return [view.hex for use in kept if use.is_alive() for view in use.views]


def test_what_is_added_is_importable_at_once_and_everywhere(kernel, lock, store):
    before = kernel.value("__import__('sys').prefix")
    missing = kernel.run("import inflection")
    assert "hint: %pyartifacts add inflection" in message_of(missing)

    added = kernel.run(f"result = %pyartifacts add {PACKAGE}")
    assert text_of(added).splitlines()[:2] == [
        f"add {PACKAGE}: 1 added",
        "  + inflection 0.5.0",
    ]
    assert kernel.run("import inflection; print(inflection.pluralize('wheel'))").out == "wheels\n"

    after = kernel.value("__import__('sys').prefix")
    assert after != before
    assert kernel.value("[result.restart, result.environment['path']]") == [None, after]
    assert kernel.value("__import__('sys').path[-1]").startswith(after)
    shell = kernel.run("!python -c 'import inflection; print(inflection.__file__)'")
    assert shell.out.startswith(after)
    assert (
        kernel.value("__import__('importlib.metadata').metadata.version('inflection')") == "0.5.0"
    )
    assert views_kept(kernel, store) == sorted(Path(view).name for view in (before, after))
    assert session_of(kernel)["pyartifacts"]["requirements"] == [*lock["requirements"], PACKAGE]


def test_the_lock_goes_out_by_comm_and_by_display_message(kernel):
    added = kernel.run(f"%pyartifacts add {PACKAGE}")
    assert set(shown(added)) == {"text/plain", "text/html", MIME_TYPE}
    lock = session_of(kernel)["pyartifacts"]
    digest = str(lock_digest(parse_lock(lock)))
    assert locks_of(added) == [{"lock": lock, "digest": digest}] * 2

    assert locks_of(kernel.run("%pyartifacts instantiate")) == []
    assert locks_of(kernel.run("%pyartifacts add colorama --dry-run")) == []
    assert session_of(kernel)["pyartifacts"] == lock


def test_the_hint_is_there_whoever_draws_the_tracebacks(kernel):
    kernel.run("ip = get_ipython()\nip._showtraceback = lambda *args: print('drawn elsewhere')")
    answer = kernel.run("import cv2")
    assert answer.out == "drawn elsewhere\n"
    assert ANSI.sub("", answer.err) == "hint: %pyartifacts add opencv-python-headless\n"
    assert kernel.run("1 / 0").err == ""


def test_undo_and_history(kernel, lock):
    kernel.run(f"%pyartifacts add {PACKAGE}")
    history = kernel.run("%pyartifacts history")
    assert f"add {PACKAGE}" in text_of(history)
    undone = kernel.run("%pyartifacts undo")
    assert text_of(undone).splitlines()[:2] == ["undo: 1 removed", "  - inflection 0.5.0"]
    assert session_of(kernel)["pyartifacts"] == lock
    assert kernel.run("import inflection").error["ename"] == "ModuleNotFoundError"


def test_a_loaded_distribution_that_changes_requires_a_restart(kernel):
    kernel.run(f"%pyartifacts add {PACKAGE}")
    assert "restart" not in text_of(kernel.run("%pyartifacts upgrade inflection==0.5.0"))
    kernel.run("import inflection")
    changed = text_of(kernel.run("%pyartifacts add inflection==0.5.1"))
    assert changed.splitlines()[-2:] == [
        "restart required",
        "  still loaded: inflection 0.5.0 (pinned: 0.5.1)",
    ]
    removed = text_of(kernel.run("%pyartifacts remove inflection"))
    assert removed.splitlines()[-2:] == [
        "restart recommended",
        "  still loaded: inflection 0.5.0 (not pinned)",
    ]
    assert "restart" not in text_of(kernel.run(f"%pyartifacts add {PACKAGE}"))


def test_a_change_of_the_kernels_own_stack_recommends_one(kernel):
    pinned = kernel.value("__import__('importlib.metadata').metadata.version('psutil')")
    changed = text_of(kernel.run(f"%pyartifacts add psutil!={pinned}"))
    # Asked for by the user, it is theirs as well.
    assert "restart required" in changed
    removed = kernel.run("%pyartifacts remove psutil")
    assert removed.ok


def test_a_failure_is_a_clean_error_reply_and_changes_nothing(kernel, lock):
    kernel.run("before = __import__('sys').path[:]")
    answer = kernel.run("%pyartifacts add inflection==99")
    assert answer.reply["status"] == "error"
    assert answer.error["ename"] == "PyArtifactsError"
    message = message_of(answer)
    assert "Traceback" not in message
    assert "inflection==99" in message
    assert message.splitlines()[-1].startswith("hint: ")
    assert session_of(kernel)["pyartifacts"] == lock
    assert kernel.value("before == __import__('sys').path")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("%pyartifacts instal pandas", "did you mean `%pyartifacts add`?"),
        ("%pyartifacts add -e .", "build a wheel of it"),
        ("%pyartifacts remove six", "%pyartifacts show"),
        ("%pip install pandas >= 2", "%pyartifacts add 'pandas>=2'"),
    ],
)
def test_what_is_wrong_comes_with_a_way_out(kernel, line, hint):
    message = message_of(kernel.run(line))
    assert message.splitlines()[-1].startswith("hint: " + hint)


def test_variables_and_quotes_in_the_line(kernel):
    answer = kernel.run('name = "inflection"\n%pyartifacts add "{name} >= 0.5" --dry-run')
    assert text_of(answer).splitlines()[:2] == [
        "add inflection >= 0.5: would be 1 added",
        "  + inflection 0.5.1",
    ]


def test_show(kernel):
    text = text_of(kernel.run("%pyartifacts show"))
    assert "├─ python-dateutil" in text
    assert kernel.run("result = %pyartifacts show numpy").data == []
    needed = kernel.value("str(result)")
    assert needed.splitlines()[-1] in ("└─ pandas 2.2.3", "   └─ pandas 2.2.3")
    assert kernel.value("[d['name'] for d in result.distributions if d['direct']]") == [
        "matplotlib",
        "pandas",
    ]


def test_completion(kernel):
    def complete(line: str) -> list[str]:
        request = kernel.client.complete(line, len(line))
        return list(kernel.client._recv_reply(request, timeout=60)["content"]["matches"])

    assert set(complete("%pyartifacts u")) == {"upgrade", "undo"}
    assert complete("%pyartifacts upgrade pand") == ["pandas"]
    assert complete("%pyartifacts remove ") == ["matplotlib", "pandas"]
    assert complete("%pyartifacts add six --as") == ["--as-of"]
    assert complete("result = %pyartifacts show num") == ["numpy"]


def test_another_notebooks_lock_is_taken_over_and_given_back(kernel, start, lock, tmp_path):
    (tmp_path / "other").mkdir()
    other = write_notebook(tmp_path / "other" / "other.ipynb", lock=lock)
    second = start(other)
    second.run(f"%pyartifacts add {PACKAGE}")
    theirs = session_of(second)["pyartifacts"]
    write_notebook(other, lock=theirs)

    taken = kernel.run(f"%pyartifacts instantiate {other}")
    assert "  + inflection 0.5.0" in text_of(taken).splitlines()
    assert session_of(kernel)["pyartifacts"] == theirs
    assert kernel.run("import inflection").ok
    assert [each["lock"] for each in locks_of(taken)] == [theirs, theirs]

    given_back = kernel.run("%pyartifacts undo")
    assert "  - inflection 0.5.0" in text_of(given_back).splitlines()
    assert session_of(kernel)["pyartifacts"] == lock


@contextmanager
def silent_index() -> Iterator[tuple[str, threading.Event]]:
    """An index that takes every connection and never answers; tells when one came."""
    came = threading.Event()
    connections = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connections.append(server.accept()[0])
                    came.set()

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple", came
        # Closing alone does not wake who waits in accept.
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in connections:
        connection.close()


def children_of(kernel: Running) -> list[int]:
    code = (
        "[child.pid for child in __import__('psutil').Process().children(recursive=True)"
        " if child.status() != 'zombie']"
    )
    found: list[int] = kernel.value(code)
    return found


def test_an_interrupt_stops_the_engine_and_changes_nothing(start, lock):
    with silent_index() as (url, came):
        kernel = start(variables={"PYARTIFACTS_INDEX_URL": url})
        before = children_of(kernel)
        request = kernel.send(f"%pyartifacts add {PACKAGE}")
        assert came.wait(60)
        kernel.manager.interrupt_kernel()
        answer = kernel.wait(request)
        assert answer.error["ename"] == "KeyboardInterrupt"
        assert message_of(answer) == (
            f"KeyboardInterrupt: add {PACKAGE}: stopped, nothing was changed"
        )
        assert children_of(kernel) == before
        assert session_of(kernel)["pyartifacts"] == lock


def test_files_beside_the_notebook_do_not_disturb_the_engine(start, lock, tmp_path):
    for name in ("json", "httpx", "packaging", "jupyter_pyartifacts"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
    kernel = start(write_notebook(tmp_path / "n.ipynb", lock=lock))
    assert "pandas" in text_of(kernel.run("%pyartifacts show"))


def test_a_lock_of_a_local_wheel_is_relative_to_the_notebook(start, lock, tmp_path):
    from tests.indexes import project_wheel

    wheel = project_wheel("local-thing", "1.0")
    (tmp_path / "wheels").mkdir()
    wheel.write(tmp_path / "wheels")
    kernel = start(write_notebook(tmp_path / "n.ipynb", lock=lock))
    kernel.run("%cd wheels")
    assert kernel.run(f"%pyartifacts add ./{wheel.filename}").ok
    assert kernel.run("import local_thing; print(local_thing.__version__)").out == "1.0\n"
    assert session_of(kernel)["pyartifacts"]["requirements"][-1] == f"./wheels/{wheel.filename}"


def test_the_environment_of_the_kernel_stays_out_of_the_engine(kernel, tmp_path):
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "sitecustomize.py").write_text("raise SystemExit('trapped')\n")
    kernel.run(f"import os; os.environ['PYTHONPATH'] = {str(trap)!r}")
    assert "pandas" in text_of(kernel.run("%pyartifacts show"))
    assert os.path.exists(trap)


def test_a_lock_goes_out_to_other_tools_and_comes_in_from_them(kernel, lock, tmp_path):
    shown_text = kernel.run("result = %pyartifacts export requirements")
    assert shown_text.data == []
    text = kernel.value("result.text")
    assert "pandas==2.2.3" in text
    assert kernel.value("str(result)").splitlines() == text.splitlines()
    environment = text_of(kernel.run("%pyartifacts export environment"))
    assert environment.splitlines()[1] == 'name: "n"'
    written = text_of(kernel.run("%pyartifacts export -o pylock.toml"))
    count = len(lock["distributions"])
    assert written == f"wrote {tmp_path}/pylock.toml: {count} distributions, as pylock"
    again = message_of(kernel.run("%pyartifacts export -o pylock.toml"))
    assert again.splitlines()[-1] == "hint: name another file, or replace it with --force"
    for line in ("-o copy.ipynb", "script -o copy.ipynb"):
        refused = message_of(kernel.run(f"%pyartifacts export {line}"))
        assert refused.splitlines()[0] == (
            "PyArtifactsError: a kernel's session has no cells to copy (this notebook)"
        )
    refused = message_of(kernel.run("%pyartifacts export pylock -o n.ipynb --force"))
    assert "the notebook itself would be replaced" in refused

    (tmp_path / "requirements.txt").write_text(f"{PACKAGE}\n")
    imported = kernel.run("%pyartifacts import requirements.txt")
    assert text_of(imported).splitlines()[:2] == [
        "import requirements.txt: 1 added",
        "  + inflection 0.5.0",
    ]
    assert locks_of(imported)[0]["lock"] == session_of(kernel)["pyartifacts"]
    assert kernel.run("import inflection").ok
    assert session_of(kernel)["pyartifacts"]["requirements"] == [*lock["requirements"], PACKAGE]
    gone = message_of(kernel.run("%pyartifacts import gone.txt"))
    assert gone.splitlines() == [
        f"PyArtifactsError: there is no such file ({tmp_path}/gone.txt)",
        "hint: name a file that exists and that you may read: %pyartifacts import FILE",
    ]


def test_the_store_and_the_installation(kernel, lock):
    assert text_of(kernel.run("%pyartifacts gc --dry-run")).startswith("would remove ")
    found = text_of(kernel.run("%pyartifacts doctor"))
    assert "WRONG" not in found
    assert f"{len(lock['distributions'])} distributions" in found


def test_the_pip_lines_of_the_saved_notebook(start, lock, tmp_path):
    kernel = start(write_notebook(tmp_path / "n.ipynb", f"%pip install {PACKAGE}", lock=lock))
    assert text_of(kernel.run("%pyartifacts import")).splitlines()[:2] == [
        "import: 1 added",
        "  + inflection 0.5.0",
    ]
    assert text_of(kernel.run("%pyartifacts lock")).splitlines()[0] == "lock: nothing to change"
