"""A notebook carries its own Python packages: discovery hooks for Jupyter and IPython."""

from ._version import __version__

__all__ = ["__version__"]
