"""Zip directories: what could be read in two ways is refused."""

from __future__ import annotations

import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_pyartifacts.errors import PyArtifactsError, UnsafeArchive
from jupyter_pyartifacts.translate import directory
from jupyter_pyartifacts.translate.directory import (
    check_local_headers,
    data_start,
    find_directory,
    parse_directory,
)
from tests.wheels import zip_bytes

FILES = {"a.txt": b"alpha " * 50, "b/c.txt": b"gamma " * 50}


def read(data: bytes) -> list[directory.Member]:
    place = find_directory(data, len(data), label="demo 1.0", where="demo.whl")
    members = parse_directory(
        data[place.start : place.start + place.size],
        place.entries,
        label="demo 1.0",
        where="demo.whl",
    )
    check_local_headers(memoryview(data), members, place.start, label="demo 1.0", where="demo.whl")
    return members


def central(data: bytes, name: str) -> int:
    """Return the offset of a name's central header."""
    at = data.rindex(name.encode()) - 46
    assert data[at : at + 4] == b"PK\1\2"
    return at


def patched(data: bytes, at: int, form: str, *values: int) -> bytes:
    buffer = bytearray(data)
    struct.pack_into("<" + form, buffer, at, *values)
    return bytes(buffer)


def refused(data: bytes) -> UnsafeArchive:
    with pytest.raises(UnsafeArchive) as caught:
        read(data)
    return caught.value


def test_members_are_read_with_their_modes_and_sizes() -> None:
    data = zip_bytes({**FILES, "d/": b""}, modes={"a.txt": 0o100755, "d/": 0o040755})
    members = read(data)
    assert [(m.name, m.executable, m.size) for m in members] == [
        ("a.txt", True, 300),
        ("b/c.txt", False, 300),
        ("d/", True, 0),
    ]
    start = data_start(memoryview(data), members[1].header)
    assert len(data[start : start + members[1].compressed]) == members[1].compressed


def test_zip64_records_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    data = zip_bytes(FILES)
    assert b"PK\6\6" in data
    assert b"PK\6\7" in data
    assert [(m.name, m.size) for m in read(data)] == [("a.txt", 300), ("b/c.txt", 300)]


def test_an_empty_archive_has_no_members() -> None:
    assert read(zip_bytes({})) == []


def test_a_comment_is_fine() -> None:
    data = zip_bytes(FILES)
    data = data[:-2] + struct.pack("<H", 5) + b"hello"
    assert len(read(data)) == 2


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is no zip archive: it has no end record"),
        (b"hello", "is no zip archive: it has no end record"),
        (b"PK\5\6", "is no zip archive: it has no end record"),
        (zip_bytes(FILES)[:-40], "is no zip archive: it has no end record"),
        (zip_bytes(FILES) + b"x", "has bytes after its end"),
        (b"x" + zip_bytes(FILES), "has its central directory elsewhere than its end record says"),
    ],
)
def test_an_archive_that_does_not_fit_its_file_is_refused(data: bytes, problem: str) -> None:
    assert refused(data).what == f"demo 1.0: its archive {problem}"


def test_a_second_archive_in_the_comment_is_refused() -> None:
    inner = zip_bytes({"evil.txt": b"x"})
    data = zip_bytes(FILES)
    data = data[:-2] + struct.pack("<H", len(inner)) + inner
    assert "central directory elsewhere" in refused(data).what


def test_an_entry_more_than_the_end_record_says_is_refused() -> None:
    data = zip_bytes(FILES)
    data = patched(data, len(data) - 22 + 8, "HH", 1, 1)
    assert refused(data).what == "demo 1.0: its archive has more entries than its end record says"


def test_an_entry_fewer_than_the_end_record_says_is_refused() -> None:
    data = zip_bytes(FILES)
    data = patched(data, len(data) - 22 + 8, "HH", 3, 3)
    assert refused(data).what == "demo 1.0: its archive has a central directory that ends too soon"


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "MAX_MEMBERS", 1)
    error = refused(zip_bytes(FILES))
    assert (error.what, error.expected, error.found) == (
        "demo 1.0: its archive has too many files",
        "1",
        "2",
    )


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "MAX_BYTES", 599)
    assert refused(zip_bytes(FILES)).what == "demo 1.0: its archive unpacks to too many bytes"


