"""Locks that are of one piece, and those that a merge or an editor made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_pyartifacts.errors import LockError
from jupyter_pyartifacts.model import Distribution, Lock
from jupyter_pyartifacts.whole import check_whole, reached
from tests.locks import small_lock, wheel


def whole() -> Lock:
    return replace(small_lock(), kernel=())


def with_distribution(lock: Lock, name: str, version: str, **fields: object) -> Lock:
    own = Distribution(
        name=name,
        version=version,
        artifacts=(wheel(f"{name}-{version}", fill="f"),),
        **fields,  # type: ignore[arg-type]
    )
    every = (*lock.distributions, own)
    return replace(
        lock, distributions=tuple(sorted(every, key=lambda each: (each.name, each.version)))
    )


def test_a_lock_of_one_piece() -> None:
    check_whole(whole())
    check_whole(replace(whole(), requirements=(), distributions=()))


def test_names_reached_along_edges() -> None:
    assert reached(["a"], {"a": ["b"], "b": ["a"], "c": ["a"]}) == {"a", "b"}


@pytest.mark.parametrize(
    ("lock", "found"),
    [
        (with_distribution(whole(), "six", "1.0"), "six 1.0 is pinned, and nothing needs it"),
        (
            replace(whole(), requirements=("demo>=1", "six")),
            "six is asked for, and not pinned",
        ),
        (
            replace(whole(), requirements=("demo>=2",)),
            "demo 1.0 is pinned, and demo>=2 is asked for",
        ),
        (
            with_distribution(whole(), "demo", "1.1"),
            "the lock pins demo twice for linux-aarch64 (1.0 and 1.1)",
        ),
    ],
)
def test_a_lock_of_two(lock: Lock, found: str) -> None:
    with pytest.raises(LockError) as caught:
        check_whole(lock, "n.ipynb")
    assert str(caught.value) == (
        "the lock is not of one piece: two locks were merged, or it was edited (n.ipynb)\n"
        f"  found:    {found}\n"
        "hint: lock again from what both sides asked for: jupyter pyartifacts lock NOTEBOOK --merge"
    )


def test_versions_of_one_project_for_different_platforms_are_no_fault() -> None:
    lock = whole()
    demo = replace(lock.distributions[1], marker="sys_platform == 'win32'")
    lock = replace(lock, distributions=(lock.distributions[0], demo))
    check_whole(with_distribution(lock, "demo", "1.1", marker="sys_platform != 'win32'"))


def test_a_requirement_for_some_platforms_may_be_pinned_nowhere() -> None:
    check_whole(replace(whole(), requirements=("demo", "six; sys_platform == 'plan9'")))
