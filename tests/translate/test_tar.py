"""Tar archives: honest ones of every dialect are read whole, hostile ones are refused."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.errors import UnsafeArchive
from jupyter_pyartifacts.translate.tar import TarLimits, TarMember, read_tar
from tests.tars import END, entry, header, pax, tar_bytes

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HINT = (
    "hint: do not use this file; ask its project for a clean one, and pin another version until"
    " then"
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "demo.tar.gz"


def read(path: Path, limits: TarLimits | None = None) -> list[tuple[TarMember, bytes]]:
    return [
        (member, b"".join(iter(lambda: member.read(1000), b"")))
        for member in read_tar(path, limits, label="demo 1.0")
    ]


def refusal(path: Path, data: bytes, limits: TarLimits | None = None) -> str:
    path.write_bytes(data)
    with pytest.raises(UnsafeArchive) as caught:
        read(path, limits)
    message, hint = str(caught.value).split("\n")
    assert hint == HINT
    return message


def refused_entry(path: Path, *parts: bytes, name: str) -> str:
    """Return what is said to be wrong with the entry `name`."""
    message = refusal(path, gzip.compress(tar_bytes(*parts)))
    prefix, suffix = "demo 1.0: an entry of its archive ", f" (demo.tar.gz: {name!r})"
    assert message.startswith(prefix)
    assert message.endswith(suffix)
    return message[len(prefix) : -len(suffix)]


def honest(format: int) -> bytes:
    """Return an archive as Python's own `tarfile` writes it, with names of all lengths."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=format) as tar:
        for name, size in (("d/a", 0), ("d/b", 1), ("d/c", 512), ("d/e", 70_000)):
            info = tarfile.TarInfo(name)
            info.size = size
            info.mode = 0o755 if size == 1 else 0o644
            tar.addfile(info, io.BytesIO(b"x" * size))
        long = "/".join(["d"] + ["l" * 60] * 3)
        info = tarfile.TarInfo(long if format != tarfile.USTAR_FORMAT else "d/" + "l" * 90)
        info.size = 2
        tar.addfile(info, io.BytesIO(b"ab"))
        for kind, name, target in (
            (tarfile.DIRTYPE, "d/folder", ""),
            (tarfile.SYMTYPE, "d/folder/link", "../e"),
            (tarfile.LNKTYPE, "d/hard", "d/b"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            tar.addfile(info)
    return stream.getvalue()


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_an_honest_archive_is_read_whole(format: int, pack: object, archive: Path) -> None:
    archive.write_bytes(pack(honest(format)))  # type: ignore[operator]
    found = read(archive)
    with tarfile.open(fileobj=io.BytesIO(honest(format))) as tar:
        names = [info.name for info in tar]
    assert [member.path for member, _ in found] == names
    by_name = {member.path: (member, data) for member, data in found}
    for name, size in (("d/a", 0), ("d/b", 1), ("d/c", 512), ("d/e", 70_000)):
        member, data = by_name[name]
        assert (member.kind, member.size, data) == ("file", size, b"x" * size)
        assert member.executable == (size == 1)
    link = by_name["d/folder/link"][0]
    assert (link.kind, link.target, link.size, link.executable) == ("symlink", "../e", 0, False)
    assert (by_name["d/hard"][0].kind, by_name["d/hard"][0].target) == ("hardlink", "d/b")
    assert by_name["d/folder"][0].kind == "directory"


def test_data_that_nobody_reads_is_passed_over(archive: Path) -> None:
    archive.write_bytes(gzip.compress(honest(tarfile.PAX_FORMAT)))
    members = []
    for member in read_tar(archive):
        member.read(3)
        members.append(member)
    assert len(members) == 8
    assert members[3].read(10) == b""


def test_other_dialects(archive: Path) -> None:
    archive.write_bytes(
        tar_bytes(
            entry("./", flag=b"5"),
            pax({"comment": "0" * 40}, b"g"),
            entry("./d/v7", b"1", b"\0", magic=b""),
            entry("d/old/", b"", b"\0", magic=b""),
            entry("d/gnu", b"2", magic=b"ustar  \0"),
            entry("name", b"3", prefix=b"d/prefix"),
            entry("d/contiguous", b"4", b"7"),
            header("d/base256", size_field=b"\x80" + (5).to_bytes(11, "big")) + b"55555".ljust(512),
            pax({"path": "d/caf\u00e9", "size": "3"})
            + entry("ignored", b"666", size_field=b" " * 12),
            pax({"mtime": "1.5", "SCHILY.dev": "1"}) + entry("d/\u00e9tude", b"7"),
        )
    )
    assert [(member.path, member.kind, data) for member, data in read(archive)] == [
        ("d/v7", "file", b"1"),
        ("d/old", "directory", b""),
        ("d/gnu", "file", b"2"),
        ("d/prefix/name", "file", b"3"),
        ("d/contiguous", "file", b"4"),
        ("d/base256", "file", b"55555"),
        ("d/caf\u00e9", "file", b"666"),
        ("d/\u00e9tude", "file", b"7"),
    ]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("/etc/passwd", "is an absolute path"),
        (".//etc/passwd", "is an absolute path"),
        ("../evil", "leaves its tree by '..'"),
        ("d/../../evil", "leaves its tree by '..'"),
        ("C:/evil", "has a colon in its name (a drive or an alternate stream)"),
        ("d/..\\evil", "has a backslash in its name"),
        ("d/nul.py", "has the name of a device on Windows"),
        ("d//e", "has an empty component or '.' in its path"),
        ("d/e.", "has a name that ends in a dot or a space, which Windows takes off"),
        ("", "has an empty component or '.' in its path"),
        ("/".join(["d"] * 66), "is more than 64 directories deep"),
    ],
)
def test_an_unsafe_name_is_refused(name: str, problem: str, archive: Path) -> None:
    part = pax({"path": name}) + entry("d/x") if len(name) > 99 else entry(name)
    assert refused_entry(archive, part, name=name) == problem
    assert refused_entry(archive, pax({"path": name}) + entry("d/fine"), name=name) == problem


