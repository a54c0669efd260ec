"""Views: one venv-shaped directory per plan, made of links into the store."""

from .assemble import assemble_view, find_view
from .bytecode import forget_byte_code, is_compiled, prepare_byte_code
from .check import check_view
from .shape import artifacts_of
from .verify import ViewDamage, verify_view

__all__ = [
    "ViewDamage",
    "artifacts_of",
    "assemble_view",
    "check_view",
    "find_view",
    "forget_byte_code",
    "is_compiled",
    "prepare_byte_code",
    "verify_view",
]
