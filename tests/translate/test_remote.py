"""Tree hashes from the end of an archive are those of the unpacked tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_pyartifacts.errors import UnsafeArchive
from jupyter_pyartifacts.model import Digest
from jupyter_pyartifacts.translate.codec import choose_inflate
from jupyter_pyartifacts.translate.mapping import map_file
from jupyter_pyartifacts.translate.remote import local_tree_hash, remote_tree_hash
from jupyter_pyartifacts.translate.wheel import extract_wheel, plan_wheel
from tests.wheels import Source, Wheel, build_wheel, record_hash


def remote(wheel: Wheel, source: Source | None = None) -> Digest | None:
    source = (source or Source()).serve(wheel)
    return remote_tree_hash(
        wheel.filename,
        len(wheel.data),
        lambda start, stop: source.read_range(wheel.artifact(), start, stop),
    )


def unpacked(wheel: Wheel, tmp_path: Path) -> Digest:
    path = wheel.write(tmp_path)
    return extract_wheel(path, str(tmp_path / "tree"), wheel.filename).facts.tree


WHEELS = {
    "small": build_wheel(),
    "modes": build_wheel(
        files={"demo/run": "#!/bin/sh\n", "demo/x.py": ""}, modes={"demo/run": 0o100755}
    ),
    "large": build_wheel(files={"demo/big.bin": os.urandom(400_000), "demo/x.py": "x = 1\n"}),
    "many": build_wheel(files={f"demo/module_number_{n:05}.py": f"{n}" for n in range(3000)}),
    "cached": build_wheel(files={"demo/x.py": "", "demo/__pycache__/x.cpython-311.pyc": b"code"}),
}


@pytest.mark.parametrize("name", WHEELS)
def test_the_end_of_a_wheel_gives_its_tree_hash(name: str, tmp_path: Path) -> None:
    source = Source()
    wheel = WHEELS[name]
    assert remote(wheel, source) == unpacked(wheel, tmp_path)
    assert len(source.ranges) <= 3
    assert sum(stop - start for start, stop in source.ranges) <= len(wheel.data)


def test_most_wheels_need_one_request() -> None:
    source = Source()
    remote(WHEELS["large"], source)
    assert len(source.ranges) == 1


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace(record_hash(b"VERSION = '1.0'\n"), ""),
        lambda text: text.replace(
            record_hash(b"VERSION = '1.0'\n"), record_hash(b"VERSION = '1.0'\n", "sha512")
        ),
        lambda text: "\n".join(line for line in text.splitlines() if "__init__" not in line),
        lambda text: text.replace(",16\n", ",17\n", 1),
    ],
    ids=["no hash", "sha512", "not listed", "wrong size"],
)
def test_what_record_does_not_vouch_for_needs_the_whole(edit: object, tmp_path: Path) -> None:
    assert remote(build_wheel(record=edit)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("name", WHEELS)
def test_a_whole_archive_gives_its_tree_hash_without_unpacking(name: str, tmp_path: Path) -> None:
    wheel = WHEELS[name]
    plan = plan_wheel(map_file(wheel.write(tmp_path)), wheel.filename, choose_inflate())
    assert local_tree_hash(plan) == unpacked(wheel, tmp_path)


def test_unsafe_archives_are_refused_from_afar_too() -> None:
    with pytest.raises(UnsafeArchive) as caught:
        remote(build_wheel(files={"../evil.py": "x"}))
    assert caught.value.what == "demo 1.0: an entry of its archive leaves its tree by '..'"
