"""Reading and writing the lock of a notebook, side by side with nbformat."""

from __future__ import annotations

import copy
import json
import os
import stat
import sys
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_pyartifacts.errors import NotebookError
from jupyter_pyartifacts.notebook import code_of, parse_document, read_document, render_document

LOCK = {"lock_version": 1, "requirements": ["pandas"]}


def notebook(**metadata: Any) -> dict[str, Any]:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "P"}, **metadata},
        "cells": [
            {
                "cell_type": "markdown",
                "id": "a",
                "metadata": {},
                "source": ["# Größe\n", "ÅÄÖ \u2028 line separator"],
                "attachments": {"i.png": {"image/png": ["aGFs", "bG8="], "text/plain": "x\ny"}},
            },
            {
                "cell_type": "code",
                "id": "b",
                "metadata": {"trusted": True, "tags": ["x"]},
                "execution_count": 3,
                "source": "print(1)\nprint(2)",
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": "1\n2\x0b3\n"},
                    {
                        "output_type": "display_data",
                        "metadata": {},
                        "data": {
                            "text/html": ["<b>\n", "</b>"],
                            "image/svg+xml": "<svg>\n</svg>",
                            "application/javascript": "a\nb",
                            "application/json": ["kept", "apart"],
                            "application/vnd.x+json": {"b": 1, "a": ["x"]},
                            "image/png": ["YQ==\n"],
                        },
                    },
                    {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["a", "b"]},
                ],
            },
            {"cell_type": "raw", "id": "c", "metadata": {}, "source": ""},
        ],
    }


def as_nbformat_writes(document: dict[str, Any]) -> bytes:
    node = nbformat.reads(json.dumps(document), as_version=nbformat.NO_CONVERT)
    text = nbformat.writes(node)
    return (text if text.endswith("\n") else text + "\n").encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "n.ipynb"
    place.write_bytes(as_nbformat_writes(notebook()))
    return place


def test_the_lock_is_read(tmp_path: Path) -> None:
    place = tmp_path / "n.ipynb"
    place.write_text(json.dumps(notebook(pyartifacts=LOCK)))
    document = read_document(place)
    assert document.lock_document == LOCK
    assert document.kind == "notebook"
    assert document.path == place
    assert document.directory == tmp_path


def test_a_notebook_without_a_lock_has_none(path: Path) -> None:
    assert read_document(path).lock_document is None


def test_a_write_equals_what_nbformat_writes(tmp_path: Path) -> None:
    place = tmp_path / "n.ipynb"
    place.write_text(json.dumps(notebook(signature="x", orig_nbformat=4), indent=7))
    read_document(place).write_lock(LOCK)
    assert place.read_bytes() == as_nbformat_writes(notebook(pyartifacts=LOCK))


def test_bytes_outside_the_lock_are_unchanged(path: Path) -> None:
    before = path.read_bytes()
    document = read_document(path)
    document.write_lock(LOCK)
    written = path.read_bytes().decode()
    member = json.dumps({"pyartifacts": LOCK}, indent=1, sort_keys=True).splitlines()[1:-1]
    lines = [" " + line for line in member]
    taken_out = written.replace(",\n" + "\n".join(lines), "", 1)
    assert taken_out.encode() == before
    document.write_lock(None)
    assert path.read_bytes() == before


