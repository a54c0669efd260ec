"""setup.py, followed: what is said to be known is what a real run gives."""

from __future__ import annotations

import sys
import textwrap
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.errors import SdistRefused
from jupyter_pyartifacts.translate.sdist.archive import Source, parse_sdist_name
from jupyter_pyartifacts.translate.sdist.script import read_script
from jupyter_pyartifacts.translate.sdist.setup import Setup
from jupyter_pyartifacts.translate.sdist.values import Unknown, unknown_in


def source_of(text: str, files: dict[str, str] | None = None) -> Source:
    source = Source(parse_sdist_name("demo-1.0.tar.gz"))
    for path, content in {"setup.py": text, **(files or {})}.items():
        source.files[path] = False
        source.sizes[path] = len(content)
        source.keep(path, content.encode())
        for cut in range(1, path.count("/") + 1):
            source.directories.add("/".join(path.split("/")[:cut]))
    return source


def follow(text: str, files: dict[str, str] | None = None) -> Setup:
    return read_script(source_of(textwrap.dedent(text), files))


def _watch(frame: types.FrameType, event: str, argument: Any) -> Any:
    """Trace a run line by line: some lines of loops that double a list would fill any memory."""
    if any(isinstance(own, list) and len(own) > 10_000 for own in frame.f_globals.values()):
        raise OverflowError("a list has grown beyond all that is compared")
    return _watch


def run(text: str) -> dict[str, Any]:
    """Run a script of the test's own for real; return what its last `setup` was given."""
    calls: list[dict[str, Any]] = []
    module = types.ModuleType("setuptools")
    module.setup = lambda **given: calls.append(given)  # type: ignore[attr-defined]
    before = sys.modules.get("setuptools")
    sys.modules["setuptools"] = module
    tracer = sys.gettrace()
    sys.settrace(_watch)
    try:
        exec(compile(text, "setup.py", "exec"), {"__name__": "__main__", "__file__": "setup.py"})
    finally:
        sys.settrace(tracer)
        del sys.modules["setuptools"]
        if before is not None:
            sys.modules["setuptools"] = before
    return calls[-1]


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("setup(packages=['a', 'b'])", ["a", "b"]),
        (
            "NAME = 'a'\nsetup(packages=[NAME, NAME + '.b', '%s.c' % NAME, f'{NAME}.d'])",
            ["a", "a.b", "a.c", "a.d"],
        ),
        (
            "p = ['a']\np.append('b')\np += ['c']\np.extend(['d'])\nsetup(packages=p)",
            ["a", "b", "c", "d"],
        ),
        ("kw = dict(packages=['a'])\nkw['packages'].append('b')\nsetup(**kw)", ["a", "b"]),
        ("kw = {}\nkw.update(packages=['a'])\nsetup(**kw)", ["a"]),
        (
            "import sys\np = ['a']\nif sys.version_info < (3,):\n"
            "    p.append('b')\nsetup(packages=p)",
            ["a"],
        ),
        (
            "import sys\np = ['a']\nif sys.version_info[0] >= 3:\n"
            "    p.append('b')\nsetup(packages=p)",
            ["a", "b"],
        ),
        (
            "def names(top):\n    return [top] + [top + '.' + x for x in ('b', 'c') if x != 'c']\n"
            "setup(packages=names('a'))",
            ["a", "a.b"],
        ),
        ("def main():\n    setup(packages=['a'])\nif __name__ == '__main__':\n    main()", ["a"]),
        ("p = []\nfor x in ['a', 'b']:\n    p.append(x)\nsetup(packages=p)", ["a", "b"]),
        ("try:\n    import nothing\nexcept ImportError:\n    pass\nsetup(packages=['a'])", ["a"]),
        (
            "import os\nif os.environ.get('DEMO_FULL'):\n    p = ['b']\nelse:\n    p = ['a']\n"
            "setup(packages=p)",
            ["a"],
        ),
        ("exec(open('a/version.py').read())\nsetup(packages=[NAME])", ["a"]),
        ("import setuptools\nsetuptools.setup(packages=setuptools.find_packages())", ["a"]),
        ("setup(packages=open('list.txt').read().split())", ["x", "y"]),
        ("setup(packages=list(map(lambda x: 'a.' + x, ['b'])))", ["a.b"]),
        ("__import__('setuptools').setup(packages=['a'])", ["a"]),
    ],
)
def test_what_is_certain_is_known(text: str, packages: list[str]) -> None:
    files = {"a/__init__.py": "", "a/version.py": "NAME = 'a'\n", "list.txt": "x\ny\n"}
    setup = follow(f"from setuptools import setup, find_packages\n{text}", files)
    assert (setup.problem, setup.hidden) == (None, None)
    assert setup.get("packages") == packages


