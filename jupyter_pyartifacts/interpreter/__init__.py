"""The Python of a lock: which version, and which interpreter runs it."""

from .choosing import choose_python, is_archive, learn_sizes, with_known_sizes, with_platforms
from .finding import PINNED, find_interpreter, in_store, no_interpreter, stand_in
from .machine import ask_interpreter, host_version, system_version

__all__ = [
    "PINNED",
    "ask_interpreter",
    "choose_python",
    "find_interpreter",
    "host_version",
    "in_store",
    "is_archive",
    "learn_sizes",
    "no_interpreter",
    "stand_in",
    "system_version",
    "with_known_sizes",
    "with_platforms",
]
