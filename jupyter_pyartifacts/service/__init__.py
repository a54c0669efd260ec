"""The use cases: add, remove, upgrade, undo, instantiate, verify and their like."""

from .engine import Engine
from .options import LockOptions

__all__ = ["Engine", "LockOptions"]
