"""The extraction pool: every wheel ends once, in a tree or with its own failure."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import ArtifactError, SdistRefused
from jupyter_pyartifacts.translate.pool import ExtractionPool, default_threads
from jupyter_pyartifacts.translate.wheel import Tree, extract_wheel
from tests.setuptools_sdists import build_sdist
from tests.wheels import Wheel, build_wheel


def run(wheels: list[Wheel], tmp_path: Path, threads: int) -> dict[str, Tree | BaseException]:
    results: dict[str, Tree | BaseException] = {}
    pool = ExtractionPool(threads)
    for wheel in wheels:
        path = wheel.write(tmp_path)

        def done(result: Tree | BaseException, name: str = wheel.name) -> None:
            assert name not in results
            results[name] = result

        pool.submit(str(path), str(tmp_path / wheel.name), wheel.filename, len(wheel.data), done)
    pool.close()
    return results


@pytest.mark.parametrize("threads", [1, 4])
def test_trees_are_those_of_one_thread(threads: int, tmp_path: Path) -> None:
    wheels = [
        build_wheel(f"demo{n}", files={f"demo{n}/m{k}.py": "x" * 300_000 for k in range(40)})
        for n in range(4)
    ]
    results = run(wheels, tmp_path, threads)
    for wheel in wheels:
        alone = extract_wheel(
            tmp_path / wheel.filename, str(tmp_path / f"{wheel.name}-alone"), wheel.filename
        )
        assert results[wheel.name] == alone


def test_one_bad_wheel_does_not_harm_the_others(tmp_path: Path) -> None:
    good, bad = build_wheel("good"), build_wheel("bad", files={"../x": ""})
    results = run([bad, good], tmp_path, 2)
    assert isinstance(results["good"], Tree)
    assert isinstance(results["bad"], ArtifactError)


def test_a_failure_in_one_batch_fails_its_wheel(tmp_path: Path) -> None:
    wheel = build_wheel(
        files={f"demo/m{k}.py": "x" * 300_000 for k in range(40)},
        record=lambda text: text.replace(",300000\n", ",300001\n", 1),
    )
    result = run([wheel], tmp_path, 3)["demo"]
    assert isinstance(result, ArtifactError)
    assert result.what == "demo 1.0: the size of demo/m0.py is not what its RECORD says"


def test_what_is_cancelled_ends_with_the_reason(tmp_path: Path) -> None:
    gate = threading.Event()
    pool = ExtractionPool(1)
    results: list[Tree | BaseException] = []
    first, second = build_wheel("first"), build_wheel("second")

    def wait(result: Tree | BaseException) -> None:
        results.append(result)
        gate.wait(30)

    pool.submit(str(first.write(tmp_path)), str(tmp_path / "1"), first.filename, 1, wait)
    while not results:
        pass
    path = str(second.write(tmp_path))
    pool.submit(path, str(tmp_path / "2"), second.filename, 1, results.append)
    reason = RuntimeError("enough")
    pool.cancel(reason)
    gate.set()
    pool.close()
    assert isinstance(results[0], Tree)
    assert results[1] is reason
    assert not (tmp_path / "2").exists()


def test_there_is_at_least_one_thread() -> None:
    assert 1 <= default_threads() <= 8


def test_a_defect_of_the_translator_is_a_refusal_of_that_sdist(tmp_path: Path) -> None:
    sdist = build_sdist("tripping")
    results: list[Tree | BaseException] = []

    def trip(_: int) -> None:
        raise KeyError("nowhere")

    pool = ExtractionPool(1)
    path = str(sdist.write(tmp_path))
    pool.submit(path, str(tmp_path / "tree"), sdist.filename, 1, results.append, trip)
    pool.submit(path, str(tmp_path / "good"), sdist.filename, 1, results.append)
    pool.close()
    refused, tree = results
    assert isinstance(refused, SdistRefused)
    assert str(refused) == (
        "tripping-1.0.tar.gz: its source is such that the translator fails (KeyError)"
        " (tripping-1.0.tar.gz)\n  'nowhere'\n"
        "hint: report it with the name of the file, and pin another version until then"
    )
    assert isinstance(tree, Tree)
    assert tree.facts.name == "tripping"