def test_the_same_lock_again_writes_nothing(path: Path) -> None:
    read_document(path).write_lock(LOCK)
    before = path.stat()
    read_document(path).write_lock(copy.deepcopy(LOCK))
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_byte_order_mark_is_read_and_not_written(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    read_document(path).write_lock(LOCK)
    assert path.read_bytes() == as_nbformat_writes(notebook(pyartifacts=LOCK))


def test_a_lone_surrogate_survives(tmp_path: Path) -> None:
    broken = notebook()
    broken["cells"][0]["source"] = "\ud83d"
    place = tmp_path / "n.ipynb"
    place.write_text(json.dumps(broken))
    read_document(place).write_lock(LOCK)
    assert json.loads(place.read_bytes())["cells"][0]["source"] == ["\ud83d"]


@given(
    st.lists(st.text(alphabet="a\n\r\x0b\x0c\x1c\x85\u2028é", max_size=8), max_size=3),
    st.text(alphabet="a\n\r\x0c\u2029ü", max_size=8),
)
def test_lines_are_split_as_nbformat_splits_them(source: list[str], text: str) -> None:
    document = notebook()
    document["cells"][1]["source"] = source
    document["cells"][1]["outputs"][0]["text"] = text
    document["cells"][1]["outputs"][1]["data"]["text/html"] = source
    document["cells"][0]["source"] = text
    document["cells"][0]["attachments"]["i.png"]["text/plain"] = text
    assert render_document(document, "notebook") == as_nbformat_writes(document)


def test_sources_of_old_minor_versions_are_kept(tmp_path: Path) -> None:
    old = notebook()
    old["nbformat_minor"] = 2
    for cell in old["cells"]:
        del cell["id"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert render_document(old, "notebook") == as_nbformat_writes(old)


def test_a_session_file_keeps_its_other_keys(tmp_path: Path) -> None:
    place = tmp_path / "session.json"
    place.write_text('{"pyartifacts": null, "other": [1, {"b": "ü"}]}')
    document = read_document(place)
    assert (document.kind, document.lock_document) == ("session", None)
    document.write_lock(LOCK)
    assert json.loads(place.read_bytes()) == {"pyartifacts": LOCK, "other": [1, {"b": "ü"}]}
    document.write_lock(None)
    assert json.loads(place.read_bytes()) == {"pyartifacts": None, "other": [1, {"b": "ü"}]}


def test_a_session_file_without_a_lock_is_one(tmp_path: Path) -> None:
    place = tmp_path / "session.json"
    place.write_text("{}")
    document = read_document(place)
    document.write_lock(LOCK)
    assert json.loads(place.read_bytes()) == {"pyartifacts": LOCK}


def test_a_change_on_disk_is_not_overwritten(path: Path) -> None:
    document = read_document(path)
    other = as_nbformat_writes(notebook(somebody="else"))
    path.write_bytes(other)
    with pytest.raises(NotebookError) as caught:
        document.write_lock(LOCK)
    assert str(caught.value) == (
        f"the notebook was changed on disk meanwhile ({path})\n"
        "hint: nothing was written; if the notebook is open in Jupyter, save it there and use "
        "%pyartifacts in the notebook, or close it; then try again"
    )
    assert path.read_bytes() == other
    assert os.listdir(path.parent) == ["n.ipynb"]


def test_a_second_write_starts_from_the_first(path: Path) -> None:
    document = read_document(path)
    document.write_lock(LOCK)
    document.write_lock({**LOCK, "requirements": []})
    assert document.lock_document == {**LOCK, "requirements": []}
    assert path.read_bytes() == as_nbformat_writes(notebook(pyartifacts=document.lock_document))


def test_a_notebook_that_went_away_is_not_made_anew(path: Path) -> None:
    document = read_document(path)
    path.unlink()
    with pytest.raises(NotebookError, match="the notebook is gone since it was read"):
        document.write_lock(LOCK)
    assert not path.exists()
    assert document.lock_document is None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
def test_mode_and_link_are_kept(path: Path) -> None:
    path.chmod(0o640)
    link = path.parent / "sub" / "link.ipynb"
    link.parent.mkdir()
    link.symlink_to("../n.ipynb")
    document = read_document(link)
    document.write_lock(LOCK)
    assert link.is_symlink()
    assert not path.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert read_document(path).lock_document == LOCK
    assert document.directory == link.parent


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_a_file_that_may_not_grow_is_left_alone(path: Path) -> None:
    """A limit on files' sizes stops the write half way, as a full disk does."""
    import resource

    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    document = read_document(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(NotebookError) as caught:
            document.write_lock(LOCK)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == (
        f"the notebook cannot be written ({path})\n"
        "  found:    File too large\n"
        "hint: nothing was written; make the file and its directory writable, with room for a "
        "copy of it"
    )
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["n.ipynb"]
    assert document.lock_document is None


V3 = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}
NAME = "hint: name a notebook (.ipynb)"
RESTORE = NAME + "; if it is one, restore it from a backup or checkpoint"
WANTED = "  expected: a notebook (nbformat 4)\n"
REFUSED = {
    "empty": (
        b"",
        f"the notebook is empty (n)\n{WANTED}  found:    0 bytes without content\n"
        "hint: open it in Jupyter and save it once, or restore it from a backup or checkpoint",
    ),
    "blank": (
        b" \n",
        f"the notebook is empty (n)\n{WANTED}  found:    2 bytes without content\n"
        "hint: open it in Jupyter and save it once, or restore it from a backup or checkpoint",
    ),
    "binary": (
        b"\x89PNG",
        "the notebook is not UTF-8 text (n)\n  found:    byte 0x89 at offset 0\n" + RESTORE,
    ),
    "text": (
        b"import pandas",
        f"the notebook is not JSON (n)\n{WANTED}"
        "  found:    Expecting value: line 1 column 1 (char 0)\n" + RESTORE,
    ),
    "list": (
        b"[]",
        f"the file is JSON, but no notebook (n)\n{WANTED}  found:    a list\n{NAME}",
    ),
    "other": (
        b'{"a": 1}',
        f"the file is JSON, but no notebook (n)\n{WANTED}  found:    no nbformat\n{NAME}",
    ),
    "text-version": (
        b'{"nbformat": "4"}',
        f"the file is JSON, but no notebook (n)\n{WANTED}  found:    a string as nbformat\n{NAME}",
    ),
    "no-metadata": (
        b'{"nbformat": 4, "cells": []}',
        f"the file is JSON, but no notebook (n)\n{WANTED}  found:    nothing as metadata\n{NAME}",
    ),
    "cells": (
        b'{"nbformat": 4, "metadata": {}, "cells": {}}',
        f"the file is JSON, but no notebook (n)\n{WANTED}  found:    an object as cells\n{NAME}",
    ),
    "cell": (
        b'{"nbformat": 4, "metadata": {}, "cells": [{"metadata": {}}, 3]}',
        f"the file is JSON, but no notebook (n)\n{WANTED}  found:    a number as cells[1]\n{NAME}",
    ),
    "nbformat-3": (
        json.dumps(V3).encode(),
        "the notebook is in the old format 3 (n)\n  expected: nbformat 4\n"
        "  found:    nbformat 3\n"
        "hint: convert it first: jupyter nbconvert --to notebook --inplace NOTEBOOK",
    ),
    "nbformat-5": (
        b'{"nbformat": 5, "metadata": {}, "cells": []}',
        "the notebook is in the format 5, which this version does not know (n)\n"
        "  expected: nbformat 4\n  found:    nbformat 5\nhint: upgrade jupyter_pyartifacts",
    ),
    "conflict": (
        b'{\n<<<<<<< HEAD\n "a": 1\n=======\n "a": 2\n>>>>>>> other\n}',
        "the notebook has an unresolved merge conflict (n, line 2)\n  found:    <<<<<<< HEAD\n"
        "hint: if only the lock is in conflict: jupyter pyartifacts lock NOTEBOOK --merge; else "
        "resolve it (`nbdime mergetool`, or `git checkout --ours` or `--theirs` and the file's "
        "name), then try again",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_notebook_is_refused(name: str) -> None:
    data, message = REFUSED[name]
    with pytest.raises(NotebookError) as caught:
        parse_document(data, "n")
    assert str(caught.value) == message


def test_bottomless_nesting_is_refused() -> None:
    with pytest.raises(NotebookError, match="the notebook is not JSON"):
        parse_document(b"[" * 200_000, "n")


def test_a_number_without_end_is_refused() -> None:
    with pytest.raises(NotebookError, match="the notebook is not JSON"):
        parse_document(b"9" * 20_000, "n")


def test_the_hint_for_an_old_notebook_works(tmp_path: Path) -> None:
    import subprocess

    place = tmp_path / "n.ipynb"
    place.write_text(json.dumps(V3))
    command = ["-m", "nbconvert", "--to", "notebook", "--inplace", str(place)]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    assert read_document(place).kind == "notebook"


def test_a_session_with_a_wrong_lock_is_refused() -> None:
    with pytest.raises(NotebookError) as caught:
        parse_document(b'{"pyartifacts": [1]}', "s.json")
    assert str(caught.value) == (
        "the session's lock is not an object (s.json)\n"
        '  expected: {"pyartifacts": {...}} or {"pyartifacts": null}\n'
        "  found:    a list\n"
        "hint: restart the kernel that owns this file"
    )


def test_an_unknown_path_gets_a_near_name(path: Path) -> None:
    for wrong in ("n", "m.ipynb"):
        with pytest.raises(NotebookError) as caught:
            read_document(path.parent / wrong)
        assert str(caught.value) == (
            f"there is no such notebook ({path.parent / wrong})\nhint: did you mean n.ipynb?"
        )
    with pytest.raises(NotebookError) as caught:
        read_document(path.parent / "pandas>=2")
    assert caught.value.hint == (
        "the notebook's path comes first: jupyter pyartifacts VERB NOTEBOOK ..."
    )


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotebookError) as caught:
        read_document(tmp_path)
    assert str(caught.value) == (
        f"this is not a file ({tmp_path})\n  found:    a directory\n"
        "hint: name a notebook (.ipynb) that exists and that you may read"
    )


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(NotebookError, match="the notebook cannot be read"):
        read_document("a\0b")


@pytest.mark.skipif(sys.platform == "win32", reason="sparse files")
def test_a_giant_is_refused_without_reading_it(tmp_path: Path) -> None:
    place = tmp_path / "n.ipynb"
    with open(place, "wb") as file:
        file.truncate(2 << 30)
    with pytest.raises(NotebookError) as caught:
        read_document(place)
    assert str(caught.value) == (
        f"the notebook is too large ({place})\n"
        "  expected: at most 1 GiB\n"
        "  found:    2.0 GiB\n"
        "hint: clear its outputs: jupyter nbconvert --clear-output --inplace NOTEBOOK"
    )


def test_the_code_is_that_of_the_code_cells() -> None:
    cells = [
        {"cell_type": "code", "source": ["import a\n", "import b"]},
        {"cell_type": "markdown", "source": "import c"},
        {"cell_type": "code", "source": "import d"},
    ]
    assert code_of({"cells": cells}) == "import a\nimport b\nimport d\n"


@pytest.mark.parametrize(
    "content",
    [None, [], {}, {"cells": None}, {"cells": [None, {"cell_type": "code"}]}, {"cells": {"a": 1}}]
    + [{"cells": [{"cell_type": "code", "source": source}]} for source in (None, 7, {"a": 1})],
)
def test_what_is_no_code_cell_has_no_code(content: object) -> None:
    assert code_of(content) == ""
