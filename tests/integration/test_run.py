"""`run`: a notebook's cells in its own environment, on real wheels in a real kernel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .command_line import Place

pytestmark = [pytest.mark.network, pytest.mark.kernel]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("run"))
    place.ok("add", "n.ipynb", "six")
    return place


@pytest.fixture
def lock(place: Place) -> Any:
    if place.lock is None:
        place.ok("add", "n.ipynb", "six")
    return place.lock


def outputs(path: Path) -> list[list[dict[str, Any]]]:
    return [cell["outputs"] for cell in json.loads(path.read_bytes())["cells"]]


def test_outputs_come_into_the_notebook(place: Place, lock: Any) -> None:
    place.write_notebook("import six, sys\nsix.__name__", "print(sys.prefix)", lock=lock)
    assert place.ok("run", "n.ipynb") == f"executed, 2 of 2 cells: {place.notebook}\n"
    first, second = outputs(place.notebook)
    assert first[0]["data"]["text/plain"] == ["'six'"]
    assert second[0]["text"][0].startswith(str(place.store / "views"))
    assert place.lock == lock
    assert place.ok("run", "n.ipynb", "-o", "again.ipynb")
    assert (place.directory / "again.ipynb").read_bytes() == place.notebook.read_bytes()


def test_the_host_is_not_importable(place: Place, lock: Any) -> None:
    place.write_notebook("import httpx", lock=lock)
    before = place.notebook.read_bytes()
    done = place.run("run", "n.ipynb")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == (
        "error: a cell failed: ModuleNotFoundError: No module named 'httpx' "
        f"(cell 1 of {place.notebook})"
    )
    assert done.stderr.splitlines()[-1].startswith("hint: ")
    assert place.notebook.read_bytes() == before


def test_a_failure_keeps_the_outputs_up_to_it_in_out(place: Place, lock: Any) -> None:
    place.write_notebook("'fine'", "1 / 0", "'never'", lock=lock)
    before = place.notebook.read_bytes()
    done = place.run("run", "n.ipynb", "-o", "out.ipynb", "--json")
    assert done.returncode == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["code"] == "cell"
    assert events[-1]["message"] == "a cell failed: ZeroDivisionError: division by zero"
    assert events[-1]["where"] == f"cell 2 of {place.notebook}"
    assert "1 / 0" in events[-1]["details"]
    assert "\x1b" not in events[-1]["details"]
    first, second, third = outputs(place.directory / "out.ipynb")
    assert (first[0]["data"]["text/plain"], second[0]["ename"], third) == (
        ["'fine'"],
        "ZeroDivisionError",
        [],
    )
    assert place.notebook.read_bytes() == before


def test_progress_of_cells(place: Place, lock: Any) -> None:
    place.write_notebook("1", "", "2", lock=lock)
    done = place.run("run", "n.ipynb", "-o", "out.ipynb", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    cells = [(e["done"], e["total"]) for e in events if e.get("stage") == "run"]
    assert cells[0] == (0, 2)
    assert cells[-1] == (2, 2)
    assert events[-1]["verb"] == "run"
    assert events[-1]["cells"] == 2


def test_a_kernel_that_this_machine_has_not(place: Place, lock: Any) -> None:
    place.write_notebook("1 + 1", lock=lock)
    document = json.loads(place.notebook.read_bytes())
    document["metadata"]["kernelspec"] = {"name": "conda-env-theirs", "display_name": "Theirs"}
    place.notebook.write_text(json.dumps(document))
    place.ok("run", "n.ipynb")
    assert outputs(place.notebook)[0][0]["data"]["text/plain"] == ["2"]


def test_what_the_kernel_adds_is_in_what_is_written(place: Place, lock: Any) -> None:
    place.write_notebook("%pyartifacts add attrs", "import attrs", lock=lock)
    place.ok("run", "n.ipynb", "-o", "out.ipynb")
    written = json.loads((place.directory / "out.ipynb").read_bytes())
    assert written["metadata"]["pyartifacts"]["requirements"] == ["six", "attrs"]
    assert place.lock == lock


def test_a_kernel_that_dies(place: Place, lock: Any) -> None:
    place.write_notebook("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", lock=lock)
    before = place.notebook.read_bytes()
    done = place.run("run", "n.ipynb")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"error: the kernel died (cell 1 of {place.notebook})" in done.stderr
    assert done.stderr.splitlines()[-1] == (
        "hint: see what it wrote above; jupyter pyartifacts verify NOTEBOOK checks its environment"
    )
    assert place.notebook.read_bytes() == before


def test_what_the_kernels_process_prints_is_no_data(place: Place, lock: Any) -> None:
    place.write_notebook("import os\nos.system('echo loose')\n0", lock=lock)
    done = place.run("run", "n.ipynb", "--json", "-o", "out.ipynb")
    assert done.returncode == 0, done.stderr
    assert all(json.loads(line)["event"] for line in done.stdout.splitlines())


def test_a_notebook_that_changes_meanwhile_is_kept(place: Place, lock: Any) -> None:
    place.write_notebook(f"open({str(place.notebook)!r}, 'a').write(' ')", lock=lock)
    done = place.run("run", "n.ipynb")
    assert done.returncode == 1
    assert f"error: the notebook was changed on disk meanwhile ({place.notebook})" in done.stderr
    assert place.notebook.read_text().endswith(" ")
    assert outputs(place.notebook) == [[]]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupt_ends_the_kernel_too(place: Place, lock: Any) -> None:
    flag = place.directory / "running"
    place.write_notebook(
        f"import os, time\nopen({str(flag)!r}, 'w').write(str(os.getpid()))\ntime.sleep(120)",
        lock=lock,
    )
    child = subprocess.Popen(
        [sys.executable, "-m", "jupyter_pyartifacts", "run", "n.ipynb"],
        cwd=place.directory,
        env=place.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not (flag.exists() and flag.read_text()) and child.poll() is None:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == 130, err
    assert "error: interrupted" in err
    with pytest.raises(ProcessLookupError):
        os.kill(int(flag.read_text()), 0)
