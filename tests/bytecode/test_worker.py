"""The worker: byte code that needs no source, and the imports that are read off it."""

from __future__ import annotations

import importlib.util
import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_pyartifacts.bytecode import worker

SOURCE = """
import os, sys
import a.b.c as d
from pkg import one, two as three
from . import sibling
from .near import thing
from ..up import other
from ....too.far import nothing
from star import *
if TYPE_CHECKING:
    import hidden_one
    from hidden.two import x
import shown
from typing import TYPE_CHECKING as TC
import typing
if typing.TYPE_CHECKING:
    import hidden_three
else:
    import fallback
try:
    import optional
except ImportError:
    optional = None
if sys.version_info > (3,):
    import conditional
def function():
    import lazily
class Body:
    from inner import attribute
    def method(self):
        import more_lazily
"""
EXPECTED = {
    "os",
    "sys",
    "a.b.c",
    "pkg",
    "pkg.one",
    "pkg.two",
    "top.mid.sibling",
    "top.mid",
    "top.mid.near",
    "top.mid.near.thing",
    "top.up",
    "top.up.other",
    "star",
    "shown",
    "typing",
    "typing.TYPE_CHECKING",
    "fallback",
    "optional",
    "conditional",
    "inner",
    "inner.attribute",
}


def test_imports_are_read_off_the_code() -> None:
    assert set(worker.imports(compile(SOURCE, "x", "exec"), "top.mid")) == EXPECTED


def test_many_names_need_longer_instructions() -> None:
    lines = [f"import module_{number}" for number in range(600)]
    lines += ["from typing import TYPE_CHECKING", "if TYPE_CHECKING:"]
    lines += [f"    import hidden_{number}" for number in range(300)]
    lines += ["import last"]
    found = set(worker.imports(compile("\n".join(lines), "x", "exec"), ""))
    assert found == {f"module_{number}" for number in range(600)} | {
        "typing",
        "typing.TYPE_CHECKING",
        "last",
    }


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    files = {
        "pkg/__init__.py": "from . import a\nVALUE = a.VALUE\n",
        "pkg/a.py": "VALUE = 1\n",
        "pkg/bad.py": "this is no python\n",
        "pkg/nul.py": "x = 1\0\n",
        "pkg/latin.py": b"# -*- coding: latin-1 -*-\nNAME = '\xe9'\n",
        "pkg/tests/test_a.py": "",
        "pkg/deep/test/b.py": "",
        "top.py": "",
        "data.txt": "",
    }
    for name, data in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        path.chmod(0o444)
    for folder in [*tree.rglob("*"), tree]:
        if folder.is_dir():
            folder.chmod(0o555)
    return tree


def compiled(tree: Path) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*.pyc")}


def cached(name: str) -> str:
    return importlib.util.cache_from_source(name)


def test_byte_code_is_unchecked_and_relative(tree: Path) -> None:
    code = worker.compile_module(str(tree), "pkg/a.py")
    assert code is not None
    assert code.co_filename == "pkg/a.py"
    data = (tree / cached("pkg/a.py")).read_bytes()
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(data[4:8], "little") == 1
    assert data[8:16] == importlib.util.source_hash(b"VALUE = 1\n")
    assert marshal.loads(data[16:]).co_filename == "pkg/a.py"
    assert compiled(tree) == {cached("pkg/a.py")}


def test_directories_stay_read_only(tree: Path) -> None:
    worker.compile_module(str(tree), "pkg/a.py")
    for path in [tree / "pkg", tree / "pkg/__pycache__", tree / cached("pkg/a.py")]:
        assert not path.stat().st_mode & 0o222


def test_the_importer_takes_it_without_the_source(tree: Path) -> None:
    worker.compile_tree(str(tree))
    for path in tree.rglob("*.py"):
        path.parent.chmod(0o755)
        # Another value, to see which of the two is run.
        path.chmod(0o644)
        path.write_bytes(path.read_bytes().replace(b"= 1", b"= 2"))
    code = "import pkg, pkg.a; print(pkg.VALUE, pkg.a.__file__, pkg.a.__spec__.cached)"
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    )
    value, file, cache = done.stdout.split()
    assert value == "1"
    assert (file, cache) == (str(tree / "pkg/a.py"), str(tree / cached("pkg/a.py")))


@pytest.mark.parametrize("name", ["pkg/bad.py", "pkg/nul.py", "pkg/missing.py"])
def test_what_is_no_python_is_left_out(name: str, tree: Path) -> None:
    assert worker.compile_module(str(tree), name) is None
    assert compiled(tree) == set()


def test_a_whole_tree_is_compiled_but_for_its_tests(tree: Path) -> None:
    worker.compile_tree(str(tree))
    names = ["pkg/__init__.py", "pkg/a.py", "pkg/latin.py", "top.py"]
    assert compiled(tree) == {cached(name) for name in names}


def test_byte_code_that_is_there_is_taken(tree: Path) -> None:
    worker.compile_module(str(tree), "pkg/a.py")
    path = tree / cached("pkg/a.py")
    before = path.stat().st_ino
    assert worker.compile_module(str(tree), "pkg/a.py") is not None
    assert path.stat().st_ino == before


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"junk",
        importlib.util.MAGIC_NUMBER + bytes(12),
        importlib.util.MAGIC_NUMBER + worker.UNCHECKED_HASH + bytes(8) + b"\xff",
        importlib.util.MAGIC_NUMBER + worker.UNCHECKED_HASH + bytes(8) + marshal.dumps(7),
    ],
)
def test_byte_code_of_others_is_replaced(junk: bytes, tree: Path) -> None:
    worker.compile_module(str(tree), "pkg/a.py")
    path = tree / cached("pkg/a.py")
    path.chmod(0o644)
    path.write_bytes(junk)
    assert worker.load(str(path)) is None
    assert worker.compile_module(str(tree), "pkg/a.py") is not None
    assert worker.load(str(path)) is not None
    assert len(list(path.parent.iterdir())) == 1


def test_the_worker_answers_line_by_line(tree: Path) -> None:
    asked = "".join(f"{tree}\t{name}\tpkg\n" for name in ("pkg/__init__.py", "pkg/bad.py"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", worker.__file__, "serve"],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "pkg pkg.a\n\n"
    assert done.stderr == ""


def test_the_batch_leaves_a_marker(tree: Path, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    asked = f"{tmp_path}/gone\t{tmp_path}/no/marker\n{tree}\t{marker}\n\n"
    process = batch(asked)
    assert process.wait(60) == 0
    assert process.stdin is not None
    process.stdin.close()
    assert marker.exists()
    assert len(compiled(tree)) == 4


def batch(asked: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", worker.__file__, "batch"],
        stdin=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(asked)
    process.stdin.flush()
    return process


def test_the_batch_ends_with_its_caller(tree: Path, tmp_path: Path) -> None:
    for number in range(2000):
        path = tmp_path / "tree" / f"m{number}.py"
        tree.chmod(0o755)
        path.write_text("x = 1\n")
    process = batch(f"{tree}\t{tmp_path}/marker\n\n")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) == 0
    assert not (tmp_path / "marker").exists()


def test_workers_may_race(tree: Path) -> None:
    processes = [batch(f"{tree}\t{tree.parent}/marker\n\n") for _ in range(4)]
    for process in processes:
        assert process.wait(60) == 0
        assert process.stdin is not None
        process.stdin.close()
    assert len(compiled(tree)) == 4
    assert not [path for path in tree.rglob(".*") if path.is_file()]
    assert os.path.exists(f"{tree.parent}/marker")
