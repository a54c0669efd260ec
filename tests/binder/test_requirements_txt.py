"""One more requirement in a requirements.txt."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.binder.requirements_txt import has_hashes, with_requirement

ASK = "jupyter_pyartifacts>=0.1.0"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{ASK}\n"),
        ("pandas\n", f"pandas\n{ASK}\n"),
        ("pandas", f"pandas\n{ASK}\n"),
        ("pandas\r\nnumpy", f"pandas\r\nnumpy\r\n{ASK}\r\n"),
        ("pandas \\\n", f"pandas \\\n\n{ASK}\n"),
        ("# jupyter_pyartifacts\n", f"# jupyter_pyartifacts\n{ASK}\n"),
        ("jupyter_pyartifacts_more\n", f"jupyter_pyartifacts_more\n{ASK}\n"),
    ],
)
def test_it_comes_last(before: str, after: str) -> None:
    assert with_requirement(before, ASK) == after
    assert with_requirement(after, ASK) == after


@pytest.mark.parametrize(
    "there",
    [
        "jupyter_pyartifacts",
        "Jupyter.PyArtifacts[x] == 0.1 # why",
        "jupyter-pyartifacts @ git+https://codes.example/me/it",
        "-e git+https://codes.example/me/it#egg=jupyter_pyartifacts",
    ],
)
def test_one_that_is_there_stays(there: str) -> None:
    assert with_requirement(f"pandas\n{there}\n", ASK) == f"pandas\n{there}\n"


def test_any_requirement_is_known_again() -> None:
    assert with_requirement("# here\n.\n", ".") == "# here\n.\n"


def test_hashes_are_seen() -> None:
    assert has_hashes("a==1 \\\n  --hash=sha256:00\n")
    assert has_hashes("--require-hashes\n")
    assert not has_hashes("a==1  # hash\n")
