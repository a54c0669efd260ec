"""Changes between locks and their reversal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from jupyter_pyartifacts.errors import LockError
from jupyter_pyartifacts.history import (
    HISTORY_BYTES,
    Change,
    diff_locks,
    record_change,
    undo_change,
)
from jupyter_pyartifacts.lock import canonical_bytes, parse_lock, render_lock
from jupyter_pyartifacts.model import Digest, Distribution, Lock

from .locks import locks, small_lock, wheel

WHEN = "2026-01-02T03:04:05Z"


@given(locks(), locks())
def test_undo_gives_the_lock_before_byte_for_byte(before: Lock, after: Lock) -> None:
    first = record_change(None, before, what="add a", when=WHEN)
    changed = parse_lock(render_lock(record_change(first, after, what="upgrade", when=WHEN)))
    if len(changed.history) == 2:
        assert render_lock(undo_change(changed) or before) == render_lock(first)
    assert undo_change(first) is None


def test_the_history_stays_small_and_drops_its_oldest() -> None:
    lock = record_change(None, small_lock(), what="add demo>=1", when=WHEN)
    for number in range(200):
        name = f"n{number}"
        more = Distribution(name=name, version="1", artifacts=(wheel(f"{name}-1"),))
        after = replace(
            lock,
            requirements=(*lock.requirements, name),
            distributions=tuple(sorted((*lock.distributions, more), key=lambda each: each.name)),
        )
        lock = record_change(lock, after, what=f"add {name}", when=WHEN)
    assert len(canonical_bytes(render_lock(lock)["history"])) <= HISTORY_BYTES
    assert lock.history[0].what == "add n199"
    assert len(lock.history) > 1
    undone = undo_change(lock)
    assert undone is not None
    assert [each.name for each in undone.distributions if each.name == "n199"] == []


def test_undo_without_a_history_says_so() -> None:
    with pytest.raises(LockError, match=r"\Athere is no change to undo\nhint: "):
        undo_change(small_lock())


def test_undo_of_a_lock_edited_by_hand_changes_nothing_and_says_so() -> None:
    before = small_lock()
    after = replace(before, trees={"linux-x86_64": Digest("f" * 64)}, requirements=("x",))
    lock = record_change(before, after, what="add x", when=WHEN)
    document = render_lock(lock)
    document["history"][0]["bring"] = {"distributions": ["nonsense"]}
    with pytest.raises(LockError) as caught:
        undo_change(parse_lock(document))
    assert caught.value.what.startswith("the change 'add x' cannot be undone: ")


def test_the_difference_lists_added_removed_and_changed() -> None:
    before = small_lock()
    colorama, demo = before.distributions
    new = Distribution(name="new", version="2", artifacts=(wheel("new-2"),))
    after = replace(before, distributions=(replace(demo, version="1.1"), new))
    assert diff_locks(before, after) == (
        Change(name="colorama", before=colorama.version, after=None),
        Change(name="demo", before="1.0", after="1.1"),
        Change(name="new", before=None, after="2"),
    )
    assert diff_locks(None, None) == ()
