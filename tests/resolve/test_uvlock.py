"""uv's lock file: what is read of it, and what is refused."""

from __future__ import annotations

import pytest

from jupyter_pyartifacts.errors import ResolutionError
from jupyter_pyartifacts.resolve.uvlock import UvEdge, UvWheel, parse_uv_lock

LOCK = """
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "root"
version = "0"
source = { virtual = "." }
dependencies = [
    { name = "a", extra = ["x"], marker = "sys_platform == 'win32'" },
    { name = "a", version = "1.0", source = { registry = "http://x" } },
]

[[package]]
name = "a"
version = "1.0"
source = { registry = "http://x" }
sdist = { url = "http://x/a-1.0.tar.gz", hash = "sha256:00", size = 1 }
wheels = [
    { url = "http://x/f/a-1.0%2Bcpu-py3-none-any.whl", hash = "sha256:11", size = 5 },
    { url = "http://x/f/a-1.0-cp311-cp311-win_amd64.whl", hash = "md5:11" },
]

[package.optional-dependencies]
x = [{ name = "b" }]
"""


def test_what_is_read() -> None:
    root, (a,) = parse_uv_lock(LOCK, "root")
    assert root.edges == (
        UvEdge(name="a", extras=("x",), marker="sys_platform == 'win32'"),
        UvEdge(name="a", version="1.0"),
    )
    assert a.extras == {"x": (UvEdge(name="b"),)}
    assert a.wheels == (
        UvWheel(url="http://x/f/a-1.0%2Bcpu-py3-none-any.whl", sha256="11", size=5),
        UvWheel(url="http://x/f/a-1.0-cp311-cp311-win_amd64.whl", sha256=None, size=None),
    )
    assert a.wheels[0].filename == "a-1.0+cpu-py3-none-any.whl"


@pytest.mark.parametrize(
    "text", ["", "version = 2", "version = 1", "nonsense", LOCK.replace('"root"', '"other"')]
)
def test_what_is_not_understood(text: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        parse_uv_lock(text, "root")
    assert caught.value.what == "uv wrote a lock that this version cannot read"
    assert caught.value.expected == "a uv.lock of version 1"
