"""Resolving: uv in a throw-away project, behind a loopback index, read into a lock."""

from __future__ import annotations

from .request import Resolution, ResolveRequest
from .resolver import resolve

__all__ = ["Resolution", "ResolveRequest", "resolve"]
