"""The archive of an interpreter becomes a tree: links, modes, hashes, and what is refused."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import ArtifactError, PyArtifactsError, UnsafeArchive
from jupyter_pyartifacts.translate.interpreter import translate_interpreter
from jupyter_pyartifacts.translate.wheel import Tree
from tests.pythons import FAKE, LINKS, archive
from tests.test_treehash import RECIPE

NAME = "cpython-3.12.4+20260101-x86_64-unknown-linux-gnu-install_only.tar.gz"


def unpack(path: Path, destination: Path, version: str = "3.12.4") -> Tree:
    return translate_interpreter(path, str(destination), NAME, version)


def test_the_tree_is_what_lies_below_python(tmp_path: Path) -> None:
    tree = unpack(archive(tmp_path / "a.tar.gz"), tmp_path / "tree")
    found = {
        path.relative_to(tmp_path / "tree").as_posix()
        for path in (tmp_path / "tree").rglob("*")
        if path.is_symlink() or path.is_file()
    }
    wanted = {name.removeprefix("python/") for name in (*FAKE, *LINKS) if ".pyc" not in name}
    assert found == wanted
    assert (tree.facts.name, tree.facts.version) == ("cpython", "3.12.4")
    assert tree.facts.python == "bin/python3.12"
    assert (tree.facts.files, len(tree.sizes)) == (len(wanted), len(wanted))
    assert os.readlink(tmp_path / "tree/share/up") == "../lib/python3.12"
    assert (tmp_path / "tree/share/up/os.py").read_bytes() == FAKE["python/lib/python3.12/os.py"]


def test_modes_are_read_only_and_executable_as_the_archive_says(tmp_path: Path) -> None:
    unpack(archive(tmp_path / "a.tar.gz"), tmp_path / "tree")
    modes = {
        name: stat.S_IMODE((tmp_path / "tree" / name).lstat().st_mode)
        for name in ("bin/python3.12", "lib/python3.12/os.py", "lib/python3.12", "bin", ".")
    }
    assert modes == {
        "bin/python3.12": 0o555,
        "lib/python3.12/os.py": 0o444,
        "lib/python3.12": 0o555,
        "bin": 0o555,
        ".": 0o555,
    }


def test_the_hash_is_of_the_content_alone(tmp_path: Path) -> None:
    trees = [
        unpack(archive(tmp_path / name, mtime=mtime, order=order), tmp_path / f"tree{number}")
        for number, (name, mtime, order) in enumerate(
            [("a.tar.gz", 0, 1), ("b.tar.zst", 0, 1), ("c.tar.gz", 1_700_000_000, -1)]
        )
    ]
    assert len({tree.facts.tree for tree in trees}) == 1
    assert len({tree.manifest for tree in trees}) == 1
    shell = subprocess.run(
        ["sh", "-c", RECIPE], cwd=tmp_path / "tree0", capture_output=True, text=True, check=True
    )
    assert shell.stdout.strip() == trees[0].facts.tree.hex
    # Byte code that an archive carries is not part of it.
    bare = {name: data for name, data in FAKE.items() if not name.endswith(".pyc")}
    assert unpack(archive(tmp_path / "d.tar.gz", bare), tmp_path / "bare").facts.tree == (
        trees[0].facts.tree
    )


def test_the_tree_hash_of_a_known_archive_stays(tmp_path: Path) -> None:
    files = {"python/bin/python3.12": b"x\n"}
    tree = unpack(
        archive(tmp_path / "a.tar.gz", files, {"python/bin/python": "python3.12"}),
        tmp_path / "tree",
    )
    link = hashlib.sha256(b"python3.12").hexdigest()
    file = hashlib.sha256(b"x\n").hexdigest()
    assert tree.manifest.decode() == f"l {link} bin/python\nx {file} bin/python3.12\n"


def test_a_hard_link_is_a_file(tmp_path: Path) -> None:
    hard = {"python/bin/python3": "python/bin/python3.12"}
    linked = unpack(archive(tmp_path / "a.tar.gz", FAKE, {}, hard), tmp_path / "linked")
    copies = {**FAKE, "python/bin/python3": FAKE["python/bin/python3.12"]}
    copied = unpack(archive(tmp_path / "b.tar.gz", copies, {}), tmp_path / "copied")
    assert linked.facts.tree == copied.facts.tree
    assert linked.manifest == copied.manifest
    assert os.path.samefile(tmp_path / "linked/bin/python3", tmp_path / "linked/bin/python3.12")


def test_of_two_names_of_one_file_either_may_be_the_interpreter(tmp_path: Path) -> None:
    files = {"python/bin/python3": b"elf"}
    hard = {"python/bin/python3.12": "python/bin/python3"}
    tree = unpack(archive(tmp_path / "a.tar.gz", files, {}, hard), tmp_path / "tree")
    assert tree.facts.python == "bin/python3.12"


def test_windows_has_its_interpreter_on_top(tmp_path: Path) -> None:
    files = {"python/python.exe": b"MZ", "python/Lib/os.py": b""}
    assert unpack(archive(tmp_path / "a.tar.gz", files, {}), tmp_path / "t").facts.python == (
        "python.exe"
    )


@pytest.mark.parametrize(
    ("files", "links", "hard", "what"),
    [
        (FAKE, {"python/bin/evil": "../../../etc"}, {}, "is a link whose target"),
        (FAKE, {"python/bin/evil": "/etc/passwd"}, {}, "is an absolute path"),
        (FAKE, {}, {"python/evil": "etc/passwd"}, "which is no file before it"),
        (FAKE, {"python/d": "lib"}, {"python/d/x": "python/bin/python3.12"}, "lies below"),
        ({**FAKE, "python/../x": b""}, {}, {}, "leaves its tree"),
        ({**FAKE, "/x": b""}, {}, {}, "is an absolute path"),
        ({**FAKE, "other/x": b""}, {}, {}, "something beside the directory 'python'"),
        ({**FAKE, "x": b""}, {}, {}, "something beside the directory 'python'"),
        (
            {**FAKE, "python/lib/__pycache__/a.pyc": b""},
            {},
            {"python/lib/a.py": "python/lib/__pycache__/a.pyc"},
            "is a link to what is no file of the tree",
        ),
        ({"python/lib/os.py": b""}, {}, {}, "has no interpreter of that version"),
        ({"python/bin/python3.13": b""}, {}, {}, "has no interpreter of that version"),
        (
            {"python/bin/python3": b""},
            {"python/bin/python3.12": "python3"},
            {},
            "has no interpreter of that version",
        ),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_what_is_no_interpreter_or_unsafe_is_refused(
    tmp_path: Path,
    files: dict[str, bytes],
    links: dict[str, str],
    hard: dict[str, str],
    what: str,
) -> None:
    path = archive(tmp_path / "a.tar.gz", files, links, hard)
    with pytest.raises(ArtifactError) as caught:
        unpack(path, tmp_path / "tree")
    assert what in caught.value.what
    assert caught.value.hint
    assert not (tmp_path / "etc").exists()
    assert not (tmp_path / "x").exists()


def test_an_archive_that_ends_early_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnsafeArchive):
        unpack(path, tmp_path / "tree")


def test_it_can_be_given_up(tmp_path: Path) -> None:
    left = [3]

    def watch(_: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise PyArtifactsError("stopped", hint="go on")

    with pytest.raises(PyArtifactsError, match="stopped"):
        translate_interpreter(
            archive(tmp_path / "a.tar.gz"), str(tmp_path / "tree"), NAME, "3.12.4", watch
        )
