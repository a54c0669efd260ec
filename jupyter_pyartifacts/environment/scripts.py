"""The text of what a view writes itself: scripts, pyvenv.cfg, the stand-in for pip."""

from __future__ import annotations

import re

__all__ = [
    "PIP_MESSAGE",
    "PIP_PACKAGE",
    "has_python_shebang",
    "render_config",
    "render_pip_module",
    "render_pip_script",
    "render_script",
    "rewrite_shebang",
]

PIP_PACKAGE = ("__init__.py", "__main__.py")
PIP_MESSAGE = """\
pip does not install into a notebook's own environment: nothing was installed or changed.
hint: use `%pyartifacts add NAME` in a cell, or `jupyter pyartifacts add NOTEBOOK NAME`
"""

_SCRIPT = """\
{shebang}# -*- coding: utf-8 -*-
import sys
from {module} import {root}
if __name__ == "__main__":
    sys.argv[0] = sys.argv[0][:-4] if sys.argv[0].endswith(".exe") else sys.argv[0]
    sys.exit({attribute}())
"""

_PIP_MODULE = '''\
"""Stands in for pip, which a notebook's own environment does not have."""
import sys

MESSAGE = """{message}"""


def main(args=None):
    """Say what to do instead; install nothing; return 1."""
    sys.stderr.write(MESSAGE)
    return 1
'''
_PIP_MAIN = """\
import sys
from pip import main
sys.exit(main())
"""
_SHEBANG = re.compile(rb"#!\s*pythonw?(?P<arguments>(?:[ \t][^\r\n]*)?)\r?\n")
# Linux before 5.1 reads no more than this of a script's first line.
_LONGEST = 127


def _shebang(python: str, arguments: str = "") -> str:
    line = f"#!{python}{arguments}\n"
    if len(line.encode()) <= _LONGEST and " " not in python:
        return line
    # A line that shell and Python both understand, as others write it for long paths.
    quoted = python.replace("'", "'\"'\"'")
    return f"#!/bin/sh\n'''exec' '{quoted}'{arguments} \"$0\" \"$@\"\n' '''\n"


def render_script(python: str, target: str) -> bytes:
    """Return a console script that calls `module:attribute` by the interpreter `python`."""
    module, _, attribute = target.partition(":")
    return _SCRIPT.format(
        shebang=_shebang(python),
        module=module,
        root=attribute.partition(".")[0],
        attribute=attribute,
    ).encode()


def has_python_shebang(head: bytes) -> bool:
    """Tell whether a script's first line is `#!python` or `#!pythonw` (PEP 427)."""
    return _SHEBANG.match(head) is not None


def rewrite_shebang(script: bytes, python: str) -> bytes:
    """Return the script with its `#!python` pointing to `python`."""
    match = _SHEBANG.match(script)
    if match is None:
        return script
    line = _shebang(python, match["arguments"].decode("utf-8", "replace"))
    return line.encode() + script[match.end() :]


def render_config(home: str, executable: str, version: str) -> bytes:
    """Return pyvenv.cfg (PEP 405)."""
    return (
        f"home = {home}\n"
        "include-system-site-packages = false\n"
        f"version = {version}\n"
        f"executable = {executable}\n"
    ).encode()


def render_pip_module(name: str) -> bytes:
    """Return one file of the stand-in package `pip`."""
    if name == "__main__.py":
        return _PIP_MAIN.encode()
    return _PIP_MODULE.format(message=PIP_MESSAGE).encode()


def render_pip_script(python: str) -> bytes:
    """Return the stand-in for the command `pip`."""
    return render_script(python, "pip:main")
