"""Which locations may be fetched."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.errors import NotApproved
from jupyter_pyartifacts.index.policy import LocationPolicy, is_private


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://127.1.2.3:8080/x",
        "https://10.0.0.1/x",
        "https://192.168.1.1/x",
        "https://172.16.0.1/x",
        "http://169.254.169.254/latest",
        "http://[::1]/x",
        "http://[fe80::1]/x",
        "http://0.0.0.0/",
        "http://localhost/x",
        "http://a.localhost./x",
        "http://printer/x",
        "http://nas.local/x",
        "file:///etc/passwd",
        "ftp://files.example/x",
    ],
)
def test_private_places(url: str) -> None:
    assert is_private(url)


@pytest.mark.parametrize("url", ["https://files.example/x", "http://93.184.215.14/x"])
def test_public_places(url: str) -> None:
    assert not is_private(url)


def test_an_index_allows_its_host_and_port() -> None:
    policy = LocationPolicy(["https://index.example/simple"])
    assert policy.allows("https://index.example/files/x.whl")
    assert policy.allows("https://INDEX.example:443/files/x.whl")
    assert not policy.allows("http://index.example/files/x.whl")
    assert not policy.allows("https://index.example:8443/x.whl")
    assert not policy.allows("https://index.example.evil/x.whl")
    assert not policy.allows("https://evil.example/index.example/x.whl")


def test_a_directory_allows_what_lies_in_it() -> None:
    policy = LocationPolicy(["file:///srv/wheels"])
    assert policy.allows("file:///srv/wheels/a/x.whl")
    assert not policy.allows("file:///srv/wheels/../secret")
    assert not policy.allows("file:///srv/wheels%2F..%2Fsecret")
    assert not policy.allows("file:///srv/wheels-2/x.whl")
    assert not policy.allows("file://host/srv/wheels/x.whl")


def test_one_file_allows_nothing_beside_it() -> None:
    policy = LocationPolicy()
    policy.allow_file("https://host.example/a.whl")
    assert policy.allows("https://host.example/a.whl")
    assert not policy.allows("https://host.example/b.whl")


def test_a_public_index_vouches_for_public_places_only() -> None:
    policy = LocationPolicy(["https://index.example/simple"])
    listed_by = "https://index.example/simple"
    assert policy.allows_from(listed_by, "https://files.example/x.whl")
    assert not policy.allows_from(listed_by, "http://10.0.0.1/x.whl")
    assert not policy.allows_from(listed_by, "file:///etc/passwd")


def test_a_private_index_may_list_private_places_but_no_files() -> None:
    policy = LocationPolicy(["http://10.0.0.1/simple"])
    assert policy.allows_from("http://10.0.0.1/simple", "http://10.0.0.2/x.whl")
    assert not policy.allows_from("http://10.0.0.1/simple", "file:///etc/passwd")


def test_the_refusal_names_what_would_allow_it_and_no_secret() -> None:
    policy = LocationPolicy(["https://index.example/simple", "file:///srv/wheels"])
    with pytest.raises(NotApproved) as caught:
        policy.check("https://me:secret@host.example/x.whl?token=secret", where="x.whl")
    assert str(caught.value) == (
        "a location lies outside the indexes that are allowed, so nothing was fetched (x.whl)\n"
        "  expected: file:///srv/wheels, https://index.example\n"
        "  found:    https://host.example/x.whl\n"
        "hint: if you trust it, set PYARTIFACTS_ALLOWED_INDEXES=https://host.example"
    )
