"""The refusal of source that must be compiled, and which file shows it."""

from __future__ import annotations

import re
from typing import NoReturn

from .archive import Source

__all__ = ["kind_of", "refuse_compiled"]

_KINDS = {
    "c": "a C extension",
    "pyx": "a Cython extension",
    "pxd": "a Cython extension",
    "cpp": "a C++ extension",
    "cc": "a C++ extension",
    "cxx": "a C++ extension",
    "rs": "a Rust extension",
    "f": "a Fortran extension",
    "f90": "a Fortran extension",
    "m": "an Objective-C extension",
    "mm": "an Objective-C extension",
    "i": "a C extension",
}
_NATIVE = re.compile(r"\.(?:pyx|c|cpp|cc|cxx|rs|f90|f|mm|m)\Z")


def kind_of(path: str | None) -> str:
    """Say what kind of compiled part a file is the source of."""
    end = path.rpartition(".")[2] if path else ""
    return _KINDS.get(end, "a compiled extension")


def refuse_compiled(
    source: Source, where: str, line: int = 0, first: str | None = None
) -> NoReturn:
    """Refuse what has to be compiled, naming a file of it where there is one."""
    if first is None:
        natives = sorted(
            (("test" in path) + ("doc" in path) + ("example" in path), path.count("/"), path)
            for path in source.files
            if _NATIVE.search(path)
        )
        first = natives[0][2] if natives else None
    shown = f" (`{first}`)" if first else ""
    source.refuse(
        f"its source has {kind_of(first)}{shown}, and source that must be compiled is never built",
        where,
        line=line,
    )
