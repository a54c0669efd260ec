"""The REST interface of a real server: a notebook's packages from the first one to undo."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.indexes import IndexServer, project_wheel
from tests.servers import ServerProcess, wait_until

from .conftest import lock_on_disk, user_environ, write_notebook

REPOSITORY = str(Path(__file__).parent.parent.parent)
STATE = {
    *(
        "version",
        "path",
        "digest",
        "trusted",
        "question",
        "requirements",
        "kernel",
        "python",
        "platform",
    ),
    *("platforms", "left_out", "indexes", "as_of", "distributions", "artifacts", "history"),
    *("running", "jobs", "notes"),
}


@pytest.fixture
def notebook(server: ServerProcess, request: pytest.FixtureRequest) -> Path:
    """Write a notebook without a lock, of this test's own name."""
    return write_notebook(server.root / f"{request.node.name[:60]}.ipynb")


def add(server: ServerProcess, path: str, *requirements: str, **more: Any) -> Any:
    """Add requirements and have the notebook saved; return the job."""
    job = server.finished("apply", path=path, verb="add", arguments=requirements, **more)
    assert job["state"] == "done", job
    return job


def test_a_notebook_without_a_lock(server, notebook):
    seen = server.call("state", path=notebook.name)
    assert set(seen) == STATE
    assert seen["digest"] is None
    assert seen["trusted"]
    assert (seen["running"], seen["jobs"], seen["distributions"]) == (None, [], [])


def test_a_requirement_as_it_is_typed(server, notebook):
    def check(text: str) -> Any:
        return server.call("check", path=notebook.name, requirement=text)

    assert check("demo>=1") == {
        **{"valid": True, "name": "demo", "problem": None, "hint": None, "exists": True}
    }
    assert check("") | {"hint": ""} == {
        **{"valid": False, "name": None, "problem": "a requirement is empty", "hint": ""},
        "exists": None,
    }
    assert check("demo >")["valid"] is False
    assert check("de\nmo")["valid"] is False
    unknown = check("no-such-demo")
    assert (unknown["valid"], unknown["exists"]) == (True, False)
    assert unknown["problem"] == "the index has no project named no-such-demo"
    assert check("https://example.org/demo-1.0-py3-none-any.whl")["exists"] is None


def test_the_versions_of_a_project(server, notebook):
    assert server.call("versions", path=notebook.name, name="Demo") == {
        "name": "demo",
        "versions": [
            {"version": version, "released": day, "yanked": yanked, "prerelease": early}
            for version, day, yanked, early in (
                ("2.0rc1", "2024-01-01", False, True),
                ("1.1", "2024-03-02", False, False),
                ("1.0", "2024-03-02", False, False),
                ("0.9", "2024-01-01", True, False),
            )
        ],
    }
    refused = server.call("versions", 502, path=notebook.name, name="no-such-demo")
    assert refused["message"] == "the index has no project named no-such-demo"


def test_from_the_first_package_to_undo(server, notebook):
    path = notebook.name
    plan = server.call("plan", path=path, verb="add", arguments=["demo==1.0"])
    assert lock_on_disk(notebook) is None
    assert [(each["name"], each["after"], each["direct"]) for each in plan["changes"]] == [
        *(("demo", "1.0", True), ("helper", "0.5", False)),
        *(("ipykernel", "6.29.5", False), ("ipywidgets", "8.1.5", False)),
    ]
    assert plan["size"] >= plan["size_missing"]
    job = add(server, path, "demo==1.0", write=True)
    assert lock_on_disk(notebook) == job["result"]["lock"]
    seen = server.call("state", path=path)
    assert seen["digest"] == job["result"]["digest"]
    assert seen["artifacts"] == {
        **{"total": 4, "present": 4, "bytes": plan["size"], "bytes_missing": 0}
    }
    assert [change["what"] for change in seen["history"]] == ["add demo==1.0"]
    demo, helper, *_ = seen["distributions"]
    assert demo == {
        **{"name": "demo", "version": "1.0", "direct": True, "kernel": False, "marker": None},
        **{"required_by": [], "dependencies": ["helper"], "index": None, "kind": "wheel"},
        **{"instantiated": True, "size": demo["size"]},
    }
    assert helper["required_by"] == ["demo"]
    assert seen["jobs"][-1]["id"] == job["id"]
    rows = server.call("outdated", path=path)["rows"]
    assert [(row["name"], row["current"], row["latest"]) for row in rows] == [
        ("demo", "1.0", "1.1")
    ]
    upgraded = server.finished(
        "apply", path=path, verb="upgrade", arguments=["demo==1.1"], write=True
    )
    assert upgraded["result"]["changes"] == [
        {"name": "demo", "before": "1.0", "after": "1.1", "direct": True}
    ]
    assert server.finished("undo", path=path, write=True)["state"] == "done"
    assert lock_on_disk(notebook) == job["result"]["lock"]
    for verb in ("instantiate", "verify"):
        assert server.finished(verb, path=path)["state"] == "done"
    assert server.finished("undo", path=path, write=True)["result"]["lock"] is None
    assert lock_on_disk(notebook) is None


