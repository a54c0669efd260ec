"""Pages of the Simple API, as they come and as they should not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from jupyter_pyartifacts.errors import NetworkError
from jupyter_pyartifacts.index.simple import ProjectFile, ProjectPage, parse_page, version_text

DIGEST = "ab" * 32
URL = "https://index.example/simple/six/"
JSON = "application/vnd.pypi.simple.v1+json"


def read_json(*files: dict[str, object]) -> ProjectPage:
    body = json.dumps({"meta": {"api-version": "1.1"}, "files": files}).encode()
    return parse_page(body, JSON, name="six", url=URL)


def test_a_json_page_with_everything() -> None:
    page = read_json(
        {
            "filename": "six-1.0-py3-none-any.whl",
            "url": "../../packages/six-1.0-py3-none-any.whl#sha256=x",
            "hashes": {"sha256": DIGEST, "md5": "x"},
            "size": 12,
            "requires-python": ">=3.8",
            "yanked": "broken",
            "upload-time": "2024-01-01T00:00:00Z",
            "core-metadata": {"sha256": DIGEST},
        }
    )
    assert page.files == (
        ProjectFile(
            filename="six-1.0-py3-none-any.whl",
            url="https://index.example/packages/six-1.0-py3-none-any.whl",
            sha256=DIGEST,
            size=12,
            requires_python=">=3.8",
            yanked="broken",
            upload_time="2024-01-01T00:00:00Z",
            metadata=True,
        ),
    )


def test_a_json_page_with_the_least() -> None:
    file = read_json({"filename": "six-1.0.zip", "url": "https://f.example/six-1.0.zip"}).files[0]
    assert file == ProjectFile(filename="six-1.0.zip", url="https://f.example/six-1.0.zip")
    assert file.is_sdist
    assert not file.is_wheel


@pytest.mark.parametrize(("stated", "read"), [(False, None), (True, ""), ("why", "why")])
def test_yanked_with_and_without_a_reason(stated: object, read: str | None) -> None:
    entry = {"filename": "six-1.0.zip", "url": "https://f.example/x", "yanked": stated}
    assert read_json(entry).files[0].yanked == read


def test_credentials_in_a_file_url_are_dropped() -> None:
    entry = {"filename": "six-1.0.zip", "url": "https://me:secret@f.example/six-1.0.zip"}
    assert read_json(entry).files[0].url == "https://f.example/six-1.0.zip"


def test_an_html_page() -> None:
    body = f"""<!DOCTYPE html><html><head><base href="https://f.example/root/"></head><body>
      <a href="six-1.0-py3-none-any.whl#sha256={DIGEST}" data-requires-python="&gt;=3.8"
         data-dist-info-metadata="sha256={DIGEST}">six-1.0-py3-none-any.whl</a>
      <a href="six-1.1%2Bcpu-py3-none-any.whl" data-yanked="">six</a>
      <a href="../other/">other</a><a name="x">no link</a></body></html>"""
    page = parse_page(body.encode(), "text/html; charset=utf-8", name="six", url=URL)
    assert page.files == (
        ProjectFile(
            filename="six-1.0-py3-none-any.whl",
            url="https://f.example/root/six-1.0-py3-none-any.whl",
            sha256=DIGEST,
            requires_python=">=3.8",
            metadata=True,
        ),
        ProjectFile(
            filename="six-1.1+cpu-py3-none-any.whl",
            url="https://f.example/root/six-1.1%2Bcpu-py3-none-any.whl",
            yanked="",
        ),
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b"<html>"),
        (JSON, b"[]"),
        (JSON, b'{"files": [{"filename": 1}]}'),
        (JSON, b'{"meta": {"api-version": "2.0"}, "files": []}'),
        ("text/html", b"\xff\xfe"),
        ("text/html", b"no such thing"),
        ("", b""),
    ],
)
def test_what_is_no_page_is_said_to_be_none(kind: str, body: bytes) -> None:
    with pytest.raises(NetworkError) as caught:
        parse_page(body, kind, name="six", url=URL)
    assert caught.value.what == "the index answered something else than a page of six"
    assert caught.value.where == URL


@pytest.mark.parametrize(
    ("filename", "name", "version"),
    [
        ("six-1.0-py3-none-any.whl", "six", "1.0"),
        ("six-1.0-1-py3-none-any.whl", "six", "1.0"),
        ("six-1.0.whl", "six", None),
        ("python-dateutil-2.1.tar.gz", "python-dateutil", "2.1"),
        ("python_dateutil-2.1.post1.tar.gz", "python-dateutil", "2.1.post1"),
        ("zope.interface-4.0-beta.zip", "zope-interface", "4.0-beta"),
        ("other-1.0.tar.gz", "six", None),
        ("six-1.0.exe", "six", None),
    ],
)
def test_the_version_in_a_file_name(filename: str, name: str, version: str | None) -> None:
    assert version_text(filename, name) == version


def test_files_are_grouped_by_version() -> None:
    names = ["six-1.0.tar.gz", "six-1.0-py3-none-any.whl", "six-2013b.tar.gz", "six-2.tar.gz"]
    files = tuple(ProjectFile(filename=name, url="") for name in names)
    grouped = ProjectPage("six", URL, files).versions()
    assert {version: len(own) for version, own in grouped.items()} == {
        Version("1.0"): 2,
        Version("2"): 1,
        Version("2013b0"): 1,
    }


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_entry = st.fixed_dictionaries(
    {"filename": st.text(), "url": st.text()},
    optional=dict.fromkeys(("hashes", "size", "requires-python", "yanked", "upload-time"), _json),
)


@given(st.binary() | st.builds(lambda own: json.dumps({"files": own}).encode(), st.lists(_entry)))
def test_any_bytes_are_a_page_or_refused(body: bytes) -> None:
    for kind in (JSON, "text/html"):
        try:
            page = parse_page(body, kind, name="six", url=URL)
        except NetworkError:
            continue
        assert all(isinstance(file.filename, str) for file in page.files)
        assert all(isinstance(file.requires_python, str | None) for file in page.files)
        assert all(isinstance(file.upload_time, str | None) for file in page.files)
        page.versions()
