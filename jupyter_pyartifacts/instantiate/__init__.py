"""Instantiating: fetch, check, translate and publish the artifacts of a plan."""

from __future__ import annotations

from .pins import instantiate_pins

__all__ = ["instantiate_pins"]