def test_nothing_is_written_unless_it_is_asked_for(server, notebook):
    before = notebook.read_bytes()
    job = add(server, notebook.name, "demo")
    assert notebook.read_bytes() == before
    # The page has the lock by now, the file has not: the page's counts.
    lock = job["result"]["lock"]
    seen = server.call("state", path=notebook.name, lock=lock)
    assert seen["digest"] == job["result"]["digest"]
    plan = server.call("plan", path=notebook.name, lock=lock, verb="remove", arguments=["demo"])
    assert [each["name"] for each in plan["changes"]] == ["demo", "helper"]
    assert server.call("state", path=notebook.name)["digest"] is None
    assert server.call("state", path=notebook.name, lock=None)["digest"] is None
    assert notebook.read_bytes() == before


def test_a_lock_that_somebody_wrote_meanwhile_is_not_overwritten(server, notebook):
    lock = add(server, notebook.name, "demo")["result"]["lock"]
    job = server.finished(
        "apply", path=notebook.name, lock=lock, verb="add", arguments=["helper"], write=True
    )
    assert job["state"] == "failed"
    assert job["error"]["message"] == "the notebook got another lock meanwhile"
    assert lock_on_disk(notebook) is None


def test_another_python_is_planned(server, notebook):
    plan = server.call("plan", path=notebook.name, verb="python", arguments=["3.11"])
    assert plan["python"]["before"] is None
    assert plan["python"]["after"].startswith("3.11.")


def test_a_lock_is_approved_by_the_digest_that_was_seen(server, notebook, index, tmp_path):
    lock = add(server, notebook.name, "demo")["result"]["lock"]
    (tmp_path / "root").mkdir()
    other = ServerProcess(
        tmp_path / "root", user_environ(tmp_path / "home", PYARTIFACTS_INDEX_URL=index.url)
    )
    try:
        path = write_notebook(other.root / "n.ipynb", lock=lock)
        seen = other.call("state", path="n.ipynb")
        assert not seen["trusted"]
        assert "It pins 4 distributions from the default index" in seen["question"]
        assert other.call("plan", 403, path="n.ipynb", verb="upgrade")["error"]["code"] == (
            "not-approved"
        )
        assert seen["artifacts"]["present"] == 0
        approved = other.call("trust", path="n.ipynb", digest=seen["digest"])
        assert approved == {
            **{"digest": seen["digest"], "distributions": 4, "indexes": ["the default index"]}
        }
        seen = other.call("state", path="n.ipynb")
        assert (seen["trusted"], seen["question"]) == (True, None)
        assert other.finished("instantiate", path="n.ipynb")["state"] == "done"
        assert other.call("state", path="n.ipynb")["artifacts"]["present"] == 4
        assert lock_on_disk(path) == lock
    finally:
        other.close()


def test_a_lock_of_the_request_does_not_choose_whom_the_server_asks(server, notebook, index):
    lock = add(server, notebook.name, "demo==1.0")["result"]["lock"]
    foreign = {**lock, "indexes": [f"other {index.origin}/elsewhere demo"]}
    foreign["distributions"] = [
        line.replace("demo 1.0", "demo 1.0 @ other") for line in lock["distributions"]
    ]
    asked = len(index.requests)
    for name, body in {"outdated": {}, "versions": {"name": "demo"}}.items():
        reply = server.send(
            "POST", f"pyartifacts/{name}", {"path": notebook.name, "lock": foreign, **body}
        )
        assert name == "versions" or reply.json["error"]["code"] == "not-approved"
    assert not [each for each in index.requests[asked:] if "elsewhere" in each]


