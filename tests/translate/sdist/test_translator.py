"""Source archives to trees: what comes out is a wheel's tree, the same each time."""

from __future__ import annotations

import hashlib
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import SdistRefused
from jupyter_pyartifacts.translate.sdist import read_sdist_metadata
from jupyter_pyartifacts.treehash import TreeEntry, tree_hash
from tests.sdists import translate, write_sdist

SETUP = """\
from setuptools import setup, find_packages
setup(
    name="demo", version="1.0", packages=find_packages(),
    package_data={"demo": ["data/*.txt"]},
    install_requires=["six>=1", "enum34; python_version < '3'"],
    extras_require={"fast": ["numpy"], "win:sys_platform=='win32'": ["pywin32"]},
    scripts=["bin/run"], data_files=[("share/demo", ["notes.txt"])],
    entry_points={"console_scripts": ["demo = demo:main"]},
)
"""
FILES = {
    "setup.py": SETUP,
    "demo/__init__.py": "def main():\n    return 1\n",
    "demo/sub/__init__.py": "",
    "demo/sub/more.py": "",
    "demo/data/a.txt": "a",
    "demo/data/b.bin": "b",
    "demo/py.typed": "",
    "bin/run": "#!/usr/bin/env python3 -u\r\nprint(1)\r\n",
    "notes.txt": "notes",
    "LICENSE": "free",
    "tests/test_demo.py": "",
}
INFO = "demo-1.0.dist-info"


def test_a_project_comes_out_as_a_wheel_would(tmp_path: Path) -> None:
    tree, files = translate(write_sdist(tmp_path, FILES, modes={"demo/data/a.txt": 0o755}))
    assert sorted(files) == [
        "demo-1.0.data/data/share/demo/notes.txt",
        "demo-1.0.data/scripts/run",
        f"{INFO}/METADATA",
        f"{INFO}/WHEEL",
        f"{INFO}/entry_points.txt",
        f"{INFO}/licenses/LICENSE",
        f"{INFO}/top_level.txt",
        "demo/__init__.py",
        "demo/data/a.txt",
        "demo/py.typed",
        "demo/sub/__init__.py",
        "demo/sub/more.py",
    ]
    assert files["demo-1.0.data/scripts/run"] == b"#!python -u\nprint(1)\n"
    assert files[f"{INFO}/top_level.txt"] == b"demo\n"
    assert files[f"{INFO}/entry_points.txt"] == b"[console_scripts]\ndemo = demo:main\n"
    assert files[f"{INFO}/METADATA"].decode().splitlines() == [
        "Metadata-Version: 2.4",
        "Name: demo",
        "Version: 1.0",
        "Requires-Dist: six>=1",
        "Requires-Dist: enum34 ; python_version < '3'",
        'Requires-Dist: numpy ; extra == "fast"',
        "Requires-Dist: pywin32 ; (sys_platform=='win32') and extra == \"win\"",
        "Provides-Extra: fast",
        "Provides-Extra: win",
        "License-File: LICENSE",
    ]
    facts = tree.facts
    assert (facts.name, facts.version, facts.dist_info) == ("demo", "1.0", INFO)
    assert facts.tops == ("demo/",)
    assert facts.data == (("data", ("share/",)), ("scripts", ("run",)))
    assert facts.entry_points == (("console_scripts", (("demo", "demo:main"),)),)
    assert facts.notes == ()
    assert [line for line in tree.manifest.decode().splitlines() if line.startswith("x")] == [
        f"x {hashlib.sha256(files['demo-1.0.data/scripts/run']).hexdigest()}"
        " demo-1.0.data/scripts/run",
        f"x {hashlib.sha256(b'a').hexdigest()} demo/data/a.txt",
    ]


def test_the_tree_hash_is_that_of_the_files_and_the_same_for_both_kinds(tmp_path: Path) -> None:
    path = write_sdist(tmp_path, FILES)
    tree, _ = translate(path)
    place = tmp_path / "demo-1.0.tar.gz-tree"
    on_disk = [
        TreeEntry(
            each.relative_to(place).as_posix(),
            bool(each.stat().st_mode & 0o111),
            hashlib.sha256(each.read_bytes()).hexdigest(),
            each.stat().st_size,
        )
        for each in place.rglob("*")
        if each.is_file()
    ]
    assert tree.facts.tree == tree_hash(on_disk)
    assert list(tree.sizes) == [entry.size for entry in sorted(on_disk)]
    zipped, _ = translate(write_sdist(tmp_path, dict(reversed(FILES.items())), end=".zip"))
    assert zipped.facts.tree == tree.facts.tree
    # This number is in locks: a change of it needs another TRANSLATOR_VERSION.
    assert tree.facts.tree.hex == (
        "2502bd24449036b3407ae33123c5915a01873d428343e66f3c2216ab3200d9b7"
    )


def test_the_tree_has_a_record_that_importlib_reads(tmp_path: Path) -> None:
    _, files = translate(write_sdist(tmp_path, FILES))
    own = PathDistribution(tmp_path / "demo-1.0.tar.gz-tree" / INFO)
    listed = {str(each): each for each in own.files or ()}
    assert sorted(listed) == sorted([*files, f"{INFO}/RECORD"])
    for name, data in files.items():
        assert listed[name].size == len(data)


def test_metadata_is_read_without_writing(tmp_path: Path) -> None:
    path = write_sdist(tmp_path, FILES)
    _, files = translate(path)
    assert read_sdist_metadata(path, path.name) == files[f"{INFO}/METADATA"]


def test_a_refusal_names_reason_and_file(tmp_path: Path) -> None:
    setup = (
        "from setuptools import setup, Extension\n"
        "setup(name='demo', packages=['demo'],\n"
        "      ext_modules=[Extension('demo.x', ['src/x.c'])])\n"
    )
    path = write_sdist(tmp_path, {"setup.py": setup, "demo/__init__.py": "", "src/x.c": ""})
    with pytest.raises(SdistRefused) as caught:
        translate(path)
    assert str(caught.value) == (
        "demo 1.0: its source has a C extension (`src/x.c`), and source that must be compiled is"
        " never built (demo-1.0.tar.gz: setup.py:2)\n"
        "hint: pin a version that has a wheel, or one that can be translated"
    )
    assert not list(tmp_path.glob("*-tree"))
