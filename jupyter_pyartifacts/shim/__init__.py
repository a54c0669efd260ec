"""What runs inside the notebook's kernel: the standard library only, old Python's syntax.

A stock kernel imports it as a part of jupyter_pyartifacts; in an isolated kernel `bootstrap.py`
makes the files of this directory a package of another name, and this file is not run.
"""

__all__ = ["install", "uninstall"]

from .magics import install, uninstall