@pytest.mark.parametrize("verb", ["remove", "upgrade", "undo"])
def test_there_is_nothing_to_change_without_a_lock(server, notebook, verb):
    arguments = [] if verb == "undo" else ["demo"]
    refused = server.call("apply", 422, path=notebook.name, verb=verb, arguments=arguments)
    assert refused["message"] == "the notebook has no lock"


def test_a_local_wheel_beside_the_notebook(server, notebook):
    wheel = project_wheel("local", "1.0").write(notebook.parent)
    job = add(server, notebook.name, f"./{wheel.name}", write=True)
    assert {"name": "local", "before": None, "after": "1.0", "direct": True} in (
        job["result"]["changes"]
    )


def test_html_is_plain_data(server, notebook):
    text = "<img src=x onerror=alert(1)>"
    reply = server.send("POST", "pyartifacts/check", {"path": notebook.name, "requirement": text})
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json["valid"] is False
    refused = server.send("POST", "pyartifacts/state", {"path": f"{text}.ipynb"})
    assert refused.json["error"]["where"] == f"{text}.ipynb"
    assert refused.headers["Content-Type"] == "application/json"
    assert "default-src 'none'" in refused.headers["Content-Security-Policy"]
    assert refused.headers["X-Content-Type-Options"] == "nosniff"


def test_the_store(server, notebook):
    add(server, notebook.name, "demo")
    use = server.send("GET", "pyartifacts/store").json
    assert set(use) == {"path", "size", "quota", "artifacts", "views", "free", "layers"}
    assert use["quota"] is None
    assert use["layers"] == []
    assert use["path"] == str(server.root.parent / "home" / "store")
    assert use["artifacts"] >= 4
    assert use["size"] > 0
    swept = server.finished("gc", dry_run=True)
    assert swept["result"]["dry_run"] is True


@pytest.fixture
def slow(index: IndexServer) -> Iterator[Callable[[str], threading.Event]]:
    """Hold a wheel back in the middle until its event is set."""

    def hold(filename: str) -> threading.Event:
        index.held[filename] = threading.Event()
        return index.held[filename]

    yield hold
    for event in index.held.values():
        event.set()
    index.held.clear()


def test_one_change_at_a_time_and_a_cancelled_one_leaves_the_store_whole(
    server, notebook, index, slow
):
    wheel = project_wheel(
        "bulky",
        "1.0",
        metadata="Metadata-Version: 2.1\nName: bulky\nVersion: 1.0\n\n" + "x" * 300_000,
    )
    index.add(wheel, metadata=True)
    path = notebook.name
    go = slow(wheel.filename)
    body = {"path": path, "verb": "add", "arguments": ["bulky"], "write": True}
    job = server.call("apply", 202, **body)["job"]["id"]
    wait_until(
        lambda: (
            (server.send("GET", f"pyartifacts/jobs/{job}").json["progress"] or {}).get("stage")
            in ("download", "extract")
        )
    )
    busy = server.call("apply", 409, **body)
    assert busy["error"]["code"] == "busy"
    assert busy["error"]["found"] == f"job {job}"
    # The server answers others meanwhile.
    assert server.call("state", path=path)["digest"] is None
    # Not a byte comes any more, and still it ends.
    ended = server.send("DELETE", f"pyartifacts/jobs/{job}").json
    assert (ended["state"], ended["result"]) == ("cancelled", None)
    assert ended["error"]["code"] == "cancelled"
    go.set()
    again = server.finished("apply", **body)
    assert again["state"] == "done", again
    assert lock_on_disk(notebook)["requirements"] == ["bulky"]


