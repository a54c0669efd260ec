"""The session file: where it lands, who can read it, when it goes."""

import json
import os
import stat

import pytest

from jupyter_pyartifacts.kernel.session import (
    read_session,
    remove_session,
    stock_session_path,
    write_session,
)


def test_the_first_directory_that_takes_it(tmp_path):
    (tmp_path / "file").touch()
    path = write_session(
        {"version": 1},
        kernel_id="k-1",
        directories=(str(tmp_path / "file"), str(tmp_path / "made" / "kernels")),
    )
    assert path == str(tmp_path / "made" / "kernels" / "k-1.json")
    with open(path, encoding="utf-8") as file:
        assert json.load(file) == {"pyartifacts": {"version": 1}}
    assert os.listdir(tmp_path / "made" / "kernels") == ["k-1.json"]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_a_restart_writes_the_notebooks_lock_anew(tmp_path):
    for number in (1, 2):
        path = write_session({"n": number}, kernel_id="k", directories=(str(tmp_path),))
    with open(path, encoding="utf-8") as file:
        assert json.load(file) == {"pyartifacts": {"n": 2}}


def test_no_directory_takes_it(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        write_session({}, kernel_id="k", directories=(str(tmp_path / "file"),))


def test_removing_twice_is_quiet(tmp_path):
    path = write_session({}, kernel_id="k", directories=(str(tmp_path),))
    remove_session(path)
    remove_session(path)
    assert os.listdir(tmp_path) == []


def test_what_the_kernel_made_of_it_is_read_back(tmp_path):
    path = write_session({"n": 1}, kernel_id="k", directories=(str(tmp_path),))
    assert read_session(path, "nothing") == {"n": 1}
    path = write_session(None, kernel_id="k", directories=(str(tmp_path),))
    assert read_session(path, "nothing") is None


@pytest.mark.parametrize("content", [None, "", "[]", "{", "{}", "\xff", "[" * 100_000])
def test_a_file_that_cannot_be_read_says_nothing(tmp_path, content):
    path = tmp_path / "k.json"
    if content is not None:
        path.write_bytes(content.encode("latin-1"))
    assert read_session(str(path), "nothing") == "nothing"
    assert read_session(None, "nothing") == "nothing"


def test_what_is_loaded_goes_with_it(tmp_path):
    path = write_session({}, kernel_id="k", directories=(str(tmp_path),))
    (tmp_path / "k.loaded").write_text("{}")
    remove_session(path)
    assert os.listdir(tmp_path) == []


def test_a_stock_kernels_place_is_private(tmp_path):
    path = stock_session_path("k", str(tmp_path / "made"))
    assert path == str(tmp_path / "made" / "k.json")
    assert stat.S_IMODE(os.stat(tmp_path / "made").st_mode) == 0o700
    (tmp_path / "file").touch()
    assert stock_session_path("k", str(tmp_path / "file" / "below")) is None
