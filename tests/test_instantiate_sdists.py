"""Instantiating sdists: translated among wheels, and the very tree that the lock pins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import HashMismatch, SdistRefused
from jupyter_pyartifacts.instantiate import instantiate_pins
from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.plan import TRANSLATOR_VERSION, Pin
from jupyter_pyartifacts.store import Published, Store
from tests.setuptools_sdists import COMPILED, build_sdist
from tests.wheels import Listener, Source, Wheel, build_wheel

WHEELS = [build_wheel(f"demo{n}") for n in range(3)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store([tmp_path / "store"])


def translated(sdist: Wheel, **fields: object) -> Pin:
    return sdist.pin(translator=TRANSLATOR_VERSION, **fields)


def publish_sdist(store: Store, sdist: Wheel, **fields: object) -> Published:
    pin, source = translated(sdist, **fields), Source().serve(sdist)
    pins = [pin, *(wheel.pin() for wheel in WHEELS)]
    found = instantiate_pins(
        pins, store=store, fetcher=source.serve(*WHEELS), reporter=Listener(), threads=2
    )
    return found[pin.artifact.key]


def test_an_sdist_is_translated_among_wheels(store: Store, tmp_path: Path) -> None:
    sdist = build_sdist("an-sdist", "1.0", {"an_sdist.py": "X = 1\n"})
    published = publish_sdist(store, sdist)
    assert (published.facts.name, published.facts.version) == ("an-sdist", "1.0")
    assert (published.path / "an_sdist.py").read_text() == "X = 1\n"
    assert published.home == store.layout.artifact(translated(sdist).artifact.key)
    # The very same tree everywhere, which is what a lock demands.
    elsewhere = Store([tmp_path / "elsewhere"])
    again = publish_sdist(elsewhere, sdist, tree=published.tree)
    assert again.tree == published.tree
    assert list((store.root / "downloads").iterdir()) == []
    assert list((store.root / "temporary").iterdir()) == []


def test_another_tree_than_the_lock_pins_publishes_nothing(store: Store) -> None:
    sdist = build_sdist()
    tree = publish_sdist(Store([store.root / "elsewhere"]), sdist).tree
    for made, hint in (
        (
            TRANSLATOR_VERSION,
            "the lock was edited, or an sdist is not translated here as it is elsewhere: report"
            " it, and lock again: jupyter pyartifacts lock NOTEBOOK",
        ),
        (
            TRANSLATOR_VERSION + 7,
            f"it was translated by version {TRANSLATOR_VERSION + 7} of the translator, and version"
            f" {TRANSLATOR_VERSION}, which is here, makes another tree of it: lock again (jupyter"
            " pyartifacts lock NOTEBOOK), or use the version of jupyter_pyartifacts that made the"
            " lock",
        ),
    ):
        pin = sdist.pin(tree=Digest("0" * 64), translator=made)
        with pytest.raises(HashMismatch) as caught:
            instantiate_pins([pin], store=store, fetcher=Source().serve(sdist), reporter=Listener())
        assert str(caught.value) == (
            "demo 1.0: its tree is not the one that the lock pins (demo-1.0.tar.gz)\n"
            f"  expected: sha256:{'0' * 64}\n  found:    {tree}\nhint: {hint}"
        )
        assert not store.layout.artifact(pin.artifact.key).exists()
        assert not store.layout.part(sdist.digest).exists()


def test_a_lock_of_an_older_translator_is_served_as_long_as_the_tree_is_the_same(
    store: Store,
) -> None:
    sdist = build_sdist()
    now = publish_sdist(store, sdist)
    pin = sdist.pin(tree=now.tree, translator=TRANSLATOR_VERSION + 1)
    found = instantiate_pins(
        [pin], store=store, fetcher=Source().serve(sdist), reporter=Listener()
    )[pin.artifact.key]
    # Both stay in the store, each under a name of its own.
    assert found.tree == now.tree
    assert found.home != now.home


def test_an_sdist_that_is_refused_publishes_nothing(store: Store) -> None:
    sdist = build_sdist("demo", "1.0", COMPILED)
    with pytest.raises(SdistRefused) as caught:
        publish_sdist(store, sdist)
    assert caught.value.what.startswith("demo 1.0: its source has a C extension (`src/fast.c`)")
    assert not store.layout.artifact(translated(sdist).artifact.key).exists()


def test_without_an_sdist_the_translator_is_not_loaded() -> None:
    script = (
        "import sys\n"
        "import jupyter_pyartifacts.instantiate, jupyter_pyartifacts.provide\n"
        "import jupyter_pyartifacts.resolve, jupyter_pyartifacts.resolve.synthetic\n"
        "print([m for m in sys.modules if m.startswith('jupyter_pyartifacts.translate.sdist')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
