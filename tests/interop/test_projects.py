"""pyproject.toml, PEP 723 blocks, uv.lock and uv's settings in them."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.errors import ForeignFileError, InvalidRequirement
from jupyter_pyartifacts.interop.formats import detect_format
from jupyter_pyartifacts.interop.inline_script import read_inline_script, write_inline_script
from jupyter_pyartifacts.interop.pyproject import read_pyproject
from jupyter_pyartifacts.interop.uv_lock import read_uv_lock
from tests.locks import small_lock

PYPROJECT = """\
[project]
name = "my-project"
requires-python = ">=3.10"
dependencies = ["pandas>=2", "lib", "six"]
[project.optional-dependencies]
plot = ["matplotlib"]
All_Of_It = ["my_project[plot]", "seaborn"]
[dependency-groups]
test = ["pytest", {include-group = "types"}]
types = ["mypy"]
round = [{include-group = "round"}]
bad = ["a b"]
[tool.uv]
constraint-dependencies = ["numpy<3"]
override-dependencies = ["x"]
[[tool.uv.index]]
name = "torch"
url = "https://me:secret@torch.example/cu"
explicit = true
[tool.uv.sources]
six = {index = "torch"}
lib = {git = "https://host.example/lib"}
other = {path = "."}
"""


def test_a_project():
    wanted = read_pyproject(PYPROJECT, "pyproject.toml")
    assert wanted.requirements == ("pandas>=2", "six")
    assert wanted.requires_python == ">=3.10"
    assert wanted.constraints == ("numpy<3",)
    assert [(i.name, i.url, i.projects) for i in wanted.indexes] == [
        ("torch", "https://torch.example/cu", ("six",))
    ]
    assert wanted.notes == (
        "pyproject.toml, tool.uv.sources.lib: lib is left out: it has a source of another kind"
        " (git)",
        "pyproject.toml, tool.uv.override-dependencies: this setting of uv is not used",
    )


def test_extras_and_groups_are_asked_by_name():
    wanted = read_pyproject(
        PYPROJECT, "pyproject.toml", extras=["all-of-it"], groups=["test", "Types"]
    )
    assert wanted.requirements == (
        "pandas>=2",
        "six",
        "seaborn",
        "matplotlib",
        "pytest",
        "mypy",
    )


@pytest.mark.parametrize(
    ("how", "what", "where", "found"),
    [
        (
            {"extras": ["no"]},
            "there is no extra of that name",
            "pyproject.toml, project.optional-dependencies",
            "no",
        ),
        (
            {"groups": ["no"]},
            "there is no group of that name",
            "pyproject.toml, dependency-groups",
            "no",
        ),
        (
            {"groups": ["round"]},
            "a dependency group is not as PEP 735 has it",
            "pyproject.toml, dependency-groups.round",
            "Cyclic dependency group include while resolving round: round includes itself",
        ),
    ],
)
def test_groups_that_are_not_right(how, what, where, found):
    with pytest.raises(ForeignFileError) as info:
        read_pyproject(PYPROJECT, "pyproject.toml", **how)
    assert (info.value.what, info.value.where, info.value.found) == (what, where, found)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[project]\ndependencies = ['a', 'b c']", "pyproject.toml, project.dependencies[1]"),
        ("[project]\ndependencies = 'a'", "pyproject.toml, project.dependencies"),
        ("[project]\ndependencies = [1]", "pyproject.toml, project.dependencies[0]"),
        ("project = 1", "pyproject.toml, project"),
        ("[project]\nname = 'x'\nrequires-python = 'x'", "pyproject.toml, project.requires-python"),
        ("[project]\nname = 'x'\n[tool.uv]\nindex = 1", "pyproject.toml, tool.uv.index"),
        ("[build-system]\nrequires = []", "pyproject.toml"),
        ("[project\nname='x'", "pyproject.toml, line 1, column 9"),
    ],
)
def test_a_fault_of_a_project_names_its_place(text, where):
    with pytest.raises((ForeignFileError, InvalidRequirement)) as info:
        read_pyproject(text, "pyproject.toml")
    assert info.value.where == where


BLOCK = """\
#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "pandas>=2",
# ]
#
# [tool.uv]
# exclude-newer = "2024-06-30T00:00:00Z"
# ///
import pandas
"""


def test_a_script():
    wanted = read_inline_script(BLOCK, "x.py")
    assert wanted.requirements == ("pandas>=2",)
    assert (wanted.requires_python, wanted.as_of) == (">=3.11", "2024-06-30T00:00:00Z")


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("import pandas", "there is no block of script metadata (PEP 723)", "x.py"),
        (
            BLOCK + BLOCK,
            "there are two blocks of script metadata (PEP 723 allows one)",
            "x.py, line 13",
        ),
        (
            "# /// script\n# a = 1\n\n# ///",
            "a block of script metadata does not end",
            "x.py, line 1",
        ),
        ("\n# /// script\n# a = 1\n# b =\n# ///", "a file is not TOML", "x.py, line 4, at its end"),
        (
            "# /// script\n# dependencies = ['a b']\n# ///",
            "a requirement cannot be read",
            "x.py, dependencies[0]",
        ),
    ],
)
def test_a_fault_of_a_script_names_its_place(text, what, where):
    with pytest.raises((ForeignFileError, InvalidRequirement)) as info:
        read_inline_script(text, "x.py")
    assert (info.value.what, info.value.where) == (what, where)


def test_a_lock_as_a_block():
    text = write_inline_script(small_lock(), requirements=("demo>=1",))
    assert text == (
        '# /// script\n# requires-python = "==3.11.*"\n# dependencies = [\n#     "demo>=1",\n'
        "# ]\n# ///\n"
    )
    assert read_inline_script(text, "x.py").requirements == ("demo>=1",)


A, B = "a" * 64, "b" * 64
SCRIPT_LOCK = f"""\
version = 1
requires-python = ">=3.11"
[manifest]
requirements = [{{ name = "pandas", extras = ["excel"], specifier = ">=2" }}, {{ name = "torch" }}]
[[package]]
name = "pandas"
version = "2.2"
source = {{ registry = "https://index.example/simple" }}
sdist = {{ url = "https://files.example/p.tar.gz", hash = "sha256:{A}", size = 1 }}
wheels = [{{ url = "https://files.example/p.whl", hash = "sha256:{B}", size = 1 }}]
[[package]]
name = "six"
version = "1.0"
source = {{ registry = "https://index.example/simple" }}
resolution-markers = ["sys_platform == 'linux'", "sys_platform == 'darwin'"]
wheels = [{{ url = "https://files.example/s.whl", hash = "sha256:{B}" }}]
[[package]]
name = "torch"
version = "2"
source = {{ registry = "https://torch.example/cu" }}
"""


def test_a_scripts_uv_lock():
    wanted = read_uv_lock(SCRIPT_LOCK, "uv.lock")
    assert wanted.requirements == ("pandas[excel]>=2", "torch")
    assert [pin.constraint for pin in wanted.pins] == [
        "pandas==2.2",
        "six==1.0 ; (sys_platform == 'linux') or (sys_platform == 'darwin')",
        "torch==2",
    ]
    assert wanted.hashes == {"pandas": {A, B}, "six": {B}}
    assert [(i.url, i.projects) for i in wanted.indexes] == [
        ("https://torch.example/cu", ("torch",))
    ]


PROJECT_LOCK = """\
version = 1
[[package]]
name = "mine"
version = "0"
source = { virtual = "." }
dependencies = [{ name = "six" }, { name = "lib" }, { name = "wheel" }]
[package.metadata]
requires-dist = [
  { name = "six", specifier = ">=1", marker = "sys_platform == 'linux'" },
  { name = "lib", git = "https://host.example/lib" },
  { name = "wheel" },
  { name = "more", marker = "extra == 'x'" },
]
[[package]]
name = "six"
version = "1.0"
source = { registry = "https://index.example/simple" }
[[package]]
name = "lib"
version = "1.0"
source = { git = "https://host.example/lib" }
[[package]]
name = "wheel"
version = "1.0"
source = { url = "https://files.example/wheel-1.0-py3-none-any.whl" }
"""


def test_a_projects_uv_lock():
    wanted = read_uv_lock(PROJECT_LOCK, "uv.lock")
    assert wanted.requirements == (
        "six>=1 ; sys_platform == 'linux'",
        "wheel @ https://files.example/wheel-1.0-py3-none-any.whl",
    )
    assert wanted.notes == (
        "uv.lock, package[2]: lib is left out: its source would have to be built (git)",
        "uv.lock, package[0].metadata.requires-dist[1]: lib is left out: it would have to be"
        " built (git)",
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("version = 9", "uv.lock, version"),
        ("version = 1\npackage = 1", "uv.lock, package"),
        (
            "version = 1\n[[package]]\nname = 1\nsource = {registry = 'x'}",
            "uv.lock, package[0].name",
        ),
        (
            "version = 1\n[[package]]\nname = 'x'\nversion = 'x'\nsource = {registry = 'x'}",
            "uv.lock, package[0].version",
        ),
        (SCRIPT_LOCK.replace(A, "12"), "uv.lock, package[0].sdist.hash"),
        (SCRIPT_LOCK.replace("torch.example", "[", 1), "uv.lock, torch"),
        ("version 1", "uv.lock, line 1, column 9"),
    ],
)
def test_a_fault_of_a_uv_lock_names_its_place(text, where):
    with pytest.raises(ForeignFileError) as info:
        read_uv_lock(text, "uv.lock")
    assert info.value.where == where


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("Pylock.toml", "", "pylock"),
        ("pylock.dev.toml", "", "pylock"),
        ("locked.toml", "lock-version = '1.0'", "pylock"),
        ("locked.toml", "[[package]]", "uv-lock"),
        ("pyproject.toml", "[[package]]", "pyproject"),
        ("x.py.lock", "", "uv-lock"),
        ("requirements.txt", BLOCK, "requirements"),
        ("requirements", "", "requirements"),
        ("x.py", "", "script"),
        ("x", BLOCK, "script"),
        ("x.IPYNB", "", "notebook"),
    ],
)
def test_formats_are_told_by_name_and_content(name, text, kind):
    assert detect_format(name, text) == kind


def test_a_format_that_cannot_be_told():
    with pytest.raises(ForeignFileError, match="cannot be told"):
        detect_format("Pipfile", "")
