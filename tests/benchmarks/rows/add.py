"""`add` of one more project to a lock of 100 distributions, for five platforms, by command line."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS, uv_environment

from ..bench import Bench, discard, interleave
from ..notebooks import compile_all, read_lock, write_notebook
from ..table import Row, paired
from ..wheelhouse import FULL, MINOR, words

ONE_MORE = "seaborn"


def measure(bench: Bench, rounds: int) -> Iterator[Row]:
    """Both sides have everything but the one; each round begins with a copy of that state."""
    with bench.scratch("add") as scratch:
        # Stores and environments hold absolute paths, so the copy is always put at one place.
        ours_at, uv_at = scratch / "ours", scratch / "uv"
        count = _make_ours(bench, ours_at)
        _make_uv(bench, uv_at)
        for place in (ours_at, uv_at):
            place.rename(place.with_suffix(".made"))

        def ours() -> float:
            _restore(ours_at)
            notebook = ours_at / "ours.ipynb"
            spent = bench.run_ours("add", str(notebook), ONE_MORE, store=ours_at / "store")
            if len(read_lock(notebook)["requirements"]) != len(words("hundred")) + 1:
                raise SystemExit(f"{ONE_MORE} is not in the lock")
            return spent.wall

        def peer() -> float:
            _restore(uv_at)
            project, cache = uv_at / "project", uv_at / "cache"
            _write_project(project, [*words("hundred"), ONE_MORE])
            spent = bench.run_uv("lock", cache=cache, cwd=project).wall
            spent += bench.run_uv("sync", cache=cache, cwd=project).wall
            if f'name = "{ONE_MORE}"' not in (project / "uv.lock").read_text():
                raise SystemExit(f"{ONE_MORE} is not in uv.lock")
            return spent

        mine, its = interleave(rounds, ours, peer)
        yield paired(f"add one to {count} distributions", mine, its, bar=1.0)
        store = scratch / "store"
        bench.run_ours("engine", "start", store=store)
        try:
            mine, its = interleave(rounds, ours, peer)
        finally:
            bench.run_ours("engine", "stop", store=store)
    yield paired("the same, with a running engine", mine, its, bar=1.0)


def _make_ours(bench: Bench, place: Path) -> int:
    place.mkdir()
    store = place / "store"
    notebook = write_notebook(bench, place / "ours.ipynb", "hundred", store=store, everywhere=True)
    compile_all(bench, notebook, store)
    return len(bench.wheelhouse.pins("hundred")) if notebook else 0


def _make_uv(bench: Bench, place: Path) -> None:
    project = place / "project"
    project.mkdir(parents=True)
    _write_project(project, words("hundred"))
    bench.run_uv("lock", "--python", bench.python, cache=place / "cache", cwd=project)
    bench.run_uv("sync", "--python", bench.python, cache=place / "cache", cwd=project)


def _write_project(project: Path, requirements: list[str]) -> None:
    environments = [uv_environment(platform, MINOR) for platform in DEFAULT_PLATFORMS]
    lines = [
        "[project]",
        'name = "notebook"',
        'version = "0"',
        f'requires-python = ">={FULL}"',
        f"dependencies = {requirements!r}",
        "[tool.uv]",
        f"environments = {environments!r}".replace("\\'", "'"),
        "no-build = true",
        "package = false",
    ]
    (project / "pyproject.toml").write_text("\n".join(lines) + "\n")


def _restore(place: Path) -> None:
    discard(place)
    subprocess.run(["cp", "-a", str(place.with_suffix(".made")), str(place)], check=True)
