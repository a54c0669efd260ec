"""Views: one venv-shaped directory per plan, made of links into the store."""

from .assemble import artifacts_of, assemble_view, find_view
from .verify import verify_view

__all__ = [
    "artifacts_of",
    "assemble_view",
    "find_view",
    "verify_view",
]
