"""Package directories for tests: real modules, dist-info with RECORD and METADATA."""

from collections.abc import Iterable
from pathlib import Path


def install(
    site_packages: Path, name: str, version: str, requires: Iterable[str] = (), module: str = ""
) -> None:
    """Write a distribution of one package with one submodule."""
    module = module or name.replace("-", "_")
    package = site_packages / module
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"__version__ = {version!r}\n")
    (package / "late.py").write_text(f"version = {version!r}\n")
    info = site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    (info / "METADATA").write_text("\n".join(lines) + "\n\nRequires-Dist: not-a-header\n")
    record = [f"{module}/__init__.py,,", f"{module}/late.py,,", f"{info.name}/METADATA,,"]
    (info / "RECORD").write_text("\n".join(record) + "\n")


def make_view(path: Path, minor: str) -> Path:
    """Make the frame of a view; return its package directory."""
    site_packages = path / "lib" / f"python{minor}" / "site-packages"
    site_packages.mkdir(parents=True)
    (path / "bin").mkdir()
    (path / "bin" / "python").write_text("#!/bin/sh\n")
    return site_packages
