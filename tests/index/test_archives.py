"""Where interpreters may be fetched from: a mirror, the table's root, a file that was named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import NetworkError, NotApproved, OfflineError, UsageError
from jupyter_pyartifacts.model import Artifact
from tests.index.conftest import ClientMaker
from tests.pythons import BUILD, PLATFORM, Place, Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    own = Shelf(tmp_path / "shelf")
    own.fake("3.12.4")
    return own


@pytest.fixture
def place(shelf: Shelf) -> Iterator[Place]:
    with Place(shelf.directory) as own:
        yield own


@pytest.fixture
def artifact(shelf: Shelf) -> Artifact:
    archive = shelf.pin("3.12.4").archive_for(PLATFORM)
    assert archive is not None
    return archive.artifact


def test_an_archive_comes_from_where_the_table_says(
    make_client: ClientMaker, place: Place, artifact: Artifact, tmp_path: Path
) -> None:
    client = make_client(python_table=f"{place.url}versions.json")
    size = (tmp_path / "shelf" / BUILD / artifact.filename).stat().st_size
    assert client.probe(artifact) == size
    assert client.fetch(artifact, tmp_path / "part", lambda _: None) == artifact.digest.hex
    assert (tmp_path / "part").stat().st_size == size
    # The hash is the identity: where a lock says that it lies is a hint.
    moved = replace(artifact, location="elsewhere/")
    assert client.fetch(moved, tmp_path / "again", lambda _: None) == artifact.digest.hex


@pytest.mark.parametrize("layout", ["kept", "flat", "directory"])
def test_a_mirror_takes_the_place_of_the_table(
    make_client: ClientMaker, place: Place, artifact: Artifact, tmp_path: Path, layout: str
) -> None:
    mirror = place.url
    if layout == "flat":
        name = artifact.filename
        shutil.move(tmp_path / "shelf" / BUILD / name, tmp_path / "shelf" / name)
    if layout == "directory":
        mirror = str(tmp_path / "shelf")
    client = make_client(python_mirror=mirror, python_table=str(tmp_path / "no-such-table"))
    assert client.fetch(artifact, tmp_path / "part", lambda _: None) == artifact.digest.hex


def test_a_mirror_without_it_is_all_that_is_asked(
    make_client: ClientMaker, place: Place, artifact: Artifact, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    client = make_client(
        python_mirror=str(tmp_path / "empty"), python_table=f"{place.url}versions.json"
    )
    with pytest.raises(NetworkError) as caught:
        client.probe(artifact)
    assert caught.value.found == (
        "nothing, neither in the mirror that is set nor where the table of Pythons says"
    )
    assert not place.asked


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/python/",
        "http://127.0.0.1:9/",
        "ftp://elsewhere.example/",
        "//elsewhere.example/",
        "/etc/",
        "../20260101/",
        "20260101/../../",
        "20260101/%2e%2e/",
        "a/..",
        "https:elsewhere",
    ],
)
def test_a_lock_does_not_say_where_archives_come_from(
    make_client: ClientMaker, place: Place, artifact: Artifact, location: str, tmp_path: Path
) -> None:
    client = make_client(python_table=f"{place.url}versions.json")
    with pytest.raises(NotApproved) as caught:
        client.fetch(replace(artifact, location=location), tmp_path / "part", lambda _: None)
    assert caught.value.found == location
    assert "PYARTIFACTS_PYTHON_MIRROR" in caught.value.hint
    assert not place.asked


def test_a_file_beside_the_notebook_serves_and_others_want_permission(
    make_client: ClientMaker, artifact: Artifact, tmp_path: Path
) -> None:
    (tmp_path / "table.json").write_text("[]")
    client = make_client(directory=tmp_path / "shelf", python_table=str(tmp_path / "table.json"))
    beside = replace(artifact, location=f"file:{BUILD}/{artifact.filename.replace('+', '%2B')}")
    assert client.fetch(beside, tmp_path / "part", lambda _: None) == artifact.digest.hex
    (tmp_path / "other").mkdir()
    client = make_client(directory=tmp_path / "other", python_table=str(tmp_path / "table.json"))
    outside = replace(artifact, location=f"file:../shelf/{BUILD}/{artifact.filename}")
    with pytest.raises(NotApproved, match="outside the indexes that are allowed"):
        client.fetch(outside, tmp_path / "part", lambda _: None)
    client.policy.allow_file((tmp_path / "shelf" / BUILD / artifact.filename).as_uri())
    assert client.fetch(outside, tmp_path / "part", lambda _: None) == artifact.digest.hex


def test_a_file_that_is_not_allowed_or_gone_is_looked_for_by_its_hash(
    make_client: ClientMaker, place: Place, artifact: Artifact, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    client = make_client(directory=tmp_path / "other", python_table=f"{place.url}versions.json")
    for location in ("file:../shelf/x.tar.gz", "file:x.tar.gz"):
        local = replace(artifact, location=location)
        assert client.fetch(local, tmp_path / "part", lambda _: None) == artifact.digest.hex
        (tmp_path / "part").unlink()


def test_offline_nothing_is_asked(
    make_client: ClientMaker, place: Place, artifact: Artifact
) -> None:
    client = make_client(python_mirror=place.url, offline=True)
    with pytest.raises(OfflineError):
        client.probe(artifact)
    assert not place.asked


def test_a_place_that_cannot_be_reached_is_said(
    make_client: ClientMaker, artifact: Artifact
) -> None:
    with pytest.raises(NetworkError, match="cannot be reached"):
        make_client(python_mirror="http://127.0.0.1:9/").probe(artifact)


def test_a_setting_that_is_no_place_is_said(make_client: ClientMaker, artifact: Artifact) -> None:
    with pytest.raises(UsageError, match="PYARTIFACTS_PYTHON_MIRROR is not a place"):
        make_client(python_mirror="s3://bucket/pythons").probe(artifact)
