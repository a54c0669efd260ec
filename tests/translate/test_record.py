"""RECORD: rows, algorithms, lies."""

from __future__ import annotations

import hashlib

import pytest

from jupyter_pyartifacts.errors import ArtifactError
from jupyter_pyartifacts.translate.record import (
    RecordRow,
    is_byte_code,
    new_hash,
    parse_record,
    record_mismatch,
)
from tests.wheels import record_hash

HASH = record_hash(b"hello")
DIGEST = hashlib.sha256(b"hello").digest()


def parse(text: str) -> dict[str, RecordRow]:
    return parse_record(text.encode(), label="demo 1.0", where="demo.whl: RECORD")


def test_rows_are_read() -> None:
    text = f'a.py,{HASH},5\r\n"b, c.py",{HASH},\nd.py,,\n\nfolder/,,\nRECORD,,\n'
    assert parse(text) == {
        "a.py": RecordRow("sha256", DIGEST, 5),
        "b, c.py": RecordRow("sha256", DIGEST, None),
        "d.py": RecordRow(None, None, None),
        "RECORD": RecordRow(None, None, None),
    }


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_longer_hashes_are_read(algorithm: str) -> None:
    row = parse(f"a.py,{record_hash(b'hello', algorithm)},5\n")["a.py"]
    assert row == RecordRow(algorithm, hashlib.new(algorithm, b"hello").digest(), 5)
    hashed = new_hash(row)
    assert hashed is not None
    assert hashed.name == algorithm


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha224"])
def test_hashes_that_are_not_permitted_count_as_none(algorithm: str) -> None:
    row = parse(f"a.py,{record_hash(b'hello', algorithm)},5\n")["a.py"]
    assert row == RecordRow(None, None, 5)
    assert new_hash(row) is None


def test_padding_is_taken() -> None:
    assert parse(f"a.py,{HASH}=,5\n")["a.py"].digest == DIGEST


def test_a_row_twice_is_fine_but_not_two_rows() -> None:
    assert len(parse(f"a.py,{HASH},5\na.py,{HASH},5\n")) == 1
    with pytest.raises(ArtifactError) as caught:
        parse(f"a.py,{HASH},5\na.py,{HASH},6\n")
    assert str(caught.value) == (
        "demo 1.0: its RECORD contradicts itself on a.py (demo.whl: RECORD line 2)\n"
        "hint: ask the project for a file that is whole, and pin another version until then"
    )


@pytest.mark.parametrize(
    "row",
    [
        "a.py,sha256=abc,5",
        "a.py,sha256=,5",
        f"a.py,{HASH},five",
        f"a.py,{HASH},-5",
        f"a.py,{HASH},5,more",
        "a.py,sha256=" + "\u00e9" * 43 + ",5",
    ],
)
def test_a_row_that_cannot_be_read_is_refused(row: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        parse(f"ok.py,,\n{row}\n")
    error = caught.value
    assert error.what == "demo 1.0: its RECORD has a row that cannot be read"
    assert error.where == "demo.whl: RECORD line 2"
    assert error.expected == "PATH,sha256=DIGEST,SIZE"
    assert error.found == row


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ArtifactError) as caught:
        parse_record(b"\xff\xfe\x00", label="demo 1.0", where="here")
    assert caught.value.what == "demo 1.0: its RECORD cannot be read"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("__pycache__/a.cpython-311.pyc", True),
        ("pkg/__pycache__/a.cpython-311.opt-1.pyc", True),
        ("pkg/__pycache__/a.pyo", True),
        ("pkg/a.pyc", False),
        ("pkg/__pycache__/deep/a.pyc", False),
        ("pkg/__pycache__/a.txt", False),
        ("pkg/x__pycache__/a.pyc", False),
    ],
)
def test_byte_code_is_what_lies_in_a_cache(path: str, expected: bool) -> None:
    assert is_byte_code(path) is expected


def test_mismatches_show_both_sides() -> None:
    row = RecordRow("sha256", b"\1" * 32, 5)
    size = record_mismatch("a.py", row, b"\1" * 32, 6, label="demo 1.0", where="demo.whl: a.py")
    assert str(size) == (
        "demo 1.0: the size of a.py is not what its RECORD says (demo.whl: a.py)\n"
        "  expected: 5 bytes\n"
        "  found:    6 bytes\n"
        "hint: ask the project for a file that is whole, and pin another version until then"
    )
    digest = record_mismatch("a.py", row, b"\2" * 32, 5, label="demo 1.0", where="demo.whl: a.py")
    assert (digest.expected, digest.found) == ("sha256:" + "01" * 32, "sha256:" + "02" * 32)
