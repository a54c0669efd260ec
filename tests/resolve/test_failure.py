"""uv's words sorted into our errors; what it says stays whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import (
    NetworkError,
    OfflineError,
    PyArtifactsError,
    ResolutionError,
    StoreError,
)
from jupyter_pyartifacts.resolve.failure import clean, explain, named_as_refused
from jupyter_pyartifacts.resolve.synthetic import Refusal


def explained(
    said: str,
    failures: dict[str, PyArtifactsError] | None = None,
    *,
    wheels: bool = True,
    unmet: tuple[str, str] | None = None,
    refused: dict[str, tuple[tuple[str, Refusal], ...]] | None = None,
) -> PyArtifactsError:
    return explain(
        said,
        failures or {},
        requested=["first"],
        where="Python 3.11 on linux-x86_64",
        has_wheel=lambda _: wheels,
        unmet=lambda _: unmet,
        refused=lambda name: (refused or {}).get(name, ()),
        cache=Path("/store/cache"),
    )


def test_noise_and_made_up_names_are_taken_out() -> None:
    said = (
        "Using CPython 3.11.7\n\x1b[31merror\x1b[0m: No solution found\n"
        "  cause: Because your project depends on first and pyartifacts-notebook's x,\n"
        "         we can conclude that your project's requirements are unsatisfiable.\n\n"
        "hint: While the active Python version is 3.11, the resolution failed for other\n"
        "  versions.\n\n"
        "hint: `first` was found at http://127.0.0.1:4321/secret/0123/simple/first/\n"
    )
    assert clean(said) == (
        "error: No solution found\n"
        "  cause: Because the notebook depends on first and the notebook's x,\n"
        "         we can conclude that the requirements are unsatisfiable.\n\n"
        "hint: `first` was found at first/"
    )


def test_what_the_loopback_index_saw_says_more() -> None:
    seen = NetworkError(
        "host.example cannot be reached", where="first", details="timed out", hint="wait"
    )
    error = explained("error: Failed to fetch", {"first": seen})
    assert type(error) is NetworkError
    assert str(error) == (
        "first cannot be looked up: host.example cannot be reached (first)\n  timed out\nhint: wait"
    )


def test_offline_stays_offline() -> None:
    seen = OfflineError("first was never fetched", hint="go online")
    assert type(explained("error: x", {"first": seen})) is OfflineError


def test_the_index_inside_cannot_be_reached() -> None:
    error = explained("error: Failed to fetch: `http://127.0.0.1:1/x`\n  cause: tcp connect error")
    assert error.what == "uv cannot reach the index that runs inside this program"
    assert error.hint == "allow connections to 127.0.0.1, then try again"


@pytest.mark.parametrize("said", ["", "error: something new"])
def test_what_is_new_is_passed_on(said: str) -> None:
    error = explained(said)
    assert type(error) is ResolutionError
    assert error.what == "uv cannot resolve the requirements"
    assert error.details == (said or "it said nothing")


def test_a_full_disk_is_the_stores_failure() -> None:
    error = explained(
        "error: Failed to write to the client cache\n  cause: No space left on device (os error 28)"
    )
    assert isinstance(error, StoreError)
    assert error.what == "the store's disk is full"
    assert error.where == "/store/cache"
    assert "No space left on device" in str(error.details)


def test_no_version_is_what_is_asked_for() -> None:
    error = explained("No solution found", unmet=("first<1,>=2", "0.1 to 3.0, 9 versions"))
    assert type(error) is ResolutionError
    assert str(error) == (
        "no version of first is what the requirements ask for\n"
        "  expected: first<1,>=2\n  found:    0.1 to 3.0, 9 versions\n  No solution found\n"
        "hint: loosen the requirement"
    )


def test_a_refusal_says_more_than_uv() -> None:
    said = (
        "No solution found\n  Because only first==1.0 is available and first==1.0 depends on"
        " second>=2,\n  and second==2.0 depends on\n  pyartifacts-refused-its-source-has-x==0, we"
        " can conclude that your project's requirements are unsatisfiable."
    )
    assert named_as_refused(said) == {"second"}
    refusal = Refusal(what="second 2.0: its source has x", where="a.tar.gz", hint="do y")
    error = explained(said, refused={"second": (("2.0", refusal),)})
    assert str(error).splitlines()[0] == "second 2.0: its source has x (a.tar.gz)"
    assert "first==1.0 depends on" in str(error)
    assert str(error).endswith("\nhint: do y")
    assert refusal.slug == "its-source-has-x"
    assert refusal.text == "its source has x (a.tar.gz). hint: do y"


def test_a_wheel_that_cannot_be_read_is_no_refused_sdist() -> None:
    said = "first==1.0 depends on pyartifacts-refused-a-wheel-that-cannot-be-read==0"
    assert named_as_refused(said) == set()
    assert explained(said).what == (
        "no file of first can be used: its metadata cannot be read out of the wheel"
    )