@pytest.mark.parametrize("manager", ["MemoryContents", "AsyncMemoryContents"])
def test_notebooks_that_are_no_files(index, tmp_path, manager):
    (tmp_path / "root").mkdir()
    # Not the notebook that is meant, and never read.
    write_notebook(tmp_path / "root" / "n.ipynb", lock={"lock_version": 10**6})
    server = ServerProcess(
        tmp_path / "root",
        user_environ(tmp_path / "home", PYARTIFACTS_INDEX_URL=index.url, PYTHONPATH=REPOSITORY),
        config={"ServerApp": {"contents_manager_class": f"tests.server.plugins.{manager}"}},
    )
    try:
        assert server.call("state", path="n.ipynb")["digest"] is None
        job = add(server, "n.ipynb", "demo==1.0", write=True)
        kept = server.request("GET", "contents/n.ipynb")["content"]["metadata"]["pyartifacts"]
        assert kept == job["result"]["lock"]
        assert server.call("state", path="n.ipynb")["digest"] == job["result"]["digest"]
        project_wheel("local", "1.0").write(tmp_path / "root")
        wheel = "./local-1.0-py3-none-any.whl"
        refused = server.call("apply", 400, path="n.ipynb", verb="add", arguments=[wheel])
        assert refused["error"]["message"] == (
            "this notebook lies in no directory of this machine, so no file lies beside it"
        )
        assert refused["error"]["hint"] == "put the wheel on an index, or name it by its URL"
        assert server.finished("instantiate", path="n.ipynb")["state"] == "done"
        server.call("state", 404, path="missing.ipynb")
        server.call("state", 404, path=".hidden.ipynb")
        session = server.open("n.ipynb")
        # Its kernel is fake, as is the whole stack here: what counts is that it was prepared.
        wait_until(lambda: server.call("state", path="n.ipynb")["running"] is not None)
        wait_until(lambda: server.call("state", path="n.ipynb")["jobs"][-1]["state"] != "running")
        kernel = server.call("state", path="n.ipynb")["jobs"][-1]
        assert (kernel["verb"], kernel["kernel_id"]) == ("kernel", session["kernel"]["id"])
        assert kernel["state"] == "done", kernel
    finally:
        server.close()


def test_an_authorizer_is_asked(index, tmp_path):
    (tmp_path / "root").mkdir()
    notebook = write_notebook(tmp_path / "root" / "n.ipynb")
    server = ServerProcess(
        tmp_path / "root",
        user_environ(tmp_path / "home", PYARTIFACTS_INDEX_URL=index.url, PYTHONPATH=REPOSITORY),
        config={"ServerApp": {"authorizer_class": "tests.server.plugins.Readers"}},
    )
    try:
        assert server.call("state", path="n.ipynb")["digest"] is None
        assert server.call("check", path="n.ipynb", requirement="demo")["exists"]
        for name, body in {
            "plan": {"path": "n.ipynb", "verb": "add", "arguments": ["demo"]},
            "apply": {"path": "n.ipynb", "verb": "add", "arguments": ["demo"], "write": True},
            "undo": {"path": "n.ipynb"},
            "instantiate": {"path": "n.ipynb"},
            "verify": {"path": "n.ipynb"},
            "trust": {"path": "n.ipynb", "digest": "x"},
            "gc": {"dry_run": False},
        }.items():
            refused = server.call(name, 403, **body)
            assert refused["message"] == (
                "User is not authorized to write on resource: pyartifacts."
            )
        assert server.send("DELETE", "pyartifacts/jobs/0").status == 403
        assert lock_on_disk(notebook) is None
        assert not (tmp_path / "home" / "store" / "artifacts").exists() or not list(
            (tmp_path / "home" / "store" / "artifacts").iterdir()
        )
    finally:
        server.close()


def test_settings_of_the_configuration_win_over_the_environment(index, tmp_path):
    (tmp_path / "root").mkdir()
    write_notebook(tmp_path / "root" / "n.ipynb")
    server = ServerProcess(
        tmp_path / "root",
        user_environ(tmp_path / "home", PYARTIFACTS_INDEX_URL="https://nowhere.invalid/simple"),
        config={
            "PyArtifacts": {
                "stores": [str(tmp_path / "own"), str(tmp_path / "shared")],
                "index_url": index.url,
                "trust": "all",
            }
        },
    )
    try:
        job = add(server, "n.ipynb", "demo")
        assert server.send("GET", "pyartifacts/store").json["path"] == str(tmp_path / "own")
        lock = dict(job["result"]["lock"], requirements=["demo", "helper"])
        assert server.call("state", path="n.ipynb", lock=lock)["trusted"]
    finally:
        server.close()
