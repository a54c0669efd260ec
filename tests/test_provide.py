"""Providing below a quota: what nobody uses is freed first, and a failed attempt leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.errors import QuotaExceeded
from jupyter_pyartifacts.instantiate import instantiate_pins
from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.provide import Provider
from jupyter_pyartifacts.store import Published, Store
from jupyter_pyartifacts.store.roots import record_use
from tests.wheels import Listener, Source, Wheel, build_wheel

OLD, NEW, NEWER = (
    build_wheel(f"demo{n}", files={f"demo{n}/a.bin": bytes([n]) * 200_000}) for n in range(3)
)


class Notebook:
    """A provider below a quota, and a way to bring wheels as it does."""

    def __init__(self, root: Path, quota: int) -> None:
        self.store = Store([root / "store"], quota=quota)
        self.listener = Listener()
        config = Config.from_environ({}, store_quota=quota)
        self.provider = Provider(config, self.store, "linux-x86_64", self.listener)
        self.source = Source()
        self.path = root / "n.ipynb"
        self.path.touch()

    def bring(self, *wheels: Wheel) -> dict[Digest, Published]:
        self.source.serve(*wheels)
        pins = [wheel.pin() for wheel in wheels]
        return self.provider._with_room(
            pins,
            lambda: instantiate_pins(
                pins, store=self.store, fetcher=self.source, reporter=self.listener
            ),
        )

    def use(self, *wheels: Wheel) -> None:
        record_use(
            self.store,
            self.path,
            lock=Digest("f" * 64),
            view=Digest("1" * 64),
            artifacts=[wheel.digest for wheel in wheels],
            when="2026-01-01T00:00:00Z",
        )

    @property
    def kept(self) -> set[str]:
        return {path.name for path in self.store.layout.artifacts.iterdir()}


def test_what_nobody_uses_makes_room(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path, quota=300_000)
    notebook.bring(OLD)
    notebook.bring(NEW)
    assert notebook.kept == {NEW.digest.hex}
    assert notebook.listener.notes == [
        "freed 201 kB that no notebook used, to stay below the store's quota"
    ]
    # What was fetched for the first attempt is not fetched again.
    assert notebook.source.fetched == [OLD.filename, NEW.filename]


def test_what_is_used_stays_and_the_attempt_goes(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path, quota=500_000)
    notebook.bring(OLD)
    notebook.use(OLD)
    with pytest.raises(QuotaExceeded) as caught:
        notebook.bring(NEW, NEWER)
    assert str(caught.value) == (
        f"the store's quota leaves no room for this ({tmp_path}/store)\n"
        "  expected: at most 500 kB in all\n"
        "  found:    200 kB in use, and at least 401 kB to add\n"
        "  Everything in it is used by a notebook or a running kernel.\n"
        "hint: take packages out of notebooks, or delete those that you no longer need, and try"
        " again; or ask for more room (PYARTIFACTS_STORE_QUOTA)"
    )
    assert notebook.kept == {OLD.digest.hex}


def test_what_is_freed_may_not_be_enough(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path, quota=300_000)
    notebook.bring(OLD)
    with pytest.raises(QuotaExceeded) as caught:
        notebook.bring(NEW, NEWER)
    assert caught.value.details == "201 kB that no notebook used were freed for it."
    assert notebook.kept == set()


def test_a_store_in_use_cannot_be_freed(tmp_path: Path) -> None:
    notebook = Notebook(tmp_path, quota=300_000)
    notebook.bring(OLD)
    with Store([tmp_path / "store"]).using(), pytest.raises(QuotaExceeded) as caught:
        notebook.bring(NEW)
    assert caught.value.details == (
        "Nothing could be freed: the store is in use: something is being added to it at this"
        " moment."
    )
    assert notebook.kept == {OLD.digest.hex}
