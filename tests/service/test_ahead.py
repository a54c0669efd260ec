"""Ahead of the resolver's answer: what is fetched, what is left alone, and that nothing fails."""

from __future__ import annotations

import os
import platform
import threading
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from jupyter_pyartifacts.config import Config
from jupyter_pyartifacts.instantiate import instantiate_pins
from jupyter_pyartifacts.model import Artifact, Digest, Lock, PythonPin
from jupyter_pyartifacts.notebook import read_document
from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS
from jupyter_pyartifacts.report import NullReporter
from jupyter_pyartifacts.service import Engine, LockOptions, ahead
from jupyter_pyartifacts.service.ahead import Ahead
from tests.indexes import IndexServer, project_wheel
from tests.wheels import Source, Wheel, build_wheel

WHEEL = build_wheel(files={"demo.py": b"x = 1\n" * 1000})
VERSION = platform.python_version()
OTHER = build_wheel("other")
KEY = WHEEL.pin().artifact.key


@pytest.fixture
def place(tmp_path: Path) -> Engine:
    return Engine(Config(stores=(str(tmp_path / "store"),), environ={}), NullReporter())


def join(work: Ahead) -> None:
    for thread in work._threads.values():
        thread.join(60)
        assert not thread.is_alive()


def lock_of(*wheels: Wheel) -> Lock:
    return Lock(
        requirements=("demo",),
        python=PythonPin(version=VERSION),
        platforms=DEFAULT_PLATFORMS,
        distributions=tuple(wheel.pin().distribution for wheel in wheels),
    )


def files(place: Engine) -> list[Path]:
    every = place.store.root.rglob("*")
    return [path for path in every if path.is_file() and path.suffix != ".lock"]


def test_what_is_likely_wanted_is_in_the_store_once_it_is_wanted(place: Engine) -> None:
    work = Ahead(place, None, Source().serve(WHEEL))
    work.fetch(WHEEL.pin())
    assert place.store.find_artifact(KEY) is None
    work.settle(lock_of(WHEEL))
    join(work)
    assert place.store.find_artifact(KEY) is not None
    work.settle()
    assert place.store.find_artifact(KEY) is not None


@pytest.mark.parametrize("answer", [None, lock_of(OTHER)])
def test_what_is_not_wanted_leaves_nothing(place: Engine, answer: Lock | None) -> None:
    source = Source().serve(WHEEL)
    work = Ahead(place, None, source)
    work.fetch(WHEEL.pin())
    work.settle(answer)
    join(work)
    assert files(place) == []
    work.fetch(WHEEL.pin())
    assert len(work._threads) == 1


def test_half_a_download_that_was_there_stays(place: Engine) -> None:
    place.store.prepare()
    part = place.store.layout.part(KEY)
    part.write_bytes(WHEEL.data[:100])
    work = Ahead(place, None, Source().serve(WHEEL))
    work.fetch(WHEEL.pin())
    work.settle()
    join(work)
    assert part.read_bytes().startswith(WHEEL.data[:100])


def test_what_is_there_stays(place: Engine) -> None:
    pins = [WHEEL.pin()]
    source = Source().serve(WHEEL)
    instantiate_pins(pins, store=place.store, fetcher=source, reporter=NullReporter())
    before = files(place)
    work = Ahead(place, None, source)
    work.fetch(WHEEL.pin())
    work.settle()
    join(work)
    assert files(place) == before
    assert len(source.fetched) == 1


def test_a_file_that_is_another_one_is_not_published(place: Engine) -> None:
    pin = WHEEL.pin()
    lie = replace(pin, artifact=replace(pin.artifact, digest=Digest("0" * 64)))
    work = Ahead(place, None, Source().serve(WHEEL))
    work.fetch(lie)
    work.settle(replace(lock_of(), distributions=(lie.distribution,)))
    join(work)
    assert files(place) == []


def test_what_is_large_waits_for_the_answer(place: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_LARGEST", WHEEL.pin().artifact.size - 1)
    work = Ahead(place, None, Source().serve(WHEEL))
    work.fetch(WHEEL.pin())
    assert work._threads == {}


def test_what_takes_long_is_left_to_whoever_wants_it(
    place: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_PATIENCE", 0)
    # However seldom progress is told, it is told often enough to hear of the end.
    monkeypatch.setattr("jupyter_pyartifacts.instantiate.tally._TELL_EVERY", 0)
    begun, on = threading.Event(), threading.Event()

    def halt(_: Artifact, done: int) -> None:
        if done:
            begun.set()
            on.wait()

    work = Ahead(place, None, Source(piece=100, before_piece=halt).serve(WHEEL))
    work.fetch(WHEEL.pin())
    assert begun.wait(60)
    work.settle(lock_of(WHEEL))
    on.set()
    join(work)
    assert place.store.find_artifact(KEY) is None
    assert place.store.layout.part(KEY).stat().st_size > 0


def test_nobody_waits_long_for_somebody_elses_answer(
    place: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_HOLD", 0.01)
    source = Source().serve(WHEEL)
    work = Ahead(place, None, source)
    work.fetch(WHEEL.pin())
    # Waits until the lock of the artifact is free, long before there is an answer.
    instantiate_pins([WHEEL.pin()], store=place.store, fetcher=source, reporter=NullReporter())
    assert place.store.find_artifact(KEY) is not None
    work.settle()
    join(work)
    assert place.store.find_artifact(KEY) is not None


def test_what_was_given_up_is_not_fetched_twice(
    place: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_HOLD", 0)
    begun = threading.Event()
    source = Source(before_piece=lambda *_: begun.set()).serve(WHEEL)
    work = Ahead(place, None, source)
    work.fetch(WHEEL.pin())
    assert begun.wait(60)
    taken = place.store.lock(KEY.hex)
    assert taken is not None
    taken.release()
    work.settle(lock_of(WHEEL))
    join(work)
    assert place.store.find_artifact(KEY) is None
    instantiate_pins([WHEEL.pin()], store=place.store, fetcher=source, reporter=NullReporter())
    assert len(source.fetched) == 1


def test_what_is_wrong_with_a_lock_shows_where_it_is_used(place: Engine) -> None:
    empty = replace(WHEEL.pin().distribution, artifacts=())
    broken = replace(lock_of(), distributions=(empty,))
    Ahead(place, broken, Source()).look_up()


def test_a_dry_run_fetches_nothing(tmp_path: Path) -> None:
    with IndexServer() as index:
        index.add(project_wheel("demo"), metadata=True)
        for name in ("ipykernel", "ipywidgets"):
            index.add(project_wheel(name), metadata=True)
        config = Config(
            stores=(str(tmp_path / "store"),), index_url=index.url, environ=dict(os.environ)
        )
        notebook = tmp_path / "n.ipynb"
        nbformat.write(nbformat.v4.new_notebook(), notebook)
        place = Engine(config, NullReporter())
        changed = place.add(
            read_document(notebook), ["demo"], options=LockOptions(dry_run=True, python=VERSION)
        )
        assert changed.lock is not None
        assert not [path for path in index.requests if path.endswith(".whl")]
    assert list((tmp_path / "store" / "artifacts").iterdir()) == []
