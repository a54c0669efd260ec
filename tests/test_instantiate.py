"""Instantiating: parallel, resumed, shared among processes, and never half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from jupyter_pyartifacts.errors import (
    ArtifactError,
    HashMismatch,
    NetworkError,
    PyArtifactsError,
    QuotaExceeded,
    StoreError,
)
from jupyter_pyartifacts.instantiate import instantiate_pins
from jupyter_pyartifacts.model import Artifact, Digest
from jupyter_pyartifacts.plan import Pin
from jupyter_pyartifacts.store import Published, Store
from jupyter_pyartifacts.store.verify import verify_artifacts
from tests.wheels import Listener, Source, Wheel, build_wheel

WHEELS = [build_wheel(f"demo{n}", files={f"demo{n}/a.bin": bytes([n]) * 200_000}) for n in range(6)]
NOISE = build_wheel("noise", files={"noise/a.bin": os.urandom(400_000)})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store([tmp_path / "store"])


def instantiate(
    store: Store, source: Source, wheels: list[Wheel], listener: Listener | None = None
) -> dict[Digest, Published]:
    return instantiate_pins(
        [wheel.pin() for wheel in wheels],
        store=store,
        fetcher=source,
        reporter=listener or Listener(),
    )


def leftovers(store: Store) -> list[str]:
    return sorted(
        str(path.relative_to(store.root))
        for name in ("artifacts", "temporary", "downloads", "locks")
        for path in (store.root / name).iterdir()
        if path.name != "sweep.lock"
    )


def test_artifacts_are_fetched_once_and_published(store: Store) -> None:
    source = Source().serve(*WHEELS)
    found = instantiate(store, source, WHEELS)
    assert sorted(source.fetched) == sorted(wheel.filename for wheel in WHEELS)
    assert {digest: found[digest].facts.name for digest in found} == {
        wheel.digest: wheel.name for wheel in WHEELS
    }
    assert verify_artifacts(found.values())[1] == {}
    assert leftovers(store) == sorted(f"artifacts/{wheel.digest.hex}" for wheel in WHEELS)
    assert instantiate(store, source, WHEELS) == found
    assert len(source.fetched) == len(WHEELS)


def test_the_quick_way_writes_nothing(store: Store) -> None:
    source = Source().serve(*WHEELS)
    found = instantiate(store, source, WHEELS)
    before = {path: path.lstat().st_mtime_ns for path in store.root.rglob("*")}
    threads = threading.active_count()
    listener = Listener()
    layered = Store([store.root.parent / "own", store.root])
    assert instantiate(layered, source, WHEELS, listener) == found
    assert threading.active_count() == threads
    assert listener.events == []
    assert not (store.root.parent / "own").exists()
    assert {path: path.lstat().st_mtime_ns for path in store.root.rglob("*")} == before


def test_the_same_artifact_twice_is_fetched_once(store: Store) -> None:
    source = Source().serve(WHEELS[0])
    instantiate(store, source, [WHEELS[0], WHEELS[0]])
    assert source.fetched == [WHEELS[0].filename]


def test_progress_counts_bytes_and_distributions(store: Store) -> None:
    listener = Listener()
    source = Source(piece=1000).serve(*WHEELS)
    instantiate(store, source, WHEELS, listener)
    downloads = [event for event in listener.events if event.stage == "download"]
    total = sum(len(wheel.data) for wheel in WHEELS)
    assert (downloads[0].done, downloads[0].total, downloads[0].unit) == (0, total, "bytes")
    assert downloads[-1].done == total
    assert downloads[-1].distributions_done == downloads[-1].distributions_total == len(WHEELS)
    extracts = [event for event in listener.events if event.stage == "extract"]
    assert sorted(event.done for event in extracts) == [1, 2, 3, 4, 5, 6]
    assert {event.item for event in extracts} == {wheel.name for wheel in WHEELS}


def test_notes_reach_the_user(store: Store) -> None:
    wheel = build_wheel(record="")
    listener = Listener()
    instantiate(store, Source().serve(wheel), [wheel], listener)
    assert listener.notes == [
        "demo 1.0: its RECORD has no hash of demo-1.0.dist-info/METADATA and 2 more"
    ]


def test_a_wrong_digit_publishes_nothing(store: Store) -> None:
    wheel = WHEELS[0]
    wrong = Digest(("0" if wheel.digest.hex[0] != "0" else "1") + wheel.digest.hex[1:])
    source = Source(wheels={wrong: wheel.data})
    with pytest.raises(HashMismatch) as caught:
        instantiate_pins(
            [wheel.pin(digest=wrong)], store=store, fetcher=source, reporter=Listener()
        )
    assert str(caught.value) == (
        "demo0 1.0: the hash of its file is not the one that the lock pins"
        " (demo0-1.0-py3-none-any.whl)\n"
        f"  expected: {wrong}\n"
        f"  found:    {wheel.digest}\n"
        "hint: the file is not the one that was locked: nothing of it was kept; check the index or"
        " the mirror, and lock again only if the project says why it changed"
    )
    assert leftovers(store) == []


@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_size_publishes_nothing(change: int, store: Store) -> None:
    wheel = NOISE
    source = Source().serve(wheel)
    with pytest.raises(HashMismatch) as caught:
        instantiate_pins(
            [wheel.pin(size=len(wheel.data) + change)],
            store=store,
            fetcher=source,
            reporter=Listener(),
        )
    error = caught.value
    assert error.what == "noise 1.0: the size of its file is not the one that the lock pins"
    assert error.expected == f"{len(wheel.data) + change} bytes"
    assert leftovers(store) == []


def test_more_bytes_than_pinned_are_not_taken(store: Store) -> None:
    wheel = NOISE
    source = Source(piece=1000).serve(wheel)
    with pytest.raises(HashMismatch) as caught:
        instantiate_pins([wheel.pin(size=50_000)], store=store, fetcher=source, reporter=Listener())
    assert caught.value.found == "more than that"
    assert leftovers(store) == []


def test_another_tree_than_pinned_publishes_nothing(store: Store) -> None:
    wrong = Digest("7" * 64)
    with pytest.raises(HashMismatch) as caught:
        instantiate_pins(
            [WHEELS[0].pin(tree=wrong)],
            store=store,
            fetcher=Source().serve(WHEELS[0]),
            reporter=Listener(),
        )
    assert caught.value.what == "demo0 1.0: its tree is not the one that the lock pins"
    assert leftovers(store) == []


def test_a_file_of_another_distribution_is_refused(store: Store) -> None:
    wheel = build_wheel("evil")
    disguised = Wheel(wheel.filename, wheel.data, name="pandas", version="1.0")
    with pytest.raises(ArtifactError) as caught:
        instantiate(store, Source().serve(disguised), [disguised])
    assert str(caught.value) == (
        "pandas 1.0: the file that is pinned is another distribution (evil-1.0-py3-none-any.whl)\n"
        "  expected: pandas\n"
        "  found:    evil\n"
        "hint: lock again: jupyter pyartifacts lock NOTEBOOK"
    )
    assert leftovers(store) == []


@pytest.mark.parametrize(
    "bad",
    [
        build_wheel("bad", files={"../evil": "x"}),
        build_wheel("bad", metadata="Name: other\nVersion: 1.0\n"),
        build_wheel("bad", record=lambda text: text.replace(",16\n", ",17\n", 1)),
        Wheel("bad-1.0-py3-none-any.whl", b"no zip at all", name="bad"),
    ],
    ids=["leaves its tree", "metadata", "record", "no zip"],
)
def test_a_lying_wheel_publishes_nothing_of_its_own(bad: Wheel, store: Store) -> None:
    with pytest.raises(ArtifactError) as caught:
        instantiate(store, Source().serve(bad, *WHEELS), [bad, *WHEELS])
    assert caught.value.what.startswith("bad 1.0: ")
    assert not store.layout.artifact(bad.digest).exists()
    assert not [name for name in leftovers(store) if name.startswith(("temporary", "locks"))]
    # The good ones still come, and what was done of them is not done again.
    assert len(instantiate(store, Source().serve(*WHEELS), WHEELS)) == len(WHEELS)


def test_what_cannot_be_reached_is_said(store: Store) -> None:
    with pytest.raises(NetworkError, match="a file is not to be had"):
        instantiate(store, Source(), WHEELS)
    assert leftovers(store) == []


def test_a_download_is_resumed(store: Store) -> None:
    store.prepare()
    store.layout.part(NOISE.digest).write_bytes(NOISE.data[:100_000])
    source = Source(piece=1000).serve(NOISE)
    listener = Listener()
    begun: list[int] = []
    source.before_piece = lambda artifact, done: begun.append(done)
    found = instantiate(store, source, [NOISE], listener)
    assert begun[0] == 100_000
    assert verify_artifacts(found.values())[1] == {}
    assert listener.events[-2].done == len(NOISE.data) or listener.events[-1].done == 1


def test_a_whole_download_is_not_fetched_again(store: Store) -> None:
    store.prepare()
    store.layout.part(NOISE.digest).write_bytes(NOISE.data)
    source = Source()
    instantiate(store, source, [NOISE])
    assert source.fetched == []


@pytest.mark.parametrize("size", [100, len(NOISE.data), len(NOISE.data) + 5])
def test_a_damaged_download_is_fetched_anew(size: int, store: Store) -> None:
    store.prepare()
    store.layout.part(NOISE.digest).write_bytes(bytes(size))
    found = instantiate(store, Source().serve(NOISE), [NOISE])
    assert verify_artifacts(found.values())[1] == {}


def test_an_interrupted_download_can_be_resumed(store: Store) -> None:
    source = Source(piece=1000).serve(NOISE)

    def fail(artifact: Artifact, done: int) -> None:
        if done == 50_000:
            raise NetworkError("the line broke", hint="try again")

    source.before_piece = fail
    with pytest.raises(NetworkError):
        instantiate(store, source, [NOISE])
    assert store.layout.part(NOISE.digest).stat().st_size == 50_000
    begun: list[int] = []
    source.before_piece = lambda artifact, done: begun.append(done)
    instantiate(store, source, [NOISE])
    assert begun[0] == 50_000


def test_one_failure_stops_the_others_soon(store: Store) -> None:
    slow, broken = NOISE, WHEELS[0]
    source = Source(piece=100).serve(slow)
    failed = threading.Event()

    def pace(artifact: Artifact, done: int) -> None:
        if artifact.digest == slow.digest and done > 1000:
            assert failed.wait(30)

    class Failing(Source):
        pass

    original = source.data

    def data(artifact: Artifact) -> bytes:
        if artifact.digest == broken.digest:
            failed.set()
        return original(artifact)

    source.before_piece = pace
    source.data = data  # type: ignore[method-assign]
    with pytest.raises(NetworkError):
        instantiate(store, source, [slow, broken])
    assert store.layout.part(slow.digest).stat().st_size < len(slow.data)
    assert not store.layout.artifact(slow.digest).exists()


WORKER = """
import sys
from pathlib import Path
from jupyter_pyartifacts.instantiate import instantiate_pins
from jupyter_pyartifacts.store import Store
from tests.wheels import Listener, Source, Wheel
folder, root, log = map(Path, sys.argv[1:4])
source = Source(piece=5000)
wheels = []
for path in sorted(folder.glob("*.whl")):
    wheel = Wheel(path.name, path.read_bytes(), name=path.name.split("-")[0])
    wheels.append(wheel)
    source.serve(wheel)
