"""A real Jupyter server with the extension: sessions, renames, restarts, no lock at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ipykernel.kernelspec import write_kernel_spec

from tests.servers import ServerProcess, wait_until

from .conftest import write_notebook
from .running import connect

pytestmark = [pytest.mark.kernel, pytest.mark.network]

SEE = (
    "[__import__('sys').flags.isolated, __import__('sys').prefix != '',"
    " __import__('os').environ.get('PYARTIFACTS_NOTEBOOK')]"
)


def test_a_locked_notebook_in_a_directory(server, lock):
    (server.root / "sub").mkdir()
    path = write_notebook(server.root / "sub" / "n.ipynb", lock=lock)
    kernel = connect(server, server.open("sub/n.ipynb"))
    assert kernel.value(SEE) == [1, True, str(path)]
    assert kernel.value("__import__('pandas').__version__") == "2.2.3"
    assert kernel.value("__import__('os').getcwd()") == str(server.root / "sub")


def test_a_notebook_that_gets_its_lock_while_it_runs(server, lock):
    path = write_notebook(server.root / "n.ipynb")
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    assert kernel.value("__import__('sys').flags.isolated") == 0
    write_notebook(path, lock=lock)
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value(SEE) == [1, True, str(path)]
    write_notebook(path)
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value("__import__('sys').flags.isolated") == 0


def test_after_a_rename_the_restart_reads_the_new_file(server, lock):
    path = write_notebook(server.root / "n.ipynb", lock=lock)
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    assert kernel.value(SEE)[2] == str(path)
    server.request("PATCH", "contents/n.ipynb", {"path": "renamed.ipynb"})
    server.request(
        "PATCH", f"sessions/{session['id']}", {"path": "renamed.ipynb", "name": "renamed.ipynb"}
    )
    server.restart(session)
    kernel.wait_until_ready()
    assert kernel.value(SEE) == [1, True, str(server.root / "renamed.ipynb")]


def test_a_lock_that_cannot_be_used_is_answered_in_the_cell(server):
    write_notebook(server.root / "n.ipynb", lock={"lock_version": 10**6})
    kernel = connect(server, server.open("n.ipynb"))
    answer = kernel.run("import pandas")
    assert answer.reply["ename"] == "LockError"


def test_the_session_file_goes_with_the_kernel(server, lock, store):
    write_notebook(server.root / "n.ipynb", lock=lock)
    session = server.open("n.ipynb")
    kernel = connect(server, session)
    file = kernel.value("__import__('os').environ['PYARTIFACTS_SESSION']")
    assert os.path.dirname(file) == str(store / "kernels")
    server.request("DELETE", f"sessions/{session['id']}")
    wait_until(lambda: not os.path.exists(file))
    kept = [path.name for path in (store / "kernels").iterdir()]
    assert not any(session["kernel"]["id"] in name for name in kept)


def test_a_kernelspec_of_another_language_is_started_as_it_is(server, lock, tmp_path):
    # The same program, so that only what the kernelspec says of it differs.
    write_kernel_spec(
        tmp_path / "data" / "kernels" / "foreign",
        overrides={"display_name": "Foreign", "language": "foreign"},
    )
    write_notebook(server.root / "n.ipynb", lock=lock)
    kernel = connect(server, server.open("n.ipynb", name="foreign"))
    assert kernel.value("__import__('sys').flags.isolated") == 0
    assert kernel.value(
        "[name for name in __import__('os').environ if name.startswith('PYARTIFACTS_S')]"
    ) == (["PYARTIFACTS_STORE"] if "PYARTIFACTS_STORE" in os.environ else [])
    assert server.call("state", path="n.ipynb")["running"] is None


@pytest.fixture
def strict(environ: dict[str, str], tmp_path: Path) -> Iterator[ServerProcess]:
    """Run a server that waits for its kernels, and culls them as soon as it may."""
    (tmp_path / "strict" / "root").mkdir(parents=True)
    culling = {"cull_idle_timeout": 6, "cull_interval": 1, "cull_connected": True}
    running = ServerProcess(
        tmp_path / "strict" / "root",
        environ,
        config={"PyArtifacts": {"use_pending_kernels": False}, "MappingKernelManager": culling},
    )
    yield running
    running.close()
    print(running.log.read_text()[-20_000:])


def test_without_pending_kernels_and_with_culling(strict, store):
    path = write_notebook(strict.root / "n.ipynb")
    session = strict.open("n.ipynb")
    # The answer has come, so the kernel is there.
    assert (strict.runtime / f"kernel-{session['kernel']['id']}.json").is_file()
    kernel = connect(strict, session)
    assert kernel.run("%pyartifacts add six==1.16.0").ok
    assert "pyartifacts" not in path.read_text()
    # It is culled with a lock that nobody has saved: that is not lost, and nothing of it is left.
    wait_until(lambda: strict.request("GET", "kernels") == [])
    wait_until(lambda: "six==1.16.0" in path.read_text())
    again = strict.open("n.ipynb")
    kernel = connect(strict, again)
    assert kernel.value("__import__('six').__version__") == "1.16.0"
    wait_until(lambda: strict.request("GET", "kernels") == [])
    assert not [each for each in os.listdir(store / "kernels") if again["kernel"]["id"] in each]
