"""The tree hash: written-down vectors, an independent tool, properties."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.treehash import (
    TreeEntry,
    combined_digest,
    manifest,
    parse_manifest,
    tree_hash,
)

# These never change: a lock that was committed once depends on them.
EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
HELLO = {"hello.txt": (b"hello\n", False)}
HELLO_HASH = "sha256:74a0ac93075101c3817e5121b57c9f0a8ef9504c41be51c625d906ce16ade58d"
MIXED = {
    "pkg/__init__.py": (b"", False),
    "pkg/run": (b"#!/bin/sh\n", True),
    "pkg-1.0.dist-info/METADATA": (b"Name: pkg\nVersion: 1.0\n", False),
    "pkg/a b.txt": (b"\x00\xff", False),
    "pkg/\u00e9\U0001f40d.py": (b"x = 1\n", False),
    "pkg/\uffee.py": (b"y = 2\n", False),
    "Pkg": (b"upper\n", False),
}
MIXED_HASH = "sha256:b9804da7657a19a7410f936b04266e0299975a92c21f8bf275c52cda503eb015"
# A shell computes the same; this is the recipe of the module's docstring.
RECIPE = r"""
find . -type f -o -type l | sed 's|^\./||' | LC_ALL=C sort | while read -r path; do
    test -x "$path" && mode=x || mode=-
    test -L "$path" && mode=l
    { test -L "$path" && readlink -n "$path" || cat "$path"; } | sha256sum |
        sed "s|^\(.\{64\}\).*|$mode \1 $path|"
done | sha256sum | cut -d' ' -f1
"""
LINK_HASH = "sha256:8f4a140385bfeabef403caaeefd4ead8576d0f5ee1bd5163199c87e81ed2e0a7"


def entries(tree: dict[str, tuple[bytes, bool]]) -> list[TreeEntry]:
    return [
        TreeEntry(path, executable, hashlib.sha256(data).hexdigest(), len(data))
        for path, (data, executable) in tree.items()
    ]


@pytest.mark.parametrize(
    ("tree", "expected"),
    [({}, EMPTY), (HELLO, HELLO_HASH), (MIXED, MIXED_HASH)],
    ids=["empty", "hello", "mixed"],
)
def test_the_written_down_vectors_hold(tree: dict[str, tuple[bytes, bool]], expected: str) -> None:
    assert str(tree_hash(entries(tree))) == expected


@pytest.mark.parametrize("tree", [{}, HELLO, MIXED], ids=["empty", "hello", "mixed"])
def test_find_sort_and_sha256sum_agree(tree: dict[str, tuple[bytes, bool]], tmp_path: Path) -> None:
    assert shutil.which("sha256sum")
    for path, (data, executable) in tree.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o555 if executable else 0o444)
    done = subprocess.run(
        ["sh", "-c", RECIPE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert f"sha256:{done.stdout.strip()}" == str(tree_hash(entries(tree)))


def test_a_manifest_has_one_sorted_line_a_file() -> None:
    assert manifest(entries({"b": (b"", True), "a/c": (b"", False), "a.c": (b"", False)})) == (
        f"- {EMPTY[7:]} a.c\n- {EMPTY[7:]} a/c\nx {EMPTY[7:]} b\n".encode()
    )


def test_a_path_that_occurs_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold the path 'a'"):
        manifest(entries({"a": (b"1", False)}) + entries({"a": (b"2", False)}))


def test_a_line_feed_in_a_path_is_refused() -> None:
    with pytest.raises(ValueError, match="line feed"):
        manifest(entries({"a\nb": (b"", False)}))


@pytest.mark.parametrize(
    "line", ["- abc path\n", "w " + "0" * 64 + " a\n", "- " + "0" * 64 + " \n"]
)
def test_a_line_that_is_no_manifest_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a line of a manifest"):
        parse_manifest(line.encode())


def test_a_manifest_that_was_cut_short_is_refused() -> None:
    with pytest.raises(ValueError, match="not whole"):
        parse_manifest(manifest(entries(MIXED))[:-1])


PATHS = st.text(
    st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1, max_size=20
)
TREES = st.dictionaries(PATHS, st.tuples(st.binary(max_size=20), st.booleans()), max_size=12)


@given(TREES, st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(
    tree: dict[str, tuple[bytes, bool]], random: object
) -> None:
    shuffled = entries(tree)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert tree_hash(shuffled) == tree_hash(entries(tree))


@given(TREES)
def test_lines_are_sorted_by_the_bytes_of_the_path(tree: dict[str, tuple[bytes, bool]]) -> None:
    paths = [line[67:] for line in manifest(entries(tree)).split(b"\n")[:-1]]
    assert paths == sorted(path.encode() for path in tree)


@given(TREES)
def test_a_manifest_reads_back(tree: dict[str, tuple[bytes, bool]]) -> None:
    assert parse_manifest(manifest(entries(tree))) == sorted(
        (each.path, "x" if each.executable else "-", each.digest_hex) for each in entries(tree)
    )


def link(path: str, target: str) -> TreeEntry:
    return TreeEntry(path, False, hashlib.sha256(target.encode()).hexdigest(), len(target), True)


def test_a_link_is_a_line_of_its_own_kind() -> None:
    lines = manifest([link("python", "python3")])
    assert lines == f"l {hashlib.sha256(b'python3').hexdigest()} python\n".encode()
    assert str(tree_hash([link("python", "python3")])) == LINK_HASH
    assert parse_manifest(lines)[0][1] == "l"
    # A file that holds the same text is another tree.
    text = {"python": (b"python3", False)}
    assert str(tree_hash(entries(text))) != LINK_HASH


def test_a_shell_computes_the_same_of_links(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3.11").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "bin/python3.11").chmod(0o755)
    (tmp_path / "bin/python").symlink_to("python3.11")
    (tmp_path / "lib").symlink_to("bin")
    (tmp_path / "gone").symlink_to("nowhere")
    tree = [
        *entries({"bin/python3.11": (b"#!/bin/sh\n", True)}),
        *(link(*pair) for pair in (("bin/python", "python3.11"), ("lib", "bin"))),
        link("gone", "nowhere"),
    ]
    shell = subprocess.run(
        ["sh", "-c", RECIPE], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert shell.stdout.strip() == tree_hash(tree).hex


@given(TREES, TREES)
def test_other_trees_have_other_hashes(
    first: dict[str, tuple[bytes, bool]], second: dict[str, tuple[bytes, bool]]
) -> None:
    assert (tree_hash(entries(first)) == tree_hash(entries(second))) == (first == second)


def test_the_combined_digest_is_over_sorted_lines() -> None:
    one, two = Digest("1" * 64), Digest("2" * 64)
    text = f"sha256:{'1' * 64}\nsha256:{'2' * 64}\n"
    expected = Digest(hashlib.sha256(text.encode()).hexdigest())
    assert combined_digest([two, one]) == combined_digest([one, two]) == expected