@pytest.mark.parametrize(
    ("offset", "form", "value", "problem"),
    [
        (8, "H", 1, "has an encrypted entry"),
        (8, "H", 0x40, "has an encrypted entry"),
        (8, "H", 0x2000, "has an encrypted entry"),
        (10, "H", 9, "has an entry compressed by a method that wheels do not use"),
        (10, "H", 14, "has an entry compressed by a method that wheels do not use"),
        (24, "L", 10_000_000, "has an entry that cannot have the size it declares"),
        (34, "H", 1, "has an entry that cannot have the size it declares"),
        (38, "L", 0o120777 << 16, "has an entry that is a link"),
        (38, "L", 0o010644 << 16, "has an entry that is no file"),
        (38, "L", 0o060644 << 16, "has an entry that is no file"),
        (38, "L", 0o040755 << 16, "has an entry that is no file"),
        (42, "L", 0, "has entries that overlap"),
        (42, "L", 1, "has entries that overlap"),
        (42, "L", 1_000_000, "has an entry outside of its data"),
        (20, "L", 1_000_000, "has an entry whose two headers differ"),
        (24, "L", 299, "has an entry whose two headers differ"),
        (0, "L", 0, "has a damaged central directory"),
    ],
)
def test_a_central_header_that_lies_is_refused(
    offset: int, form: str, value: int, problem: str
) -> None:
    data = zip_bytes(FILES)
    error = refused(patched(data, central(data, "b/c.txt") + offset, form, value))
    assert error.what == f"demo 1.0: its archive {problem}"
    assert error.where in ("demo.whl: 'b/c.txt'", "demo.whl: 'a.txt'", "demo.whl")


@pytest.mark.parametrize(
    ("offset", "form", "value", "problem"),
    [
        (0, "L", 0, "has an entry without a local header"),
        (6, "H", 1, "has an entry whose two headers differ"),
        (8, "H", 0, "has an entry whose two headers differ"),
        (18, "L", 7, "has an entry whose two headers differ"),
        (22, "L", 7, "has an entry whose two headers differ"),
        (28, "H", 60_000, "has an entry outside of its data"),
        (30, "B", ord("B"), "has an entry with two names, the other is 'B.txt'"),
    ],
)
def test_a_local_header_that_lies_is_refused(
    offset: int, form: str, value: int, problem: str
) -> None:
    error = refused(patched(zip_bytes({"a.txt": FILES["a.txt"]}), offset, form, value))
    assert error.what == f"demo 1.0: its archive {problem}"
    assert error.where == "demo.whl: 'a.txt'"


def test_a_stored_entry_has_the_size_of_its_data() -> None:
    data = zip_bytes({"a.txt": b"hello"}, compression=zipfile.ZIP_STORED)
    error = refused(patched(data, central(data, "a.txt") + 24, "L", 6))
    assert (error.expected, error.found) == ("at most 5 bytes", "6 bytes")


def test_a_name_that_is_not_utf8_is_refused() -> None:
    data = zip_bytes({"a\u00e9": b""}).replace("a\u00e9".encode(), b"a\xe9\xe9")
    assert refused(data).what == "demo 1.0: its archive has a name that is not UTF-8"


def test_a_directory_that_holds_bytes_is_refused() -> None:
    data = zip_bytes({"a.txt": b"hello"}).replace(b"a.txt", b"a.tx/")
    assert refused(data).what == "demo 1.0: its archive has a directory that holds bytes"


def test_another_name_in_an_extra_field_is_refused() -> None:
    entry = zipfile.ZipInfo("a.txt")
    body = b"\1\0\0\0\0b.txt"
    entry.extra = struct.pack("<HH", 0x7075, len(body)) + body
    import io

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(entry, b"hello")
    assert refused(stream.getvalue()).what == "demo 1.0: its archive has an entry with two names"


def test_two_entries_on_the_same_data_are_refused() -> None:
    data = zip_bytes({"a": b"x" * 100, "b": b"x" * 100})
    first = read(data)[0].header
    patched_data = patched(data, data.rindex(b"b") - 46 + 42, "L", first)
    assert refused(patched_data).what == "demo 1.0: its archive has entries that overlap"


@settings(max_examples=300)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_a_damaged_archive_is_read_or_refused_but_never_worse(at: int, junk: bytes) -> None:
    data = bytearray(zip_bytes({**FILES, "d/e.py": b"x = 1\n"}))
    at %= len(data)
    data[at : at + len(junk)] = junk
    try:
        members = read(bytes(data))
    except PyArtifactsError:
        return
    for member in members:
        start = data_start(memoryview(bytes(data)), member.header)
        assert start + member.compressed <= len(data)