def slowly(artifact, done):
    import time
    time.sleep(float(sys.argv[4]))
source.before_piece = slowly
print("ready", flush=True)
instantiate_pins([wheel.pin() for wheel in wheels], store=Store([root]), fetcher=source,
                 reporter=Listener())
with open(log, "a") as stream:
    stream.write("".join(name + "\\n" for name in source.fetched))
"""


def worker(folder: Path, root: Path, log: Path, pause: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), str(root), str(log), str(pause)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "wheels"
    place.mkdir()
    for wheel in [*WHEELS, NOISE]:
        wheel.write(place)
    return place


def test_processes_at_once_download_each_file_once(
    folder: Path, store: Store, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    processes = [worker(folder, store.root, log, 0.01) for _ in range(3)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(log.read_text().split()) == sorted(path.name for path in folder.iterdir())
    found = instantiate(store, Source(), [*WHEELS, NOISE])
    assert verify_artifacts(found.values())[1] == {}
    assert not [name for name in leftovers(store) if not name.startswith("artifacts")]


@pytest.mark.parametrize("pieces", [0, 1, 20, 60])
def test_a_killed_process_leaves_a_store_for_the_next(
    pieces: int, folder: Path, store: Store, tmp_path: Path
) -> None:
    process = worker(folder, store.root, tmp_path / "log", 0.02 if pieces else 0.2)
    assert process.stdout is not None
    process.stdout.readline()
    part = store.layout.part(NOISE.digest)
    for _ in range(3000):
        if part.exists() and part.stat().st_size >= 5000 * pieces:
            break
        if process.poll() is not None:
            break
        threading.Event().wait(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    source = Source().serve(*WHEELS, NOISE)
    found = instantiate(store, source, [*WHEELS, NOISE])
    assert len(found) == len(WHEELS) + 1
    assert verify_artifacts(found.values())[1] == {}
    assert not [name for name in leftovers(store) if name.startswith(("temporary", "downloads"))]


def die_at(step: int) -> None:
    """Let this process end at its so-many-th change of the disk, without any cleaning up."""
    calls = 0
    guard = threading.Lock()

    def counted(real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            with guard:
                calls += 1
                if calls >= step:
                    os._exit(9)
            return real(*arguments, **options)

        return call

    for name in ("mkdir", "open", "write", "rename", "replace", "chmod", "unlink", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("step", range(1, 45))
def test_a_death_at_any_step_leaves_a_store_for_the_next(step: int, store: Store) -> None:
    wheel = WHEELS[1]
    child = os.fork()
    if not child:
        try:
            die_at(step)
            instantiate(store, Source().serve(wheel), [wheel])
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    died = os.waitstatus_to_exitcode(status) == 9
    assert died or step > 30
    if store.layout.artifact(wheel.digest).exists():
        published = store.find_artifact(wheel.digest)
        assert published is not None
        assert verify_artifacts([published])[1] == {}
    found = instantiate(store, Source().serve(wheel), [wheel])
    assert verify_artifacts(found.values())[1] == {}


LIMITED = """
import resource, signal, sys
from pathlib import Path
sys.argv[4:] = ["0"]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(100_000), int(100_000)))
from jupyter_pyartifacts.errors import StoreError
try:
    exec({worker!r})