def test_names_that_are_not_utf8_are_refused(archive: Path) -> None:
    shown = "d/caf\\xe9"
    assert refused_entry(archive, entry(b"d/caf\xe9"), name=shown) == "has a name that is not UTF-8"
    binary = pax({"hdrcharset": "BINARY", "path": b"d/caf\xe9"}) + entry("d/x")
    assert refused_entry(archive, binary, name=shown) == "has a name that is not UTF-8"
    link = entry("d/l", flag=b"2", link=b"caf\xe9")
    assert refused_entry(archive, link, name="d/l") == "has a link's target that is not UTF-8"


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("/etc/passwd", "is an absolute path"),
        ("", "is empty"),
        ("../../x", "leaves its tree by '..'"),
        ("../../../etc/passwd", "leaves its tree by '..'"),
        ("a/../../../x", "leaves its tree by '..'"),
        ("a/..", "leaves its tree by '..'"),
        ("..\\..\\x", "has a backslash in its name"),
        ("C:x", "has a colon in its name (a drive or an alternate stream)"),
        ("aux", "has the name of a device on Windows"),
    ],
)
def test_a_link_out_of_the_tree_is_refused(target: str, problem: str, archive: Path) -> None:
    said = refused_entry(archive, entry("d/e/l", flag=b"2", link=target), name="d/e/l")
    assert said == f"is a link whose target {target!r} {problem}"


@pytest.mark.parametrize("target", ["x", "../x", "./x", "../f/x", "..", "../f/"])
def test_a_link_inside_of_the_tree_is_read(target: str, archive: Path) -> None:
    archive.write_bytes(tar_bytes(entry("d/e/l", flag=b"2", link=target)))
    assert read(archive)[0][0].target == target


def test_a_member_below_a_link_is_refused(archive: Path) -> None:
    link = entry("d/l", flag=b"2", link="e")
    said = refused_entry(archive, link, entry("d/l/evil"), name="d/l/evil")
    assert said == "lies below 'd/l', which is a symlink"
    said = refused_entry(archive, link, entry("d/l/deep/evil"), name="d/l/deep/evil")
    assert said == "lies below 'd/l', which is a symlink"
    said = refused_entry(archive, entry("d/l/x"), link, name="d/l")
    assert said == "occurs twice"
    said = refused_entry(archive, entry("d/f"), entry("d/f/x"), name="d/f/x")
    assert said == "lies below 'd/f', which is a file"


def test_a_hard_link_to_no_earlier_file_is_refused(archive: Path) -> None:
    for target in ("/etc/passwd", "../x", "d/later", "d", "d/l"):
        parts = [entry("d", flag=b"5"), entry("d/l", flag=b"1", link=target), entry("d/later")]
        said = refused_entry(archive, *parts, name="d/l")
        assert said == f"is a link to {target!r}, which is no file before it"


@pytest.mark.parametrize(
    ("flag", "problem"),
    [
        (b"3", "is a device"),
        (b"4", "is a device"),
        (b"6", "is a pipe"),
        (b"S", "is a sparse file"),
        (b"V", "is of a kind that is not read ('V')"),
        (b"Z", "is of a kind that is not read ('Z')"),
    ],
)
def test_special_members_are_refused(flag: bytes, problem: str, archive: Path) -> None:
    assert refused_entry(archive, entry("d/x", flag=flag), name="d/x") == problem


def test_sparse_files_of_pax_are_refused(archive: Path) -> None:
    parts = pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}) + entry("d/x")
    assert refused_entry(archive, parts, name="PaxHeaders/x") == "is a sparse file"


