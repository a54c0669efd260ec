"""Where the lock of a kernel is found, in which order, and what is not taken for one."""

import asyncio
import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbformat.sign import MemorySignatureStore, NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook

from jupyter_pyartifacts.errors import NotebookError
from jupyter_pyartifacts.kernel.origin import Origin, find_origin, read_origin

LOCK = {"version": 1}


def write(path, lock=LOCK, code=None):
    notebook = new_notebook(cells=[] if code is None else [new_code_cell(code)])
    if lock is not None:
        notebook.metadata.pyartifacts = lock
    path.write_text(json.dumps(notebook))
    return str(path)


def find(manager=None, *, client=None, launch=None, environ=None, cwd="/"):
    return asyncio.run(
        find_origin(
            manager or SimpleNamespace(),
            client=client,
            launch_environ=launch,
            environ=environ or {},
            cwd=str(cwd),
        )
    )


def server_manager(root):
    """Build what a kernel manager has above it in a server."""
    contents = AsyncLargeFileManager(root_dir=str(root))
    # Neither a database that stays open nor a key among the user's data.
    contents.notary = NotebookNotary(secret=b"-", store_factory=MemorySignatureStore)
    server = SimpleNamespace(contents_manager=contents)
    return SimpleNamespace(parent=SimpleNamespace(parent=server, root_dir=str(root)))


def test_no_notebook_at_all():
    assert find() is None


def test_the_session_of_a_server(tmp_path):
    (tmp_path / "sub").mkdir()
    path = write(tmp_path / "sub" / "n.ipynb")
    origin = find(server_manager(tmp_path), launch={"JPY_SESSION_NAME": path})
    assert origin == Origin(
        document=LOCK, directory=str(tmp_path / "sub"), notebook=path, path="sub/n.ipynb"
    )


def test_a_frontend_that_gives_the_contents_path_only(tmp_path):
    (tmp_path / "sub").mkdir()
    path = write(tmp_path / "sub" / "n.ipynb")
    origin = find(server_manager(tmp_path), launch={"JPY_SESSION_NAME": "sub/n.ipynb"})
    assert origin == Origin(
        document=LOCK, directory=str(tmp_path / "sub"), notebook=path, path="sub/n.ipynb"
    )


def test_a_notebook_without_a_lock(tmp_path):
    path = write(tmp_path / "n.ipynb", None)
    origin = find(server_manager(tmp_path), launch={"JPY_SESSION_NAME": path})
    assert origin is not None
    assert origin.document is None


def test_the_contents_manager_is_asked_not_the_disk(tmp_path):
    path = write(tmp_path / "n.ipynb")
    manager = server_manager(tmp_path)

    class Remote(AsyncLargeFileManager):
        async def file_exists(self, path):
            return path == "n.ipynb"

        async def get(self, path, content=True, type=None, **more):
            notebook = new_notebook(metadata={"pyartifacts": {"version": 7}})
            return {"content": notebook, "type": type, "path": path}

    manager.parent.parent.contents_manager = Remote(root_dir=str(tmp_path))
    origin = find(manager, launch={"JPY_SESSION_NAME": path})
    assert origin is not None
    assert origin.document == {"version": 7}


def test_a_notebook_outside_the_servers_root_is_read_from_disk(tmp_path):
    (tmp_path / "root").mkdir()
    path = write(tmp_path / "n.ipynb")
    origin = find(server_manager(tmp_path / "root"), launch={"JPY_SESSION_NAME": path})
    assert origin is not None
    assert origin.document == LOCK


def test_without_a_server_the_session_is_read_from_disk(tmp_path):
    path = write(tmp_path / "n.ipynb")
    origin = find(launch={"JPY_SESSION_NAME": path})
    assert origin == Origin(document=LOCK, directory=str(tmp_path), notebook=path)
    assert find(launch={"JPY_SESSION_NAME": str(tmp_path / "gone.ipynb")}) is None


@pytest.mark.parametrize("name", ["console-1", "script.py"])
def test_what_is_no_notebook_has_no_lock(tmp_path, name):
    (tmp_path / "script.py").write_text("print(1)\n")
    manager = server_manager(tmp_path)
    assert find(manager, launch={"JPY_SESSION_NAME": str(tmp_path / name)}) is None


