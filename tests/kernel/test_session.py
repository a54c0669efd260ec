"""The session file: where it lands, who can read it, when it goes."""

import json
import os
import stat

import pytest

from jupyter_pyartifacts.kernel.session import remove_session, write_session


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