except StoreError as error:
    print(error)
"""


def test_a_full_disk_publishes_nothing(folder: Path, store: Store, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            LIMITED.format(worker=WORKER),
            str(folder),
            str(store.root),
            str(tmp_path / "log"),
        ],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "the store's disk is full" in done.stdout
    assert done.stdout.splitlines()[-1] == (
        "hint: free some space (jupyter pyartifacts gc), or name another store by --store"
    )
    assert not [name for name in leftovers(store) if name.startswith(("temporary", "locks"))]
    for home in store.layout.artifacts.iterdir():
        published = store.find_artifact(Digest(home.name))
        assert published is not None
        assert verify_artifacts([published])[1] == {}


def test_a_store_that_cannot_be_written_is_said_before_anything_is_fetched(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    source = Source().serve(*WHEELS)
    with pytest.raises(StoreError):
        instantiate(Store([tmp_path / "file" / "store"]), source, WHEELS)
    assert source.fetched == []


def test_errors_are_all_ours(store: Store) -> None:
    pins: list[Pin] = [build_wheel("bad", files={"CON": ""}).pin()]
    with pytest.raises(PyArtifactsError):
        instantiate_pins(pins, store=store, fetcher=Source(), reporter=Listener())


def test_a_quota_refuses_before_a_byte_is_fetched(tmp_path: Path) -> None:
    store, source = Store([tmp_path], quota=300_000), Source().serve(NOISE)
    with pytest.raises(QuotaExceeded) as caught:
        instantiate(store, source, [NOISE])
    assert caught.value.expected == "at most 300 kB in all"
    assert caught.value.found == "0 B in use, and at least 401 kB to add"
    assert source.fetched == []
    assert leftovers(store) == []


def test_a_quota_that_shows_itself_on_the_way_publishes_no_half(tmp_path: Path) -> None:
    # Their archives are small, what is in them is not.
    store, source = Store([tmp_path], quota=500_000), Source().serve(*WHEELS)
    instantiate(store, source, WHEELS[:1])
    with pytest.raises(QuotaExceeded) as caught:
        instantiate(store, source, WHEELS)
    used, more = caught.value.used, caught.value.more
    assert used == store.find_artifact(WHEELS[0].digest).facts.unpacked  # type: ignore[union-attr]
    assert used + more > 500_000 >= store.quota.used()
    kept = [name for name in leftovers(store) if name.startswith("artifacts/")]
    assert len(kept) == 2
    assert not any((tmp_path / "temporary").iterdir())


def test_two_at_once_do_not_pass_the_quota_together(tmp_path: Path) -> None:
    failures: list[QuotaExceeded] = []

    def work(wheels: list[Wheel]) -> None:
        store = Store([tmp_path], quota=850_000)
        try:
            instantiate(store, Source().serve(*wheels), wheels)
        except QuotaExceeded as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(WHEELS[n : n + 3],)) for n in (0, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures
    assert Store([tmp_path]).quota.used() <= 850_000
