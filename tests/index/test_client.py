"""Fetching from a real server on 127.0.0.1: what works, what is retried, what is refused."""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.errors import (
    HashMismatch,
    LockError,
    NetworkError,
    NotApproved,
    OfflineError,
)
from jupyter_pyartifacts.index.client import IndexClient, ProjectNotFound, RangesNotServed
from jupyter_pyartifacts.index.failures import Transient
from jupyter_pyartifacts.index.network import inflate_page
from jupyter_pyartifacts.model import Distribution, Index, Lock, PythonPin
from tests.index.conftest import ClientMaker
from tests.indexes import IndexServer, project_wheel
from tests.wheels import Wheel

BIG = Wheel("big-1.0-py3-none-any.whl", os.urandom(3 << 20), name="big")


def fetch(client: IndexClient, artifact: object, part: Path) -> tuple[str, list[int]]:
    pieces: list[int] = []
    return client.fetch(artifact, part, pieces.append), pieces  # type: ignore[arg-type]


def test_an_artifact_is_fetched_from_its_hint_below_the_learned_root(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    digest, pieces = fetch(client, artifact, tmp_path / "part")
    assert digest == artifact.digest.hex
    assert (tmp_path / "part").read_bytes() == BIG.data
    assert sum(pieces) == len(BIG.data)
    assert index.requests[0] == "GET /simple/big/"
    other = index.add(project_wheel("small"))
    index.requests.clear()
    fetch(client, other, tmp_path / "other")
    assert index.requests == [f"GET /packages/{other.location}/{other.filename}"]


def test_the_root_is_remembered_by_the_store(
    index: IndexServer, make_client: ClientMaker, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    fetch(make_client(), artifact, tmp_path / "one")
    index.requests.clear()
    fetch(make_client(), artifact, tmp_path / "two")
    assert index.requests == [f"GET /packages/{artifact.location}/{artifact.filename}"]


@pytest.mark.parametrize(("listed", "asked"), [(True, ["small"]), (False, ["small", "big"])])
def test_the_root_is_learned_from_the_page_of_a_locks_smallest_artifact(
    index: IndexServer, client: IndexClient, tmp_path: Path, listed: bool, asked: list[str]
) -> None:
    artifact = index.add(BIG)
    small = index.add(project_wheel("small"), listed=listed)
    pinned = [
        Distribution(name=name, version="1.0", artifacts=(each,))
        for name, each in (("big", artifact), ("small", small))
    ]
    python = PythonPin(version="3.11", implementation="cpython")
    client.allow_lock(
        Lock(requirements=(), python=python, platforms=(), distributions=tuple(pinned))
    )
    fetch(client, artifact, tmp_path / "part")
    assert index.requests == [
        *(f"GET /simple/{name}/" for name in asked),
        f"GET /packages/{artifact.location}/{artifact.filename}",
    ]


def test_a_location_relative_to_the_index_is_followed(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    index.root_layout = False
    artifact = index.add(BIG)
    assert artifact.location == f"./files/{artifact.filename}"
    assert fetch(client, artifact, tmp_path / "part")[0] == artifact.digest.hex
    assert index.requests == [f"GET /simple/files/{artifact.filename}"]


def test_a_hint_that_leads_nowhere_is_made_good_by_the_page(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    stale = replace(artifact, location=f"00/11/{'2' * 60}")
    assert fetch(client, stale, tmp_path / "part")[0] == artifact.digest.hex


def test_a_file_that_is_nowhere(index: IndexServer, client: IndexClient, tmp_path: Path) -> None:
    index.add(project_wheel("big", "2.0"))
    artifact = index.add(BIG, listed=False)
    gone = replace(artifact, location=f"00/11/{'2' * 60}")
    with pytest.raises(NetworkError) as caught:
        fetch(client, gone, tmp_path / "part")
    assert str(caught.value) == (
        "big-1.0-py3-none-any.whl is nowhere where it may be fetched from"
        " (big-1.0-py3-none-any.whl)\n"
        f"  expected: a file with {artifact.digest}\n"
        "  found:    nothing, neither at its location nor on its project's page\n"
        "hint: ask whoever made the lock for the file, or upgrade the distribution"
    )


def test_a_download_goes_on_where_it_was_left(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    part = tmp_path / "part"
    part.write_bytes(BIG.data[: 1 << 20])
    digest, pieces = fetch(client, artifact, part)
    assert digest == artifact.digest.hex
    assert part.read_bytes() == BIG.data
    assert sum(pieces) == len(BIG.data) - (1 << 20)
    assert index.asked("packages") == [
        f"GET /packages/{artifact.location}/{artifact.filename} bytes={1 << 20}-"
    ]


def test_a_dropped_connection_is_taken_up_again(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    index.cut[BIG.filename] = 2 << 20
    digest, pieces = fetch(client, artifact, tmp_path / "part")
    assert digest == artifact.digest.hex
    assert sum(pieces) == len(BIG.data)
    assert len(index.asked("packages")) == 2
    assert "bytes=" in index.asked("packages")[1]


def test_a_server_without_ranges_is_asked_again_from_the_beginning(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    index.ranges = False
    artifact = index.add(BIG)
    part = tmp_path / "part"
    part.write_bytes(b"x" * 1000)
    digest, pieces = fetch(client, artifact, part)
    assert digest == artifact.digest.hex
    assert part.read_bytes() == BIG.data
    assert pieces[0] == -1000
    assert sum(pieces) == len(BIG.data) - 1000
    with pytest.raises(RangesNotServed):
        client.read_range(artifact, 0, 10)


def test_a_whole_download_is_not_fetched_again(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    part = tmp_path / "part"
    part.write_bytes(BIG.data)
    assert fetch(client, artifact, part) == (artifact.digest.hex, [])
    assert index.asked("packages") == []


def test_more_bytes_than_pinned_are_refused_at_once(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    artifact = replace(index.add(BIG), size=1000)
    with pytest.raises(HashMismatch) as caught:
        fetch(client, artifact, tmp_path / "part")
    assert str(caught.value) == (
        "big-1.0-py3-none-any.whl is longer than its lock says (big-1.0-py3-none-any.whl)\n"
        "  expected: 1000 bytes\n"
        "  found:    more than 1000 bytes\n"
        "hint: do not trust this index; lock again if the lock is wrong"
    )
    assert not (tmp_path / "part").exists() or (tmp_path / "part").stat().st_size <= 1000


def test_fewer_bytes_than_pinned_come_back_as_they_are(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    artifact = replace(index.add(BIG), size=len(BIG.data) + 5)
    digest, pieces = fetch(client, artifact, tmp_path / "part")
    assert digest == hashlib.sha256(BIG.data).hexdigest()
    assert sum(pieces) == len(BIG.data)


def test_a_busy_server_is_asked_again(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    index.busy[BIG.filename] = 2
    index.busy["big"] = 1
    assert fetch(client, artifact, tmp_path / "part")[0] == artifact.digest.hex
    assert len(index.asked("packages")) == 3
    assert len(index.asked("/simple/big/")) == 2


def test_a_server_that_stays_busy(index: IndexServer, client: IndexClient) -> None:
    index.add(BIG)
    index.busy["big"] = 99
    with pytest.raises(NetworkError) as caught:
        client.project("big")
    assert str(caught.value) == (
        f"127.0.0.1:{index.port} cannot be reached (big)\n"
        "  HTTP 503\n"
        "hint: check the network and the proxy (HTTPS_PROXY), or work with what is stored:"
        " --offline"
    )


def test_a_range(index: IndexServer, client: IndexClient) -> None:
    artifact = index.add(BIG)
    assert client.read_range(artifact, 100, 200) == BIG.data[100:200]
    assert client.read_range(artifact, len(BIG.data) - 10, len(BIG.data)) == BIG.data[-10:]


def test_an_unknown_project(index: IndexServer, client: IndexClient) -> None:
    with pytest.raises(ProjectNotFound) as caught:
        client.project("nothing")
    assert str(caught.value) == (
        f"the index has no project named nothing ({index.url})\n"
        "hint: check the spelling; the name to import often differs from the project's"
    )


def test_what_is_no_page(index: IndexServer, client: IndexClient) -> None:
    index.broken_pages["big"] = b"<html>please log in"
    with pytest.raises(NetworkError) as caught:
        client.project("big")
    assert caught.value.what == "the index answered something else than a page of big"
    assert caught.value.where == f"{index.url}/big/"
    assert caught.value.hint == (
        "check that the configured index is one, and that no login page is in between"
    )


def test_a_page_is_read_from_the_cache_until_it_is_old(
    index: IndexServer, make_client: ClientMaker
) -> None:
    index.add(BIG)
    make_client().project("big")
    make_client().project("big")
    assert index.requests == ["GET /simple/big/"]
    index.add(project_wheel("big", "2.0"))
    assert len(make_client().project("big").files) == 1
    assert len(make_client().project("big", max_age=0).files) == 2


def test_a_page_is_revalidated_not_sent_again(index: IndexServer, client: IndexClient) -> None:
    index.add(BIG)
    client.project("big")
    client.project("big", max_age=0)
    assert "If-None-Match" in index.headers[1]
    assert client.cached_head("big", index.url) is not None


def test_html_and_json_pages_say_the_same(index: IndexServer, make_client: ClientMaker) -> None:
    index.add(BIG, requires_python=">=3.8", yanked="broken")
    by_json = make_client().project("big", max_age=0).files[0]
    index.html = True
    by_html = make_client().project("big", max_age=0).files[0]
    assert by_html == by_json._replace(size=None, upload_time=None)


def test_credentials_of_the_index_are_sent_and_never_shown(
    index: IndexServer, make_client: ClientMaker, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    index.auth = ("me", "s3cret/x")
    url = index.url.replace("http://", "http://me:s3cret%2Fx@")
    client = make_client(index_url=url)
    assert client.default_index == index.url
    assert fetch(client, artifact, tmp_path / "part")[0] == artifact.digest.hex
    index.auth = ("me", "other")
    with pytest.raises(NetworkError) as caught:
        client.project("big", max_age=0)
    assert str(caught.value) == (
        "127.0.0.1 refuses access (big)\n"
        "  found:    HTTP 401\n"
        "hint: put user and password for this host into your netrc file, or into the URL of the"
        " configured index"
    )
    kept = b"".join(p.read_bytes() for p in (tmp_path / "cache").rglob("*") if p.is_file())
    assert b"s3cret" not in kept


def test_credentials_from_netrc(
    index: IndexServer, make_client: ClientMaker, tmp_path: Path
) -> None:
    index.add(BIG)
    index.auth = ("me", "word")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password word\n")
    netrc.chmod(0o600)
    assert make_client(environ={"NETRC": str(netrc)}).project("big").files


def test_offline_nothing_is_asked(
    index: IndexServer, make_client: ClientMaker, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    client = make_client(offline=True)
    with pytest.raises(OfflineError) as caught:
        fetch(client, artifact, tmp_path / "part")
    assert str(caught.value) == (
        "big was never fetched, and the network is switched off\n"
        "hint: leave --offline out (or unset PYARTIFACTS_OFFLINE) once, with a network"
    )
    assert index.requests == []


def test_offline_a_page_of_any_age_will_do(index: IndexServer, make_client: ClientMaker) -> None:
    index.add(BIG)
    make_client().project("big")
    assert make_client(offline=True).project("big", max_age=0).files


def test_no_network(
    index: IndexServer, make_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client()
    client.default_index
    port = index.port
    index.stop()
    monkeypatch.setattr("jupyter_pyartifacts.index.network.time.sleep", lambda _: None)
    with pytest.raises(NetworkError) as caught:
        client.project("big")
    assert caught.value.what == f"127.0.0.1:{port} cannot be reached"
    assert caught.value.hint == (
        "check the network and the proxy (HTTPS_PROXY), or work with what is stored: --offline"
    )
    index.__enter__()


def test_a_location_outside_the_allowed_indexes_is_refused_before_a_byte_is_fetched(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    with IndexServer() as other:
        elsewhere = replace(index.add(BIG), location=f"{other.origin}/{BIG.filename}")
        with pytest.raises(NotApproved) as caught:
            fetch(client, elsewhere, tmp_path / "part")
        assert other.requests == []
        assert str(caught.value) == (
            "a location lies outside the indexes that are allowed, so nothing was fetched"
            f" ({BIG.filename})\n"
            f"  expected: {index.origin}\n"
            f"  found:    {other.origin}/{BIG.filename}\n"
            f"hint: if you trust it, set PYARTIFACTS_ALLOWED_INDEXES={other.origin}"
        )


def test_an_allowed_index_is_fetched_from(
    index: IndexServer, make_client: ClientMaker, tmp_path: Path
) -> None:
    with IndexServer() as other:
        artifact = other.add(BIG)
        elsewhere = replace(
            artifact, location=f"{other.origin}/packages/{artifact.location}/{BIG.filename}"
        )
        client = make_client(allowed_indexes=(other.url,))
        assert fetch(client, elsewhere, tmp_path / "part")[0] == artifact.digest.hex


def test_the_indexes_of_an_approved_lock_are_allowed_for_their_projects(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    with IndexServer() as other:
        artifact = other.add(BIG)
        moved = replace(artifact, location=f"https://files.example/{BIG.filename}")
        client.allow_lock(
            Lock(
                requirements=("big",),
                python=PythonPin(version="3.11.7"),
                platforms=("linux-x86_64",),
                distributions=(),
                indexes=(Index(name="other", url=other.url, projects=("big",)),),
            )
        )
        assert client.index_of("big") == "other"
        assert fetch(client, moved, tmp_path / "part")[0] == artifact.digest.hex
        assert index.requests == []


@pytest.mark.parametrize("location", ["packages/x", "ftp://host.example/x", "/etc/passwd", ""])
def test_a_location_of_an_unknown_kind(
    index: IndexServer, client: IndexClient, tmp_path: Path, location: str
) -> None:
    with pytest.raises(LockError) as caught:
        fetch(client, replace(index.add(BIG), location=location), tmp_path / "part")
    assert caught.value.what == "an artifact has a location of a kind that is not known"


def test_a_redirect_is_followed(index: IndexServer, client: IndexClient, tmp_path: Path) -> None:
    artifact = index.add(BIG)
    path = f"/packages/{artifact.location}/{BIG.filename}"
    index.files["/moved/big"] = index.files.pop(path)
    index.redirects[path] = "/moved/big"
    assert fetch(client, artifact, tmp_path / "part")[0] == artifact.digest.hex


def test_a_redirect_to_a_file_is_refused(
    index: IndexServer, client: IndexClient, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    index.redirects[f"/packages/{artifact.location}/{BIG.filename}"] = "file:///etc/passwd"
    with pytest.raises(NotApproved):
        fetch(client, artifact, tmp_path / "part")


def test_redirects_without_end(index: IndexServer, client: IndexClient) -> None:
    index.redirects["/simple/big/"] = "/simple/big/"
    with pytest.raises(NetworkError) as caught:
        client.project("big")
    assert caught.value.what == "127.0.0.1 redirects without end"


def test_a_file_beside_the_notebook(make_client: ClientMaker, tmp_path: Path) -> None:
    directory = tmp_path / "notes"
    directory.mkdir()
    artifact = BIG.artifact(location=f"file:./{BIG.filename}")
    BIG.write(directory)
    client = make_client(directory=directory)
    assert fetch(client, artifact, tmp_path / "part")[0] == artifact.digest.hex
    assert client.read_range(artifact, 5, 9) == BIG.data[5:9]


def test_a_file_elsewhere_on_this_machine_is_refused_unless_allowed(
    make_client: ClientMaker, tmp_path: Path
) -> None:
    directory = tmp_path / "notes"
    directory.mkdir()
    BIG.write(tmp_path)
    artifact = BIG.artifact(location=f"file:../{BIG.filename}")
    with pytest.raises(NotApproved) as caught:
        fetch(make_client(directory=directory), artifact, tmp_path / "part")
    assert caught.value.found == f"file://{tmp_path}/{BIG.filename}"
    allowed = make_client(directory=directory, allowed_indexes=(f"file://{tmp_path}",))
    assert fetch(allowed, artifact, tmp_path / "part")[0] == artifact.digest.hex
    lock = Lock(
        requirements=(f"../{BIG.filename}",),
        python=PythonPin(version="3.11.7"),
        platforms=("linux-x86_64",),
        distributions=(),
    )
    approved = make_client(directory=directory)
    approved.allow_lock(lock)
    assert fetch(approved, artifact, tmp_path / "part")[0] == artifact.digest.hex


def test_an_index_on_disk(tmp_path: Path) -> None:
    root = tmp_path / "index"
    (root / "big").mkdir(parents=True)
    (root / "files").mkdir()
    BIG.write(root / "files")
    page = f'<a href="../files/{BIG.filename}#sha256={BIG.digest.hex}">{BIG.filename}</a>'
    (root / "big" / "index.html").write_text(page)
    config = Config(index_url=root.as_uri(), environ={})
    with IndexClient(config, cache=tmp_path / "cache") as client:
        file = client.project("big").files[0]
        assert (file.filename, file.sha256) == (BIG.filename, BIG.digest.hex)
        artifact = BIG.artifact(location=f"./files/{BIG.filename}")
        assert fetch(client, artifact, tmp_path / "part")[0] == BIG.digest.hex
        with pytest.raises(ProjectNotFound):
            client.project("nothing")


def test_an_index_on_disk_that_is_not_there(tmp_path: Path) -> None:
    config = Config(index_url=f"file://{tmp_path}/none", environ={})
    client = IndexClient(config, cache=tmp_path / "cache")
    with client, pytest.raises(NetworkError) as caught:
        client.project("big")
    assert str(caught.value) == (
        f"the configured index is no directory ({tmp_path}/none)\n"
        "  expected: a directory that holds NAME/index.html for each project\n"
        "hint: correct PYARTIFACTS_INDEX_URL, or --index"
    )


def test_authorities_that_cannot_be_read(index: IndexServer, make_client: ClientMaker) -> None:
    url = index.url.replace("http:", "https:")
    client = make_client(index_url=url, environ={"PIP_CERT": "/no/such/file.pem"})
    with pytest.raises(NetworkError) as caught:
        client.project("big")
    assert caught.value.what == "the certificate authorities that PIP_CERT names cannot be read"
    assert caught.value.hint == "correct PIP_CERT, or unset it"


def test_a_proxy_of_the_environment_is_used(
    index: IndexServer, make_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add(BIG)
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", index.origin)
    client = make_client(index_url="http://index.example/simple")
    index.files["http://index.example/simple/big/"] = index.projects["big"][0]
    with pytest.raises(NetworkError):
        client.project("big")
    assert index.requests == ["GET http://index.example/simple/big/"]


def test_a_compressed_page_is_read_and_one_that_lies_is_refused() -> None:
    page = b'{"files": []}' * 1000
    packed = gzip.compress(page)
    assert inflate_page(packed, len(page), "big") == page
    assert inflate_page(page, 10, "big") == page
    with pytest.raises(NetworkError, match="an index sends more than it should"):
        inflate_page(packed, len(page) - 1, "big")
    with pytest.raises(Transient, match="the answer ended early"):
        inflate_page(packed[:-1], len(page), "big")
    with pytest.raises(Transient, match="the answer is damaged"):
        inflate_page(packed[:20] + b"xxxx" + packed[24:], len(page), "big")
