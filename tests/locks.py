"""Locks for tests: hypothesis strategies for any lock, and one small lock written by hand."""

from __future__ import annotations

from hypothesis import strategies as st

from jupyter_pyartifacts.model import (
    Artifact,
    Dependency,
    Digest,
    Distribution,
    Index,
    Interpreter,
    LeftOut,
    Lock,
    PythonPin,
)
from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS, marker_for

digests = st.integers(0, 16**64 - 1).map(lambda n: Digest(f"{n:064x}"))
names = st.from_regex(r"[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,4})?", fullmatch=True)
versions = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(lambda v: f"{v[0]}.{v[1]}")
locations = st.one_of(
    st.integers(0, 16**64 - 1)
    .map(lambda n: f"{n:064x}")
    .map(lambda h: f"{h[:2]}/{h[2:4]}/{h[4:]}"),
    st.just("../../packages/file"),
    st.just("https://example.org/wheels/a%20b.whl"),
)
markers = st.sets(st.sampled_from(DEFAULT_PLATFORMS), min_size=1).map(
    lambda subset: marker_for(subset, DEFAULT_PLATFORMS)
)


@st.composite
def distributions(draw: st.DrawFn, name: str) -> Distribution:
    version = draw(versions)
    stem = f"{name.replace('-', '_')}-{version}"
    tags = draw(
        st.sets(
            st.sampled_from(["py3-none-any", "cp311-cp311-win_amd64", "cp311-abi3-linux_x86_64"]),
            min_size=1,
        )
        | st.just(set())
    )
    archives = draw(st.sets(st.sampled_from([".tar.gz", ".zip", ".tgz"]), max_size=1))
    archives = archives if tags or archives else {".tar.gz"}
    return Distribution(
        name=name,
        version=version,
        marker=draw(markers),
        dependencies=tuple(
            Dependency(name=each) for each in sorted(draw(st.sets(names, max_size=3)))
        ),
        artifacts=tuple(
            Artifact(
                filename=f"{stem}-{tag}.whl",
                digest=draw(digests),
                size=draw(st.integers(0, 10**12)),
                location=draw(locations),
            )
            for tag in sorted(tags)
        )
        + tuple(
            Artifact(
                filename=f"{name}-{version}{suffix}",
                digest=draw(digests),
                size=draw(st.integers(0, 10**12)),
                location=draw(locations),
                tree=draw(digests),
                translator=draw(st.integers(1, 99)),
            )
            for suffix in archives
        ),
    )


@st.composite
def pythons(draw: st.DrawFn) -> PythonPin:
    version = draw(st.sampled_from(["3.11.7", "3.8.18", "3.14.0"]))
    covered = draw(st.sets(st.sampled_from(DEFAULT_PLATFORMS)))
    return PythonPin(
        version=version,
        interpreters=tuple(
            Interpreter(
                platform=platform,
                version=version,
                build=draw(st.sampled_from(["20240107", "b1"])),
                artifact=Artifact(
                    filename=f"cpython-{version}+20240107-{platform}-install_only.tar.gz",
                    digest=draw(digests),
                    size=draw(st.integers(0, 10**9)),
                    location=draw(st.sampled_from(["20240107/", "a/b.tar.gz", "file:p.tar.gz"])),
                    interpreter=True,
                ),
            )
            for platform in sorted(covered)
        ),
    )


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    chosen = sorted(draw(st.sets(names, max_size=6)))
    return Lock(
        requirements=tuple(draw(st.lists(names, max_size=4))),
        python=draw(pythons()),
        platforms=DEFAULT_PLATFORMS,
        distributions=tuple(draw(distributions(name)) for name in chosen),
        trees={platform: draw(digests) for platform in DEFAULT_PLATFORMS},
        indexes=(
            draw(
                st.just(())
                | st.just((Index(name="torch", url="https://example.org/cu", projects=("a",)),))
            )
        ),
        left_out=draw(
            st.just(()) | st.just((LeftOut(platform="macos-x86_64", reason="no wheel of ä"),))
        ),
        as_of=draw(st.none() | st.just("2025-06-01")),
    )


def wheel(stem: str, tag: str = "py3-none-any", *, fill: str = "a", size: int = 10) -> Artifact:
    return Artifact(
        filename=f"{stem}-{tag}.whl",
        digest=Digest(fill * 64),
        size=size,
        location=f"aa/bb/{fill * 60}",
    )


def small_lock() -> Lock:
    """Two distributions, one of them for Windows only."""
    return Lock(
        requirements=("demo>=1",),
        python=PythonPin(version="3.11.7"),
        platforms=DEFAULT_PLATFORMS,
        distributions=(
            Distribution(
                name="colorama",
                version="0.4.6",
                marker="sys_platform == 'win32'",
                artifacts=(wheel("colorama-0.4.6", "py2.py3-none-any", fill="c"),),
            ),
            Distribution(
                name="demo",
                version="1.0",
                dependencies=(Dependency(name="colorama", marker="sys_platform == 'win32'"),),
                artifacts=(wheel("demo-1.0", fill="d"),),
            ),
        ),
        trees={platform: Digest("e" * 64) for platform in DEFAULT_PLATFORMS},
    )