@pytest.mark.parametrize(
    ("text", "machine"),
    [
        (
            "import sys\np = ['a']\nif sys.platform == 'win32':\n"
            "    p.append('b')\nsetup(packages=p)",
            True,
        ),
        ("import sys\nsetup(packages=['a'] if sys.version_info < (3, 9) else ['b'])", True),
        ("import os\nsetup(packages=[os.environ['HOME']])", True),
        ("import platform\nsetup(packages=[platform.machine()])", True),
        ("import helper\nsetup(packages=helper.names())", False),
        ("p = ['a']\np.pop()\nsetup(packages=p)", False),
        ("p = ['a', 'b']\np[0] = 'c'\nsetup(packages=p)", False),
        (
            "def names():\n    if helper():\n        return ['a']\n"
            "    return ['b']\nsetup(packages=names())",
            False,
        ),
        (
            "p = []\nfor x in ['a', 'b']:\n    if helper(x):\n"
            "        continue\n    p.append(x)\nsetup(packages=p)",
            False,
        ),
        ("p = []\nwhile len(p) < 2:\n    p.append('a')\nsetup(packages=p)", False),
        (
            "try:\n    import fast\n    p = ['a']\nexcept ImportError:\n"
            "    p = ['b']\nsetup(packages=p)",
            False,
        ),
        ("p = ['a']\nhelper(p)\np = p * 2\nsetup(packages=p)", False),
        ("setup(packages=open('missing.txt').read().split())", False),
    ],
)
def test_what_is_not_certain_is_unknown(text: str, machine: bool) -> None:
    setup = follow(f"from setuptools import setup\n{text}")
    unknown = unknown_in(setup.get("packages"))
    assert unknown is not None
    assert unknown.machine == machine


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nif sys.platform == 'win32':\n"
        "    setup(packages=['a'])\nelse:\n    setup(packages=['b'])",
        "import os\nos.system('make')\nsetup(packages=['a'])",
        "import subprocess\nsubprocess.check_call(['make'])\nsetup(packages=['a'])",
        "import helper\nhelper.generate()\nsetup(packages=['a'])",
        "import helper\nsetup(**helper.arguments())",
        "while True:\n    setup(packages=['a'])",
        "n = 0\nfor a in range(9):\n    setup(packages=['a'])",
    ],
)
def test_scripts_that_decide_while_they_run_have_a_problem(text: str) -> None:
    setup = follow(f"from setuptools import setup\n{text}", {"helper.py": ""})
    assert setup.problem is not None or setup.hidden is not None


def test_files_that_a_script_writes_and_copies_are_known() -> None:
    setup = follow("open('a/b.py', 'w').write('x')\nwith open('c', mode='a') as f:\n    pass")
    assert setup.written == {"a/b.py", "c"}
    source = source_of("from shutil import copyfile\ncopyfile('a/x', 'b/y')", {"a/x": "1"})
    read_script(source)
    assert source.data("b/y") == b"1"


@pytest.mark.parametrize(
    "text",
    [
        "print 'python 2'",
        "x = (" * 500,
        "setup(\0)",
        "a = " + "-" * 100_000 + "1",
    ],
)
def test_what_is_no_python_is_refused(text: str) -> None:
    with pytest.raises(SdistRefused, match=r"setup\.py is not written in Python 3"):
        follow(text)


def test_large_values_are_given_up() -> None:
    doubled = "x = 'a' * 10\n" + "y = ['a']\n" + "y = y + y\n" * 60 + "setup(packages=y)"
    assert (
        unknown_in(follow(f"from setuptools import setup\n{doubled}").get("packages")) is not None
    )
    text = (
        "from setuptools import setup\nx = 'abcdefgh'\n"
        + "x = x + x\n" * 60
        + "setup(packages=[x])"
    )
    assert unknown_in(follow(text).get("packages")) is not None
    wide = "from setuptools import setup\nsetup(packages=['%999999999d' % 1])"
    assert isinstance(follow(wide).get("packages")[0], Unknown)
    endless = "def f(x):\n    return f(x + 1)\nfrom setuptools import setup\nsetup(packages=[f(1)])"
    assert unknown_in(follow(endless).get("packages")) is not None


