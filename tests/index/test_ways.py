"""The ways to a server: TLS with an authority of one's own, and proxies."""

from __future__ import annotations

import base64
import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import NetworkError
from tests.index.conftest import ClientMaker
from tests.indexes import IndexServer
from tests.wheels import Wheel

TLS = Path(__file__).parent / "tls"
BIG = Wheel("big-1.0-py3-none-any.whl", os.urandom(1 << 20), name="big")


class Proxy:
    """A proxy that opens tunnels (CONNECT); `asked` lists for whom, `auth` what they showed."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.auth: list[str | None] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://me:word@127.0.0.1:{self._listening.getsockname()[1]}"

    @contextmanager
    def serving(self) -> Iterator[Proxy]:
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = self._listening.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=self._tunnel, args=(connection,)))
                threads[-1].start()

        own = threading.Thread(target=accept)
        own.start()
        try:
            yield self
        finally:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            own.join()
            for thread in threads:
                thread.join()

    def _tunnel(self, client: socket.socket) -> None:
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    return
                head += piece
            lines = head.decode().split("\r\n")
            method, place, _ = lines[0].split()
            fields = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
            self.asked.append(f"{method} {place}")
            self.auth.append(fields.get("proxy-authorization"))
            host, _, port = place.partition(":")
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                pair = {client: server, server: client}
                while True:
                    for ready in select.select(list(pair), [], [])[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        pair[ready].sendall(data)


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer(certificate=TLS / "server.pem") as server:
        yield server


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    "name", ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
)
def test_an_authority_of_ones_own(
    index: IndexServer, make_client: ClientMaker, tmp_path: Path, name: str
) -> None:
    artifact = index.add(BIG)
    client = make_client(environ={name: str(TLS / "authority.pem")})
    assert client.fetch(artifact, tmp_path / "part", lambda _: None) == artifact.digest.hex
    assert client.read_range(artifact, 1, 9) == BIG.data[1:9]


def test_an_authority_that_is_not_known(
    index: IndexServer, make_client: ClientMaker, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    for act in (
        lambda client: client.project("big"),
        lambda client: client.download_url(
            f"{index.origin}/packages/{artifact.location}/{artifact.filename}",
            tmp_path / "part",
            where="big",
        ),
    ):
        with pytest.raises(NetworkError) as caught:
            act(make_client())
        assert caught.value.what == f"127.0.0.1:{index.port} cannot be reached"
        assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value.details)
        assert caught.value.hint == ("name the file of your certificate authority in SSL_CERT_FILE")
    assert index.requests == []


def test_a_tunnel_through_a_proxy(
    index: IndexServer,
    make_client: ClientMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    artifact = index.add(BIG)
    with Proxy().serving() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = make_client(environ={"SSL_CERT_FILE": str(TLS / "authority.pem")})
        assert client.fetch(artifact, tmp_path / "part", lambda _: None) == artifact.digest.hex
        client.close()
    assert set(proxy.asked) == {f"CONNECT 127.0.0.1:{index.port}"}
    assert len(proxy.asked) == 1
    assert set(proxy.auth) == {"Basic " + base64.b64encode(b"me:word").decode()}


def test_no_proxy_is_heeded(
    index: IndexServer,
    make_client: ClientMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    artifact = index.add(BIG)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    client = make_client(environ={"SSL_CERT_FILE": str(TLS / "authority.pem")})
    assert client.fetch(artifact, tmp_path / "part", lambda _: None) == artifact.digest.hex


def test_a_connection_is_used_again(
    index: IndexServer, make_client: ClientMaker, tmp_path: Path
) -> None:
    artifact = index.add(BIG)
    client = make_client(environ={"SSL_CERT_FILE": str(TLS / "authority.pem")})
    for number in range(3):
        client.fetch(artifact, tmp_path / f"part{number}", lambda _: None)
        client.read_range(artifact, 0, 10)
    assert len(index.asked("packages")) == 6
    assert len(index.peers) == 1
