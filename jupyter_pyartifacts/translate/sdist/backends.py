"""Which backend a source archive names, and so whose rules its tree follows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from .archive import Source
from .classic import plan_setuptools
from .flit import plan_flit
from .hatch import plan_hatch
from .layout import Layout
from .pdm import plan_pdm
from .poetry import plan_poetry

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["plan_layout"]

Planner = Callable[[Source, Mapping[str, Any]], Layout]
_BACKENDS: dict[str, Planner] = {
    "setuptools.build_meta": plan_setuptools,
    "setuptools.build_meta:__legacy__": plan_setuptools,
    "setuptools.build_meta.__legacy__": plan_setuptools,
    "flit_core.buildapi": plan_flit,
    "flit.buildapi": plan_flit,
    "hatchling.build": plan_hatch,
    "poetry.core.masonry.api": plan_poetry,
    "poetry.masonry.api": plan_poetry,
    "pdm.backend": plan_pdm,
}
_COMPILED = {
    "maturin": "Rust",
    "mesonpy": "C, C++ or Fortran (meson-python)",
    "scikit_build_core.build": "C or C++ (scikit-build-core)",
    "setuptools_rust": "Rust",
    "sipbuild.api": "C++ (SIP)",
}


def plan_layout(source: Source) -> Layout:
    """Decide what the wheel of an archive holds. Raises SdistRefused."""
    pyproject: Mapping[str, Any] = {}
    if source.is_file("pyproject.toml"):
        text = source.text("pyproject.toml")
        try:
            pyproject = tomllib.loads(text or "")
        except (tomllib.TOMLDecodeError, RecursionError):
            text = None
        if text is None:
            source.refuse("its pyproject.toml cannot be read", "pyproject.toml")
    system = pyproject.get("build-system", {})
    backend = system.get("build-backend", "setuptools.build_meta:__legacy__")
    planner = _BACKENDS.get(backend)
    if planner is not None:
        if "backend-path" in system:
            source.refuse("it is built by code of its own (backend-path)", "pyproject.toml")
        return planner(source, pyproject)
    language = _COMPILED.get(str(backend).partition(":")[0])
    if language is not None:
        source.refuse(
            f"its source is written in {language}, and source that must be compiled is never built",
            "pyproject.toml",
        )
    source.refuse(f"it is built by {backend}, which is not known here", "pyproject.toml")
