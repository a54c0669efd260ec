"""The content-addressed store: artifacts and views, shared by all notebooks of a user."""

from .facts import Facts
from .layout import default_root
from .locking import Lock
from .publish import Published
from .storage import storage_errors
from .store import Store

__all__ = ["Facts", "Lock", "Published", "Store", "default_root", "storage_errors"]
