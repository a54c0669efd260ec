"""Byte code of the store: made by the host alone, shared by all views, never part of a hash.

What a kernel and the direct pins import first is compiled before the kernel starts, the rest in
the background. Nothing of the artifacts is run for that: the notebook's interpreter only compiles
them, and the imports are read off the compiled code.
"""

from .compiling import (
    BackgroundCompile,
    compile_first,
    compile_rest,
    discard_byte_code,
    remake_byte_code,
)

__all__ = [
    "BackgroundCompile",
    "compile_first",
    "compile_rest",
    "discard_byte_code",
    "remake_byte_code",
]
