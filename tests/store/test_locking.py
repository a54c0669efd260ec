"""Locks: one holder at a time, among threads and processes, and a dead holder holds nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jupyter_pyartifacts.store.locking import acquire, acquire_shared

HOLD = """
import sys, time
from pathlib import Path
from jupyter_pyartifacts.store.locking import acquire
with acquire(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    lock = acquire(path)
    assert lock is not None
    assert acquire(path, wait=False) is None
    lock.release()
    lock.release()
    again = acquire(path, wait=False)
    assert again is not None
    again.release()
    assert not path.exists()


def test_threads_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(20):
            lock = acquire(path)
            assert lock is not None
            with lock:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 160
    assert max(most) == 1


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    process = holder(path)
    assert acquire(path, wait=False) is None
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    lock = acquire(path)
    assert lock is not None
    lock.release()


def test_waiting_can_be_given_up(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    calls: list[int] = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise Enough

    with acquire(tmp_path / "a.lock") or pytest.fail("not locked"), pytest.raises(Enough):
        acquire(tmp_path / "a.lock", check=check)


def test_a_waiter_gets_it_next(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    lock = acquire(path)
    assert lock is not None
    got: list[float] = []

    def wait() -> None:
        second = acquire(path)
        assert second is not None
        got.append(time.monotonic())
        second.release()

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.05)
    released = time.monotonic()
    lock.release()
    thread.join()
    assert got[0] >= released


def test_shared_holders_exclude_the_one(tmp_path: Path) -> None:
    path = tmp_path / "sweep.lock"
    one, two = acquire_shared(path), acquire_shared(path)
    assert one is not None
    assert two is not None
    assert acquire_shared(path, exclusive=True, wait=False) is None
    one.release()
    assert acquire_shared(path, exclusive=True, wait=False) is None
    two.release()
    alone = acquire_shared(path, exclusive=True, wait=False)
    assert alone is not None
    assert acquire_shared(path, wait=False) is None
    alone.release()