def test_a_notebook_that_cannot_be_read_may_have_a_lock(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text("{ not json")
    with pytest.raises(NotebookError) as caught:
        find(server_manager(tmp_path), launch={"JPY_SESSION_NAME": str(path)})
    assert str(caught.value).startswith("the notebook cannot be read (n.ipynb)\n  found:    ")
    assert str(caught.value).endswith(
        "hint: open the notebook in an editor and repair it, then start the kernel again"
    )


def test_the_notebooks_code_comes_with_it(tmp_path):
    path = write(tmp_path / "n.ipynb", code="import demo")
    in_server = find(server_manager(tmp_path), launch={"JPY_SESSION_NAME": path})
    named = find(environ={"PYARTIFACTS_NOTEBOOK": path})
    assert in_server is not None
    assert named is not None
    assert (in_server.code, named.code) == ("import demo\n", "import demo\n")


def test_an_inherited_session_name_says_nothing(tmp_path):
    path = write(tmp_path / "n.ipynb")
    assert find(environ={"JPY_SESSION_NAME": path}) is None


def test_the_variable_for_everything_else(tmp_path):
    path = write(tmp_path / "n.ipynb")
    origin = find(environ={"PYARTIFACTS_NOTEBOOK": "n.ipynb"}, cwd=tmp_path)
    assert origin == Origin(document=LOCK, directory=str(tmp_path), notebook=path)


def test_the_variable_of_an_outer_kernel_says_nothing(tmp_path):
    path = write(tmp_path / "n.ipynb")
    environ = {"PYARTIFACTS_NOTEBOOK": path, "PYARTIFACTS_SESSION": "/s.json"}
    assert find(environ=environ) is None


def test_the_variable_may_name_a_bare_lock(tmp_path):
    path = tmp_path / "lock.json"
    path.write_text(json.dumps({"pyartifacts": LOCK}))
    assert read_origin(str(path)).document == LOCK


@pytest.fixture
def half_written(tmp_path):
    """Return a notebook that is empty, then half, then whole, as collaboration writes in place."""
    path = tmp_path / "n.ipynb"
    whole = Path(write(path)).read_text()
    path.write_text("")

    def go_on():
        for text in (whole[: len(whole) // 2], whole):
            time.sleep(0.15)
            path.write_text(text)

    writer = threading.Thread(target=go_on)
    writer.start()
    yield path
    writer.join()


def test_a_notebook_that_is_just_being_written(half_written):
    assert read_origin(str(half_written)).document == LOCK


def test_a_sessions_notebook_that_is_just_being_written(half_written):
    manager = server_manager(half_written.parent)
    origin = find(manager, launch={"JPY_SESSION_NAME": str(half_written)})
    assert origin is not None
    assert origin.document == LOCK


def test_a_missing_notebook_is_an_error(tmp_path):
    path = str(tmp_path / "n.ipynb")
    with pytest.raises(NotebookError) as caught:
        find(environ={"PYARTIFACTS_NOTEBOOK": path})
    assert str(caught.value) == (
        f"the notebook cannot be read ({path})\n"
        "  found:    No such file or directory\n"
        "hint: check the path, or unset PYARTIFACTS_NOTEBOOK"
    )


def test_a_notebook_that_is_not_json_is_an_error(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text("nope")
    with pytest.raises(NotebookError) as caught:
        read_origin(str(path))
    assert str(caught.value) == (
        f"the notebook is not JSON ({path})\n"
        "  expected: a notebook (nbformat 4)\n"
        "  found:    Expecting value: line 1 column 1 (char 0)\n"
        "hint: name a notebook (.ipynb); if it is one, restore it from a backup or checkpoint"
    )
    path.write_text('{\n<<<<<<< ours\n"cells": []')
    with pytest.raises(NotebookError) as caught:
        read_origin(str(path))
    assert str(caught.value).startswith(
        f"the notebook has an unresolved merge conflict ({path}, line 2)\n"
    )
    path.write_text("[" * 100_000)
    with pytest.raises(NotebookError):
        read_origin(str(path))


def test_the_client_of_a_headless_run_comes_first(tmp_path):
    path = write(tmp_path / "n.ipynb")
    notebook = new_notebook(metadata={"pyartifacts": {"version": 3}})
    client = SimpleNamespace(nb=notebook, resources={"metadata": {"path": str(tmp_path)}})
    origin = find(client=client, launch={"JPY_SESSION_NAME": path}, cwd="/elsewhere")
    assert origin is not None
    assert (origin.document, origin.directory) == ({"version": 3}, str(tmp_path))
    assert type(origin.document) is dict
    assert origin.client is client


@pytest.mark.parametrize("content", ["[]", '{"metadata": []}', '{"metadata": {}}', '{"cells": []}'])
def test_documents_without_a_lock(tmp_path, content):
    path = tmp_path / "n.ipynb"
    path.write_text(content)
    assert read_origin(str(path)).document is None
