"""Instantiating: fetch, check, translate and publish the artifacts of a plan."""

from __future__ import annotations

from .pins import CONNECTIONS, instantiate_pins

__all__ = ["CONNECTIONS", "instantiate_pins"]
