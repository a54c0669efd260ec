"""Every endpoint of a real server refuses what it must, in JSON, and does nothing then."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.lock import render_lock
from jupyter_pyartifacts.server.handlers import handlers
from jupyter_pyartifacts.server.request import Handler
from tests.locks import small_lock
from tests.servers import ServerProcess

from .conftest import lock_on_disk, write_notebook

LOCK = render_lock(replace(small_lock(), kernel=("demo",)))
BODIES: dict[str, dict[str, Any]] = {
    "state": {"path": "n.ipynb"},
    "outdated": {"path": "n.ipynb"},
    "check": {"path": "n.ipynb", "requirement": "demo"},
    "versions": {"path": "n.ipynb", "name": "demo"},
    "plan": {"path": "n.ipynb", "verb": "add", "arguments": ["demo"]},
    "apply": {"path": "n.ipynb", "verb": "add", "arguments": ["demo"], "write": True},
    "undo": {"path": "n.ipynb", "write": True},
    "instantiate": {"path": "n.ipynb"},
    "verify": {"path": "n.ipynb"},
    "trust": {"path": "n.ipynb", "digest": "sha256:" + "0" * 64},
    "gc": {"dry_run": False},
}
OF_NOTEBOOKS = sorted(set(BODIES) - {"gc"})
ENDPOINTS = [
    *(("POST", name) for name in BODIES),
    ("GET", "store"),
    ("GET", "jobs/0"),
    ("DELETE", "jobs/0"),
    ("GET", "no-such-endpoint"),
]


def test_these_are_all_endpoints_and_all_methods() -> None:
    own = {"get", "post", "put", "patch", "delete"}
    served = set()
    for address, handler, *_ in handlers("/base/"):
        name = address.removeprefix("/base/pyartifacts/")
        name = {"jobs/([0-9A-Za-z_-]+)": "jobs/0", ".*": "no-such-endpoint"}.get(name, name)
        methods = {each for each in own if getattr(handler, each) is not getattr(Handler, each)}
        served |= {(each.upper(), name) for each in methods}
        # Nothing that answers is left unguarded: the decorators keep what they wrap.
        assert methods
        assert all(hasattr(getattr(handler, each), "__wrapped__") for each in methods)
    rest = {(each.upper(), "no-such-endpoint") for each in own}
    assert served == {*ENDPOINTS, *rest}


@pytest.fixture
def notebook(server: ServerProcess) -> Path:
    """Write a notebook that somebody else has locked."""
    return write_notebook(server.root / "n.ipynb", lock=LOCK)


def refused(server: ServerProcess, notebook: Path, reply: Any, status: int) -> dict[str, Any]:
    """Check that an answer refuses in our JSON and that nothing was done; return the error."""
    assert reply.status == status, reply.body
    assert reply.headers["Content-Type"] == "application/json"
    content = reply.json
    assert set(content) == {"message", "error"}
    error = content["error"]
    assert content["message"] == error["message"]
    assert set(error) == {
        *("event", "code", "message", "where", "expected", "found", "details", "hint")
    }
    assert error["event"] == "error"
    assert error["message"]
    assert error["hint"]
    assert b"Traceback" not in reply.body
    assert lock_on_disk(notebook) == LOCK
    store = server.root.parent / "home" / "store"
    assert not list(store.glob("artifacts/*"))
    assert not list(store.glob("views/*"))
    assert not list((server.root.parent / "home" / ".config").rglob("approvals/*"))
    return dict(error)


@pytest.mark.parametrize(("method", "name"), ENDPOINTS)
def test_without_a_token(server, notebook, method, name):
    # A guest's XSRF token is in order, so that what refuses is that nobody logged in.
    guest = server.login(token=False)["_xsrf"]
    xsrf = {"Cookie": f"_xsrf={guest}", "X-XSRFToken": guest}
    reply = server.send(method, f"pyartifacts/{name}", BODIES.get(name), token=None, headers=xsrf)
    assert "xsrf" not in refused(server, notebook, reply, 403)["message"].lower()


@pytest.mark.parametrize(("method", "name"), ENDPOINTS)
def test_with_a_wrong_token(server, notebook, method, name):
    reply = server.send(method, f"pyartifacts/{name}", BODIES.get(name), token="wrong")
    refused(server, notebook, reply, 403)


@pytest.mark.parametrize(("method", "name"), [each for each in ENDPOINTS if each[0] != "GET"])
def test_a_cookie_without_xsrf(server, notebook, method, name):
    cookies = server.login()
    assert any(name.startswith("username-") for name in cookies), cookies
    cookie = {"Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())}
    reply = server.send(method, f"pyartifacts/{name}", BODIES.get(name), token=None, headers=cookie)
    error = refused(server, notebook, reply, 403)
    assert "_xsrf" in error["message"]
    # The same cookie with the token that belongs to it is let in.
    allowed = {**cookie, "X-XSRFToken": cookies["_xsrf"]}
    if name == "state":
        answer = server.send(
            method, f"pyartifacts/{name}", BODIES[name], token=None, headers=allowed
        )
        assert answer.status == 200, answer.body


@pytest.mark.parametrize("name", OF_NOTEBOOKS)
@pytest.mark.parametrize(
    "path",
    [
        "../outside.ipynb",
        "a/../../outside.ipynb",
        "/../outside.ipynb",
        "..",
        "",
        "/",
        "//",
        "./n.ipynb",
        "missing.ipynb",
        ".hidden.ipynb",
        ".secret/n.ipynb",
        "n.ipynb\0.txt",
        "x" * 5000,
    ],
)
def test_paths_that_name_no_notebook(server, notebook, name, path):
    write_notebook(server.root.parent / "outside.ipynb")
    write_notebook(server.root / ".hidden.ipynb")
    write_notebook(server.root / ".secret" / "n.ipynb")
    reply = server.send("POST", f"pyartifacts/{name}", {**BODIES[name], "path": path})
    assert reply.status in (400, 404)
    refused(server, notebook, reply, reply.status)


@pytest.mark.parametrize("name", OF_NOTEBOOKS)
def test_what_is_no_notebook(server, notebook, name):
    (server.root / "text.txt").write_text("not a notebook")
    (server.root / "broken.ipynb").write_text("{")
    (server.root / "directory").mkdir(exist_ok=True)
    for path, status, message in (
        ("text.txt", 400, "this is not a notebook"),
        ("directory", 404, "there is no such notebook"),
    ):
        reply = server.send("POST", f"pyartifacts/{name}", {**BODIES[name], "path": path})
        assert refused(server, notebook, reply, status)["message"] == message
    reply = server.send("POST", f"pyartifacts/{name}", {**BODIES[name], "path": "broken.ipynb"})
    assert refused(server, notebook, reply, 400)["message"] == "the notebook cannot be read"


@pytest.mark.parametrize("name", sorted(BODIES))
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the body of the request is not JSON"),
        (b"{", "the body of the request is not JSON"),
        (b"\xff\xfe", "the body of the request is not JSON"),
        (b'{"path": NaN}', "the body of the request is not JSON"),
        (b"[" * 100_000, "the body of the request is not JSON"),
        (b"[]", "the body of the request has the wrong type"),
        (b"null", "the body of the request has the wrong type"),
        (b'"n.ipynb"', "the body of the request has the wrong type"),
        (b'{"surprise": 1}', "the request has a field that is not known"),
        (b"{}", "the request lacks a field"),
    ],
)
def test_bodies_that_are_none(server, notebook, name, data, message):
    reply = server.send("POST", f"pyartifacts/{name}", data=data)
    assert refused(server, notebook, reply, 400)["message"] == message


@pytest.mark.parametrize("name", sorted(BODIES))
def test_every_field_of_the_wrong_type(server, notebook, name):
    for key in BODIES[name]:
        for value in (None, 1, 1.5, [], {}, [[]], {"a": 1}):
            if key == "arguments" and value == []:
                continue
            reply = server.send("POST", f"pyartifacts/{name}", {**BODIES[name], key: value})
            refused(server, notebook, reply, 400)


@pytest.mark.parametrize("name", OF_NOTEBOOKS)
def test_a_body_that_is_too_large(server, notebook, name):
    body = {**BODIES[name], "lock": {"requirements": ["x" * 100] * 50_000}}
    assert (
        refused(server, notebook, server.send("POST", f"pyartifacts/{name}", body), 413)["message"]
        == "the body of the request is too large"
    )


HOSTILE: list[Any] = [
    {},
    {"lock_version": 1},
    {"lock_version": 10**6},
    {"lock_version": "1"},
    {**LOCK, "distributions": {"a": 1}},
    {**LOCK, "artifacts": ["../../etc/passwd sha256:" + "a" * 64 + " 1 aa/bb"]},
    {**LOCK, "distributions": ["demo 1.0 ; __import__('os').system('true')"]},
    {**LOCK, "requirements": ["-e /etc"]},
    {**LOCK, "requirements": [None]},
    {**LOCK, "platforms": ["<script>alert(1)</script>"]},
]


@pytest.mark.parametrize("name", sorted(set(OF_NOTEBOOKS) - {"check", "versions"}))
@pytest.mark.parametrize("lock", HOSTILE)
def test_a_hostile_lock_in_the_body(server, notebook, name, lock):
    reply = server.send("POST", f"pyartifacts/{name}", {**BODIES[name], "lock": lock})
    assert refused(server, notebook, reply, 422)["code"] == "lock"


@pytest.mark.parametrize("name", ["plan", "apply", "undo", "instantiate", "verify"])
def test_a_lock_that_nobody_approved(server, notebook, name):
    reply = server.send("POST", f"pyartifacts/{name}", BODIES[name])
    assert refused(server, notebook, reply, 403)["code"] == "not-approved"


def test_the_digest_of_another_lock_is_not_approved(server, notebook):
    reply = server.send("POST", "pyartifacts/trust", BODIES["trust"])
    error = refused(server, notebook, reply, 409)
    assert error["expected"] == BODIES["trust"]["digest"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"verb": "destroy"}, "verb has a value that is not known"),
        ({"arguments": []}, "nothing to add"),
        ({"arguments": ["-e ."]}, "an editable install cannot be pinned: its files change"),
        ({"arguments": ["--index-url=x"]}, "a requirement begins with '-', as an option does"),
        ({"arguments": ["x\ny"]}, "arguments[0] is not one line of text"),
        ({"arguments": ["a"] * 1001}, "arguments has too many entries"),
        ({"verb": "undo"}, "`undo` takes no arguments"),
        ({"verb": "python", "arguments": []}, "`python` takes one version"),
        ({"options": {"pythons": "3"}}, "the request has a field that is not known"),
        ({"options": {"indexes": ["nonsense"]}}, "an index is not understood"),
        ({"options": {"prereleases": 1}}, "options.prereleases has the wrong type"),
    ],
)
@pytest.mark.parametrize("name", ["plan", "apply"])
def test_changes_that_make_no_sense(server, notebook, name, change, message):
    body = {"path": "n.ipynb", "verb": "add", "arguments": ["demo"], **change}
    reply = server.send("POST", f"pyartifacts/{name}", body)
    assert refused(server, notebook, reply, 400)["message"] == message


def test_methods_that_are_none(server, notebook):
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        reply = server.send(method, "pyartifacts/state", {} if method != "GET" else None)
        refused(server, notebook, reply, 405)


def test_credentials_in_a_refused_index_are_not_repeated(server, notebook):
    options = {"indexes": ["https://user:hunter2@/nohost"]}
    body = {"path": "n.ipynb", "verb": "add", "arguments": ["demo"], "options": options}
    reply = server.send("POST", "pyartifacts/plan", body)
    refused(server, notebook, reply, 400)
    assert b"hunter2" not in reply.body
    assert json.dumps(body).count("hunter2") == 1