def test_names_that_occur_twice_are_refused(archive: Path) -> None:
    assert refused_entry(archive, entry("d/x"), entry("./d/x"), name="./d/x") == "occurs twice"
    said = refused_entry(archive, entry("d/x"), entry("d/x", flag=b"5"), name="d/x")
    assert said == "occurs twice"
    archive.write_bytes(tar_bytes(entry("d", flag=b"5"), entry("d/", flag=b"5"), entry("d/x")))
    assert len(read(archive)) == 3


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ("d/x.py", "d/X.py", "d/x.py"),
        ("d/x", "D/y", "d"),
        ("d/\u00e9", "d/e\u0301", "d/\u00e9"),
        ("d/stra\u00dfe", "d/STRASSE", "d/stra\u00dfe"),
    ],
)
def test_names_that_differ_by_case_are_refused(
    first: str, second: str, shown: str, archive: Path
) -> None:
    said = refused_entry(archive, entry(first), entry(second), name=second)
    assert said == f"differs from {shown!r} only by case or Unicode form"
    archive.write_bytes(tar_bytes(entry(first), entry(second)))
    assert len(read(archive, TarLimits(case_sensitive=True))) == 2


def test_a_hundred_thousand_entries_are_refused(archive: Path) -> None:
    many = b"".join(header(f"d/{number}") for number in range(100_000))
    assert refusal(archive, gzip.compress(many + END, 1)) == (
        "demo 1.0: its archive has more than 50000 entries (demo.tar.gz)"
    )
    # Headers that make no member count like all others.
    extensions = b"".join(pax({"comment": "x"}, b"g") + entry(f"d/{n}") for n in range(30))
    assert refusal(archive, extensions + END, TarLimits(entries=50)) == (
        "demo 1.0: its archive has more than 50 entries (demo.tar.gz)"
    )


def test_bombs_are_refused(archive: Path) -> None:
    zeros = entry("d/zeros", bytes(8 << 20)) + END
    for packed in (gzip.compress(zeros, 1), zstd.compress(zeros, 1)):
        assert refusal(archive, packed, TarLimits(ratio_free=1 << 20)) == (
            "demo 1.0: its archive cannot be read: it unpacks to more than 200 times its size"
            " (demo.tar.gz)"
        )
        assert refusal(archive, packed, TarLimits(bytes=1 << 20)) == (
            "demo 1.0: an entry of its archive is larger than the 1048576 bytes that are allowed"
            " (demo.tar.gz: 'd/zeros')"
        )
        archive.write_bytes(packed)
        assert read(archive)[0][0].size == 8 << 20
    # Many small members are no way around it, and neither are zeros after the end.
    small = gzip.compress(b"".join(entry(f"d/{n}", bytes(1 << 16)) for n in range(64)) + END)
    assert refusal(archive, small, TarLimits(bytes=1 << 20)) == (
        "demo 1.0: its archive cannot be read: it unpacks to more than 1048576 bytes (demo.tar.gz)"
    )
    after = gzip.compress(entry("d/x") + END + bytes(8 << 20))
    assert refusal(archive, after, TarLimits(bytes=1 << 20)) == (
        "demo 1.0: its archive cannot be read: it unpacks to more than 1048576 bytes (demo.tar.gz)"
    )


def test_truncated_and_damaged_streams_are_refused(archive: Path) -> None:
    whole = gzip.compress(tar_bytes(entry("d/x", os.urandom(5000))), mtime=0)
    said = refusal(archive, whole[:-1])
    assert said == (
        "demo 1.0: its archive cannot be read: its gzip stream ends too soon (demo.tar.gz)"
    )
    assert "its gzip stream" in refusal(archive, whole[:3000])
    damaged = whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:]
    assert "its gzip stream is damaged: " in refusal(archive, damaged)
    packed = zstd.compress(tar_bytes(entry("d/x", os.urandom(5000))))
    assert "its Zstandard stream ends too soon" in refusal(archive, packed[:-1])
    assert "its Zstandard stream is damaged: " in refusal(
        archive, packed[:6] + b"\xff" * 20 + packed[26:]
    )
    said = refusal(archive, gzip.compress(entry("d/x", b"1" * 600)[:700]))
    assert said == "demo 1.0: an entry of its archive ends too soon (demo.tar.gz: 'd/x')"
    said = refusal(archive, gzip.compress(entry("d/x", b"1" * 600)))
    assert said == ("demo 1.0: its archive ends too soon: it has no end mark (demo.tar.gz)")


@given(cut=st.integers(min_value=0, max_value=2000))
def test_no_truncation_goes_unseen(cut: int) -> None:
    whole = gzip.compress(tar_bytes(entry("d/x", b"abc" * 700), entry("d/y")), mtime=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "demo.tar.gz")
        path.write_bytes(whole[: cut % len(whole)])
        with pytest.raises(UnsafeArchive):
            read(path)