# Random scripts: every list that is said to be known is the one of a real run.

ITEMS = st.sampled_from(["'a'", "'b'", "'a' + 'b'", "'%s.c' % 'a'", "n", "f'{n}.d'"])
LISTS = st.one_of(
    st.builds(lambda items: f"[{', '.join(items)}]", st.lists(ITEMS, max_size=3)),
    st.sampled_from(
        [
            "p",
            "q",
            "p + ['x']",
            "list(p)",
            "sorted(['b', 'a'])",
            "make('z')",
            "p[:1]",
            "[i.upper() for i in q]",
            "[i for i in p if i != 'a']",
            "'a b'.split()",
        ]
    ),
)
TESTS = st.sampled_from(
    [
        "sys.version_info < (3,)",
        "sys.version_info >= (3, 4)",
        "n == 'k'",
        "'a' in p",
        "not q",
        "len(p) > 1",
        "sys.version_info[0] == 2 or p",
        "p and q",
        "hidden",
        "len(q) == 0",
    ]
)
SIMPLE = st.one_of(
    st.builds(lambda name, value: f"{name} = {value}", st.sampled_from("pq"), LISTS),
    st.builds(lambda name, value: f"{name} += {value}", st.sampled_from("pq"), LISTS),
    st.builds(lambda name, item: f"{name}.append({item})", st.sampled_from("pq"), ITEMS),
    st.builds(lambda name, value: f"{name}.extend({value})", st.sampled_from("pq"), LISTS),
    st.builds(lambda name, item: f"{name}.insert(0, {item})", st.sampled_from("pq"), ITEMS),
    st.sampled_from(
        [
            "n = 'k'",
            "n = n + 'm'",
            "q = p",
            "p.sort()",
            "p.reverse()",
            "d['p'] = q",
            "p = d.get('p', [])",
            "d.update(p=q)",
            "pass",
            "p = list(d)",
            "q[:0] = ['u']",
        ]
    ),
)


def _indent(text: str) -> str:
    return textwrap.indent(text, "    ")


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(inner, min_size=1, max_size=3).map("\n".join)
    return st.one_of(
        st.builds(
            lambda test, one, two: f"if {test}:\n{_indent(one)}\nelse:\n{_indent(two)}",
            TESTS,
            body,
            body,
        ),
        st.builds(lambda value, one: f"for n in list({value}):\n{_indent(one)}", LISTS, body),
        st.builds(
            lambda value, test, one: (
                f"for n in list({value}):\n    if {test}:\n        break\n{_indent(one)}"
            ),
            LISTS,
            TESTS,
            body,
        ),
        st.builds(
            lambda one, two: f"try:\n{_indent(one)}\nexcept Exception:\n{_indent(two)}", body, body
        ),
        st.builds(
            lambda one: f"try:\n    import json\n{_indent(one)}\nexcept ImportError:\n    p = []",
            body,
        ),
        st.builds(
            lambda test, one: (
                f"def make(x):\n    if {test}:\n        return [x]\n"
                f"{_indent('global n')}\n{_indent('n = x')}\n"
                f"    return ['r', x]\n{one}"
            ),
            TESTS,
            body,
        ),
    )


PROGRAMS = st.lists(st.recursive(SIMPLE, _compound, max_leaves=6), max_size=7).map("\n".join)
BEFORE = (
    "import sys\nfrom setuptools import setup\np, q, d, n = ['a'], [], {}, 's'\n"
    "hidden = sys.platform == 'linux'\ndef make(x):\n    return [x, x]\n"
)


def test_a_run_that_grows_without_end_is_stopped() -> None:
    with pytest.raises(OverflowError):
        run(BEFORE + "for n in list(p):\n    p.extend(p)\n" * 5)


@given(PROGRAMS)
def test_what_is_known_is_what_a_run_gives(program: str) -> None:
    text = f"{BEFORE}{program}\nsetup(packages=p, other=q)\n"
    try:
        expected = run(text)
    except Exception:
        return
    setup = follow(text)
    if setup.problem is not None or not setup.calls:
        return
    for key in ("packages", "other"):
        found = setup.get(key)
        if unknown_in(found) is None:
            assert found == expected[key]
