"""Views: one venv-shaped directory per plan, made of links into the store."""

from .assemble import artifacts_of, assemble_view, find_view
from .check import check_view
from .verify import ViewDamage, verify_view

__all__ = [
    "ViewDamage",
    "artifacts_of",
    "assemble_view",
    "check_view",
    "find_view",
    "verify_view",
]
