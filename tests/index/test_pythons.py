"""The table of Pythons: the one that comes along, and a site's own."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.errors import UsageError
from jupyter_pyartifacts.index.pythons import PythonTable, archive_name, locate, parse_table
from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS
from tests.pythons import entry_of

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def own_table() -> bytes:
    spec = find_spec("pbs_installer")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("versions.json").read_bytes()


def row(filename: str, sha256: str | None = A, **more: Any) -> dict[str, object]:
    return {
        "platform": "linux",
        "arch": "x86_64",
        "install_only": True,
        "filename": filename,
        "url": f"20260101/{filename}",
        "sha256": sha256,
        **more,
    }


def table(*entries: Any) -> PythonTable:
    return parse_table(json.dumps(entries).encode(), where="here", base="http://host/mirror/t.json")


def test_the_table_that_comes_along_has_every_platform_of_ours() -> None:
    known = parse_table(own_table(), where="its own")
    assert [each.platform for each in known.archives["3.11.7"]] == list(DEFAULT_PLATFORMS)
    assert [each.platform for each in known.archives["3.8.20"]] == list(DEFAULT_PLATFORMS)
    urls = {file["url"] for each in json.loads(own_table()) for file in each["files"]}
    for archives in known.archives.values():
        for each in archives:
            assert locate(known.root, each.artifact) in urls
            assert each.artifact.location == f"{each.build}/"
            assert archive_name(each.artifact.filename) == (
                each.version,
                each.build,
                each.platform,
            )


def test_the_newest_release_is_by_number() -> None:
    known = table(*(entry_of(f"3.12.{n}", row(f"x{n}.tar.gz")) for n in (4, 10, 9)))
    assert known.newest("3.12") == "3.12.10"
    assert known.near("3.12") == ("3.12.10", "3.12.9", "3.12.4")
    assert known.newest("3.1") is None


def test_stripped_archives_are_preferred_and_others_passed_over() -> None:
    plain, stripped = "p+20260101-install_only.tar.gz", "p+20260101-install_only_stripped.tar.gz"
    files = [row(plain), row(stripped, B), row(plain.replace("p", "q", 1), C)]
    assert table(entry_of("3.12.4", *files)).archives["3.12.4"][0].artifact.digest == Digest(B)
    others = [
        row("full.tar.zst", install_only=False),
        row("no-hash.tar.gz", None),
        row("other.tar.gz", platform="windows", arch="x86"),
        row("p-freethreaded-install_only.tar.gz"),
        row("p-unknown-linux-musl-install_only.tar.gz"),
    ]
    assert table(entry_of("3.12.4", *others)).archives == {}
    assert table(entry_of("3.12.4", row(plain), freethreaded=True)).root == ""


def test_locations_are_below_one_root() -> None:
    name = "cpython-3.12.4+20260101-x.tar.gz"
    known = table(entry_of("3.12.4", row(name, url=f"20260101/{name.replace('+', '%2B')}")))
    (each,) = known.archives["3.12.4"]
    assert (known.root, each.artifact.location) == ("http://host/mirror/", "20260101/")
    assert each.build == "20260101"
    assert each.artifact.size == 0
    url = "http://host/mirror/20260101/cpython-3.12.4%2B20260101-x.tar.gz"
    assert locate(known.root, each.artifact) == known.url_of(Digest(A)) == url
    assert known.url_of(Digest(B)) is None
    flat = table(entry_of("3.12.4", row("x.tar.gz", url="x.tar.gz", size=12)))
    (each,) = flat.archives["3.12.4"]
    assert (each.artifact.location, each.artifact.size, each.build) == ("x.tar.gz", 12, "mirror")
    assert locate(flat.root, each.artifact) == "http://host/mirror/x.tar.gz"


def test_archives_on_two_hosts_have_no_root() -> None:
    with pytest.raises(UsageError, match="on more than one host"):
        table(
            entry_of("3.12.4", row("a.tar.gz", url="https://one.example/a.tar.gz")),
            entry_of("3.12.5", row("a.tar.gz", url="https://two.example/a.tar.gz")),
        )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b"[" * 100_000,
        b"\xff\xfe",
        json.dumps([entry_of("3.12.4", row("x.tar.gz", "z" * 64))]).encode(),
        json.dumps([entry_of("3.12.4", row("../x.tar.gz"))]).encode(),
        json.dumps([entry_of("3.12.4", row("a b.tar.gz"))]).encode(),
        json.dumps([{"python_version": {}, "files": []}]).encode(),
    ],
    ids=["empty", "object", "number", "deep", "bytes", "hash", "path", "space", "version"],
)
def test_a_table_of_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        parse_table(data, where="table.json", base="http://host/")
    assert caught.value.what == "the table of Pythons cannot be read"
    assert caught.value.where == "table.json"
    assert "PYARTIFACTS_PYTHON_TABLE" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (
            "cpython-3.12.4+20240726-aarch64-apple-darwin-install_only_stripped.tar.gz",
            ("3.12.4", "20240726", "macos-arm64"),
        ),
        (
            "cpython-3.8.18+20240224-x86_64-pc-windows-msvc-shared-install_only.tar.zst",
            ("3.8.18", "20240224", "windows-amd64"),
        ),
        ("cpython-3.12.4+20240726-x86_64-unknown-linux-musl-install_only.tar.gz", None),
        ("cpython-3.12.4+20240726-x86_64-unknown-linux-gnu-pgo+lto-full.tar.zst", None),
        ("Python-3.12.4.tgz", None),
    ],
)
def test_the_name_of_an_archive_says_what_it_holds(
    name: str, found: tuple[str, str, str] | None
) -> None:
    assert archive_name(name) == found


def test_no_place_is_named_in_the_code() -> None:
    root = parse_table(own_table(), where="its own").root
    place = re.sub(r"^https://([^/]+/[^/]+)/.*", r"\1", root)
    package = Path(__file__).parent.parent.parent / "jupyter_pyartifacts"
    assert [p for p in package.rglob("*.py") if place in p.read_text(encoding="utf-8")] == []
