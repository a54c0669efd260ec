"""The loopback index itself, asked as uv asks it and as a stranger would."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.index.client import IndexClient
from jupyter_pyartifacts.resolve.catalog import Catalog
from jupyter_pyartifacts.resolve.freshness import Freshness
from jupyter_pyartifacts.resolve.loopback import Loopback, open_slot
from jupyter_pyartifacts.resolve.serving import serve
from jupyter_pyartifacts.resolve.target import Target
from tests.indexes import IndexServer, project_wheel


@pytest.fixture
def loopback(index: IndexServer, tmp_path: Path) -> Iterator[Loopback]:
    config = Config(index_url=index.url, environ={})
    with IndexClient(config, cache=tmp_path) as client:
        catalog = Catalog(
            client,
            Target(python="3.11.7"),
            cache=tmp_path,
            direct={},
            ties={},
            freshness=Freshness(freed=lambda _: False, kept=()),
        )
        own = Loopback(catalog, open_slot(tmp_path / "loopback.json"))
        with serve(own):
            yield own


def ask(
    loopback: Loopback, url: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    place, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(place, timeout=10)
    try:
        connection.request(method, f"/{path}", headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_a_page_and_its_metadata(loopback: Loopback, index: IndexServer) -> None:
    index.add(project_wheel("first", "1.0", ["six (>=1)"]))
    status, headers, body = ask(loopback, f"{loopback.base}/first/")
    assert (status, headers["Content-Type"]) == (200, "application/vnd.pypi.simple.v1+json")
    file = json.loads(body)["files"][0]
    assert file["url"].startswith(loopback.origin)
    assert ask(loopback, f"{file['url']}.metadata")[2].decode().splitlines() == [
        "Metadata-Version: 2.1",
        "Name: first",
        "Version: 1.0",
        "Requires-Dist: six>=1",
        "",
    ]
    assert ask(loopback, file["url"])[0] == 404
    assert ask(loopback, f"{loopback.base}/first/", method="HEAD")[2] == b""


def test_an_unchanged_page_is_not_sent_again(loopback: Loopback, index: IndexServer) -> None:
    index.add(project_wheel("first"))
    mark = ask(loopback, f"{loopback.base}/first/")[1]["ETag"]
    index.requests.clear()
    assert ask(loopback, f"{loopback.base}/First/", {"If-None-Match": mark})[0] == 304
    assert index.requests == []


def test_without_the_secret_there_is_nothing(loopback: Loopback, index: IndexServer) -> None:
    index.add(project_wheel("first"))
    place = loopback.origin.split("/")[2]
    secret = loopback.origin.split("/")[3]
    for path in ("", "simple/first/", f"{secret}x/simple/first/", f"{secret}/other/simple/first/"):
        assert ask(loopback, f"http://{place}/{path}")[0] == 404
    assert index.requests == []


@pytest.mark.parametrize(
    "path",
    [
        "",
        "simple",
        "simple/",
        "files/x",
        "files/-/!!!/first-1.0-py3-none-any.whl.metadata",
        "other/x/",
    ],
)
def test_what_is_no_path(loopback: Loopback, path: str) -> None:
    assert ask(loopback, f"{loopback.origin}/{path}")[0] in (400, 404)


def test_a_failure_upstream_is_kept_for_the_explanation(
    loopback: Loopback, index: IndexServer
) -> None:
    index.broken_pages["first"] = b"nonsense"
    assert ask(loopback, f"{loopback.base}/first/")[0] == 502
    assert loopback.failures["first"].what == (
        "the index answered something else than a page of first"
    )


def test_a_file_that_no_index_vouches_for_is_not_fetched(
    loopback: Loopback, index: IndexServer, tmp_path: Path
) -> None:
    from jupyter_pyartifacts.index.simple import ProjectFile
    from jupyter_pyartifacts.resolve.offer import source_path

    wheel = project_wheel("first")
    wheel.write(tmp_path)
    listed = ProjectFile(wheel.filename, f"file://{tmp_path}/{wheel.filename}", "ab" * 32, 10)
    assert ask(loopback, f"{loopback.origin}/{source_path(listed)}.metadata")[0] == 502
    assert loopback.failures["first"].code == "not-approved"


def test_it_listens_on_this_machine_alone(loopback: Loopback) -> None:
    port = int(loopback.origin.split("/")[2].split(":")[1])
    assert loopback.origin.startswith("http://127.0.0.1:")
    address = socket.gethostbyname(socket.gethostname())
    if not address.startswith("127."):
        with pytest.raises(OSError):  # noqa: PT011
            socket.create_connection((address, port), timeout=2).close()


def test_slots_are_taken_again_and_shared_out(tmp_path: Path) -> None:
    path = tmp_path / "loopback.json"
    first = open_slot(path)
    second = open_slot(path)
    ports = [own.socket.getsockname()[1] for own in (first, second)]
    assert first.secret != second.secret
    assert ports[0] != ports[1]
    first.socket.close()
    again = open_slot(path)
    assert (again.socket.getsockname()[1], again.secret) == (ports[0], first.secret)
    again.socket.close()
    second.socket.close()


@pytest.mark.parametrize(
    "text", ["", "nonsense", "{}", '[{"port": "x"}, {"port": 80, "secret": "s"}]']
)
def test_a_file_of_slots_that_is_damaged_is_begun_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "loopback.json"
    path.write_text(text)
    slot = open_slot(path)
    assert slot.secret
    slot.socket.close()
