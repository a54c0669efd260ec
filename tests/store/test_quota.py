"""The quota of a store: what counts, and that nothing passes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import QuotaExceeded
from jupyter_pyartifacts.store import Store
from jupyter_pyartifacts.store.layout import FACTS
from tests.store.test_store import publish
from tests.wheels import build_wheel

ONE, TWO = (build_wheel(f"demo{n}", files={f"demo{n}.py": "x" * 5000}) for n in range(2))


def test_what_is_unpacked_counts_and_nothing_else(tmp_path: Path) -> None:
    store = Store([tmp_path / "store", tmp_path / "shared"])
    assert store.quota.used() == 0
    size = publish(store, ONE).facts.unpacked
    assert size > 5000
    publish(Store([tmp_path / "shared"]), TWO)
    (store.layout.artifacts / "notes.txt").write_text("of somebody")
    (store.layout.cache).mkdir()
    (store.layout.cache / "page").write_bytes(b"x" * 9999)
    assert store.quota.used() == size
    store.quota.check(10**15)


def test_what_is_damaged_does_not_count(tmp_path: Path) -> None:
    home = publish(Store([tmp_path]), ONE).home
    (home / FACTS).chmod(0o644)
    (home / FACTS).write_text("{}")
    assert Store([tmp_path]).quota.used() == 0


def test_what_goes_or_comes_is_seen(tmp_path: Path) -> None:
    store, other = Store([tmp_path]), Store([tmp_path])
    first = publish(store, ONE)
    size = store.quota.used()
    publish(other, TWO)
    assert store.quota.used() == other.quota.used() > size
    first.home.rename(tmp_path / "gone")
    assert store.quota.used() == other.quota.used() < 2 * size


def test_what_is_too_much_gets_no_name(tmp_path: Path) -> None:
    size = publish(Store([tmp_path]), ONE).facts.unpacked
    store = Store([tmp_path], quota=2 * size - 1)
    with pytest.raises(QuotaExceeded) as caught:
        publish(store, TWO)
    assert str(caught.value) == (
        f"the store's quota leaves no room for this ({tmp_path})\n"
        "  expected: at most 10.8 kB in all\n"
        "  found:    5.4 kB in use, and at least 5.4 kB to add\n"
        "hint: take packages out of notebooks, or delete those that you no longer need, and try"
        " again; or ask for more room (PYARTIFACTS_STORE_QUOTA)"
    )
    assert [path.name for path in store.layout.artifacts.iterdir()] == [ONE.digest.hex]
    publish(Store([tmp_path], quota=2 * size), TWO)
