"""Wheels to trees: honest ones come out whole, lying ones are refused with both sides shown."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import ArtifactError, UnsafeArchive
from jupyter_pyartifacts.translate import wheel as wheel_module
from jupyter_pyartifacts.translate.codec import choose_inflate
from jupyter_pyartifacts.translate.mapping import map_file
from jupyter_pyartifacts.translate.wheel import (
    Tree,
    extract_wheel,
    make_directories,
    plan_wheel,
    write_members,
)
from jupyter_pyartifacts.treehash import TreeEntry, tree_hash
from tests.wheels import Wheel, build_wheel, record_hash

HINT = "hint: ask the project for a file that is whole, and pin another version until then"
INFO = "demo-1.0.dist-info"


def extract(wheel: Wheel, tmp_path: Path) -> tuple[Tree, Path]:
    destination = tmp_path / "tree"
    return extract_wheel(wheel.write(tmp_path), str(destination), wheel.filename), destination


def refused(wheel: Wheel, tmp_path: Path) -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        extract(wheel, tmp_path)
    return caught.value


def on_disk(tree: Path) -> list[TreeEntry]:
    return [
        TreeEntry(
            path.relative_to(tree).as_posix(),
            os.access(path, os.X_OK) and bool(path.stat().st_mode & 0o111),
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_size,
        )
        for path in tree.rglob("*")
        if path.is_file()
    ]


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_wheel_comes_out_whole(compression: int, tmp_path: Path) -> None:
    files = {
        "demo/__init__.py": "x = 1\n",
        "demo/empty.py": "",
        "demo/big.bin": os.urandom(70_000) + bytes(70_000),
        "demo/run.sh": "#!/bin/sh\n",
        "top.py": "y = 2\n",
    }
    wheel = build_wheel(files=files, modes={"demo/run.sh": 0o100755}, compression=compression)
    tree, place = extract(wheel, tmp_path)
    for name, data in files.items():
        assert (place / name).read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert stat.S_IMODE((place / "demo/run.sh").stat().st_mode) == 0o555
    assert stat.S_IMODE((place / "top.py").stat().st_mode) == 0o444
    assert stat.S_IMODE((place / "demo").stat().st_mode) == 0o555
    assert tree.facts.tree == tree_hash(on_disk(place))
    assert hashlib.sha256(tree.manifest).hexdigest() == tree.facts.tree.hex
    assert [line[67:].decode() for line in tree.manifest.splitlines()] == sorted(
        entry.path for entry in on_disk(place)
    )
    assert list(tree.sizes) == [entry.size for entry in sorted(on_disk(place))]


def test_the_facts_tell_what_a_view_needs(tmp_path: Path) -> None:
    wheel = build_wheel(
        "my-demo",
        "1.0",
        {
            "my_demo/__init__.py": "",
            "single.py": "",
            "paths.pth": "my_demo\nimport os\n",
            "my_demo-1.0.data/scripts/tool": "#!python\n",
            "my_demo-1.0.data/data/share/x/y.txt": "",
            "my_demo-1.0.data/purelib/extra/__init__.py": "",
            "my_demo-1.0.data/purelib/extra.pth": "extra\n",
            "my_demo-1.0.dist-info/licenses/LICENSE": "free",
        },
        entry_points="[console_scripts]\nmy-demo = my_demo:main\n",
    )
    facts = extract(wheel, tmp_path)[0].facts
    assert (facts.name, facts.version, facts.filename) == ("my-demo", "1.0", wheel.filename)
    assert facts.tops == ("my_demo/", "paths.pth", "single.py")
    assert facts.dist_info == "my_demo-1.0.dist-info"
    assert facts.dist_info_entries == (
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/",
    )
    assert facts.data == (
        ("data", ("share/",)),
        ("purelib", ("extra.pth", "extra/")),
        ("scripts", ("tool",)),
    )
    assert facts.entry_points == (("console_scripts", (("my-demo", "my_demo:main"),)),)
    assert facts.pth == (("extra.pth", ("extra",)), ("paths.pth", ("my_demo", "import os")))
    assert facts.size == len(wheel.data)
    assert facts.files == 12
    assert facts.notes == ()


def test_byte_code_caches_are_no_part_of_the_tree(tmp_path: Path) -> None:
    plain = build_wheel(files={"demo/__init__.py": "", "demo/only.pyc": b"sourceless"})
    cached = build_wheel(
        files={
            "demo/__init__.py": "",
            "demo/only.pyc": b"sourceless",
            "demo/__pycache__/__init__.cpython-311.pyc": b"code",
        },
        # RECORD is a file as well: the same text for both, to compare the rest.
        record=lambda _: "",
    )
    tree, place = extract(cached, tmp_path)
    assert not (place / "demo/__pycache__").exists()
    assert (place / "demo/only.pyc").read_bytes() == b"sourceless"
    assert plain.digest != cached.digest
    assert b"__pycache__" not in tree.manifest


def test_member_order_and_compression_do_not_matter(tmp_path: Path) -> None:
    members = {"demo/b.py": "2", "demo/a.py": "1"}
    hashes = set()
    for number, compression in enumerate([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]):
        folder = tmp_path / str(number)
        folder.mkdir()
        wheel = build_wheel(files=members, compression=compression, record="")
        hashes.add(extract(wheel, folder)[0].facts.tree)
        members = dict(reversed(members.items()))
    assert len(hashes) == 1


def test_a_hash_that_lies_is_refused(tmp_path: Path) -> None:
    lie, honest = b"something else", b"VERSION = '1.0'\n"
    wheel = build_wheel(record=lambda text: text.replace(record_hash(honest), record_hash(lie)))
    assert str(refused(wheel, tmp_path)) == (
        "demo 1.0: the hash of demo/__init__.py is not what its RECORD says"
        " (demo-1.0-py3-none-any.whl: demo/__init__.py)\n"
        f"  expected: sha256:{hashlib.sha256(lie).hexdigest()}\n"
        f"  found:    sha256:{hashlib.sha256(honest).hexdigest()}\n"
        f"{HINT}"
    )


def test_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    wheel = build_wheel(record=lambda text: text.replace(",16\n", ",17\n", 1))
    assert str(refused(wheel, tmp_path)) == (
        "demo 1.0: the size of demo/__init__.py is not what its RECORD says"
        " (demo-1.0-py3-none-any.whl: demo/__init__.py)\n"
        "  expected: 17 bytes\n"
        "  found:    16 bytes\n"
        f"{HINT}"
    )


def test_a_row_without_its_file_is_refused(tmp_path: Path) -> None:
    wheel = build_wheel(record=lambda text: f"gone.py,{record_hash(b'')},0\nlost.py,,\n" + text)
    assert str(refused(wheel, tmp_path)) == (
        "demo 1.0: its RECORD lists files that the wheel does not have"
        f" (demo-1.0-py3-none-any.whl: {INFO}/RECORD)\n"
        "  expected: gone.py\n"
        "  found:    no such file, nor 1 others\n"
        f"{HINT}"
    )


def test_a_row_of_byte_code_or_a_signature_needs_no_file(tmp_path: Path) -> None:
    wheel = build_wheel(
        record=lambda text: f"demo/__pycache__/a.pyc,,\n{INFO}/RECORD.jws,,\n" + text
    )
    assert extract(wheel, tmp_path)[0].facts.notes == ()


@pytest.mark.parametrize("row", ["", "demo/__init__.py,,\n", "demo/__init__.py,md5=abc,16\n"])
def test_a_file_that_record_does_not_vouch_for_is_noted(row: str, tmp_path: Path) -> None:
    def edit(text: str) -> str:
        return row + "".join(
            line for line in text.splitlines(keepends=True) if "__init__" not in line
        )

    facts = extract(build_wheel(record=edit), tmp_path)[0].facts
    assert facts.notes == ("demo 1.0: its RECORD has no hash of demo/__init__.py",)


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_longer_hashes_are_checked_too(algorithm: str, tmp_path: Path) -> None:
    data = b"VERSION = '1.0'\n"

    def edit(fake: bytes) -> Callable[[str], str]:
        return lambda text: text.replace(record_hash(data), record_hash(fake, algorithm))

    (tmp_path / "good").mkdir()
    tree, place = extract(build_wheel(record=edit(data)), tmp_path / "good")
    assert (place / "demo/__init__.py").read_bytes() == data
    assert tree.facts.tree == tree_hash(on_disk(place))
    error = refused(build_wheel(record=edit(b"lie")), tmp_path)
    assert error.what == "demo 1.0: the hash of demo/__init__.py is not what its RECORD says"
    assert error.found == f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


@pytest.mark.parametrize("name", ["METADATA", "WHEEL", "RECORD"])
def test_a_wheel_without_one_of_its_texts_is_refused(name: str, tmp_path: Path) -> None:
    wheel = build_wheel()
    # The same length, so that only the name changes.
    data = wheel.data.replace(f"{INFO}/{name}".encode(), f"{INFO}/{'X' * len(name)}".encode())
    error = refused(Wheel(wheel.filename, data), tmp_path)
    assert str(error) == (
        f"demo 1.0: its wheel has no {name} of a sensible size (demo-1.0-py3-none-any.whl)\n"
        f"  expected: {INFO}/{name}\n"
        "  found:    none\n"
        f"{HINT}"
    )


def test_metadata_of_another_distribution_is_refused(tmp_path: Path) -> None:
    error = refused(build_wheel(metadata="Name: evil\nVersion: 1.0\n"), tmp_path)
    assert error.what == "demo 1.0: the name in its METADATA is not its file name's"
    assert (error.expected, error.found) == ("demo", "evil")


def test_an_entry_that_leaves_the_tree_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    error = refused(build_wheel(files={"../evil.py": "boom"}), tmp_path)
    assert isinstance(error, UnsafeArchive)
    assert error.what == "demo 1.0: an entry of its archive leaves its tree by '..'"
    assert error.where == "demo-1.0-py3-none-any.whl: '../evil.py'"
    assert not (tmp_path / "tree").exists()
    assert not (tmp_path / "evil.py").exists()


def test_a_link_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    error = refused(
        build_wheel(files={"demo/l": "/etc/passwd"}, modes={"demo/l": 0o120777}), tmp_path
    )
    assert error.what == "demo 1.0: its archive has an entry that is a link"
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("stream_above", [1 << 30, 0])
@pytest.mark.parametrize("codec", ["deflate", "zlib"])
def test_data_that_holds_more_than_declared_is_refused(
    stream_above: int, codec: str, tmp_path: Path
) -> None:
    wheel = build_wheel(files={"demo/x.txt": b"a" * 5000}, record="")
    # Both headers claim less than the data has.
    data = wheel.data.replace((5000).to_bytes(4, "little"), (4000).to_bytes(4, "little"))
    path = Wheel(wheel.filename, data).write(tmp_path)
    plan = plan_wheel(
        map_file(path), wheel.filename, choose_inflate(prefer=codec), stream_above=stream_above
    )
    make_directories(plan, str(tmp_path / "tree"))
    with pytest.raises(UnsafeArchive) as caught:
        write_members(plan, list(plan.members), str(tmp_path / "tree"))
    error = caught.value
    assert error.what == "demo 1.0: an entry of its archive does not hold what it declares"
    assert (error.where, error.expected) == (
        "demo-1.0-py3-none-any.whl: 'demo/x.txt'",
        "4000 bytes",
    )


def test_large_members_are_streamed_to_the_same_tree(tmp_path: Path) -> None:
    files = {"demo/a.bin": os.urandom(3 << 20) + bytes(3 << 20), "demo/b.bin": b"b" * 10}
    wheel = build_wheel(files=files)
    path = wheel.write(tmp_path)
    trees = []
    for number, stream_above in enumerate([1 << 30, 100]):
        plan = plan_wheel(
            map_file(path), wheel.filename, choose_inflate(), stream_above=stream_above
        )
        place = tmp_path / f"tree{number}"
        make_directories(plan, str(place))
        trees.append(write_members(plan, list(plan.members), str(place)))
        assert (place / "demo/a.bin").read_bytes() == files["demo/a.bin"]
    assert trees[0] == trees[1]


@pytest.mark.parametrize("stream_above", [1 << 30, 0])
def test_streamed_members_are_checked_against_record(stream_above: int, tmp_path: Path) -> None:
    wheel = build_wheel(record=lambda text: text.replace(",16\n", ",17\n", 1))
    plan = plan_wheel(
        map_file(wheel.write(tmp_path)),
        wheel.filename,
        choose_inflate(),
        stream_above=stream_above,
    )
    make_directories(plan, str(tmp_path / "tree"))
    with pytest.raises(ArtifactError) as caught:
        write_members(plan, list(plan.members), str(tmp_path / "tree"))
    assert caught.value.what == "demo 1.0: the size of demo/__init__.py is not what its RECORD says"


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    wheel = build_wheel()
    plan = plan_wheel(map_file(wheel.write(tmp_path)), wheel.filename, choose_inflate())
    make_directories(plan, str(tmp_path / "tree"))
    target = tmp_path / "victim"
    target.write_text("precious")
    (tmp_path / "tree/demo/__init__.py").symlink_to(target)
    with pytest.raises(FileExistsError):
        write_members(plan, list(plan.members), str(tmp_path / "tree"))
    assert target.read_text() == "precious"


def test_batches_hold_every_member_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(wheel_module, "BATCH", 50_000)
    wheel = build_wheel(files={f"demo/m{n}.py": f"{n}" for n in range(20)})
    plan = plan_wheel(map_file(wheel.write(tmp_path)), wheel.filename, choose_inflate())
    pieces = wheel_module.batches(plan)
    assert len(pieces) > 3
    assert [member for _, members in pieces for member in members] == list(plan.members)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    error = refused(Wheel("demo-1.0-py3-none-any.whl", b""), tmp_path)
    assert error.what == "demo 1.0: its archive is no zip archive: it has no end record"
