"""The lock's document: round trips, exact faults with their place, a stable digest."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jupyter_pyartifacts
from jupyter_pyartifacts.errors import LockError
from jupyter_pyartifacts.lock import lock_digest, parse_lock, render_lock
from jupyter_pyartifacts.model import Digest, Lock

from .locks import distributions, locks, names, small_lock

SCHEMA = json.loads(
    (Path(jupyter_pyartifacts.__file__).parent / "lock.schema.json").read_text("utf-8")
)


@given(locks())
def test_any_lock_round_trips_byte_for_byte(lock: Lock) -> None:
    text = json.dumps(render_lock(lock), indent=1, ensure_ascii=False)
    again = parse_lock(json.loads(text))
    assert json.dumps(render_lock(again), indent=1, ensure_ascii=False) == text
    assert lock_digest(again) == lock_digest(lock)


@given(locks())
def test_every_lock_is_valid_by_the_published_schema(lock: Lock) -> None:
    jsonschema.validate(render_lock(lock), SCHEMA)


@given(locks(), st.data(), names)
def test_adding_one_requirement_changes_only_its_own_lines(
    lock: Lock, data: st.DataObject, name: str
) -> None:
    others = tuple(each for each in lock.distributions if each.name != name)
    before = render_lock(replace(lock, distributions=others))
    added = data.draw(distributions(name))
    after = render_lock(replace(lock, distributions=(*others, added)))
    for field in ("distributions", "artifacts"):
        lines = [line for line in after[field] if line not in before[field]]
        assert [line for line in after[field] if line in before[field]] == before[field]
        assert all(line.startswith((name, name.replace("-", "_"))) for line in lines)
    for field in set(before) - {"distributions", "artifacts"}:
        assert after[field] == before[field]


def test_the_document_is_readable() -> None:
    assert render_lock(small_lock()) == {
        "lock_version": 1,
        "requirements": ["demo>=1"],
        "kernel": ["ipykernel", "ipywidgets"],
        "python": "cpython 3.11.7",
        "platforms": [
            "linux-aarch64",
            "linux-x86_64",
            "macos-arm64",
            "macos-x86_64",
            "windows-amd64",
        ],
        "distributions": [
            "colorama 0.4.6 ; sys_platform == 'win32'",
            "demo 1.0 | colorama ; sys_platform == 'win32'",
        ],
        "artifacts": [
            f"colorama-0.4.6-py2.py3-none-any.whl sha256:{'c' * 64} 10 aa/bb/{'c' * 60}",
            f"demo-1.0-py3-none-any.whl sha256:{'d' * 64} 10 aa/bb/{'d' * 60}",
        ],
        "trees": [
            f"{platform} sha256:{'e' * 64}"
            for platform in (
                "linux-aarch64",
                "linux-x86_64",
                "macos-arm64",
                "macos-x86_64",
                "windows-amd64",
            )
        ],
    }


def test_the_digest_is_permanent() -> None:
    # A digest names approvals on people's disks: a change of this number orphans them all.
    assert str(lock_digest(small_lock())) == (
        "sha256:689e5cae3f23b38fe79505a51ac78d81b639dc0d8e7cc2b67e68a101587f7775"
    )


def test_the_digest_ignores_the_history_only() -> None:
    lock = small_lock()
    assert lock_digest(replace(lock, requirements=("demo",))) != lock_digest(lock)
    assert lock_digest(replace(lock, trees={})) != lock_digest(lock)


def _edit(path: list[Any], value: object) -> dict[str, Any]:
    document = copy.deepcopy(render_lock(small_lock()))
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


DEMO = f"demo-1.0-py3-none-any.whl sha256:{'d' * 64} 10 aa/bb/x"
SDIST = f"demo-1.0.tar.gz sha256:{'d' * 64} 10 aa/bb/x"
PYTHON = (
    "linux-x86_64 3.11.7 20240107"
    f" cpython-3.11.7+20240107-x86_64-unknown-linux-gnu-install_only.tar.gz sha256:{'a' * 64} ?"
    " 20240107/"
)
TRANSLATED = f"{SDIST} tree=sha256:{'f' * 64} translator=1"
COLORAMA = f"colorama-0.4.6-py2.py3-none-any.whl sha256:{'c' * 64} 10 aa/bb/{'c' * 60}"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (None, "the lock is malformed: unexpected null (expected object) (pyartifacts)"),
        ([], "the lock is malformed: unexpected array (expected object) (pyartifacts)"),
        (
            {},
            "the lock is malformed: the field is missing (pyartifacts.lock_version)",
        ),
        (
            _edit(["extra"], 1),
            "the lock is malformed: unknown field 'extra' (pyartifacts)",
        ),
        (
            _edit(["lock_version"], True),
            "the lock is malformed: unexpected boolean (expected integer) "
            "(pyartifacts.lock_version)",
        ),
        (
            _edit(["lock_version"], 0),
            "the lock is malformed: version 0 does not exist (pyartifacts.lock_version)",
        ),
        (
            _edit(["artifacts", 1], 7),
            "the lock is malformed: unexpected integer (expected string) "
            "(pyartifacts.artifacts[1])",
        ),
        (
            _edit(["artifacts", 1], DEMO.replace("sha256:d", "sha256:D")),
            "the lock is malformed: a digest is not 64 lower-case hexadecimal digits: "
            f"'sha256:D{'d' * 63}' (pyartifacts.artifacts[1])",
        ),
        (
            _edit(["artifacts", 1], DEMO.replace(" 10 ", " -1 ")),
            "the lock is malformed: '-1' is not a size in bytes (pyartifacts.artifacts[1])",
        ),
        (
            _edit(["artifacts", 1], DEMO.replace("demo-1.0", "../demo-1.0")),
            "the lock is malformed: '../demo-1.0-py3-none-any.whl' is not a file name "
            "(pyartifacts.artifacts[1])",
        ),
        (
            _edit(["artifacts", 1], DEMO + " run=me"),
            "the lock is malformed: unknown word 'run=me' (pyartifacts.artifacts[1])",
        ),
        (
            _edit(["artifacts", 1], SDIST),
            "the lock is malformed: an sdist without tree= and translator= "
            "(pyartifacts.artifacts[1])",
        ),
        (
            _edit(["artifacts", 1], f"{SDIST} translator=1"),
            "the lock is malformed: an sdist without tree= and translator= "
            "(pyartifacts.artifacts[1])",
        ),
        (
            _edit(["artifacts", 1], DEMO + " translator=1"),
            "the lock is malformed: a wheel with translator= (pyartifacts.artifacts[1])",
        ),
        (
            _edit(["artifacts", 1], TRANSLATED.replace("demo-1.0.tar.gz", "demo.tar.bz2")),
            "the lock is malformed: 'demo.tar.bz2' is not the name of a wheel or sdist "
            "(pyartifacts.artifacts[1])",
        ),
        (
            _edit(["artifacts", 1], DEMO.replace("demo-1.0", "other-1.0")),
            "the lock is malformed: demo 1.0 has no artifact (pyartifacts.distributions[1])",
        ),
        (
            _edit(["distributions", 1], "Demo 1.0"),
            "the lock is malformed: 'Demo' is not a canonical project name "
            "(pyartifacts.distributions[1])",
        ),
        (
            _edit(["distributions", 1], "demo 1.0 ; os.system('x')"),
            "the lock is malformed: invalid marker \"os.system('x')\" "
            "(pyartifacts.distributions[1])",
        ),
        (
            _edit(["distributions", 1], "demo 1.0 @ nowhere"),
            "the lock is malformed: unknown index 'nowhere' (pyartifacts.distributions[1])",
        ),
        (
            _edit(["distributions", 0], "zz 1"),
            "the lock is malformed: lines are not sorted, or one stands twice "
            "(pyartifacts.distributions[1])",
        ),
        (
            _edit(["platforms"], ["linux-x86_64", "plan9-mips"]),
            "the lock is malformed: unknown platform 'plan9-mips' (pyartifacts.platforms[1])",
        ),
        (
            _edit(["python"], "cpython 3.11.7; rm -rf /"),
            "the lock is malformed: 'cpython 3.11.7; rm -rf /' is not an implementation and "
            "a version (pyartifacts.python)",
        ),
        (
            _edit(["requirements"], ["--index-url=x"]),
            "the lock is malformed: '--index-url=x' is not a requirement "
            "(pyartifacts.requirements[0])",
        ),
        (
            _edit(["requirements"], ["a\nb"]),
            "the lock is malformed: a string with a control character "
            "(pyartifacts.requirements[0])",
        ),
        (
            _edit(["requirements"], ["\ud800"]),
            "the lock is malformed: a string that is not Unicode (a lone surrogate) "
            "(pyartifacts.requirements[0])",
        ),
        (
            _edit(["requirements"], ["x" * 20_000]),
            "the lock is malformed: a string of 20000 characters (at most 16384) "
            "(pyartifacts.requirements[0])",
        ),
        (
            _edit(["interpreters"], [PYTHON.replace(" ? ", " 0 ")]),
            "the lock is malformed: '0' is not a size in bytes (pyartifacts.interpreters[0])",
        ),
        (
            _edit(["interpreters"], [PYTHON + f" tree=sha256:{'a' * 64}"]),
            f"the lock is malformed: unknown word 'tree=sha256:{'a' * 64}' "
            "(pyartifacts.interpreters[0])",
        ),
        (
            _edit(["interpreters"], [PYTHON.replace("3.11.7", "3.11.8")]),
            "the lock is malformed: an archive of Python 3.11.8 in a lock for 3.11.7 "
            "(pyartifacts.interpreters[0])",
        ),
        (
            _edit(["interpreters"], [PYTHON, PYTHON.replace("20240107", "20240108")]),
            "the lock is malformed: two archives for linux-x86_64 (pyartifacts.interpreters[1])",
        ),
        (
            _edit(["interpreters"], [PYTHON.replace("linux-x86_64 ", "plan9-mips ")]),
            "the lock is malformed: unknown platform 'plan9-mips' (pyartifacts.interpreters[0])",
        ),
        (
            _edit(["artifacts", 1], DEMO.replace(" 10 ", " ? ")),
            "the lock is malformed: '?' is not a size in bytes (pyartifacts.artifacts[1])",
        ),
        (
            _edit(["history"], [{"when": "now", "what": "x", "drop": {"trees": []}}]),
            "the lock is malformed: unknown field 'trees' (pyartifacts.history[0].drop)",
        ),
    ],
)
def test_every_fault_names_its_place(document: object, message: str) -> None:
    with pytest.raises(LockError) as caught:
        parse_lock(document)
    assert str(caught.value) == (
        f"{message}\nhint: restore the notebook from a backup or its version control; if two"
        " locks were merged, lock again: jupyter pyartifacts lock NOTEBOOK --merge"
    )


@pytest.mark.parametrize(
    "document",
    [
        {},
        _edit(["extra"], 1),
        _edit(["lock_version"], 2),
        _edit(["artifacts", 1], 7),
        _edit(["artifacts", 1], DEMO.replace("demo-1.0", "../demo-1.0")),
        _edit(["artifacts", 1], SDIST),
        _edit(["artifacts", 1], DEMO + " translator=1"),
        _edit(["python"], "cpython 3.11.7; rm -rf /"),
        _edit(["requirements"], ["--index-url=x"]),
        _edit(["platforms"], ["plan9-mips"]),
        _edit(["interpreters"], [PYTHON.replace(" ? ", " 0 ")]),
        _edit(["interpreters"], [PYTHON.replace(" ? ", " many ")]),
    ],
)
def test_the_schema_refuses_what_its_grammar_can_tell(document: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_an_sdist_belongs_to_the_distribution_that_its_name_may_mean() -> None:
    # The old name of version 1.0.post1 of demo; its other reading is a project demo-1-0.
    line = TRANSLATED.replace("demo-1.0.tar.gz", "Demo-1.0-1.zip")
    document = _edit(["artifacts"], [line, COLORAMA])
    document["distributions"] = ["colorama 0.4.6", "demo 1.0.post1"]
    lock = parse_lock(document)
    jsonschema.validate(document, SCHEMA)
    assert lock.distributions[1].artifacts[0].filename == "Demo-1.0-1.zip"
    assert render_lock(lock)["artifacts"] == [line, COLORAMA]
    document["distributions"] = ["colorama 0.4.6", "demo-1-0 1"]
    assert parse_lock(document).distributions[1].artifacts[0].translator == 1


def test_a_size_that_nobody_could_learn_is_a_question_mark() -> None:
    document = {**render_lock(small_lock()), "interpreters": [PYTHON]}
    lock = parse_lock(document)
    (own,) = lock.python.interpreters
    assert (own.artifact.size, own.artifact.kind) == (0, "interpreter")
    assert lock.python.archive_for("linux-x86_64") == own
    assert lock.python.archive_for("macos-arm64") is None
    assert render_lock(lock) == document
    jsonschema.validate(document, SCHEMA)


def test_another_translator_is_another_tree_in_a_store() -> None:
    lock = parse_lock(_edit(["artifacts", 1], TRANSLATED))
    sdist = lock.distributions[1].artifacts[0]
    newer = replace(sdist, translator=2)
    wheel = lock.distributions[0].artifacts[0]
    assert len({sdist.key, newer.key, sdist.digest}) == 3
    assert wheel.key == wheel.digest
    assert sdist.key == Digest(hashlib.sha256(f"sha256:{'d' * 64} 1".encode()).hexdigest())


def test_a_lock_from_the_future_is_refused_with_the_way_out() -> None:
    with pytest.raises(LockError) as caught:
        parse_lock({"lock_version": 2, "something": "else"})
    assert str(caught.value) == (
        "the lock was written by a newer version of jupyter_pyartifacts "
        "(pyartifacts.lock_version)\n"
        "  expected: 1 or older\n"
        "  found:    2\n"
        "hint: upgrade it: pip install --upgrade jupyter_pyartifacts"
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda each: (
            st.lists(each, max_size=3)
            | st.dictionaries(st.sampled_from(sorted(render_lock(small_lock()))), each, max_size=12)
        ),
        max_leaves=20,
    )
)
def test_nothing_but_a_lock_error_comes_out_of_garbage(document: object) -> None:
    try:
        parse_lock(document)
    except LockError:
        pass


def test_a_digest_has_64_digits() -> None:
    with pytest.raises(LockError):
        Digest("abc")
    with pytest.raises(LockError):
        Digest.parse("md5:" + "a" * 64)