def test_bytes_after_the_end_are_refused(archive: Path) -> None:
    plain = tar_bytes(entry("d/x"))
    expected = "demo 1.0: its archive has bytes after its end (demo.tar.gz)"
    assert refusal(archive, gzip.compress(plain + b"x")) == expected
    assert refusal(archive, gzip.compress(plain) + gzip.compress(entry("d/y") + END)) == expected
    after = "demo 1.0: its archive cannot be read: it has bytes after its end (demo.tar.gz)"
    assert refusal(archive, gzip.compress(plain) + bytes(9) + b"x") == after
    # Padding is no content: both tar and gzip are written to media in blocks.
    archive.write_bytes(gzip.compress(plain + bytes(9000)) + bytes(1000))
    assert len(read(archive)) == 1
    archive.write_bytes(gzip.compress(plain[:700]) + gzip.compress(plain[700:]))
    assert len(read(archive)) == 1


def test_an_archive_of_nothing_is_refused(archive: Path) -> None:
    assert refusal(archive, b"") == "demo 1.0: its archive is empty (demo.tar.gz)"
    assert refusal(archive, gzip.compress(b"")) == "demo 1.0: its archive is empty (demo.tar.gz)"
    assert refusal(archive, END) == "demo 1.0: its archive holds nothing (demo.tar.gz)"


def test_other_files_are_refused(archive: Path) -> None:
    said = "demo 1.0: its archive cannot be used: it is a {} file (demo.tar.gz)"
    assert refusal(archive, b"BZh91AY&SY") == said.format("bzip2")
    assert refusal(archive, b"\xfd7zXZ\0\0\0") == said.format("xz")
    assert refusal(archive, b"PK\3\4....") == said.format("zip")
    assert refusal(archive, b"<!doctype html>".ljust(600)) == (
        "demo 1.0: its archive is no tar archive: it does not begin with a header (demo.tar.gz)"
    )


@pytest.mark.parametrize(
    ("parts", "name", "problem"),
    [
        (
            entry("d/a") + header("d/x", checksum=1),
            "d/x",
            "has a damaged header: its checksum is wrong",
        ),
        (
            entry("d/a") + header("d/x", size_field=b"-0000000001\0"),
            "d/x",
            "has a damaged header: its size is no number",
        ),
        (
            entry("d/a") + header("d/x", size_field=b"\xff" * 12),
            "d/x",
            "has a damaged header: its size is no number",
        ),
        (entry("d/x", b"1", b"5"), "d/x", "is no file and yet has a size"),
        (entry("d/x", b"1", b"2", link="y"), "d/x", "is no file and yet has a size"),
        (pax({"size": "-1"}) + entry("d/x"), "d/x", "has a size that is no number"),
        (
            pax({"path": "d/y"}) * 2 + entry("d/x"),
            "PaxHeaders/x",
            "has two headers that extend it alike",
        ),
        (
            pax({"path": "d/y"}) + entry("././@LongLink", b"d/z\0", b"L") + entry("d/x"),
            "d/x",
            "has two names",
        ),
        (
            entry("PaxHeaders/x", b"20 path=x\n", b"x") + entry("d/x"),
            "PaxHeaders/x",
            "has a damaged pax header",
        ),
        (
            entry("PaxHeaders/x", b"9 path=x\n" * 2, b"x") + entry("d/x"),
            "PaxHeaders/x",
            "has a pax header with two values of 'path'",
        ),
        (
            pax({"path": "d/y"}, b"g") + entry("d/x"),
            "PaxHeaders/x",
            "is a pax header that gives all members one name or size",
        ),
        (
            header("x", 2 << 20, b"L") + bytes(2 << 20),
            "x",
            "has a name of more than a million bytes",
        ),
    ],
)
def test_ambiguous_headers_are_refused(
    parts: bytes, name: str, problem: str, archive: Path
) -> None:
    assert refused_entry(archive, parts, name=name) == problem


def test_a_header_that_extends_nothing_is_refused(archive: Path) -> None:
    assert refusal(archive, tar_bytes(entry("d/x"), pax({"path": "d/y"}))) == (
        "demo 1.0: its archive ends after a header that extends the next one (demo.tar.gz)"
    )


@given(
    st.dictionaries(
        st.text("abcd\u00e9", min_size=1, max_size=120),
        st.binary(max_size=1500),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_what_tarfile_writes_is_read_back(files: dict[str, bytes], format: int) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=format) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(f"d/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "demo.tar.gz")
        path.write_bytes(stream.getvalue())
        found = {member.path[2:]: data for member, data in read(path)}
    assert found == files
