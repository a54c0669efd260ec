"""Views: one venv-shaped directory per plan, made of links into the store."""

from .assemble import assemble_view, find_view
from .interpreter import InterpreterInUse, describe_interpreter
from .verify import verify_view

__all__ = [
    "InterpreterInUse",
    "assemble_view",
    "describe_interpreter",
    "find_view",
    "verify_view",
]
