"""Searches for packages, MANIFEST.in and globs find what setuptools itself finds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from distutils.errors import DistutilsTemplateError
from pathlib import Path

import pathspec
import setuptools
from hypothesis import given
from hypothesis import strategies as st
from setuptools.command.egg_info import FileList
from setuptools.discovery import FlatLayoutModuleFinder, FlatLayoutPackageFinder
from setuptools.glob import glob

from jupyter_pyartifacts.translate.sdist.archive import Source, parse_sdist_name
from jupyter_pyartifacts.translate.sdist.gitignore import Patterns
from jupyter_pyartifacts.translate.sdist.globs import expand
from jupyter_pyartifacts.translate.sdist.manifest import manifest_files
from jupyter_pyartifacts.translate.sdist.packages import (
    discover_flat,
    discover_flat_modules,
    find_packages,
)

FOLDERS = st.sampled_from(["a", "b", "ab", "tests", "docs", "a.b", "1x", "_p", ".h", "a-stubs"])
NAMES = st.sampled_from(
    ["__init__.py", "x.py", "y.txt", ".z", "data.json", "setup.py", "1.py", "a[b].txt", "A.TXT"]
)
PATHS = st.builds(
    lambda folders, name: "/".join([*folders, name]), st.lists(FOLDERS, max_size=4), NAMES
)
TREES = st.lists(PATHS, min_size=1, max_size=12, unique=True)
WORDS = st.sampled_from(
    ["*", "a*", "*.b", "tests", "tests.*", "*.tests", "*.tests.*", "a", "a.*", "?", "[ab]*", "b*"]
)
PATTERNS = st.sampled_from(
    [
        "*.txt",
        "*",
        "a/*.py",
        "**/*.txt",
        "a/**",
        "*.py",
        "?.txt",
        "[xy].*",
        "*/x.py",
        "a/b/*",
        "**",
        "a",
        "a/",
        "data.json",
        "*.[jp]*",
        "[!x]*",
        "a**",
        "*[b]*",
        ".*",
        "**/b/*",
    ]
)


def source_of(paths: list[str]) -> Source:
    source = Source(parse_sdist_name("demo-1.0.tar.gz"))
    for path in paths:
        source.files[path] = False
        source.sizes[path] = 0
        parent = os.path.dirname(path)
        while parent:
            source.directories.add(parent)
            parent = os.path.dirname(parent)
    return source


@contextmanager
def on_disk(paths: list[str]) -> Iterator[Path]:
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("")
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


@given(TREES, st.lists(WORDS, max_size=2), st.lists(WORDS, max_size=2), st.sampled_from([".", "a"]))
def test_packages_are_those_that_setuptools_finds(
    paths: list[str], exclude: list[str], include: list[str], where: str
) -> None:
    source = source_of(paths)
    with on_disk(paths):
        for own, namespaces in (
            (setuptools.find_packages, False),
            (setuptools.find_namespace_packages, True),
        ):
            expected = sorted(own(where, exclude, include or ["*"]))
            found = find_packages(source, where, exclude, include or ["*"], namespaces=namespaces)
            assert found == expected


@given(TREES)
def test_projects_that_name_no_packages_get_those_that_setuptools_discovers(
    paths: list[str],
) -> None:
    source = source_of(paths)
    with on_disk(paths):
        assert discover_flat(source) == sorted(FlatLayoutPackageFinder.find("."))
        assert discover_flat_modules(source) == sorted(FlatLayoutModuleFinder.find("."))


@given(TREES, PATTERNS, st.booleans())
def test_globs_find_what_setuptools_finds(paths: list[str], pattern: str, recursive: bool) -> None:
    with on_disk(paths):
        found = {
            os.path.normpath(path) for path in glob(pattern, recursive) if os.path.isfile(path)
        }
    assert expand(source_of(paths), pattern, recursive=recursive) == sorted(found)


LINES = st.one_of(
    st.builds(
        lambda action, patterns: " ".join([action, *patterns]),
        st.sampled_from(["include", "exclude", "global-include", "global-exclude"]),
        st.lists(PATTERNS, min_size=1, max_size=2),
    ),
    st.builds(
        lambda action, folder, pattern: f"{action} {folder} {pattern}",
        st.sampled_from(["recursive-include", "recursive-exclude"]),
        st.sampled_from(["a", "b", "a/b", "*", "tests"]),
        PATTERNS,
    ),
    st.builds(
        lambda action, folder: f"{action} {folder}",
        st.sampled_from(["graft", "prune"]),
        st.sampled_from(["a", "b/", "a/b", "*", "tests"]),
    ),
    st.sampled_from(["# a comment", "", "nonsense a", "graft a b", "include", "include a # b"]),
)


@given(TREES, st.lists(LINES, max_size=5))
def test_manifest_templates_mean_what_they_mean_to_setuptools(
    paths: list[str], lines: list[str]
) -> None:
    from distutils.text_file import TextFile

    paths = [*paths, "MANIFEST.in"]
    text = "\n".join(lines) + "\n"
    with on_disk(paths) as folder:
        (folder / "MANIFEST.in").write_text(text)
        template = TextFile(
            "MANIFEST.in",
            strip_comments=True,
            skip_blanks=True,
            join_lines=True,
            lstrip_ws=True,
            rstrip_ws=True,
            collapse_join=True,
        )
        theirs = FileList(warn=lambda *_: None, debug_print=lambda *_: None)
        theirs.extend(path for path in ("setup.py", "MANIFEST.in") if os.path.exists(path))
        while (line := template.readline()) is not None:
            try:
                theirs.process_template_line(line)
            except (DistutilsTemplateError, ValueError):
                continue
        template.close()
        expected = {os.path.normpath(path) for path in theirs.files}
    source = source_of(paths)
    source.keep("MANIFEST.in", text.encode())
    tests = {path for path in expected if path.startswith("test/")}
    assert set(manifest_files(source, "", [])) == expected | tests


IGNORED = st.sampled_from(
    [
        "*.txt",
        "a",
        "a/",
        "/a",
        "/a/",
        "a/b",
        "**/b",
        "a/**",
        "a/**/x.py",
        "x.py",
        "!x.py",
        "*",
        "!a/",
        "#a",
        "\\#a",
        "",
        "[ab]",
        "?.py",
        "/*.py",
        "b/*",
        "**/a/*.txt",
        "docs/**/",
    ]
)


@given(TREES, st.lists(IGNORED, max_size=1))
def test_single_patterns_ignore_what_they_ignore_for_hatchling(
    paths: list[str], lines: list[str]
) -> None:
    theirs = pathspec.GitIgnoreSpec.from_lines(lines)
    ours = Patterns(lines)
    assert [ours.match(path) for path in paths] == [theirs.match_file(path) for path in paths]


def test_the_last_pattern_decides() -> None:
    ours: Callable[[str], bool] = Patterns(["*.txt", "!keep.txt", "/dist"]).match
    assert ours("a/b.txt")
    assert not ours("a/keep.txt")
    assert ours("dist/keep.py")
    assert not ours("a/dist/x.py")
