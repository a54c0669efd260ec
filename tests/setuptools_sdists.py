"""Source distributions made in a test, as setuptools lays them out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping

from tests.tars import tar_gz
from tests.wheels import Content, Wheel

__all__ = ["COMPILED", "build_sdist", "sdist_files"]

COMPILED: Mapping[str, Content] = {"src/fast.c": "int fast(void) { return 1; }\n"}
"""What makes the translator refuse an sdist that `build_sdist` makes with it."""


def sdist_files(
    name: str = "demo",
    version: str = "1.0",
    files: Mapping[str, Content] | None = None,
    *,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    setup: str | None = None,
    metadata: str | None = None,
) -> dict[str, bytes]:
    """Return the members of an sdist below its top directory; C files become an extension."""
    module = name.replace("-", "_")
    own = {f"{module}/__init__.py": f"VERSION = {version!r}\n"} if files is None else dict(files)
    compiled = sorted(path for path in own if path.endswith(".c"))
    packages = sorted({path.partition("/")[0] for path in own if path.endswith("/__init__.py")})
    modules = sorted(path[:-3] for path in own if "/" not in path and path.endswith(".py"))
    extension = f"    ext_modules=[Extension('fast', {compiled!r})],\n" if compiled else ""
    script = (
        "from setuptools import Extension, setup\n"
        f"setup(\n    name={name!r},\n    version={version!r},\n    packages={packages!r},\n"
        f"    py_modules={modules!r},\n    install_requires={list(requires)!r},\n{extension})\n"
    )
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {text}" for text in requires]
    info = "\n".join([*lines, "", "An sdist for tests.", ""]) if metadata is None else metadata
    egg = f"{module}.egg-info"
    members: dict[str, Content] = {
        "PKG-INFO": info,
        "setup.py": script if setup is None else setup,
        **own,
        f"{egg}/PKG-INFO": info,
        f"{egg}/requires.txt": "".join(f"{text}\n" for text in requires),
        f"{egg}/top_level.txt": "".join(f"{top}\n" for top in (*packages, *modules)),
    }
    return {
        path: data.encode() if isinstance(data, str) else data for path, data in members.items()
    }


def build_sdist(
    name: str = "demo",
    version: str = "1.0",
    files: Mapping[str, Content] | None = None,
    *,
    form: str = ".tar.gz",
    filename: str | None = None,
    **how: object,
) -> Wheel:
    """Build an sdist; `how` goes to `sdist_files`. The same arguments make the same bytes."""
    top = f"{name}-{version}"
    members = sdist_files(name, version, files, **how)  # type: ignore[arg-type]
    stream = io.BytesIO()
    if form == ".zip":
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in members.items():
                archive.writestr(zipfile.ZipInfo(f"{top}/{path}", (2020, 1, 1, 0, 0, 0)), data)
    else:
        stream.write(tar_gz({f"{top}/{path}": data for path, data in members.items()}))
    return Wheel(
        filename=filename or f"{top}{form}", data=stream.getvalue(), name=name, version=version
    )
