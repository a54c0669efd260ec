"""What a resolution is asked for, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..model import Index, Lock, PythonPin

__all__ = ["ResolveRequest", "Resolution"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveRequest:
    """Ask for one lock.

    `requirements` and `kernel` are texts as `requirements.parse_requirement` reads them, resolved
    together. `prior` is the lock whose versions are kept where they can be; `upgrade` names the
    projects freed of that (`"all"` of them), `pinned` are exact wishes (`NAME==V`) for this one
    resolution; `prefer` are wishes (`NAME==V`) for projects that `prior` lacks, taken where they
    fit; `constraints` (PEP 508) bound what is needed anyway. `hashes` maps projects to the sha256
    of the files that may be taken of them. `as_of` is an RFC 3339 date or time: nothing uploaded
    later is seen. `prereleases` allows them for every project (else only where a requirement
    names one). `directory` is what local wheels are relative to: the notebook's. `other_half`
    returns the version of a distribution whose widgets have a half beside JupyterLab here.
    """

    requirements: tuple[str, ...]
    python: PythonPin
    platforms: tuple[str, ...]
    host_platform: str
    kernel: tuple[str, ...] = ("ipykernel", "ipywidgets")
    prior: Lock | None = None
    upgrade: tuple[str, ...] | Literal["all"] = ()
    pinned: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    indexes: tuple[Index, ...] = ()
    as_of: str | None = None
    prereleases: bool = False
    directory: Path = field(default_factory=Path.cwd)
    other_half: Callable[[str], str | None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The lock that answers a request, without trees and history, and what a user should know."""

    lock: Lock
    notes: tuple[str, ...] = ()
